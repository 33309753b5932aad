//! Others depend on what is dropped.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "dependent-objects",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "a DROP without CASCADE fails, since other objects depend on what it drops",
};

/// Others depend on what is dropped.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::Dependents]) {
            let finding = at
                .finding(&META, plain(&failure.when))
                .on(failure.span)
                .why(format!("predicted: fails with {}", failure.sqlstate))
                .fix("Drop or change what depends on it first, by name. CASCADE would take it along in silence.");
            out.push(match &failure.relation {
                Some(relation) => finding.about(relation),
                None => finding,
            });
        }
    }
}
