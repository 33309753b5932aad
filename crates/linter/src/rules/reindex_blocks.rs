//! An index is rebuilt while writes wait.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "reindex-blocks",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "REINDEX without CONCURRENTLY makes writes wait",
};

/// Plain reindexing of tables that existed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        // Made by CREATE INDEX, or by ATTACH PARTITION.
        let built = |change: &Change| {
            matches!(change, Change::IndexCreated { .. } | Change::PartitionAttached { .. })
        };
        let rebuilt = at.facts().scans.iter().find(|scan| scan.cause == ScanCause::IndexBuild && !scan.new);
        let Some(scan) = rebuilt.filter(|_| !at.changes_so(built)) else { continue };
        if at.blocking_lock(&scan.relation).is_none() {
            continue;
        }
        let finding = at
            .finding(&META, format!("rebuilds an index of `{}` while writes wait", shown(&scan.relation)))
            .about(&scan.relation)
            .whys(at.lock_line(&scan.relation))
            .why("reads that would use the index wait too: the index itself is locked ACCESS EXCLUSIVE")
            .why("the table is read whole and sorted: the wait grows with the number of rows")
            .fix(format!("Rebuild it CONCURRENTLY. {}", remedy::OWN_FILE));
        out.push(match place::concurrently(at.step) {
            Some(code) => finding.code(remedy::own_file(&code)),
            None => finding,
        });
    }
}
