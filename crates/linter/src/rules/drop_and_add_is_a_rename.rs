//! Something is dropped and its like added: a rename that loses the data.

use crate::prelude::*;

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
                    column_twin(cx, *relation, *column, ty).map(|(other, new)| (name.clone(), other, new))
                }
                Change::RelationDropped { relation, name, kind, .. }
                    if *kind == catalog::RelationKind::Table =>
                {
                    table_twin(cx, *relation).map(|(other, new)| (name.name.clone(), other, new))
                }
                _ => None,
            };
            let Some((old, other, new)) = twin else { continue };
            let noun = if matches!(change, Change::ColumnDropped { .. }) { "column" } else { "table" };
            let relation = match change {
                Change::ColumnDropped { relation, .. } | Change::RelationDropped { relation, .. } => {
                    *relation
                }
                _ => continue,
            };
            let label = at.label(relation);
            out.push(
                at.finding(&META, format!("drops {noun} `{old}` and adds `{new}` of the same {}: a rename would keep the data", if noun == "column" { "type" } else { "shape" }))
                    .about(&label)
                    .on(at.on_part(&old))
                    .label("dropped here")
                    .also(other.step, other.on_part(&new), "its like is added here")
                    .why(format!("what `{old}` holds is gone once this commits"))
                    .why("drizzle-kit writes this pair when its question \"created or renamed?\" is answered with \"created\"")
                    .fix(
                        "If it is a rename, add the new one, copy the data in batches, and drop the old one in a later deploy. \
                         If the two have nothing to do with each other, put them in different deploys.",
                    ),
            );
        }
    }
}

/// A column of the same type that the set adds to the same table and keeps, where nothing copied the
/// old one over.
fn column_twin<'a>(
    cx: Context<'a>,
    table: catalog::RelationId,
    dropped: catalog::ColumnId,
    ty: &catalog::Type,
) -> Option<(At<'a>, String)> {
    cx.judged().start.relation(table)?.column_by_id(dropped)?;
    let label = cx.judged().start.relation(table)?.name.to_string();
    let copied = cx.steps().any(|at| at.facts().writes.iter().any(|write| write.relation == label));
    if copied {
        return None;
    }
    let end = cx.judged().end.relation(table)?;
    cx.steps().find_map(|at| {
        at.changes().iter().find_map(|change| match change {
            Change::ColumnAdded { relation, column, .. } if *relation == table => {
                let added = end.column_by_id(*column)?;
                let plain = added.generated.is_none() && added.identity.is_none();
                (plain && added.ty == *ty).then(|| (at, added.name.clone()))
            }
            _ => None,
        })
    })
}

/// A table with the same columns that the set makes and keeps.
fn table_twin<'a>(cx: Context<'a>, dropped: catalog::RelationId) -> Option<(At<'a>, String)> {
    let old = cx.judged().start.relation(dropped)?;
    let shape = |relation: &catalog::Relation| {
        let mut columns: Vec<(String, catalog::Type)> =
            relation.columns.iter().map(|column| (column.name.clone(), column.ty.clone())).collect();
        columns.sort_by(|a, b| a.0.cmp(&b.0));
        columns
    };
    let wanted = shape(old);
    let filled =
        |label: &str| cx.steps().any(|at| at.facts().writes.iter().any(|write| write.relation == label));
    cx.steps().find_map(|at| {
        at.changes().iter().find_map(|change| match change {
            Change::RelationCreated { relation, kind: catalog::RelationKind::Table } => {
                let new = cx.judged().end.relation(*relation)?;
                let same = wanted.len() > 1 && shape(new) == wanted && !filled(&at.label(*relation));
                same.then(|| (at, new.name.name.clone()))
            }
            _ => None,
        })
    })
}
