//! A new enum value is used in the transaction that adds it.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "enum-value-used-too-early",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "a new enum value is used before the transaction that adds it has committed",
};

/// Uses of enum values that are not committed yet, across files.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for failure in at.failures(&[FailureCause::EnumValueTooEarly]) {
            let added = (cx.judged().steps.start..at.at)
                .map(|n| &cx.analysis.steps[n])
                .filter(|step| step.transaction == at.step.transaction)
                .find_map(|step| {
                    step.changes.iter().find_map(|change| match change {
                        Change::EnumValueAdded { value, .. }
                            if failure.when.contains(&format!("'{value}'")) =>
                        {
                            Some((step, value))
                        }
                        _ => None,
                    })
                });
            let mut finding = at
                .finding(&META, plain(&failure.when))
                .on(failure.span)
                .why(format!("predicted: fails with {}, and everything pending is rolled back", failure.sqlstate))
                .why("Drizzle runs all pending migrations in one transaction, so a file of its own is not enough")
                .fix(
                    "Add the value in one deploy and use it in the next. Or start the migration that uses it with COMMIT, \
                     which ends the transaction that added it.",
                );
            if let Some((step, value)) = added {
                finding = finding.also(step, place::of_part(step, value), "added here");
            }
            let sql = at.step.span.of(&at.step.file.text).trim_end().trim_end_matches(';');
            out.push(finding.code(remedy::own_file(&format!("{sql};"))));
        }
    }
}
