//! The grammar of Postgres refuses the text.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "syntax-error",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "the Postgres grammar refuses a statement",
};

/// Pieces of SQL that don't parse; the others of the file are judged all the same.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let Some(error) = &at.step.error else { continue };
        out.push(
            at.finding(&META, error.message.clone())
                .on(Some(error.span))
                .why("predicted: fails with 42601, and everything pending is rolled back")
                .why("what this piece would have changed is not known to the statements after it")
                .fix("Mend the statement. Check it with the grammar of Postgres 18, which takes all that 13 to 17 take."),
        );
    }
}
