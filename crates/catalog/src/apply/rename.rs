//! Renames and moves.

use super::{Step, column, create, kinds};
use crate::model::Slot;
use crate::{Change, Found, IndexId, QName, RelationId};
use sql::{ObjectKind, Rename, SetSchema};
use std::sync::Arc;

pub(super) fn rename(step: &mut Step<'_>, rename: &Rename) {
    let to = create::stored(&rename.to.text);
    match rename.kind {
        ObjectKind::Column => rename_column(step, rename, &to),
        ObjectKind::TableConstraint => rename_constraint(step, rename, &to),
        ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => rename_part(step, rename, &to),
        ObjectKind::Schema => rename_schema(step, &rename.name.name, &to),
        ObjectKind::Type | ObjectKind::Domain | ObjectKind::CompositeType => {
            match step.catalog.find_type(rename.name.schema.as_deref(), &rename.name.name).cloned() {
                Some(found) => {
                    let name = QName::new(found.name.schema.clone(), to);
                    kinds::rename_type(step, found.id, name);
                }
                None => {
                    let message = format!("type {} does not exist", rename.name);
                    step.missing("42704", message, Some(rename.name.span));
                }
            }
        }
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine => {
            if let Some(first) = step.catalog.find_functions(&rename.name).first() {
                let (from, name) = (first.name.clone(), QName::new(first.name.schema.clone(), to));
                rename_functions(step, &from, &name);
            }
        }
        ObjectKind::DomainConstraint
        | ObjectKind::Extension
        | ObjectKind::Statistics
        | ObjectKind::Role
        | ObjectKind::Database
        | ObjectKind::Aggregate
        | ObjectKind::Other => {}
        _ => {
            let found = match step.catalog.find(&rename.name) {
                Some(Found::Relation(relation)) => Ok(relation.id),
                Some(Found::Index(index)) => Err((index.id, index.name.schema.clone())),
                None => {
                    if !rename.if_exists {
                        step.missing_relation(&rename.name);
                    }
                    return;
                }
            };
            match found {
                Ok(id) => {
                    let Some(schema) = step.relation(id).map(|r| r.name.schema.clone()) else { return };
                    let name = QName::new(schema, to);
                    if step.catalog.names.contains_key(&name) {
                        step.refuse("42P07", format!("relation {name} already exists"), Some(rename.to.span));
                        return;
                    }
                    move_relation(step, id, name);
                }
                Err((id, schema)) => rename_index(step, id, QName::new(schema, to)),
            }
        }
    }
}

fn rename_column(step: &mut Step<'_>, rename: &Rename, to: &str) {
    let Some(part) = &rename.part else { return };
    let found = match rename.relation_kind {
        ObjectKind::Type | ObjectKind::CompositeType => None,
        _ => step.catalog.find_relation(&rename.name).cloned(),
    };
    let Some(relation) = found else {
        let composite = matches!(rename.relation_kind, ObjectKind::Type | ObjectKind::CompositeType);
        if !rename.if_exists && !composite {
            step.missing_relation(&rename.name);
        }
        return;
    };
    if relation.column(&part.text).is_none() {
        step.missing_column(&relation.name, part);
        return;
    }
    if relation.column(to).is_some() {
        let message = format!("column {to} of {} already exists", relation.name);
        step.refuse("42701", message, Some(rename.to.span));
        return;
    }
    for id in step.catalog.with_descendants(relation.id) {
        let Some(relation) = step.relation_mut(id) else { continue };
        let not_null = relation.column(&part.text).and_then(|column| relation.not_null_name(column));
        if let Some(column) = relation.columns.iter_mut().find(|column| column.name == part.text) {
            let renamed = Arc::make_mut(column);
            renamed.name = to.to_owned();
            renamed.not_null_name = not_null;
            let column = column.id;
            for key in relation.partition_key.iter_mut().filter(|key| **key == part.text) {
                *key = to.to_owned();
            }
            step.change(Change::ColumnRenamed {
                relation: id,
                column,
                from: part.text.clone(),
                to: to.to_owned(),
            });
        }
    }
}

