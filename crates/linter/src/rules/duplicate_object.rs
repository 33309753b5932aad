//! What a statement makes is there already.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "duplicate-object",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "a statement makes an object that exists already",
};

/// What a statement makes is there already.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::Duplicate]) {
            let finding = at
                .finding(&META, plain(&failure.when))
                .on(failure.span)
                .why(format!("predicted: fails with {}", failure.sqlstate))
                .fix("Remove the statement, or add IF NOT EXISTS if the object is the same. Two branches that generated the same change are the usual cause.");
            out.push(match &failure.relation {
                Some(relation) => finding.about(relation),
                None => finding,
            });
        }
    }
}
