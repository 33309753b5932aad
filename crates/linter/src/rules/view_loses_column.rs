//! A view that the deployed app reads has lost a column, or gives another type.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "view-loses-column",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a view is made anew without a column that the deployed app reads, or with another type",
};

/// Columns of views that are gone, or have another name or type.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let renamed = at.broken(BreakCause::ColumnRenamed);
        let retyped = at.broken(BreakCause::ViewRetyped);
        for broken in at.broken(BreakCause::ColumnDropped).into_iter().chain(renamed).chain(retyped) {
            let view = broken.table.relation.is_some_and(|relation| !relation.is_table());
            let Some(column) = broken.column.filter(|_| view) else { continue };
            let what = match broken.cause {
                BreakCause::ViewRetyped => "gives another type in",
                _ => "no longer has",
            };
            out.push(
                at.finding(&META, format!("view `{}` {what} column `{column}`", broken.table.shown()))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(broken.failing())
                    .cites(at, &broken)
                    .why(plain(broken.reason))
                    .fix(
                        "Make the view anew with the old columns and the new ones added at the end; take the old ones \
                         out in a later deploy, when no running version reads them.",
                    ),
            );
        }
    }
}
