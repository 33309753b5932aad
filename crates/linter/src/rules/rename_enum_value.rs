//! An enum value that the deployed app writes has another name.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "rename-enum-value",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "an enum value is renamed while the deployed app uses its old name",
};

/// RENAME VALUE under columns of the deployed app.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let renamed = at.changes().iter().find_map(|change| match change {
            Change::EnumValueRenamed { from, to, .. } => Some((from, to)),
            _ => None,
        });
        let broken = at.broken(BreakCause::EnumValue);
        let (Some((from, to)), Some(first)) = (renamed, broken.first()) else { continue };
        let columns: Vec<String> = broken.iter().map(|broken| format!("`{}`", broken.shown())).collect();
        out.push(
            at.finding(&META, format!("renames enum value '{from}' to '{to}', and the deployed app writes '{from}'"))
                .about(first.table.label)
                .on(at.on_part(from))
                .why(first.failing())
                .cites(at, first)
                .why(format!("it is stored in {}; reads return '{to}', which the deployed app does not know", listed(&columns)))
                .fix(
                    "Add the new value and keep the old one. Deploy an app that reads both, then one that writes the new \
                     one, and move old rows over in batches.",
                ),
        );
    }
}
