//! A default that the deployed app relies on is gone.

use crate::broken::Broken;
use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-default",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a default is dropped that inserts of the deployed app rely on",
};

/// Defaults, identities and generation expressions dropped under old inserts.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::DefaultDropped) {
            let Some(column) = broken.column else { continue };
            if at.changes_so(|change| matches!(change, Change::ExpressionDropped { .. })) {
                out.push(of_expression(at, &broken, column));
                continue;
            }
            let finding = at
                .finding(
                    &META,
                    format!(
                        "drops the default of `{}`, which inserts of the deployed app rely on",
                        broken.shown()
                    ),
                )
                .about(broken.table.label)
                .on(at.on_part(column));
            let finding = match broken.sqlstate {
                Some(_) => finding.why(broken.failing()),
                None => finding.why("predicted: inserts of the deployed app that leave it to the default store NULL, and nothing tells"),
            };
            let field = evidence::field(at, &broken).unwrap_or_else(|| "schema.ts".to_owned());
            out.push(
                finding
                    .cites(at, &broken)
                    .why("Drizzle sends the word DEFAULT for every declared column that an insert does not give")
                    .fix(format!(
                        "Take the default out of {field}, give the value in the app, cut the DROP DEFAULT out of the \
                         generated SQL and deploy that first; drop the default in a later deploy.",
                    ))
                    .code(format!(
                        "-- the next deploy\nALTER TABLE {} ALTER COLUMN {} DROP DEFAULT;\n",
                        broken.table.sql(),
                        quoted(column)
                    )),
            );
        }
    }
}

/// What was worked out from other columns is worked out no longer.
fn of_expression(at: At<'_>, broken: &Broken<'_>, column: &str) -> Diagnostic {
    let shown = broken.shown();
    at.finding(&META, format!("`{shown}` is generated no longer, and the deployed app leaves it to its expression"))
        .about(broken.table.label)
        .on(at.on_part(column))
        .why(match broken.sqlstate {
            Some(_) => broken.failing(),
            None => format!("predicted: inserts of the deployed app store NULL in `{shown}`, and nothing tells"),
        })
        .why("updates of the columns that it was worked out from leave it as it was")
        .cites(at, broken)
        .fix(format!(
            "In the same migration make a trigger that works `{shown}` out where a row comes without it, and drop the \
             trigger in a later deploy, when no running version leaves it out: `brolly explain generated-column` has it.",
        ))
}
