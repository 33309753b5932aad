//! The unique index that ON CONFLICT of the deployed app may name is gone.

use crate::broken::Broken;
use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-conflict-target",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a unique index or constraint is dropped that upserts of the deployed app may target",
};

/// What ON CONFLICT raises that finds a deferrable key.
const DEFERRABLE: &str = "55000";

/// Unique indexes and keys dropped or narrowed without an equal one in their place, or made DEFERRABLE.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::ConflictTarget) {
            if broken.sqlstate == Some(DEFERRABLE) {
                out.push(deferred(at, &broken));
                continue;
            }
            let index = at.changes().iter().find_map(|change| match change {
                Change::IndexDropped { index, .. } if index.unique => Some(index),
                _ => None,
            });
            let columns = index.and_then(|index| {
                let keys: Vec<_> = index.keys.iter().flatten().copied().collect();
                Some(at.relation(index.table)?.column_names(&keys))
            });
            let columns = columns.unwrap_or_else(|| broken.column.map(str::to_owned).into_iter().collect());
            let name = index.map_or("index", |index| index.name.name.as_str());
            let list = catalog::written::column_list(&columns);
            // Few unique keys are the target of an upsert: without a query that names it, it is a possibility.
            let (target, severity) = match broken.uses.is_empty() {
                true => ("may target", Severity::Warning),
                false => ("target", Severity::Error),
            };
            out.push(
                at.finding(
                    &META,
                    format!(
                        "drops `{name}`, the unique key on `{}` ({}) that upserts of the deployed app {target}",
                        broken.table.shown(),
                        columns.join(", ")
                    ),
                )
                .weighs(severity)
                .about(broken.table.label)
                .on(at.on_part(name).or_else(|| at.on_name(broken.table.label)))
                .why(broken.failing())
                .cites(at, &broken)
                .why("onConflictDoUpdate and onConflictDoNothing with a target need a unique index on exactly these columns, without a WHERE")
                .fix(
                    "Make an equal unique index first if one is to stay. Otherwise deploy the app without upserts on this \
                     target first, and drop the key in a later deploy.",
                )
                .code(format!(
                    "COMMIT;\n--> statement-breakpoint\nCREATE UNIQUE INDEX CONCURRENTLY {} ON {} ({list});\n",
                    quoted(&format!("{name}_new")),
                    broken.table.sql()
                )),
            );
        }
    }
}

/// The key is still there, but ON CONFLICT refuses it.
fn deferred(at: At<'_>, broken: &Broken<'_>) -> Diagnostic {
    let added = at.changes().iter().find_map(|change| match change {
        Change::ConstraintAdded { name, .. } => Some(name.as_str()),
        _ => None,
    });
    let name = added.unwrap_or(broken.table.name());
    let what = format!(
        "makes the unique key `{name}` on `{}` DEFERRABLE: upserts can't use it",
        broken.table.shown()
    );
    at.finding(&META, what)
        .weighs(if broken.uses.is_empty() { Severity::Warning } else { Severity::Error })
        .about(broken.table.label)
        .on(at.on_part(name))
        .why(broken.failing())
        .cites(at, broken)
        .why("ON CONFLICT refuses deferrable keys, and DO NOTHING without a target fails on any table that has one")
        .fix(
            "Leave DEFERRABLE out. If values have to be swapped in one transaction, deploy the app without ON CONFLICT on \
             this table first.",
        )
}
