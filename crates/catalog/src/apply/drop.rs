//! Dropping, and what goes along.

use super::Step;
use super::drop_object::{drop_function, drop_type, remove_function, remove_type};
use crate::{
    Catalog, Change, ColumnId, ConstraintKind, Found, IndexId, QName, Relation, RelationId, RelationKind,
    TypeId,
};
use sql::{Drop, DropObject, ObjectKind};

pub(super) fn drop(step: &mut Step<'_>, drop: &Drop) {
    // The objects are looked up before the first of them goes, and may take each other along.
    let start = step.catalog.clone();
    for object in &drop.objects {
        match drop.kind {
            ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => drop_part(step, drop, object),
            ObjectKind::Schema => drop_schema(step, drop, object),
            ObjectKind::Type | ObjectKind::Domain | ObjectKind::CompositeType => {
                drop_type(step, drop, object)
            }
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate => {
                drop_function(step, drop, object);
            }
            ObjectKind::Extension => {
                let existed = step.catalog.extensions.remove(&object.name.name).is_some();
                if !existed && !drop.if_exists {
                    let message = format!("extension {} does not exist", object.name.name);
                    step.missing("42704", message, Some(object.name.span));
                }
            }
            ObjectKind::Table
            | ObjectKind::ForeignTable
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Index
            | ObjectKind::Sequence => drop_relation(step, drop, object, &start),
            _ => {}
        }
    }
}

fn drop_relation(step: &mut Step<'_>, drop: &Drop, object: &DropObject, start: &Catalog) {
    match step.catalog.find(&object.name) {
        Some(Found::Relation(relation)) => {
            let (id, kind, name) = (relation.id, relation.kind, relation.name.clone());
            let fits = match drop.kind {
                ObjectKind::Table => matches!(kind, RelationKind::Table | RelationKind::Partitioned),
                ObjectKind::View => kind == RelationKind::View,
                ObjectKind::MaterializedView => kind == RelationKind::MaterializedView,
                ObjectKind::Sequence => kind == RelationKind::Sequence,
                ObjectKind::ForeignTable => kind == RelationKind::Foreign,
                _ => false,
            };
            if !fits {
                step.refuse("42809", format!("{name} is not what this DROP is for"), Some(object.name.span));
                return;
            }
            if !drop.cascade {
                let also: Vec<RelationId> =
                    drop.objects.iter().filter_map(|o| start.find_relation(&o.name)).map(|r| r.id).collect();
                if let Some(needs) = needed_by(step, id, &also) {
                    let message = format!("{needs} needs {name}; DROP without CASCADE is refused");
                    step.refuse("2BP01", message, Some(object.name.span));
                    return;
                }
            }
            remove_relation(step, id, false);
        }
        Some(Found::Index(index)) => {
            let (id, constraint, name) = (index.id, index.constraint, index.name.clone());
            let whole = index.part_of.and_then(|whole| step.catalog.index(whole));
            let whole = whole.map(|whole| whole.name.clone());
            if drop.kind != ObjectKind::Index {
                step.refuse("42809", format!("{name} is an index"), Some(object.name.span));
            } else if constraint {
                let message = format!("index {name} belongs to a constraint; drop the constraint instead");
                step.refuse("2BP01", message, Some(object.name.span));
            } else if let Some(whole) = whole.filter(|_| drop.objects.len() == 1) {
                let message =
                    format!("index {name} is a part of index {whole}, which can be dropped instead");
                step.refuse("2BP01", message, Some(object.name.span));
            } else {
                remove_index(step, id, drop.concurrently, false);
            }
        }
        None if drop.if_exists || start.find(&object.name).is_some() => {}
        None if drop.kind == ObjectKind::Index => {
            step.missing("42704", format!("index {} does not exist", object.name), Some(object.name.span));
        }
        None => step.missing_relation(&object.name),
    }
}

/// What, other than `also`, depends on a relation and would be taken along by CASCADE.
fn needed_by(step: &Step<'_>, id: RelationId, also: &[RelationId]) -> Option<String> {
    let relation = step.catalog.relation(id)?;
    for viewer in relation.viewed_by.iter().filter_map(|viewer| step.catalog.relation(*viewer)) {
        let reads = viewer.view.as_ref().is_some_and(|view| view.uses.iter().any(|(used, _)| *used == id));
        if reads && !also.contains(&viewer.id) {
            return Some(format!("view {}", viewer.name));
        }
    }
    for referencing in &relation.referenced_by {
        let Some(referencing) = step.catalog.relation(*referencing) else { continue };
        if referencing.id == id || also.contains(&referencing.id) {
            continue;
        }
        let key = referencing
            .constraints
            .iter()
            .find(|c| matches!(&c.kind, ConstraintKind::ForeignKey { target, .. } if *target == Some(id)));
        if let Some(key) = key {
            return Some(format!("foreign key {} of {}", key.name, referencing.name));
        }
    }
    if let Some((table, column)) = defaults_from_sequence(step, relation).first() {
        let table = step.catalog.relation(*table)?;
        return Some(format!("the default of {}.{}", table.name, table.column_by_id(*column)?.name));
    }
    if relation.kind != RelationKind::Partitioned
        && let Some(child) = relation.children.iter().find(|child| !also.contains(child))
        && let Some(child) = step.catalog.relation(*child)
    {
        return Some(format!("table {}, which inherits from it,", child.name));
    }
    None
}

