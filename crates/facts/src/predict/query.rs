//! Queries and data changes.

use super::Prediction;
use crate::model::{LockMode, Operation, Write};
use catalog::{Found, Relation, RelationId, resolve};
use sql::{Query, QueryKind, Shape};

impl Prediction<'_> {
    pub(super) fn query(&mut self, query: &Query) {
        self.reads_of(query);
        self.writes_of(query);
    }

    /// ACCESS SHARE (or ROW SHARE for FOR UPDATE) on everything that a query reads.
    pub(super) fn reads_of(&mut self, query: &Query) {
        let mode = if query.locks_rows { LockMode::RowShare } else { LockMode::AccessShare };
        for read in &query.reads {
            self.lock_name(&read.name, mode);
            if self.cx.before.find_relation(&read.name).is_none() {
                self.outside(&read.name);
            }
        }
        for (relation, _) in resolve(self.cx.before, query).uses {
            self.lock(relation, LockMode::AccessShare);
            self.lock_behind_view(relation, 0);
        }
    }

    fn lock_behind_view(&mut self, id: RelationId, depth: u8) {
        let Some(view) = self.before(id).and_then(|relation| relation.view.as_ref()) else { return };
        if depth > 16 || self.before(id).is_some_and(|r| super::has_storage(r)) {
            return;
        }
        for (used, _) in &view.uses {
            self.lock(*used, LockMode::AccessShare);
            self.lock_behind_view(*used, depth + 1);
        }
    }

    /// The tables with rows that a query reads, views seen through.
    pub(super) fn sources_of(&self, query: &Query) -> Vec<RelationId> {
        let mut found = Vec::new();
        let mut todo: Vec<RelationId> = resolve(self.cx.before, query).uses.into_iter().map(|(id, _)| id).collect();
        while let Some(id) = todo.pop() {
            let Some(relation) = self.before(id) else { continue };
            if super::has_storage(relation) {
                if !found.contains(&id) {
                    found.push(id);
                }
            } else if let Some(view) = &relation.view {
                todo.extend(view.uses.iter().map(|(used, _)| *used).filter(|used| *used != id));
            } else {
                todo.extend(relation.children.iter().copied());
            }
        }
        found.sort();
        found
    }

    fn outside(&mut self, name: &sql::Name) {
        let system = matches!(name.schema.as_deref(), Some("pg_catalog" | "information_schema"))
            || (name.schema.is_none() && name.name.starts_with("pg_"));
        if !system {
            self.unknown(format!("relation {name} does not exist in the replayed history"));
        }
    }

    fn writes_of(&mut self, query: &Query) {
        if let Some(target) = &query.target {
            match self.cx.before.find(&target.name) {
                Some(Found::Relation(relation)) => self.write(query, relation, target.only),
                Some(Found::Index(_)) => {}
                None => {
                    self.lock_outside(&target.name, LockMode::RowExclusive);
                    self.outside(&target.name);
                }
            }
        }
        for inner in &query.uses.queries {
            self.writes_of(inner);
        }
        if let Some(filter) = &query.filter {
            for inner in &filter.uses.queries {
                self.writes_of(inner);
            }
        }
    }

    fn write(&mut self, query: &Query, relation: &Relation, only: bool) {
        self.lock_tree(relation.id, only, LockMode::RowExclusive);
        let operation = match query.kind {
            QueryKind::Insert => Operation::Insert,
            QueryKind::Delete => Operation::Delete,
            _ => Operation::Update,
        };
        let whole = operation != Operation::Insert
            && query.filter.as_ref().is_none_or(|filter| {
                matches!(&filter.shape, Shape::Constant { value, .. } if matches!(value.as_str(), "true" | "t"))
            });
        let constant = operation == Operation::Update
            && !query.sets.is_empty()
            && query.sets.iter().all(|(_, value)| {
                value.as_ref().is_some_and(|v| matches!(v.shape, Shape::Constant { .. } | Shape::Null))
            });
        let write = Write {
            relation: self.label(relation.id),
            operation,
            whole,
            pinned: self.is_pinned(query, relation),
            constant,
            new: self.is_new(relation.id),
        };
        self.facts.writes.push(write);
    }

    /// Whether WHERE compares a whole unique key with literals, so that few rows are touched. Only
    /// literals that stand beside their column are seen; a sub-query or join is not taken for one.
    fn is_pinned(&self, query: &Query, relation: &Relation) -> bool {
        let Some(filter) = &query.filter else { return false };
        if !filter.uses.queries.is_empty() {
            return false;
        }
        let beside: Vec<_> = filter
            .uses
            .literals
            .iter()
            .filter_map(|literal| literal.beside.as_ref()?.name.as_deref())
            .filter_map(|name| relation.column(name))
            .map(|column| column.id)
            .collect();
        relation.indexes.iter().filter_map(|id| self.cx.before.index(*id)).any(|index| {
            index.unique
                && !index.partial
                && !index.keys.is_empty()
                && index.keys.iter().all(|key| key.is_some_and(|key| beside.contains(&key)))
        })
    }
}
