//! A table is written anew while reads and writes wait.

use crate::prelude::*;
use crate::units::{self, Recreated};

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "rewrite-under-lock",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "a statement writes a whole table anew under ACCESS EXCLUSIVE",
};

/// Rewrites of tables that existed: one finding a statement.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let mut enums: Vec<String> = Vec::new();
    for at in cx.steps() {
        // TRUNCATE and REFRESH are rules of their own; what can't run here does no harm here.
        let mut rewrites = at.facts().rewrites.iter().filter(|rewrite| {
            !rewrite.new && !matches!(rewrite.cause, RewriteCause::Truncate | RewriteCause::Refresh)
        });
        let Some(first) = rewrites.next() else { continue };
        if at.failures(&[FailureCause::InTransaction]).next().is_some() {
            continue;
        }
        if let Some(unit) = units::recreated(cx, &first.relation, first.column.as_deref()) {
            let name = unit.name.to_string();
            if !enums.contains(&name) && !unit.is_told(cx) {
                out.push(recreation(at, &unit, first));
            }
            enums.push(name);
            continue;
        }
        let table = at.table(&first.relation);
        let mut others: Vec<&str> = rewrites.map(|rewrite| shown(&rewrite.relation)).collect();
        others.retain(|other| *other != table.shown());
        others.dedup();
        let column = first.column.as_deref();
        let subject = column.map_or(String::new(), |column| format!(" for `{column}`"));
        let mut finding = at
            .finding(&META, format!("writes all of `{}` anew{subject} while reads and writes wait", table.shown()))
            .about(&first.relation)
            .on(column.and_then(|column| at.on_part(column)).or_else(|| at.on_name(&first.relation)))
            .whys(at.lock_lines(&first.relation))
            .why(reason(first.cause))
            .why("every row is copied and every index rebuilt: the wait grows with the size of the table, and needs as much disk again");
        if !others.is_empty() {
            finding = finding.why(format!("also {}", listed(&others)));
        }
        if !cx.analysis.options.time_zone.eq_ignore_ascii_case("utc")
            && first.cause == RewriteCause::TypeChange
        {
            finding = finding.why(format!("judged for TimeZone {}", cx.analysis.options.time_zone));
        }
        let (text, code) = way_out(at, &table, first.cause, column);
        let finding = finding.fix(text);
        out.push(match code {
            Some(code) => finding.code(code),
            None => finding,
        });
    }
}

/// An enum dropped and made again with the values that it had: one finding for all its statements.
fn recreation(at: At<'_>, unit: &Recreated<'_>, first: &facts::Cost<RewriteCause>) -> Diagnostic {
    let name = unit.name.to_string();
    let columns: Vec<String> =
        unit.columns.iter().map(|(table, column)| format!("`{}.{column}`", shown(table))).collect();
    let code = remedy::new_values(unit.name, unit.values);
    let finding = at
        .finding(&META, format!("makes enum `{}` anew and casts {} over while reads and writes wait", shown(&name), listed(&columns)))
        .about(&first.relation)
        .on(first.column.as_deref().and_then(|column| at.on_part(column)))
        .whys(at.lock_lines(&first.relation))
        .why("every row is copied and every index rebuilt, once for text and once more for the new type where it goes by way of text: the wait grows with the size of the table");
    match code.is_empty() {
        true => finding.fix("The values are the same in another order. Leave the type as it is, and sort in the query where the order matters."),
        false => finding.fix("The old values all stay, so add the new ones instead, which reads no row. They can be used once this is committed.").code(code),
    }
}

fn reason(cause: RewriteCause) -> &'static str {
    match cause {
        RewriteCause::TypeChange => {
            "the new type stores other bytes than the old one, or the USING expression must be computed for each row"
        }
        RewriteCause::VolatileDefault => {
            "the default is volatile, so each row gets its own value; a constant or now() would not be stored row by row"
        }
        RewriteCause::Identity => "each row gets a number of the sequence",
        RewriteCause::Generated => "a STORED generated column is computed for each row",
        RewriteCause::ConstrainedDomain => {
            "the domain has constraints, which are checked by writing each row"
        }
        RewriteCause::Persistence => "SET LOGGED and SET UNLOGGED copy the table",
        RewriteCause::AccessMethod => "another access method stores the rows in another way",
        RewriteCause::Tablespace => "the files are copied to the other tablespace",
        RewriteCause::VacuumFull => "VACUUM FULL copies the table",
        RewriteCause::Cluster => "CLUSTER copies the table in the order of an index",
        RewriteCause::Truncate | RewriteCause::Refresh => "the content is replaced",
        RewriteCause::Observed => "a server was seen to write it anew",
    }
}

fn way_out(
    at: At<'_>,
    table: &Table<'_>,
    cause: RewriteCause,
    column: Option<&str>,
) -> (String, Option<String>) {
    let added = || {
        let column = column?;
        let after = at.after(table.relation?.id)?.column(column)?;
        let builtin = matches!(after.ty.base, catalog::TypeRef::Builtin(_));
        let ty = catalog::written::sql_type(&at.step.after, &after.ty).filter(|_| builtin)?;
        Some((column, ty, after.default.as_ref().map(|default| default.text.clone())))
    };
    let sql = table.sql();
    match cause {
        RewriteCause::VolatileDefault => (
            "Add the column without a default, set the default for new rows in the next statement, and fill old rows in batches.".to_owned(),
            added().and_then(|(column, ty, default)| {
                let (name, default) = (quoted(column), default?);
                let fill = remedy::batch(table, &format!("{name} = {default}"), &format!("{name} IS NULL"));
                Some(format!("ALTER TABLE {sql} ADD COLUMN {name} {ty};\n--> statement-breakpoint\nALTER TABLE {sql} ALTER COLUMN {name} SET DEFAULT {default};\n\n{fill}"))
            }),
        ),
        RewriteCause::TypeChange => (
            "Add a column of the new type, write both, backfill in batches, switch the reads, and drop the old one in a later deploy.".to_owned(),
            added().map(|(column, ty, _)| {
                let (old, new) = (quoted(column), quoted(&format!("{column}_new")));
                let fill = remedy::batch(table, &format!("{new} = {old}::{ty}"), &format!("{new} IS NULL AND {old} IS NOT NULL"));
                format!("-- this deploy, with both columns in schema.ts\nALTER TABLE {sql} ADD COLUMN {new} {ty};\n\n{fill}")
            }),
        ),
        RewriteCause::Generated | RewriteCause::Identity | RewriteCause::ConstrainedDomain => (
            "Add a plain nullable column, let a trigger or the app fill it for new rows, and fill old rows in batches. On 18, a VIRTUAL generated column costs nothing.".to_owned(),
            None,
        ),
        _ => ("Do it in a maintenance window, or copy the rows to a new table in batches and swap.".to_owned(), None),
    }
}