/// The columns whose default takes its value from this relation, if it is a sequence.
fn defaults_from_sequence(step: &Step<'_>, sequence: &Relation) -> Vec<(RelationId, ColumnId)> {
    if sequence.kind != RelationKind::Sequence {
        return Vec::new();
    }
    let names = |written: &str| {
        let bare = written.rsplit('.').next().unwrap_or(written).trim_matches('"');
        let schema = written.rsplit_once('.').map(|(schema, _)| schema.trim_matches('"'));
        bare == sequence.name.name && schema.is_none_or(|schema| schema == sequence.name.schema)
    };
    let uses = |column: &crate::Column| {
        column.default.as_ref().is_some_and(|default| {
            let calls = default.uses.functions.iter().filter(|call| call.name.name == "nextval");
            calls
                .into_iter()
                .any(|call| call.strings.first().is_some_and(|s| s.as_deref().is_some_and(names)))
        })
    };
    columns_where(step, uses)
}

/// The columns of all tables for which this holds.
pub(super) fn columns_where(
    step: &Step<'_>,
    holds: impl Fn(&crate::Column) -> bool,
) -> Vec<(RelationId, ColumnId)> {
    let tables = step.catalog.relations().filter(|table| table.is_table());
    tables.flat_map(|table| table.columns.iter().filter(|c| holds(c)).map(|c| (table.id, c.id))).collect()
}

/// Takes out defaults that call what is gone.
pub(super) fn remove_defaults(step: &mut Step<'_>, columns: Vec<(RelationId, ColumnId)>) {
    for (relation, column) in columns {
        super::column::edit(step, relation, column, |c| c.default = None);
        step.change(Change::DefaultDropped { relation, column, cascade: true });
    }
}

/// Takes a relation out, with everything that can't be without it.
pub(super) fn remove_relation(step: &mut Step<'_>, id: RelationId, cascade: bool) {
    let Some(relation) = step.relation(id) else { return };
    for child in &relation.children {
        remove_relation(step, *child, true);
    }
    remove_viewers(step, id, None);
    for referencing in &relation.referenced_by {
        let Some(table) = step.relation(*referencing) else { continue };
        for constraint in &table.constraints {
            if *referencing != id
                && matches!(&constraint.kind, ConstraintKind::ForeignKey { target, .. } if *target == Some(id))
            {
                remove_constraint(step, *referencing, &constraint.name, true);
            }
        }
    }
    for index in &relation.indexes {
        if let Some(index) = step.catalog.indexes.remove(index) {
            step.catalog.names.remove(&index.name);
        }
    }
    let owned: Vec<RelationId> = step.catalog.sequences_of(id).map(|other| other.id).collect();
    for parent in &relation.parents {
        if let Some(parent) = step.relation_mut(*parent) {
            parent.children.retain(|child| *child != id);
        }
    }
    step.catalog.names.remove(&relation.name);
    step.catalog.relations.remove(&id);
    step.change(Change::RelationDropped {
        relation: id,
        name: relation.name.clone(),
        kind: relation.kind,
        cascade,
    });
    for sequence in owned {
        remove_relation(step, sequence, true);
    }
    let defaults = defaults_from_sequence(step, &relation);
    remove_defaults(step, defaults);
}

/// Takes out the views that read a relation, or one column of it.
pub(super) fn remove_viewers(step: &mut Step<'_>, id: RelationId, column: Option<ColumnId>) {
    for viewer in viewers(step, id, column) {
        remove_relation(step, viewer, true);
    }
}

/// The views that read a relation, or one column of it.
pub(super) fn viewers(step: &Step<'_>, id: RelationId, column: Option<ColumnId>) -> Vec<RelationId> {
    let Some(relation) = step.catalog.relation(id) else { return Vec::new() };
    let reads = |viewer: &&RelationId| {
        step.catalog.relation(**viewer).and_then(|v| v.view.as_ref()).is_some_and(|view| {
            view.uses.iter().any(|(used, c)| *used == id && (column.is_none() || *c == column))
        })
    };
    relation.viewed_by.iter().filter(reads).copied().collect()
}

