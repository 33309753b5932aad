//! `CREATE TABLE`: columns, constraints, LIKE, inheritance and partitions.

use super::{Step, column, constraint, index};
use crate::model::{Relation, RelationKind, RowSecurityState, Slot};
use crate::{Change, Column, ColumnId, Constraint, ConstraintKind, QName, RelationId};
use sql::{ColumnConstraint, CreateTable, Persistence};
use std::borrow::Cow;
use std::sync::Arc;

/// A relation with nothing in it.
pub(super) fn empty(id: RelationId, name: QName, kind: RelationKind, persistence: Persistence) -> Relation {
    Relation {
        id,
        name,
        kind,
        persistence,
        columns: Vec::new(),
        next_column: 1,
        constraints: Vec::new(),
        indexes: Vec::new(),
        parents: Vec::new(),
        children: Vec::new(),
        partition: false,
        default_partition: false,
        partition_bound: None,
        partition_strategy: None,
        partition_key: Vec::new(),
        referenced_by: Vec::new(),
        view: None,
        viewed_by: Vec::new(),
        triggers: Vec::new(),
        policies: Vec::new(),
        rules: Vec::new(),
        row_security: RowSecurityState::default(),
        owned_by: None,
        populated: true,
        text: None,
    }
}

/// Registers a relation under its name.
pub(super) fn insert(step: &mut Step<'_>, relation: Relation) {
    let (id, kind) = (relation.id, relation.kind);
    step.catalog.names.insert(Arc::new(relation.name.clone()), Slot::Relation(id));
    step.catalog.relations.insert(id, Arc::new(relation));
    step.change(Change::RelationCreated { relation: id, kind });
}

/// The name under which an object can be made, or `None` (and a refusal unless `lenient`) where
/// the name is taken.
pub(super) fn free_name(
    step: &mut Step<'_>,
    name: &sql::Name,
    persistence: Persistence,
    lenient: bool,
) -> Option<QName> {
    let temporary = persistence == Persistence::Temporary || name.schema.as_deref() == Some("pg_temp");
    let qname = step.catalog.creation_name(name, temporary);
    if !temporary && !step.catalog.has_schema(&qname.schema) {
        let message = format!("schema {} does not exist", qname.schema);
        step.missing("3F000", message, Some(name.span));
        step.catalog.schemas.insert(qname.schema.clone());
    }
    if step.catalog.names.contains_key(&qname) {
        if !lenient {
            step.refuse("42P07", format!("relation {qname} already exists"), Some(name.span));
        }
        return None;
    }
    Some(qname)
}

pub(super) fn create_table(step: &mut Step<'_>, create: &CreateTable) {
    let Some(name) = free_name(step, &create.name, create.persistence, create.if_not_exists) else {
        return;
    };
    let id = RelationId(step.next_id());
    let kind = match (&create.partition_by, create.foreign) {
        (Some(_), _) => RelationKind::Partitioned,
        (None, true) => RelationKind::Foreign,
        (None, false) => RelationKind::Table,
    };
    let mut relation = empty(id, name, kind, create.persistence);
    relation.partition = create.partition.is_some();
    relation.default_partition = create.partition.as_ref().is_some_and(|bound| bound.default);
    relation.partition_bound = create.partition.as_ref().map(|bound| bound.text.clone());
    relation.partition_strategy = create.partition_by.as_ref().map(|by| by.strategy.clone());
    relation.partition_key = create.partition_by.iter().flat_map(|by| by.columns.clone()).collect();
    let parents = inherit(step, &mut relation, create);
    for like in &create.like {
        match step.catalog.find_relation(&like.source).cloned() {
            Some(source) => copy_like(&mut relation, &source, like),
            None => step.missing_relation(&like.source),
        }
    }
    insert(step, relation);
    for parent in &parents {
        if let Some(parent) = step.relation_mut(*parent) {
            parent.children.push(id);
        }
    }
    let changes_before = step.out.changes.len();
    let create = without_repeated_keys(create);
    for definition in &create.columns {
        let merges = definition.type_name.is_none()
            || (!parents.is_empty()
                && step.relation(id).is_some_and(|r| r.column(&definition.name.text).is_some()));
        if merges {
            merge(step, id, definition);
        } else {
            column::add(step, id, definition, false);
        }
    }
    for written in &create.constraints {
        constraint::add(step, id, written, None, false);
    }
    inherit_constraints(step, id, &parents, create.partition.is_some());
    for like in create.like.iter().filter(|like| like.indexes) {
        if let Some(source) = step.catalog.find_relation(&like.source).cloned() {
            index::copy_indexes(step, id, &source, false);
        }
    }
    // Whatever belongs to a table that is being made is part of making it.
    let created = step.out.changes.split_off(changes_before);
    step.out.changes.extend(
        created
            .into_iter()
            .filter(|change| !matches!(change, Change::ColumnAdded { relation, .. } if *relation == id)),
    );
}

