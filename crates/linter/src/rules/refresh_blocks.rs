//! A materialized view is filled anew while reads wait.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "refresh-blocks",
    group: Group::Blocks,
    severity: Severity::Warning,
    summary: "REFRESH MATERIALIZED VIEW without CONCURRENTLY makes reads of it wait",
};

/// Plain refreshes of materialized views that existed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let refreshed =
            at.facts().rewrites.iter().find(|rewrite| rewrite.cause == RewriteCause::Refresh && !rewrite.new);
        let Some(rewrite) = refreshed else { continue };
        let table = at.table(&rewrite.relation);
        out.push(
            at.finding(&META, format!("refreshes `{}` while reads of it wait", table.shown()))
                .about(&rewrite.relation)
                .on(at.on_name(&rewrite.relation))
                .whys(at.lock_line(&rewrite.relation))
                .why("its query runs under that lock: the wait grows with what it reads")
                .fix("Refresh it CONCURRENTLY, which needs a unique index on the view and may run in a transaction; or refresh it outside of the migration.")
                .code(format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {};\n", table.sql())),
        );
    }
}
