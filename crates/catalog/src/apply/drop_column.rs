//! Dropping a column, and what can't be without it.

use super::alter::targets;
use super::{Step, drop};
use crate::{Change, ColumnId, Relation, RelationId};
use sql::Ident;

pub(super) fn drop_column(
    step: &mut Step<'_>,
    id: RelationId,
    only: bool,
    name: &Ident,
    if_exists: bool,
    cascade: bool,
) {
    let Some(relation) = step.relation(id) else { return };
    let Some(found) = relation.column(&name.text).map(|column| column.id) else {
        if !if_exists {
            step.missing_column(&relation.name, name);
        }
        return;
    };
    if !cascade && let Some(needs) = column_needed_by(step, &relation, found) {
        let message = format!(
            "{needs} needs column {} of {}; DROP without CASCADE is refused",
            name.text, relation.name
        );
        step.refuse("2BP01", message, Some(name.span));
        return;
    }
    for target in targets(step, id, only) {
        let column = step.relation(target).and_then(|r| r.column(&name.text).map(|c| c.id));
        if let Some(column) = column {
            remove_column(step, target, column, false);
        }
    }
}

fn column_needed_by(step: &Step<'_>, relation: &Relation, column: ColumnId) -> Option<String> {
    if let Some(viewer) = drop::viewers(step, relation.id, Some(column)).first() {
        return Some(format!("view {}", step.catalog.relation(*viewer)?.name));
    }
    if let Some(policy) = relation.policies.iter().find(|policy| policy.columns.contains(&column)) {
        return Some(format!("policy {}", policy.name));
    }
    if let Some(trigger) = relation.triggers.iter().find(|trigger| trigger.columns.contains(&column)) {
        return Some(format!("trigger {}", trigger.name));
    }
    let name = &relation.column_by_id(column)?.name;
    let generated = relation.columns.iter().find(|other| {
        other.generated.as_ref().is_some_and(|generated| {
            generated.expr.uses.columns.iter().any(|used| used.name.as_ref() == Some(name))
        })
    });
    if let Some(generated) = generated {
        return Some(format!("generated column {}", generated.name));
    }
    for constraint in
        relation.constraints.iter().filter(|c| c.index().is_some() && c.columns.contains(&column))
    {
        for (table, key) in drop::keys_on(step, relation.id, &constraint.columns) {
            // A key of the table itself goes along if the column is at both of its ends.
            let also_here = relation.constraint(&key).is_some_and(|key| key.columns.contains(&column));
            if table != relation.id || !also_here {
                return Some(format!("foreign key {key} of {}", step.catalog.relation(table)?.name));
            }
        }
    }
    None
}

/// Takes a column out, with its indexes, constraints, views, sequences and foreign keys on it.
pub(super) fn remove_column(step: &mut Step<'_>, id: RelationId, column: ColumnId, cascade: bool) {
    let Some(relation) = step.relation(id) else { return };
    let Some(found) = relation.column_by_id(column).cloned() else { return };
    drop::remove_viewers(step, id, Some(column));
    for constraint in relation.constraints.iter().filter(|c| c.columns.contains(&column)) {
        drop::remove_constraint(step, id, &constraint.name, true);
    }
    for index in &relation.indexes {
        let depends = step.catalog.index(*index).is_some_and(|index| index.depends.contains(&column));
        if depends {
            drop::remove_index(step, *index, false, true);
        }
    }
    let sequences = step.catalog.sequences_of(id);
    let owned: Vec<RelationId> =
        sequences.filter(|sequence| sequence.owned_by == Some((id, column))).map(|r| r.id).collect();
    let generated: Vec<ColumnId> = relation
        .columns
        .iter()
        .filter(|other| {
            other.generated.as_ref().is_some_and(|generated| {
                generated.expr.uses.columns.iter().any(|used| used.name.as_ref() == Some(&found.name))
            })
        })
        .map(|other| other.id)
        .collect();
    if let Some(relation) = step.relation_mut(id) {
        relation.columns.retain(|other| other.id != column);
        relation.triggers.retain(|trigger| !trigger.columns.contains(&column));
    }
    for policy in relation.policies.iter().filter(|policy| policy.columns.contains(&column)) {
        if let Some(relation) = step.relation_mut(id) {
            relation.policies.retain(|other| other.name != policy.name);
        }
        step.change(Change::PolicyDropped { relation: id, policy: Box::new(policy.clone()) });
    }
    step.change(Change::ColumnDropped { relation: id, column, name: found.name, ty: found.ty, cascade });
    for sequence in owned {
        drop::remove_relation(step, sequence, true);
    }
    for column in generated {
        remove_column(step, id, column, true);
    }
}
