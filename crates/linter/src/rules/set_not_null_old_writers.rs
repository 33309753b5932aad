//! A column becomes NOT NULL while the deployed app may leave it out or write NULL.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "set-not-null-old-writers",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a column becomes NOT NULL while the deployed app may still write NULL",
};

/// SET NOT NULL, a primary key, or a domain's NOT NULL over what old writers leave empty.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::NotNull) {
            let Some(column) = broken.column else { continue };
            let finding = at
                .finding(&META, format!("makes `{}` NOT NULL, and the deployed app may still leave it empty", broken.shown()))
                .about(broken.table.label)
                .on(at.on_part(column).or_else(|| at.on_name(broken.table.label)))
                .why(broken.failing())
                .cites(at, &broken)
                .why("the deployed app declares the column nullable; Drizzle inserts DEFAULT, here NULL, for every value not given")
                .fix(format!(
                    "Deploy the app with {} declared `.notNull()` and always written, with the SET NOT NULL cut out \
                     of the generated SQL. Make the column NOT NULL in the deploy after that.",
                    evidence::field(at, &broken).unwrap_or_else(|| "the field".to_owned())
                ));
            let finding = if broken.sure { finding } else { finding.weighs(Severity::Warning) };
            out.push(finding.code(remedy::not_null_in_steps(&broken.table, column)));
        }
    }
}
