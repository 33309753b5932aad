//! All rows of a table are deleted, or one value written over all of them.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "delete-without-where",
    group: Group::LosesData,
    severity: Severity::Error,
    summary: "DELETE, or UPDATE to a constant, of every row of an existing table",
};

/// DELETE without WHERE, and UPDATE without WHERE that sets old columns to constants.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for write in at.facts().writes.iter().filter(|write| write.whole && !write.new) {
            let table = at.table(&write.relation);
            let start = table.relation.and_then(|relation| cx.judged().start.relation(relation.id));
            // A column that this set has added holds nothing that could be lost.
            let old = |name: &&str| start.is_none_or(|start| start.column(name).is_some());
            let set: Vec<&str> = place::columns_set(at.step).into_iter().filter(old).collect();
            let what = match write.operation {
                Operation::Delete => format!("deletes every row of `{}`", table.shown()),
                Operation::Update if write.constant && !set.is_empty() => {
                    format!("writes one value over {} in every row of `{}`", listed(&set), table.shown())
                }
                _ => continue,
            };
            out.push(
                at.finding(&META, what)
                    .about(&write.relation)
                    .on(at.on_name(&write.relation))
                    .why("there is no WHERE, or one that is always true")
                    .why("what was there is gone once this commits; only a backup brings it back")
                    .fix("Say in WHERE which rows are meant. If all are meant, keep a copy until the deploy has proved right.")
                    .code(format!("CREATE TABLE {} AS SELECT * FROM {};\n", quoted(&format!("{}_backup", table.name())), table.sql())),
            );
        }
    }
}