fn rename_constraint(step: &mut Step<'_>, rename: &Rename, to: &str) {
    let Some(part) = &rename.part else { return };
    let Some(relation) = step.catalog.find_relation(&rename.name).cloned() else {
        if !rename.if_exists {
            step.missing_relation(&rename.name);
        }
        return;
    };
    if let Some(column) = relation.not_null_called(&part.text).map(|column| column.id) {
        for id in step.catalog.with_descendants(relation.id) {
            column::edit(step, id, column, |column| column.not_null_name = Some(to.to_owned()));
        }
        return;
    }
    let Some(constraint) = relation.constraint(&part.text) else {
        let message = format!("constraint {} of {} does not exist", part.text, relation.name);
        step.missing("42704", message, Some(part.span));
        return;
    };
    if let Some(index) = constraint.index() {
        rename_index(step, index, QName::new(relation.name.schema.clone(), to));
    }
    for id in step.catalog.with_descendants(relation.id) {
        if let Some(relation) = step.relation_mut(id)
            && let Some(constraint) = relation.constraints.iter_mut().find(|c| c.name == part.text)
        {
            constraint.name = to.to_owned();
        }
    }
    step.change(Change::ConstraintRenamed {
        relation: relation.id,
        from: part.text.clone(),
        to: to.to_owned(),
    });
}

fn rename_part(step: &mut Step<'_>, rename: &Rename, to: &str) {
    let Some(part) = &rename.part else { return };
    let Some(id) = step.catalog.find_relation(&rename.name).map(|relation| relation.id) else {
        step.missing_relation(&rename.name);
        return;
    };
    let Some(relation) = step.relation_mut(id) else { return };
    for trigger in relation.triggers.iter_mut().filter(|_| rename.kind == ObjectKind::Trigger) {
        if trigger.name == part.text {
            trigger.name = to.to_owned();
        }
    }
    for policy in relation.policies.iter_mut().filter(|_| rename.kind == ObjectKind::Policy) {
        if policy.name == part.text {
            policy.name = to.to_owned();
        }
    }
    for rule in relation.rules.iter_mut().filter(|_| rename.kind == ObjectKind::Rule) {
        if *rule == part.text {
            *rule = to.to_owned();
        }
    }
}

/// Gives an index (and its constraint) another name.
pub(super) fn rename_index(step: &mut Step<'_>, id: IndexId, to: QName) {
    let Some(index) = step.catalog.indexes.get(&id).cloned() else { return };
    if index.name == to {
        return;
    }
    create::move_name(step, &index.name, to.clone(), Slot::Index(id));
    if let Some(index) = step.index_mut(id) {
        index.name = to.clone();
    }
    if let Some(table) = step.relation_mut(index.table)
        && let Some(constraint) = table.constraints.iter_mut().find(|c| c.index() == Some(id))
    {
        constraint.name = to.name;
    }
    step.change(Change::IndexRenamed { index: id, from: index.name.clone() });
}

fn move_relation(step: &mut Step<'_>, id: RelationId, to: QName) {
    let Some(relation) = step.relation(id) else { return };
    create::move_name(step, &relation.name, to.clone(), Slot::Relation(id));
    if let Some(renamed) = step.relation_mut(id) {
        renamed.name = to.clone();
        for column in renamed.columns.iter_mut().filter(|column| column.not_null) {
            if column.not_null_name.is_none() {
                Arc::make_mut(column).not_null_name = relation.not_null_name(column);
            }
        }
    }
    step.change(Change::RelationRenamed { relation: id, from: relation.name.clone(), to: to.clone() });
    if relation.name.schema != to.schema {
        for index in &relation.indexes {
            if let Some(name) = step.catalog.index(*index).map(|index| index.name.name.clone()) {
                rename_index(step, *index, QName::new(to.schema.clone(), name));
            }
        }
        let owned: Vec<_> =
            step.catalog.sequences_of(id).map(|other| (other.id, other.name.name.clone())).collect();
        for (sequence, name) in owned {
            move_relation(step, sequence, QName::new(to.schema.clone(), name));
        }
    }
}

fn rename_functions(step: &mut Step<'_>, from: &QName, to: &QName) {
    if let Some(functions) = step.catalog.functions.remove(from) {
        let renamed = functions.into_iter().map(|mut function| {
            Arc::make_mut(&mut function).name = to.clone();
            function
        });
        let renamed: Vec<_> = renamed.collect();
        step.catalog.functions.insert(to.clone(), renamed);
        rename_in_users(step, from, to);
        step.change(Change::FunctionDropped(from.clone()));
        step.change(Change::FunctionCreated(to.clone()));
    }
}

