//! A statement is about something that the history does not have.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "missing-object",
    group: Group::Fails,
    severity: Severity::Warning,
    summary: "a statement names an object that the replayed migrations do not have",
};

/// A statement is about something that the history does not have.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::Missing]) {
            let finding = at
                .finding(&META, plain(&failure.when))
                .on(failure.span)
                .why(format!("predicted: fails with {}", failure.sqlstate))
                .fix("If it was made by hand or by another tool, the statement works where that was done and fails on a fresh database: add a migration that makes it. If it is a slip, mend the name, or add IF EXISTS.");
            out.push(match &failure.relation {
                Some(relation) => finding.about(relation),
                None => finding,
            });
        }
    }
}
