//! A statement that refuses to run in a transaction is in the migrator's.

use crate::prelude::*;
use facts::Failure;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "concurrently-in-transaction",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "CONCURRENTLY, VACUUM and kin fail inside the transaction that Drizzle opens",
};

/// What Postgres runs only outside of a transaction block, inside one.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let own = cx.analysis.options.runner == Runner::Brolly;
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::InTransaction]) {
            let relation = at.facts().locks.first().map(|lock| lock.relation.as_str());
            let finding = if own { in_its_own(&at, failure) } else { in_drizzles(cx, &at, failure) };
            out.push(match relation {
                Some(relation) => finding.about(relation),
                None => finding,
            });
        }
    }
}

/// In the transaction that the migrator has opened.
fn in_drizzles(cx: Context<'_>, at: &At<'_>, failure: &Failure) -> Diagnostic {
    let sql = at.step.span.of(&at.step.file.text).trim_end().trim_end_matches(';');
    let finding = at
        .finding(&META, format!("{}, and Drizzle's migrator has opened one", failure.when))
        .why(format!("predicted: fails with {}, and everything pending is rolled back", failure.sqlstate))
        .fix(remedy::OWN_FILE)
        .code(remedy::own_file(&format!("{sql};")));
    // With Drizzle's migrator the earlier one would have failed, and nothing would follow it.
    match &cx.judged().ran_outside {
        Some(earlier) => finding.weighs(Severity::Warning).why(format!(
            "`{earlier}` holds such a statement as well; if something else than Drizzle's migrator runs these files, \
             outside of a transaction, set `\"runner\": \"outside-transaction\"` in brolly.json"
        )),
        None => finding,
    }
}

/// In one that the file opens: `brolly migrate` opens none around such a statement.
fn in_its_own(at: &At<'_>, failure: &Failure) -> Diagnostic {
    at.finding(&META, format!("{}, and the file has opened one", failure.when))
        .why(format!("predicted: fails with {}; what the file committed before stays", failure.sqlstate))
        .fix(
            "Take it out of BEGIN and COMMIT: `brolly migrate` runs it outside of any transaction by itself.",
        )
}
