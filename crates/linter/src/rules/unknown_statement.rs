//! Something could not be judged, and why.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "unknown-statement",
    group: Group::Advice,
    severity: Severity::Warning,
    summary: "a statement, or part of it, could not be judged",
};

/// What the facts call unknown, unless another finding says so.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let told = at.step.error.is_some() || at.failures(&[FailureCause::Missing]).next().is_some();
        let ledger = format!("{}.{}", cx.project.ledger.schema, cx.project.ledger.table);
        if told || at.facts().lock_on(&ledger).is_some() || at.facts().unknown.is_empty() {
            continue;
        }
        out.push(
            at.finding(&META, format!("not judged: {}", plain(&at.facts().unknown[0])))
                .whys(at.facts().unknown.iter().skip(1).cloned())
                .why("nothing is known to be wrong; nothing is known to be right either")
                .fix("Read it with the questions in mind that a finding would answer: which lock, who waits, which running version breaks."),
        );
    }
}