/// Triggers, policies and views call the function, whatever its name.
fn rename_in_users(step: &mut Step<'_>, from: &QName, to: &QName) {
    let uses = |relation: &crate::Relation| {
        relation.triggers.iter().any(|trigger| trigger.function == *from)
            || relation.policies.iter().any(|policy| policy.functions.contains(from))
            || relation.view.as_ref().is_some_and(|view| view.functions.contains(from))
    };
    let users: Vec<RelationId> = step.catalog.relations().filter(|r| uses(r)).map(|r| r.id).collect();
    for id in users {
        let Some(relation) = step.relation_mut(id) else { continue };
        let triggers = relation.triggers.iter_mut().map(|trigger| &mut trigger.function);
        let policies = relation.policies.iter_mut().flat_map(|policy| &mut policy.functions);
        let view = relation.view.iter_mut().flat_map(|view| &mut view.functions);
        for function in triggers.chain(policies).chain(view).filter(|function| **function == *from) {
            *function = to.clone();
        }
    }
}

fn rename_schema(step: &mut Step<'_>, from: &str, to: &str) {
    if step.catalog.schemas.remove(from).is_none() {
        step.missing("3F000", format!("schema {from} does not exist"), None);
        return;
    }
    step.catalog.schemas.insert(to.to_owned());
    for schema in step.catalog.search_path.iter_mut().filter(|schema| *schema == from) {
        *schema = to.to_owned();
    }
    step.change(Change::SchemaRenamed { from: from.to_owned(), to: to.to_owned() });
    let relations: Vec<_> = step.catalog.relations().filter(|r| r.name.schema == from).cloned().collect();
    for relation in relations {
        for index in &relation.indexes {
            if let Some(name) = step.catalog.index(*index).map(|index| index.name.name.clone()) {
                rename_index(step, *index, QName::new(to, name));
            }
        }
        let name = QName::new(to, relation.name.name.clone());
        create::move_name(step, &relation.name, name.clone(), Slot::Relation(relation.id));
        if let Some(moved) = step.relation_mut(relation.id) {
            moved.name = name.clone();
        }
        step.change(Change::RelationRenamed { relation: relation.id, from: relation.name.clone(), to: name });
    }
    let types: Vec<_> = step.catalog.user_types().filter(|ty| ty.name.schema == from).cloned().collect();
    for ty in types {
        kinds::rename_type(step, ty.id, QName::new(to, ty.name.name.clone()));
    }
    let functions: Vec<QName> =
        step.catalog.functions.keys().filter(|name| name.schema == from).cloned().collect();
    for name in functions {
        let moved = QName::new(to, name.name.clone());
        rename_functions(step, &name, &moved);
    }
}

pub(super) fn set_schema(step: &mut Step<'_>, set: &SetSchema) {
    let schema = set.schema.text.clone();
    if !step.catalog.has_schema(&schema) {
        step.missing("3F000", format!("schema {schema} does not exist"), Some(set.schema.span));
        step.catalog.schemas.insert(schema.clone());
    }
    match set.kind {
        ObjectKind::Type | ObjectKind::Domain | ObjectKind::CompositeType => {
            match step.catalog.find_type(set.name.schema.as_deref(), &set.name.name).cloned() {
                Some(found) => {
                    kinds::rename_type(step, found.id, QName::new(schema, found.name.name.clone()))
                }
                None => {
                    step.missing("42704", format!("type {} does not exist", set.name), Some(set.name.span));
                }
            }
        }
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine => {
            if let Some(first) = step.catalog.find_functions(&set.name).first() {
                let (from, name) = (first.name.clone(), QName::new(schema, first.name.name.clone()));
                rename_functions(step, &from, &name);
            }
        }
        ObjectKind::Extension => {
            step.catalog.extensions.insert(set.name.name.clone(), schema);
        }
        _ => match step.catalog.find_relation(&set.name).map(|r| (r.id, r.name.name.clone())) {
            Some((id, name)) => move_relation(step, id, QName::new(schema, name)),
            None if set.if_exists => {}
            None => step.missing_relation(&set.name),
        },
    }
}
