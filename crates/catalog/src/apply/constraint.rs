//! Constraints and the indexes behind them.

use super::alter::targets;
use super::index::insert_index;
use super::{Step, column, drop};
use crate::model::{Column, Index, Relation};
use crate::{
    Change, ColumnId, Constraint, ConstraintKind, IndexId, IndexOrigin, QName, RelationId,
    implicit_constraint_name, names,
};
use sql::{ConstraintKind as Written, Ident};
use std::sync::Arc;

/// Adds a written constraint. `with_column` is the column of the `ADD COLUMN` that it stands in.
pub(super) fn add(
    step: &mut Step<'_>,
    id: RelationId,
    written: &sql::Constraint,
    with_column: Option<ColumnId>,
    recursing: bool,
) {
    let Some(relation) = step.relation(id) else { return };
    let refusals = step.out.refusals.len();
    let Some((kind, columns, label, words)) = lower(step, &relation, written) else { return };
    if step.out.refusals.len() > refusals && columns.is_empty() {
        return;
    }
    let name = match &written.name {
        // The key of a partition is an index of its own, named as if no name were given.
        Some(_) if recursing && matches!(kind, Lowered::Keyed(_)) => {
            implicit_constraint_name(step.catalog, &relation, &words, label)
        }
        Some(name) => {
            if relation.constraint(&name.text).is_some() {
                if !recursing {
                    let message = format!("constraint {} of {} already exists", name.text, relation.name);
                    step.refuse("42710", message, Some(name.span));
                }
                return;
            }
            name.text.clone()
        }
        None => implicit_constraint_name(step.catalog, &relation, &words, label),
    };
    let kind = match kind {
        Lowered::Plain(kind) => kind,
        Lowered::Keyed(key) => {
            let Some(index) = key_index(step, &relation, &key, &name, &columns, written.deferrable) else {
                return;
            };
            match key.kind {
                Key::Unique => ConstraintKind::Unique(index),
                Key::Primary => ConstraintKind::PrimaryKey(index),
                Key::Exclude => ConstraintKind::Exclude(index),
            }
        }
    };
    let columns = match kind {
        ConstraintKind::Unique(index) | ConstraintKind::PrimaryKey(index) if columns.is_empty() => step
            .catalog
            .index(index)
            .map(|index| index.keys.iter().flatten().copied().collect())
            .unwrap_or_default(),
        _ => columns,
    };
    let is_primary = matches!(kind, ConstraintKind::PrimaryKey(_));
    let foreign = match &kind {
        ConstraintKind::ForeignKey { target, .. } => *target,
        _ => None,
    };
    let validated = !written.not_valid && !written.not_enforced;
    let constraint = Constraint {
        name: name.clone(),
        kind,
        columns: columns.clone(),
        validated,
        deferrable: written.deferrable,
        more: written.more,
    };
    let existed = with_column.is_some()
        || !step
            .out
            .changes
            .iter()
            .any(|c| matches!(c, Change::RelationCreated { relation, .. } if *relation == id));
    if let Some(relation) = step.relation_mut(id) {
        relation.constraints.push(constraint);
    }
    if existed {
        step.change(Change::ConstraintAdded { relation: id, name: name.clone(), with_column });
    }
    if is_primary {
        for column in columns {
            let nullable =
                step.relation(id).is_some_and(|r| r.column_by_id(column).is_some_and(|c| !c.not_null));
            if nullable {
                super::column::edit(step, id, column, |c| c.not_null = true);
                if existed {
                    step.change(Change::NotNullSet { relation: id, column });
                }
            }
        }
    }
    if let Some(target) = foreign.and_then(|target| step.relation_mut(target))
        && !target.referenced_by.contains(&id)
    {
        target.referenced_by.push(id);
    }
}

enum Lowered {
    Plain(ConstraintKind),
    Keyed(KeyOf),
}

struct KeyOf {
    kind: Key,
    using_index: Option<Ident>,
    nulls_not_distinct: bool,
    partial: bool,
    method: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Unique,
    Primary,
    Exclude,
}

