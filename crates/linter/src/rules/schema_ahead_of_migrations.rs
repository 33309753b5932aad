//! The app being deployed declares what no migration makes.

use crate::drift;
use crate::prelude::*;
use facts::DifferenceKind;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "schema-ahead-of-migrations",
    group: Group::BreaksNewApp,
    severity: Severity::Error,
    summary: "the newest snapshot declares what no migration makes, so the new version of the app fails",
};

/// Tables and columns that the newest snapshot declares and the set does not leave behind; and columns that
/// it has given up while the database still demands a value for them. One finding a table.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let appeared = drift::appeared(cx);
    let mut told: Vec<&catalog::QName> = Vec::new();
    for one in appeared {
        let declared = one.kind == DifferenceKind::OnlyDeclared;
        // A schema that no migration makes belongs to somebody else, and so do the tables in it.
        let outside = !cx.judged().end.has_schema(&one.relation.schema);
        if !(declared || drift::is_demanded(cx, one)) || told.contains(&&one.relation) || outside {
            continue;
        }
        told.push(&one.relation);
        let label = one.relation.to_string();
        let columns: Vec<String> = appeared
            .iter()
            .filter(|other| other.relation == one.relation && other.kind == one.kind)
            .filter_map(|other| other.column.as_ref().map(|column| format!("`{column}`")))
            .collect();
        let table = format!("`{}`", shown(&label));
        let (what, why, fix) = match (declared, columns.as_slice()) {
            (true, []) => (
                format!("the new app declares {table}, and no migration makes it"),
                format!(
                    "predicted: every query of the new app on {table} fails with 42P01, before and after this is committed"
                ),
                "Put the CREATE back into the SQL, or take the declaration out of schema.ts until a migration brings it.",
            ),
            (true, columns) => (
                format!("the new app declares {} of {table}, and no migration adds it", listed(columns)),
                format!(
                    "predicted: select, insert and returning of the new app on {table} fail with 42703, before and after this is committed; Drizzle names every declared column"
                ),
                "Put the ADD COLUMN back into the SQL, or take the field out of schema.ts until a migration brings it.",
            ),
            (false, columns) => (
                format!(
                    "the new app does not declare {} of {table}, which must have a value",
                    listed(columns)
                ),
                format!(
                    "predicted: insert and upsert of the new app on {table} fail with 23502 as soon as it is deployed"
                ),
                match is_old(cx, one) {
                    true => {
                        "Where the DROP was cut out of the SQL for a later deploy, let the column be NULL until then:"
                    }
                    false => "Declare it in schema.ts and generate again, or let the column be NULL:",
                },
            ),
        };
        let place = drift::last_about(cx, one);
        let found = match place {
            Some(at) => Some(at.finding(&META, what).on(at.on_name(&label))),
            None => cx.finding(&META, what),
        };
        let Some(finding) = found else { continue };
        let finding = finding
            .about(&label)
            .why(why)
            .why("the newest snapshot says what schema.ts declares; the SQL says what the database gets")
            .fix(fix);
        out.push(match (declared, &one.column) {
            (false, Some(column)) => finding.code(format!(
                "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL;\n",
                catalog::written::sql_name(&one.relation),
                quoted(column)
            )),
            _ => finding,
        });
    }
}

/// Whether the column was there before the set.
fn is_old(cx: Context<'_>, one: &facts::Difference) -> bool {
    match (cx.judged().start.slot(&one.relation), &one.column) {
        (Some(catalog::Found::Relation(relation)), Some(column)) => relation.column(column).is_some(),
        _ => false,
    }
}
