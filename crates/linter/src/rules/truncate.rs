//! A table is emptied under ACCESS EXCLUSIVE.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "truncate",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "TRUNCATE empties an existing table while reads and writes wait",
};

/// TRUNCATE of tables that existed, CASCADE included.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let emptied: Vec<&str> = at
            .facts()
            .rewrites
            .iter()
            .filter(|rewrite| rewrite.cause == RewriteCause::Truncate && !rewrite.new)
            .map(|rewrite| rewrite.relation.as_str())
            .collect();
        let Some(first) = emptied.first() else { continue };
        let names: Vec<String> = emptied.iter().map(|label| format!("`{}`", shown(label))).collect();
        let table = at.table(first);
        out.push(
            at.finding(&META, format!("empties {}", listed(&names)))
                .about(first)
                .on(at.on_name(first))
                .whys(emptied.iter().filter_map(|label| at.lock_line(label)))
                .why("all rows are gone once this commits; the deployed app may still need them, and a snapshot older than it sees an empty table")
                .fix("Delete in batches outside of the migration; or stop using the table, deploy, and drop it later.")
                .code(remedy::delete_batch(&table, None)),
        );
    }
}
