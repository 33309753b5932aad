//! A view that the deployed app reads has lost a column, or gives another type.

use crate::broken::Broken;
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
        let mut views: Vec<(Broken<'_>, Vec<&str>)> = Vec::new();
        for broken in at.broken(BreakCause::ColumnDropped).into_iter().chain(renamed).chain(retyped) {
            let view = broken.table.relation.is_some_and(|relation| !relation.is_table());
            let Some(column) = broken.column.filter(|_| view) else { continue };
            // Columns that the code names are cited one by one.
            let alike = |(other, _): &&mut (Broken<'_>, _)| {
                let same = other.table.label == broken.table.label && other.cause == broken.cause;
                same && other.uses.is_empty() && broken.uses.is_empty()
            };
            match views.iter_mut().find(alike) {
                Some((_, columns)) => columns.push(column),
                None => views.push((broken, vec![column])),
            }
        }
        for (broken, columns) in views {
            let words: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
            let noun = if columns.len() == 1 { "column" } else { "columns" };
            let view = broken.table.shown();
            let reason = match columns.len() {
                1 => plain(broken.reason),
                _ => "the old app still reads them".to_owned(),
            };
            let what = match broken.cause {
                BreakCause::ViewRetyped => "gives another type in",
                _ => "no longer has",
            };
            out.push(
                at.finding(&META, format!("view `{view}` {what} {noun} {}", listed(&words)))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(broken.failing())
                    .cites(at, &broken)
                    .why(reason)
                    .fix(
                        "Make the view anew with the old columns and the new ones added at the end; take the old ones \
                         out in a later deploy, when no running version reads them.",
                    ),
            );
        }
    }
}
