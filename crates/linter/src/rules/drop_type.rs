//! A type that the deployed app still declares is gone.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-type",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a type is dropped while the deployed app still declares columns of it",
};

/// Types that are gone at the commit, where a column that the deployed app declares with that type is
/// still there. A column that went along is told by `drop-column`.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps().filter(|at| at.changes_so(|change| matches!(change, Change::TypeDropped { .. }))) {
        for broken in at.broken(BreakCause::ObjectDropped) {
            let dropped = at.changes().iter().find_map(|change| match change {
                Change::TypeDropped { name, .. } if name.to_string() == broken.table.label => Some(name),
                _ => None,
            });
            let Some(name) = dropped else { continue };
            let columns = cx.declared_with(name);
            if columns.is_empty() {
                continue;
            }
            let sql = catalog::written::sql_name(name);
            out.push(
                at.finding(&META, format!("drops type `{}`, which the deployed app still declares", broken.shown()))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(format!("predicted: SQL of the deployed app that casts to it fails with 42704 as soon as this is committed; {} declared with it", are(&columns)))
                    .fix(
                        "Convert the columns and deploy the app that no longer declares the type first, with the DROP \
                         TYPE cut out of the generated SQL. Drop it in a later deploy, in a migration made with \
                         `drizzle-kit generate --custom`.",
                    )
                    .code(format!("-- the next deploy\nDROP TYPE {sql};\n")),
            );
        }
    }
}

fn are(columns: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    format!("{} {}", listed(&quoted), if columns.len() == 1 { "is" } else { "are" })
}
