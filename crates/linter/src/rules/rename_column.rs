//! A column that the deployed app names has another name.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "rename-column",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a column is renamed while the deployed app uses its old name",
};

/// Columns renamed under the deployed app.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::ColumnRenamed) {
            let table = broken.table.relation.is_none_or(|relation| relation.is_table());
            let Some(column) = broken.column.filter(|_| table) else { continue };
            let to = at.changes().iter().find_map(|change| match change {
                Change::ColumnRenamed { from, to, .. } if from == column => Some(to.as_str()),
                _ => None,
            });
            let to = to.unwrap_or("new_name");
            out.push(
                at.finding(&META, format!("renames `{}` to `{to}`, and the deployed app {} the old name", broken.shown(), broken.still_or("uses", "use")))
                    .about(broken.table.label)
                    .on(at.on_part(column))
                    .why(broken.failing())
                    .cites(at, &broken)
                    .why("the new app fails the same way as long as this has not run: no order of deploy and migration helps")
                    .fix(format!(
                        "If only the property should change, rename it in {} and keep the column: \
                         `{}: ...(\"{column}\")` needs no SQL. Otherwise add the new column, write both, backfill in \
                         batches, read the new one, and drop the old one in a later deploy.",
                        evidence::newest_place(at, &broken.name(), to).unwrap_or_else(|| "schema.ts".to_owned()),
                        camel(to)
                    ))
                    .code(expand(&broken.table, column, to)),
            );
        }
    }
}

fn expand(table: &Table<'_>, from: &str, to: &str) -> String {
    let relation = table.relation;
    let ty = relation.and_then(|relation| relation.column(from)).map(|column| &column.ty);
    let (sql, old, new) = (table.sql(), quoted(from), quoted(to));
    let add = match ty {
        Some(ty) => format!(
            "-- this deploy, with both columns in schema.ts\nALTER TABLE {sql} ADD COLUMN {new} {};\n\n",
            written(ty)
        ),
        None => String::new(),
    };
    let fill = remedy::batch(table, &format!("{new} = {old}"), &format!("{new} IS DISTINCT FROM {old}"));
    format!(
        "{add}{fill}\n-- two deploys later, when no running version names the old column\nALTER TABLE {sql} DROP COLUMN {old};\n"
    )
}

/// The type for SQL; `text` stands in for a type of the user's own, whose name may have changed.
fn written(ty: &catalog::Type) -> String {
    let written = match ty.base {
        catalog::TypeRef::Builtin(_) => catalog::written::sql_type(&catalog::Catalog::new(), ty),
        _ => None,
    };
    written.unwrap_or_else(|| "text".to_owned())
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}
