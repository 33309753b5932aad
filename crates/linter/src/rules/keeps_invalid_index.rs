//! IF NOT EXISTS keeps the wreck of a failed concurrent build.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "keeps-invalid-index",
    group: Group::Fails,
    severity: Severity::Warning,
    summary: "CREATE INDEX CONCURRENTLY IF NOT EXISTS keeps the invalid index of a failed build",
};

/// Concurrent builds that skip an index of the same name, valid or not.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    // It looks for such a wreck, and builds the index again.
    if cx.analysis.options.runner == Runner::Brolly {
        return;
    }
    for at in cx.steps().filter(|at| place::makes_index_if_not_exists(at.step)) {
        // Where it can't run at all, it keeps nothing.
        if at.failures(&[FailureCause::InTransaction]).next().is_some() {
            continue;
        }
        for change in at.changes() {
            let Change::IndexCreated {
                index,
                relation,
                origin: catalog::IndexOrigin::Statement { concurrently: true },
            } = change
            else {
                continue;
            };
            let Some(index) = at.step.after.index(*index) else { continue };
            let name = index.name.name.as_str();
            let cleared =
                (cx.judged().steps.start..at.at).any(|n| place::drops_index(&cx.analysis.steps[n], name));
            if cleared || cx.is_new(relation.0) {
                continue;
            }
            let label = at.label(*relation);
            let sql = catalog::written::sql_name(&index.name);
            let build = place::without_if_not_exists(at.step).unwrap_or_default();
            out.push(
                at.finding(&META, format!("`{name}` is kept as it is where a failed build has left it invalid"))
                    .about(&label)
                    .on(at.on_part(name))
                    .why("a concurrent build that fails (deadlock, duplicate, lock_timeout, cancel) leaves an INVALID index behind; the next run says \"already exists, skipping\" and succeeds")
                    .why("an invalid index is never used by reads, costs every write, and enforces nothing that a query could rely on")
                    .fix("Drop the wreck first, in the same file, and leave IF NOT EXISTS out.")
                    .code(remedy::own_file(&format!("DROP INDEX CONCURRENTLY IF EXISTS {sql};\n--> statement-breakpoint\n{build}"))),
            );
        }
    }
}
