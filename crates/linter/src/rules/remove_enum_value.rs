//! An enum value that the deployed app may write is gone.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "remove-enum-value",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "an enum is made anew without a value that the deployed app may write",
};

/// Enum values gone: the recreation that drizzle-kit writes, seen as one unit at its DROP TYPE.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let renamed = at.changes_so(|change| matches!(change, Change::EnumValueRenamed { .. }));
        let broken = at.broken(BreakCause::EnumValue);
        let Some(first) = broken.first().filter(|_| !renamed) else { continue };
        let name = at.changes().iter().find_map(|change| match change {
            Change::TypeDropped { name, .. } | Change::TypeRenamed { from: name, .. } => {
                Some(name.name.as_str())
            }
            _ => None,
        });
        let columns: Vec<String> = broken.iter().map(|broken| format!("`{}`", broken.shown())).collect();
        let mut finding = at
            .finding(
                &META,
                format!("removes values of enum `{}` that the deployed app may write", name.unwrap_or("?")),
            )
            .about(first.table.label)
            .on(name.and_then(|name| at.on_name(name)))
            .why(first.failing())
            .cites(at, first)
            .why(format!("{} of that type", listed(&columns)))
            .why("the recreation writes those tables anew under ACCESS EXCLUSIVE, and fails with 22P02 as long as a row holds the value")
            .why("values read before the change and written back fail as well");
        for broken in &broken {
            finding = finding.why(plain(broken.reason));
        }
        out.push(finding.fix(
            "Stop writing the value, deploy, and keep it in the type: an unused value costs nothing. A CHECK can refuse \
             it. If it must go, make a new type and a new column, and move over by expand and contract.",
        ));
    }
}
