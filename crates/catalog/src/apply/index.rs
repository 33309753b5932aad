//! Indexes: made by statements, with keys, and as parts of a parent's index.

use super::Step;
use crate::model::{Index, RelationKind, Slot};
use crate::query::resolve_over;
use crate::{
    Change, ColumnId, Constraint, ConstraintKind, IndexId, IndexOrigin, QName, Relation, RelationId,
    implicit_constraint_name,
};
use sql::{CreateIndex, IndexKey};
use std::sync::Arc;

pub(super) fn create_index(step: &mut Step<'_>, create: &CreateIndex) {
    let Some(table) = step.catalog.find_relation(&create.table).cloned() else {
        step.missing_relation(&create.table);
        return;
    };
    let mut keys = Vec::new();
    let mut words = Vec::new();
    let mut depends = Vec::new();
    let mut expressions = Vec::new();
    let mut terms = Vec::new();
    for key in &create.keys {
        match key {
            IndexKey::Column(name) => match table.column(name) {
                Some(column) => {
                    keys.push(Some(column.id));
                    depends.push(column.id);
                    words.push(name.clone());
                }
                None => {
                    let message = format!("column {name} of {} does not exist", table.name);
                    step.missing("42703", message, Some(create.table.span));
                    return;
                }
            },
            IndexKey::Expr(expr) => {
                keys.push(None);
                expressions.push(expr.text.clone());
                terms.push(Arc::new(expr.clone()));
                words.push(match &expr.shape {
                    sql::Shape::Call(name) => name.clone(),
                    _ => "expr".to_owned(),
                });
                depends.extend(own_columns(step, table.id, expr));
            }
        }
    }
    let include: Vec<ColumnId> =
        create.include.iter().filter_map(|name| table.column(name)).map(|column| column.id).collect();
    depends.extend(&include);
    if let Some(filter) = &create.filter {
        expressions.push(filter.text.clone());
        depends.extend(own_columns(step, table.id, filter));
    }
    depends.sort();
    depends.dedup();
    let name = match &create.name {
        Some(name) => name.text.clone(),
        None => implicit_constraint_name(step.catalog, &table, &words, "idx"),
    };
    let qname = QName::new(table.name.schema.clone(), name);
    if step.catalog.names.contains_key(&qname) {
        if !create.if_not_exists {
            let span = create.name.as_ref().map(|name| name.span);
            step.refuse("42P07", format!("relation {qname} already exists"), span);
        }
        return;
    }
    let id = IndexId(step.next_id());
    let index = Index {
        id,
        name: qname,
        table: table.id,
        keys,
        depends,
        unique: create.unique,
        partial: create.filter.is_some(),
        expressions,
        terms,
        filter: create.filter.clone().map(Arc::new),
        orders: create.orders.clone(),
        include,
        nulls_not_distinct: create.nulls_not_distinct,
        method: create.method.clone(),
        valid: !create.only || table.kind != RelationKind::Partitioned,
        constraint: false,
        deferrable: false,
        options: create.options.as_deref().map(Arc::from),
        more: create.more,
    };
    insert_index(step, index, IndexOrigin::Statement { concurrently: create.concurrently });
    if !create.only {
        // The parts of the index are one change with it.
        let changes = step.out.changes.len();
        copy_to_partitions(step, table.id, id);
        step.out.changes.truncate(changes);
    }
}

fn own_columns(step: &Step<'_>, table: RelationId, expr: &sql::Expr) -> Vec<ColumnId> {
    let uses = resolve_over(step.catalog, table, expr).uses;
    uses.into_iter().filter(|(relation, _)| *relation == table).filter_map(|(_, column)| column).collect()
}

/// Registers an index with its table.
pub(super) fn insert_index(step: &mut Step<'_>, index: Index, origin: IndexOrigin) {
    let (id, table) = (index.id, index.table);
    step.catalog.names.insert(Arc::new(index.name.clone()), Slot::Index(id));
    step.catalog.indexes.insert(id, Arc::new(index));
    if let Some(relation) = step.relation_mut(table) {
        relation.indexes.push(id);
    }
    step.change(Change::IndexCreated { relation: table, index: id, origin });
}

/// Gives `id` the indexes (and the keys they stand for) of another table, as a new partition and
/// `LIKE .. INCLUDING INDEXES` do.
pub(super) fn copy_indexes(step: &mut Step<'_>, id: RelationId, source: &Relation) {
    for index in &source.indexes {
        copy_index(step, id, source, *index);
    }
}

/// Gives the partitions of a table the index that the table has and they lack.
pub(super) fn copy_to_partitions(step: &mut Step<'_>, table: RelationId, index: IndexId) {
    let Some(source) = step.relation(table) else { return };
    if source.kind != RelationKind::Partitioned {
        return;
    }
    for child in &source.children {
        if step.catalog.partition_index(index, *child).is_none() {
            copy_index(step, *child, &source, index);
        }
        if let Some(copy) = step.catalog.partition_index(index, *child) {
            copy_to_partitions(step, *child, copy);
        }
    }
}

fn copy_index(step: &mut Step<'_>, id: RelationId, source: &Relation, index: IndexId) {
    let Some(index) = step.catalog.index(index).cloned() else { return };
    let Some(relation) = step.relation(id) else { return };
    let translate = |column: &ColumnId| {
        let name = &source.column_by_id(*column)?.name;
        relation.column(name).map(|c| c.id)
    };
    let keys: Vec<Option<ColumnId>> = index.keys.iter().map(|k| k.as_ref().and_then(translate)).collect();
    let words: Vec<String> = keys
        .iter()
        .map(|key| key.and_then(|k| relation.column_by_id(k)).map_or("expr".to_owned(), |c| c.name.clone()))
        .collect();
    let key = source.constraints.iter().find(|c| c.index() == Some(index.id));
    let label = match key.map(|c| &c.kind) {
        Some(ConstraintKind::PrimaryKey(_)) => "pkey",
        Some(ConstraintKind::Unique(_)) => "key",
        Some(_) => "excl",
        None => "idx",
    };
    let words = if label == "pkey" { Vec::new() } else { words };
    let name = implicit_constraint_name(step.catalog, &relation, &words, label);
    let new = IndexId(step.next_id());
    let depends = index.depends.iter().filter_map(translate).collect();
    let include = index.include.iter().filter_map(translate).collect();
    let copy = Index {
        id: new,
        name: QName::new(relation.name.schema.clone(), name.clone()),
        table: id,
        keys: keys.clone(),
        depends,
        include,
        ..(*index).clone()
    };
    insert_index(step, copy, IndexOrigin::Constraint);
    if let Some(key) = key {
        let kind = match key.kind {
            ConstraintKind::PrimaryKey(_) => ConstraintKind::PrimaryKey(new),
            ConstraintKind::Exclude(_) => ConstraintKind::Exclude(new),
            _ => ConstraintKind::Unique(new),
        };
        if matches!(kind, ConstraintKind::PrimaryKey(_)) && relation.primary_key().is_some() {
            return;
        }
        let constraint = Constraint {
            name,
            kind,
            columns: keys.into_iter().flatten().collect(),
            validated: true,
            deferrable: key.deferrable,
            more: key.more,
        };
        if let Some(relation) = step.relation_mut(id) {
            relation.constraints.push(constraint);
        }
    }
}
