//! An index is dropped while reads and writes wait.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-index-blocks",
    group: Group::Blocks,
    severity: Severity::Warning,
    summary: "DROP INDEX without CONCURRENTLY locks the table against reads and writes",
};

/// Plain drops of indexes that existed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for change in at.changes() {
            let Change::IndexDropped { index, concurrently: false, cascade: false } = change else {
                continue;
            };
            let Some(relation) = at.after(index.table) else { continue };
            if cx.is_new(index.id.0) || cx.is_new(relation.id.0) {
                continue;
            }
            let label = at.label(relation.id);
            let name = index.name.name.as_str();
            out.push(
                at.finding(&META, format!("drops index `{name}` while reads and writes of `{}` wait", shown(&label)))
                    .about(&label)
                    .on(at.on_part(name))
                    .whys(at.lock_line(&label))
                    .why("the drop itself is quick; but it waits for every running query of the table, and every later query waits behind it")
                    .fix(format!("Drop it CONCURRENTLY. {}", remedy::OWN_FILE))
                    .code(remedy::own_file(&format!(
                        "DROP INDEX CONCURRENTLY IF EXISTS {};",
                        catalog::written::sql_name(&index.name)
                    ))),
            );
        }
    }
}
