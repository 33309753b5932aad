//! A default that the deployed app relies on is gone.

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
