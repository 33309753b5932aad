//! A partition is detached while reads and writes of the whole table wait.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "detach-partition-blocks",
    group: Group::Blocks,
    severity: Severity::Warning,
    summary: "DETACH PARTITION without CONCURRENTLY locks the partitioned table",
};

/// Plain detaching from tables that existed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for change in at.changes() {
            let Change::PartitionDetached { parent, partition } = change else { continue };
            let label = at.label(*parent);
            if at.blocking_lock(&label).is_none() || cx.is_new(parent.0) {
                continue;
            }
            let part = at.label(*partition);
            let sql = |id| {
                at.relation(id).map(|relation| catalog::written::sql_name(&relation.name)).unwrap_or_default()
            };
            out.push(
                at.finding(&META, format!("detaches `{}` while reads and writes of all of `{}` wait", shown(&part), shown(&label)))
                    .about(&label)
                    .on(at.on_name(&part))
                    .whys(at.lock_line(&label))
                    .why("it waits for every running query of any partition, and every later query waits behind it")
                    .fix(format!("Detach it CONCURRENTLY (14 and later; not where there is a DEFAULT partition). {}", remedy::OWN_FILE))
                    .code(remedy::own_file(&format!("ALTER TABLE {} DETACH PARTITION {} CONCURRENTLY;", sql(*parent), sql(*partition)))),
            );
        }
    }
}