/// A key that says what another of the statement says is dropped, and the one that stays takes its
/// name if it has none (`transformIndexConstraints` in src/backend/parser/parse_utilcmd.c).
fn without_repeated_keys(create: &CreateTable) -> Cow<'_, CreateTable> {
    let in_columns = create.columns.iter().flat_map(|column| &column.constraints);
    let in_columns = in_columns.filter_map(|clause| match clause {
        ColumnConstraint::Table(constraint) => Some(constraint),
        _ => None,
    });
    let keys: Vec<sql::Constraint> =
        in_columns.chain(&create.constraints).filter(|c| key_columns(c).is_some()).cloned().collect();
    let primary = keys.iter().position(|c| matches!(c.kind, sql::ConstraintKind::PrimaryKey { .. }));
    let mut kept: Vec<(usize, sql::Constraint)> = Vec::new();
    let others = (0..keys.len()).filter(|place| Some(*place) != primary);
    for place in primary.into_iter().chain(others) {
        let key = &keys[place];
        match kept.iter_mut().find(|(_, kept)| key_columns(kept) == key_columns(key)) {
            Some((_, kept)) if kept.name.is_none() => kept.name.clone_from(&key.name),
            Some(_) => {}
            None => kept.push((place, key.clone())),
        }
    }
    if kept.len() == keys.len() {
        return Cow::Borrowed(create);
    }
    let mut create = create.clone();
    let mut place = 0;
    let mut stays = |constraint: &mut sql::Constraint| {
        if key_columns(constraint).is_none() {
            return true;
        }
        place += 1;
        let stays = kept.iter().find(|(kept, _)| *kept == place - 1);
        if let Some((_, kept)) = stays {
            constraint.name.clone_from(&kept.name);
        }
        stays.is_some()
    };
    for column in &mut create.columns {
        column.constraints.retain_mut(|clause| match clause {
            ColumnConstraint::Table(constraint) => stays(constraint),
            _ => true,
        });
    }
    create.constraints.retain_mut(stays);
    Cow::Owned(create)
}

/// What makes two keys the same: their columns in order, NULLS NOT DISTINCT, DEFERRABLE.
fn key_columns(constraint: &sql::Constraint) -> Option<(Vec<&str>, bool, bool)> {
    let (columns, nulls) = match &constraint.kind {
        sql::ConstraintKind::PrimaryKey { columns, using_index: None } => (columns, false),
        sql::ConstraintKind::Unique { columns, nulls_not_distinct, using_index: None } => {
            (columns, *nulls_not_distinct)
        }
        _ => return None,
    };
    Some((columns.iter().map(|c| c.text.as_str()).collect(), nulls, constraint.deferrable))
}

fn inherit(step: &mut Step<'_>, relation: &mut Relation, create: &CreateTable) -> Vec<RelationId> {
    let mut parents = Vec::new();
    for name in &create.parents {
        let Some(parent) = step.catalog.find_relation(name).cloned() else {
            step.missing_relation(name);
            continue;
        };
        for column in &parent.columns {
            if relation.column(&column.name).is_none() {
                let mut column = Column::clone(column);
                column.id = ColumnId(relation.next_column);
                column.inherited = true;
                relation.next_column += 1;
                relation.columns.push(Arc::new(column));
            }
        }
        parents.push(parent.id);
    }
    relation.parents.clone_from(&parents);
    parents
}

/// CHECK constraints come along from parents; keys, indexes and foreign keys only to partitions.
fn inherit_constraints(step: &mut Step<'_>, id: RelationId, parents: &[RelationId], partition: bool) {
    for parent in parents {
        let Some(parent) = step.relation(*parent) else { continue };
        for inherited in &parent.constraints {
            let wanted = match &inherited.kind {
                ConstraintKind::Check { no_inherit, .. } => !no_inherit,
                ConstraintKind::ForeignKey { .. } => partition,
                _ => false,
            };
            let names = parent.column_names(&inherited.columns);
            let Some(relation) = step.relation_mut(id) else { return };
            if wanted && relation.constraint(&inherited.name).is_none() {
                let columns = names.iter().filter_map(|n| relation.column(n)).map(|c| c.id).collect();
                relation.constraints.push(Constraint { columns, ..inherited.clone() });
                if let ConstraintKind::ForeignKey { target: Some(target), .. } = inherited.kind
                    && let Some(target) = step.relation_mut(target)
                {
                    target.referenced_by.push(id);
                }
            }
        }
        if partition {
            index::copy_indexes(step, id, &parent, true);
        }
    }
}

/// A column that is written again over an inherited one: only its constraints count.
fn merge(step: &mut Step<'_>, id: RelationId, definition: &sql::ColumnDef) {
    let Some(relation) = step.relation(id) else { return };
    let Some(existing) = relation.column(&definition.name.text) else {
        step.missing_column(&relation.name, &definition.name);
        return;
    };
    let existing = existing.id;
    for written in &definition.constraints {
        match written {
            ColumnConstraint::NotNull { .. } => column::edit(step, id, existing, |c| c.not_null = true),
            ColumnConstraint::Default(expr) => {
                column::edit(step, id, existing, |c| c.default = Some(Arc::new(expr.clone())));
            }
            ColumnConstraint::Table(written) => constraint::add(step, id, written, None, false),
            _ => {}
        }
    }
}

fn copy_like(relation: &mut Relation, source: &Relation, like: &sql::LikeClause) {
    for column in &source.columns {
        let mut column = Column::clone(column);
        column.id = ColumnId(relation.next_column);
        column.inherited = false;
        relation.next_column += 1;
        if !like.defaults {
            column.default = None;
        }
        if !like.identity {
            column.identity = None;
        }
        if !like.generated {
            column.generated = None;
        }
        relation.columns.push(Arc::new(column));
    }
    if like.constraints {
        for constraint in &source.constraints {
            if matches!(constraint.kind, ConstraintKind::Check { .. }) {
                let names = source.column_names(&constraint.columns);
                let columns = names.iter().filter_map(|n| relation.column(n)).map(|c| c.id).collect();
                relation.constraints.push(Constraint { columns, ..constraint.clone() });
            }
        }
    }
}
