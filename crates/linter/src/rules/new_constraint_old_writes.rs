//! A new constraint may refuse what the deployed app writes.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "new-constraint-old-writes",
    group: Group::BreaksOldApp,
    severity: Severity::Warning,
    summary: "a new constraint may refuse rows that the deployed app writes",
};

/// CHECK, UNIQUE, EXCLUDE and foreign keys on columns that the deployed app writes.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::NewConstraint) {
            let added = at.changes().iter().find_map(|change| match change {
                Change::ConstraintAdded { relation, name, .. } if broken.reason.contains(name.as_str()) => {
                    let added = at.after(*relation)?.constraint(name)?;
                    Some((added.noun(), added.name.clone()))
                }
                Change::IndexCreated { index, .. } => {
                    Some(("unique index", at.step.after.index(*index)?.name.name.clone()))
                }
                _ => None,
            });
            let (noun, name) = added.unwrap_or(("constraint", String::new()));
            let name = name.as_str();
            let quoted = if name.is_empty() { String::new() } else { format!(" `{name}`") };
            out.push(
                at.finding(&META, format!("{noun}{quoted} on `{}` may refuse what the deployed app writes", broken.table.shown()))
                    .about(broken.table.label)
                    .on(at.on_part(name).or_else(|| at.on_name(broken.table.label)))
                    .why(broken.failing())
                    .cites(at, &broken)
                    .why("NOT VALID only spares the rows that are there: new writes are checked at once")
                    .fix(
                        "Make sure that the deployed version already writes only what the constraint allows: check it in \
                         the app, deploy, and add the constraint in the deploy after that.",
                    ),
            );
        }
    }
}
