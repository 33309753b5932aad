//! Something is dropped and its like added: a rename that loses the data.

use crate::prelude::*;
use crate::units;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-and-add-is-a-rename",
    group: Group::LosesData,
    severity: Severity::Error,
    summary: "a column or table is dropped and one of the same type or shape added in the same deploy",
};

/// Pairs of drop and add in one set, columns of one table or whole tables.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for change in at.changes() {
            let twin = match change {
                Change::ColumnDropped { relation, column, name, ty, cascade: false } => {
                    units::column_twin(cx, *relation, *column, ty)
                        .map(|(other, new)| (name.clone(), other, new))
                }
                Change::RelationDropped { relation, name, kind, .. }
                    if *kind == catalog::RelationKind::Table =>
                {
                    units::table_twin(cx, *relation).map(|(other, new)| (name.name.clone(), other, new))
                }
                _ => None,
            };
            let Some((old, other, new)) = twin else { continue };
            if units::is_last_of_path(at, other) {
                continue;
            }
            let (noun, like, relation) = match change {
                Change::ColumnDropped { relation, .. } => ("column", "type", *relation),
                Change::RelationDropped { relation, .. } => ("table", "shape", *relation),
                _ => continue,
            };
            let label = at.label(relation);
            // What no deployed code knows can't be the old name of anything that it uses.
            let forgotten =
                at.facts().unnoticed.iter().any(|one| {
                    one.relation == label && one.column.as_deref().is_none_or(|column| column == old)
                });
            if forgotten && old != new {
                continue;
            }
            // What the drop breaks has the same cause and the same cure, so it is told here.
            let causes = [BreakCause::ColumnDropped, BreakCause::RelationDropped];
            let broken = causes.into_iter().flat_map(|cause| at.broken(cause)).find(|broken| {
                broken.table.label == label && broken.column.is_none_or(|column| column == old)
            });
            let lost = format!("what `{old}` holds is gone once this commits");
            let finding = match old == new {
                true => at
                    .finding(&META, format!("drops {noun} `{old}` and makes it anew: what it holds is lost"))
                    .why("the new one starts empty; drizzle-kit writes this pair where it can't change the old one")
                    .fix("Give the new one another name, move the data over in batches, and drop the old one in a later deploy."),
                false => at
                    .finding(&META, format!("drops {noun} `{old}` and adds `{new}` of the same {like}: a rename would keep the data"))
                    .why("drizzle-kit writes this pair when its question \"created or renamed?\" is answered with \"created\"")
                    .fix(
                        "If it is a rename, add the new one, copy the data in batches, and drop the old one in a later deploy. \
                         If the two have nothing to do with each other, put them in different deploys.",
                    ),
            };
            let sure = broken.as_ref().filter(|broken| broken.sure);
            let finding = match sure {
                Some(broken) => finding.cites(at, broken),
                None => finding,
            };
            out.push(
                finding
                    .about(&label)
                    .on(at.on_part(&old))
                    .label("dropped here")
                    .also(other.step, other.on_part(&new), "added here")
                    .whys(broken.map(|broken| broken.failing()))
                    .why(lost),
            );
        }
    }
}
