//! A type change has no cast that applies by itself.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "type-change-needs-using",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "a type change fails for want of a USING clause, or since the default can't be cast",
};

/// A type change has no cast that applies by itself.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::NeedsUsing, FailureCause::DefaultCast]) {
            let finding = at
                .finding(&META, plain(&failure.when))
                .on(failure.span)
                .why(format!("predicted: fails with {}", failure.sqlstate))
                .fix("drizzle-kit writes no USING: add it by hand. If the default is in the way, drop it before and set the new one after, in the same migration.");
            out.push(match &failure.relation {
                Some(relation) => finding.about(relation),
                None => finding,
            });
        }
    }
}