type Parts = (Lowered, Vec<ColumnId>, &'static str, Vec<String>);

fn lower(step: &mut Step<'_>, relation: &Relation, written: &sql::Constraint) -> Option<Parts> {
    let words = |columns: &[Ident]| columns.iter().map(|c| c.text.clone()).collect::<Vec<_>>();
    Some(match &written.kind {
        Written::Check { expr, no_inherit } => {
            let mut used: Vec<String> = expr.uses.columns.iter().filter_map(|c| c.name.clone()).collect();
            used.sort();
            used.dedup();
            let columns: Vec<ColumnId> =
                used.iter().filter_map(|n| relation.column(n)).map(|c| c.id).collect();
            let named = if used.len() == 1 { used } else { Vec::new() };
            let kind = ConstraintKind::Check { expr: Arc::new(expr.clone()), no_inherit: *no_inherit };
            (Lowered::Plain(kind), columns, "check", named)
        }
        Written::NotNull { column } => {
            let columns = step.column_ids(relation, std::slice::from_ref(column));
            let id = *columns.first()?;
            if !written.not_valid {
                let nullable = relation.column_by_id(id).is_some_and(|c| !c.not_null);
                let name = written.name.as_ref().map(|name| name.text.clone());
                super::column::edit(step, relation.id, id, |c| {
                    c.not_null = true;
                    if nullable {
                        c.not_null_name = name;
                    }
                });
                if nullable {
                    step.change(Change::NotNullSet { relation: relation.id, column: id });
                }
                return None;
            }
            (Lowered::Plain(ConstraintKind::NotNull), columns, "not_null", vec![column.text.clone()])
        }
        Written::Unique { columns, nulls_not_distinct, using_index } => {
            let ids = step.column_ids(relation, columns);
            let key = KeyOf {
                kind: Key::Unique,
                using_index: using_index.clone(),
                nulls_not_distinct: *nulls_not_distinct,
                partial: false,
                method: "btree".to_owned(),
            };
            (Lowered::Keyed(key), ids, "key", words(columns))
        }
        Written::PrimaryKey { columns, using_index } => {
            if let Some(existing) = relation.primary_key() {
                let message = format!("{} already has the primary key {}", relation.name, existing.name);
                step.refuse("42P16", message, Some(written.span));
                return None;
            }
            let ids = step.column_ids(relation, columns);
            let key = KeyOf {
                kind: Key::Primary,
                using_index: using_index.clone(),
                nulls_not_distinct: false,
                partial: false,
                method: "btree".to_owned(),
            };
            (Lowered::Keyed(key), ids, "pkey", Vec::new())
        }
        Written::Exclude { columns, method, filter } => {
            let ids = columns.iter().filter_map(|n| relation.column(n)).map(|c| c.id).collect();
            let key = KeyOf {
                kind: Key::Exclude,
                using_index: None,
                nulls_not_distinct: false,
                partial: filter.is_some(),
                method: method.clone(),
            };
            (Lowered::Keyed(key), ids, "excl", columns.clone())
        }
        Written::ForeignKey { columns, target, target_columns, on_delete, on_update } => {
            let ids = step.column_ids(relation, columns);
            let kind = foreign_key(step, target, target_columns, (*on_delete, *on_update));
            (Lowered::Plain(kind), ids, "fkey", words(columns))
        }
    })
}

fn foreign_key(
    step: &mut Step<'_>,
    target: &sql::Name,
    target_columns: &[Ident],
    (on_delete, on_update): (&'static str, &'static str),
) -> ConstraintKind {
    let Some(found) = step.catalog.find_relation(target).cloned() else {
        step.missing_relation(target);
        let target_name = step.catalog.creation_name(target, false);
        return ConstraintKind::ForeignKey {
            target: None,
            target_name,
            target_columns: Vec::new(),
            on_delete,
            on_update,
        };
    };
    let columns = if target_columns.is_empty() {
        match found.primary_key() {
            Some(key) => key.columns.clone(),
            None => {
                let message =
                    format!("there is no primary key on {}, which the foreign key refers to", found.name);
                step.refuse("42704", message, Some(target.span));
                Vec::new()
            }
        }
    } else {
        let columns = step.column_ids(&found, target_columns);
        let matches = |index: &IndexId| {
            step.catalog.index(*index).is_some_and(|index| {
                index.unique
                    && !index.partial
                    && index.keys.len() == columns.len()
                    && columns.iter().all(|c| index.keys.contains(&Some(*c)))
            })
        };
        if !found.indexes.iter().any(matches) && columns.len() == target_columns.len() {
            let names: Vec<_> = target_columns.iter().map(|c| c.text.as_str()).collect();
            let message =
                format!("no unique constraint on {} ({}) for the foreign key", found.name, names.join(", "));
            step.refuse("42830", message, Some(target.span));
        }
        columns
    };
    ConstraintKind::ForeignKey {
        target: Some(found.id),
        target_name: found.name.clone(),
        target_columns: columns,
        on_delete,
        on_update,
    }
}

fn key_index(
    step: &mut Step<'_>,
    relation: &Relation,
    key: &KeyOf,
    name: &str,
    columns: &[ColumnId],
    deferrable: bool,
) -> Option<IndexId> {
    if let Some(wanted) = &key.using_index {
        let qname = QName::new(relation.name.schema.clone(), wanted.text.clone());
        let found = match step.catalog.slot(&qname) {
            Some(crate::Found::Index(index)) if index.table == relation.id => Some(index.id),
            _ => None,
        };
        let Some(index) = found else {
            let message = format!("index {} of {} does not exist", wanted.text, relation.name);
            step.missing("42704", message, Some(wanted.span));
            return None;
        };
        // The index takes the constraint's name.
        super::rename::rename_index(step, index, QName::new(relation.name.schema.clone(), name));
        if let Some(index) = step.index_mut(index) {
            index.constraint = true;
            index.deferrable = deferrable;
        }
        step.change(Change::IndexCreated { relation: relation.id, index, origin: IndexOrigin::UsingIndex });
        return Some(index);
    }
    let qname = QName::new(relation.name.schema.clone(), names::truncated(name));
    if step.catalog.names.contains_key(&qname) {
        step.refuse("42P07", format!("relation {qname} already exists"), None);
        return None;
    }
    let id = IndexId(step.next_id());
    let index = Index {
        id,
        name: qname,
        table: relation.id,
        keys: columns.iter().copied().map(Some).collect(),
        depends: columns.to_vec(),
        unique: key.kind != Key::Exclude,
        partial: key.partial,
        expressions: Vec::new(),
        terms: Vec::new(),
        filter: None,
        orders: Vec::new(),
        include: Vec::new(),
        nulls_not_distinct: key.nulls_not_distinct,
        method: key.method.clone(),
        valid: true,
        constraint: true,
        deferrable,
        part_of: None,
        options: None,
        more: false,
    };
    insert_index(step, index, IndexOrigin::Constraint);
    Some(id)
}

pub(super) fn drop_constraint(
    step: &mut Step<'_>,
    id: RelationId,
    only: bool,
    name: &Ident,
    if_exists: bool,
    cascade: bool,
) {
    let Some(relation) = step.relation(id) else { return };
    let Some(constraint) = relation.constraint(&name.text) else {
        if let Some(column) = relation.not_null_called(&name.text).map(|column| column.id) {
            column::edit(step, id, column, Column::make_nullable);
            step.change(Change::NotNullDropped { relation: id, column });
        } else if !if_exists {
            let message = format!("constraint {} of {} does not exist", name.text, relation.name);
            step.missing("42704", message, Some(name.span));
        }
        return;
    };
    if !cascade && constraint.index().is_some() {
        let needs = drop::keys_on(step, id, &constraint.columns);
        if let Some((table, key)) = needs.first() {
            let table = step.relation(*table).map(|table| table.name.to_string()).unwrap_or_default();
            let message =
                format!("foreign key {key} of {table} needs {}; DROP without CASCADE is refused", name.text);
            step.refuse("2BP01", message, Some(name.span));
            return;
        }
    }
    for target in targets(step, id, only) {
        drop::remove_constraint(step, target, &name.text, target != id);
    }
}

pub(super) fn validate(step: &mut Step<'_>, id: RelationId, only: bool, name: &Ident) {
    let Some(relation) = step.relation(id) else { return };
    if relation.constraint(&name.text).is_none() {
        let message = format!("constraint {} of {} does not exist", name.text, relation.name);
        step.missing("42704", message, Some(name.span));
        return;
    }
    for target in targets(step, id, only) {
        let Some(relation) = step.relation_mut(target) else { continue };
        let Some(constraint) = relation.constraints.iter_mut().find(|c| c.name == name.text) else {
            continue;
        };
        let not_null = matches!(constraint.kind, ConstraintKind::NotNull);
        let was = std::mem::replace(&mut constraint.validated, true);
        let columns = constraint.columns.clone();
        if not_null {
            relation.constraints.retain(|c| c.name != name.text);
            for column in columns {
                column::edit(step, target, column, |c| {
                    c.not_null = true;
                    c.not_null_name = Some(name.text.clone());
                });
                step.change(Change::NotNullSet { relation: target, column });
            }
        }
        if !was {
            step.change(Change::ConstraintValidated { relation: target, name: name.text.clone() });
        }
    }
}
