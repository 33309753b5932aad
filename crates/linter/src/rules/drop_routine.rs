//! A function or procedure that the deployed app may call is gone.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-routine",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a function or procedure is dropped while the deployed app may call it",
};

/// Functions that were there before the set and are gone at the commit, by DROP, rename or move. Trigger
/// functions are called by triggers alone.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::ObjectDropped) {
            let dropped = at.changes().iter().find_map(|change| match change {
                Change::FunctionDropped(name) if name.to_string() == broken.table.label => Some(name),
                _ => None,
            });
            let Some(name) = dropped.filter(|name| !at.drops_schema(&name.schema)) else { continue };
            out.push(
                at.finding(&META, format!("drops function `{}`, which the deployed app may call", broken.shown()))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(broken.failing())
                    .why("Drizzle does not know functions, so nothing in schema.ts tells who calls it: sql`..`, rpc calls and other programs do")
                    .fix(
                        "Look for its name in the code, deploy the app without its calls first, and drop it in a later \
                         deploy. A function that only changes can be replaced under its name: CREATE OR REPLACE.",
                    )
                    .code(format!("-- the next deploy\nDROP ROUTINE {};\n", catalog::written::sql_name(name))),
            );
        }
    }
}
