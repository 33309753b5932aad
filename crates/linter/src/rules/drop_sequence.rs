//! A sequence that the deployed app may draw from is gone.

use crate::prelude::*;
use catalog::RelationKind;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-sequence",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a sequence is dropped or renamed while the deployed app may draw numbers from it",
};

/// Sequences of their own that are gone at the commit. One that a column owns is used by the column's
/// default, which `drop-default` judges.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::ObjectDropped) {
            let lost = at.changes().iter().find_map(|change| match change {
                Change::RelationDropped { relation, name, kind: RelationKind::Sequence, .. } => {
                    (name.to_string() == broken.table.label).then_some((*relation, name, "drops"))
                }
                Change::RelationRenamed { relation, from, .. } => {
                    (from.to_string() == broken.table.label).then_some((*relation, from, "renames"))
                }
                _ => None,
            });
            let Some((id, name, verb)) = lost.filter(|lost| !at.drops_schema(&lost.1.schema)) else {
                continue;
            };
            let owned = cx.judged().start.relation(id).is_none_or(|sequence| sequence.owned_by.is_some());
            if owned {
                continue;
            }
            let sql = catalog::written::sql_name(name);
            out.push(
                at.finding(&META, format!("{verb} sequence `{}`, which the deployed app may draw numbers from", broken.shown()))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(broken.failing())
                    .why("a pgSequence is only used by SQL that names it in nextval(), which schema.ts does not show")
                    .fix(
                        "Look for its name in the code, deploy the app without it first, with the DROP cut out of the \
                         generated SQL, and drop it in a later deploy.",
                    )
                    .code(format!("-- the next deploy\nDROP SEQUENCE {sql};\n")),
            );
        }
    }
}
