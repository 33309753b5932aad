//! A new column must have a value that the deployed app does not give.

use crate::prelude::*;
use crate::units;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "required-column",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a NOT NULL column without a default is added, which the deployed app does not know",
};

/// Columns added NOT NULL without an effective default.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::RequiredColumn) {
            let Some(column) = broken.column else { continue };
            let anew = units::is_made_anew(at, broken.table.label);
            if anew
                && at
                    .broken(BreakCause::ColumnDropped)
                    .iter()
                    .any(|other| other.table.label == broken.table.label)
            {
                continue;
            }
            let mut finding = at
                .finding(
                    &META,
                    format!(
                        "adds required column `{}`, which the deployed app does not know",
                        broken.shown()
                    ),
                )
                .about(broken.table.label)
                .on(at.on_part(column))
                .why(broken.failing())
                .cites(at, &broken);
            // The failure on rows has the same cause and the same cure, so it is told here.
            let fails = at
                .failures(&[FailureCause::NotNull])
                .find(|failure| failure.column.as_deref() == Some(column));
            if let Some(failure) = fails {
                finding = finding.why(format!(
                    "the migration itself fails with {} as soon as `{}` holds a row",
                    failure.sqlstate,
                    broken.table.shown()
                ));
            }
            out.push(
                finding
                    .why("`$defaultFn()` and `$default()` of Drizzle run in the new app only; the database has no default from them")
                    .fix(
                        "Add the column nullable, or with a database default (`.default(..)` in schema.ts). Write it from \
                         the app, backfill in batches, then make it NOT NULL in later deploys without a scan under the lock.",
                    )
                    .code(code(at, &broken.table, column)),
            );
        }
    }
}

fn code(at: At<'_>, table: &Table<'_>, column: &str) -> String {
    let ty = table
        .relation
        .and_then(|relation| at.after(relation.id))
        .and_then(|r| r.column(column))
        .map(|c| &c.ty);
    let (sql, name) = (table.sql(), quoted(column));
    let ty = ty.filter(|ty| matches!(ty.base, catalog::TypeRef::Builtin(_)));
    let ty = ty.and_then(|ty| catalog::written::sql_type(&at.step.after, ty));
    let first = match ty {
        Some(ty) => format!("ALTER TABLE {sql} ADD COLUMN {name} {ty};"),
        None => format!("ALTER TABLE {sql} ALTER COLUMN {name} DROP NOT NULL;"),
    };
    format!(
        "{first}\n\n-- later, when every running version writes the column and old rows are filled\n{}",
        remedy::not_null_in_steps(table, column)
    )
}
