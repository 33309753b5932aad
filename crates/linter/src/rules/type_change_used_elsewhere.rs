//! The column whose type changes is used by a view, policy, trigger or generated column.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "type-change-used-elsewhere",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "a column's type can't change while a view, policy, trigger or generated column uses it",
};

/// The column whose type changes is used by a view, policy, trigger or generated column.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::UsedElsewhere]) {
            let finding = at
                .finding(&META, plain(&failure.when))
                .on(failure.span)
                .why(format!("predicted: fails with {}", failure.sqlstate))
                .fix("Drop what uses the column before and make it anew after, in the same transaction; or add a new column and move over.");
            out.push(match &failure.relation {
                Some(relation) => finding.about(relation),
                None => finding,
            });
        }
    }
}
