//! Parts of a table that the migration made: they go with it, unless they keep something from going that goes first.

use super::step::Undo;
use catalog::{Catalog, Change, ColumnId, ConstraintKind, RelationId, TypeRef};
use sql::Expr;

/// Whether a part of a new table needs what the migration made behind the table.
pub(super) fn is_in_the_way(undo: &Undo<'_>, change: &Change, relation: RelationId) -> bool {
    let Some(table) = undo.after.relation(relation) else { return false };
    let column = |id: &ColumnId| table.column_by_id(*id);
    match change {
        Change::ConstraintAdded { name, .. } => match table.constraint(name).map(|found| &found.kind) {
            Some(ConstraintKind::ForeignKey { .. }) => {
                undo.target_of(relation, name).is_some_and(|(target, columns)| {
                    if undo.is_new(target) {
                        target > relation
                    } else {
                        !had_key(undo.start, target, columns)
                    }
                })
            }
            Some(ConstraintKind::Check { expr, .. }) => calls_new(undo, expr),
            _ => false,
        },
        Change::ColumnAdded { column: id, .. } | Change::TypeChanged { column: id, .. } => column(id)
            .is_some_and(|column| {
                let of_new_type =
                    matches!(column.ty.base, TypeRef::User(ty) if undo.start.user_type(ty).is_none());
                let generated = column.generated.as_ref().map(|generated| &generated.expr);
                of_new_type || column.default.iter().chain(generated).any(|expr| calls_new(undo, expr))
            }),
        Change::DefaultSet { column: id, .. } => {
            column(id).is_some_and(|column| column.default.iter().any(|default| calls_new(undo, default)))
        }
        Change::TriggerCreated { name, .. } => {
            let trigger = table.triggers.iter().find(|trigger| trigger.name == *name);
            trigger.is_some_and(|trigger| undo.start.functions_named(&trigger.function).is_empty())
        }
        Change::PolicySet { policy, .. } => {
            policy.functions.iter().any(|function| undo.start.functions_named(function).is_empty())
                || policy.reads.iter().any(|read| undo.is_new(*read) && *read > relation)
        }
        _ => false,
    }
}

/// Whether an expression calls a function, or takes from a sequence, that the migration made.
fn calls_new(undo: &Undo<'_>, expr: &Expr) -> bool {
    expr.uses.functions.iter().any(|call| {
        let own = undo.after.find_functions(&call.name).first();
        let new = own.is_some_and(|own| undo.start.functions_named(&own.name).is_empty());
        new || call.name.name == "nextval"
    })
}

/// Whether a table had these columns as a key.
fn had_key(start: &Catalog, target: RelationId, columns: &[ColumnId]) -> bool {
    let Some(table) = start.relation(target) else { return false };
    table.indexes.iter().filter_map(|index| start.index(*index)).any(|index| {
        index.unique
            && index.keys.len() == columns.len()
            && columns.iter().all(|c| index.keys.contains(&Some(*c)))
    })
}