/// Takes an index out.
pub(super) fn remove_index(step: &mut Step<'_>, id: IndexId, concurrently: bool, cascade: bool) {
    let table = step.catalog.index(id).and_then(|index| step.relation(index.table));
    for partition in
        table.filter(|table| table.kind == RelationKind::Partitioned).iter().flat_map(|t| &t.children)
    {
        let part = step.catalog.partition_index(id, *partition);
        let is_part = |part: &IndexId| step.catalog.index(*part).is_some_and(|part| part.part_of == Some(id));
        if let Some(part) = part.filter(is_part) {
            remove_index(step, part, concurrently, true);
        }
    }
    let Some(index) = step.catalog.indexes.remove(&id) else { return };
    step.catalog.names.remove(&index.name);
    if let Some(table) = step.relation_mut(index.table) {
        table.indexes.retain(|other| *other != id);
        table.constraints.retain(|constraint| constraint.index() != Some(id));
    }
    step.change(Change::IndexDropped { index: Box::new((*index).clone()), concurrently, cascade });
}

/// Takes a constraint out, with its index and the foreign keys that need it.
pub(super) fn remove_constraint(step: &mut Step<'_>, id: RelationId, name: &str, cascade: bool) {
    let Some(relation) = step.relation(id) else { return };
    let Some(constraint) = relation.constraint(name).cloned() else { return };
    if let Some(relation) = step.relation_mut(id) {
        relation.constraints.retain(|other| other.name != name);
    }
    step.change(Change::ConstraintDropped {
        relation: id,
        constraint: Box::new(constraint.clone()),
        cascade,
    });
    if let Some(index) = constraint.index() {
        for (table, key) in keys_on(step, id, &constraint.columns) {
            remove_constraint(step, table, &key, true);
        }
        remove_index(step, index, false, true);
    }
}

/// Foreign keys (table and name) that refer to exactly these columns.
pub(super) fn keys_on(step: &Step<'_>, id: RelationId, columns: &[ColumnId]) -> Vec<(RelationId, String)> {
    let Some(relation) = step.catalog.relation(id) else { return Vec::new() };
    let mut found = Vec::new();
    for table in relation.referenced_by.iter().filter_map(|table| step.catalog.relation(*table)) {
        for constraint in &table.constraints {
            if let ConstraintKind::ForeignKey { target: Some(target), target_columns, .. } = &constraint.kind
                && *target == id
                && target_columns.len() == columns.len()
                && target_columns.iter().all(|column| columns.contains(column))
            {
                found.push((table.id, constraint.name.clone()));
            }
        }
    }
    found
}

fn drop_part(step: &mut Step<'_>, drop: &Drop, object: &DropObject) {
    let Some(part) = &object.part else { return };
    let Some(table) = step.catalog.find_relation(&object.name).cloned() else {
        if !drop.if_exists {
            step.missing_relation(&object.name);
        }
        return;
    };
    let existed = match drop.kind {
        ObjectKind::Trigger => table.triggers.iter().any(|trigger| trigger.name == part.text),
        ObjectKind::Policy => table.policies.iter().any(|policy| policy.name == part.text),
        _ => table.rules.contains(&part.text),
    };
    if !existed {
        if !drop.if_exists {
            let message = format!("{} of {} does not exist", part.text, table.name);
            step.missing("42704", message, Some(part.span));
        }
        return;
    }
    let policy = table.policies.iter().find(|policy| policy.name == part.text).cloned();
    let Some(relation) = step.relation_mut(table.id) else { return };
    match drop.kind {
        ObjectKind::Trigger => {
            relation.triggers.retain(|trigger| trigger.name != part.text);
            step.change(Change::TriggerDropped { relation: table.id, name: part.text.clone() });
        }
        ObjectKind::Policy => {
            relation.policies.retain(|policy| policy.name != part.text);
            if let Some(policy) = policy {
                step.change(Change::PolicyDropped { relation: table.id, policy: Box::new(policy) });
            }
        }
        _ => relation.rules.retain(|rule| *rule != part.text),
    }
}

fn drop_schema(step: &mut Step<'_>, drop: &Drop, object: &DropObject) {
    let schema = object.name.name.clone();
    if !step.catalog.has_schema(&schema) {
        if !drop.if_exists {
            step.missing("3F000", format!("schema {schema} does not exist"), Some(object.name.span));
        }
        return;
    }
    let relations: Vec<RelationId> =
        step.catalog.relations().filter(|r| r.name.schema == schema).map(|r| r.id).collect();
    let types: Vec<TypeId> =
        step.catalog.user_types().filter(|ty| ty.name.schema == schema).map(|ty| ty.id).collect();
    let empty = relations.is_empty() && types.is_empty();
    if !drop.cascade && !empty {
        let message = format!("schema {schema} is not empty; DROP without CASCADE is refused");
        step.refuse("2BP01", message, Some(object.name.span));
        return;
    }
    for relation in relations {
        remove_relation(step, relation, true);
    }
    for ty in types {
        remove_type(step, ty);
    }
    let functions: Vec<QName> =
        step.catalog.functions.keys().filter(|name| name.schema == schema).cloned().collect();
    for function in functions {
        remove_function(step, &function);
    }
    step.catalog.schemas.remove(&schema);
    step.change(Change::SchemaDropped(schema));
}
