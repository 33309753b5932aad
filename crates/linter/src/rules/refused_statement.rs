//! Postgres refuses the statement on this schema or in this version.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "refused-statement",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "Postgres refuses the statement on this schema or in this version",
};

/// Postgres refuses the statement on this schema or in this version.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::Refused, FailureCause::Version, FailureCause::Observed]) {
            let finding = at
                .finding(&META, plain(&failure.when))
                .on(failure.span)
                .why(format!("predicted: fails with {}", failure.sqlstate))
                .fix("Change the statement to a form that this version of Postgres takes on this schema. The version judged for is set with `--pg`.");
            out.push(match &failure.relation {
                Some(relation) => finding.about(relation),
                None => finding,
            });
        }
    }
}
