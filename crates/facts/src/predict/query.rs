//! Queries and data changes.

use super::Prediction;
use crate::lock_mode::LockMode;
use crate::model::{Certainty, FailureCause, Operation, ScanCause, Write};
use catalog::{ConstraintKind, Found, Relation, RelationId, resolve};
use sql::{OutputColumn, Query, QueryKind, Shape};

impl Prediction<'_> {
    pub(super) fn query(&mut self, query: &Query) {
        self.reads_of(query);
        if self.cx.in_code && !self.cx.conditional {
            for source in self.sources_of(query) {
                let only_inserted = query.kind == QueryKind::Insert
                    && query
                        .target
                        .as_ref()
                        .and_then(|t| self.cx.before.find_relation(&t.name))
                        .map(|r| r.id)
                        == Some(source)
                    && !query
                        .reads
                        .iter()
                        .any(|r| self.cx.before.find_relation(&r.name).map(|r| r.id) == Some(source));
                if !only_inserted {
                    self.scan(source, ScanCause::Query, None);
                }
            }
        }
        self.writes_of(query);
    }

    /// ACCESS SHARE (or ROW SHARE for FOR UPDATE) on everything that a query reads.
    pub(super) fn reads_of(&mut self, query: &Query) {
        self.names_of(query);
        for (relation, _) in resolve(self.cx.before, query).uses {
            self.lock_behind_view(relation, 0);
        }
    }

    /// The same for a query that is looked at and not run: what lies behind views stays unlocked.
    pub(super) fn names_of(&mut self, query: &Query) {
        let mode = if query.locks_rows { LockMode::RowShare } else { LockMode::AccessShare };
        for read in &query.reads {
            self.lock_name(&read.name, mode);
            if self.cx.before.find_relation(&read.name).is_none() {
                self.outside(&read.name);
            }
        }
        for (relation, _) in resolve(self.cx.before, query).uses {
            self.lock(relation, LockMode::AccessShare);
        }
    }

    /// Relations in sub-queries of an expression that is stored.
    pub(super) fn names_in(&mut self, expr: Option<&sql::Expr>) {
        for query in expr.into_iter().flat_map(|expr| &expr.uses.queries) {
            self.names_of(query);
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
        let mut todo: Vec<RelationId> =
            resolve(self.cx.before, query).uses.into_iter().map(|(id, _)| id).collect();
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
    }

    fn write(&mut self, query: &Query, relation: &Relation, only: bool) {
        self.lock_tree(relation.id, only, LockMode::RowExclusive);
        let operation = match query.kind {
            QueryKind::Insert => Operation::Insert,
            QueryKind::Delete => Operation::Delete,
            _ => Operation::Update,
        };
        let whole = operation != Operation::Insert
            && query.filter.as_ref().is_none_or(|filter| self.is_always_true(query, filter, relation));
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
            conditional: self.cx.conditional,
            columns: query.sets.iter().map(|(column, _)| column.text.clone()).collect(),
        };
        let sets = write.columns.clone();
        self.facts.writes.push(write);
        self.keys_checked(relation, operation, &sets);
        self.rows_refused(query, relation, operation);
    }

    /// Locks that the triggers of foreign keys take, if there are rows (ri_triggers.c): ROW SHARE on the
    /// table at the other end, ROW EXCLUSIVE where they write it.
    fn keys_checked(&mut self, relation: &Relation, operation: Operation, sets: &[String]) {
        let touched = |table: &Relation, columns: &[catalog::ColumnId]| {
            operation != Operation::Update
                || table.column_names(columns).iter().any(|column| sets.contains(column))
        };
        if operation != Operation::Delete {
            // An UPDATE checks keys that it leaves alone too, on rows of its own transaction
            // (RI_FKey_fk_upd_check_required).
            for key in &relation.constraints {
                if let ConstraintKind::ForeignKey { target: Some(target), .. } = &key.kind {
                    self.lock_if_rows(*target, LockMode::RowShare);
                }
            }
        }
        if operation == Operation::Insert {
            return;
        }
        for id in &relation.referenced_by {
            let Some(table) = self.before(*id).cloned() else { continue };
            for key in &table.constraints {
                let ConstraintKind::ForeignKey { target, target_columns, on_delete, .. } = &key.kind else {
                    continue;
                };
                if *target != Some(relation.id) || !touched(relation, target_columns) {
                    continue;
                }
                let writes =
                    operation == Operation::Update || !matches!(*on_delete, "no action" | "restrict");
                self.lock_if_rows(*id, if writes { LockMode::RowExclusive } else { LockMode::RowShare });
            }
        }
    }

    /// Constraints that the rows of a data change may contradict.
    fn rows_refused(&mut self, query: &Query, relation: &Relation, operation: Operation) {
        let label = self.label(relation.id);
        let span = query.target.as_ref().map(|target| target.name.span);
        let mut fail = |sqlstate, column: Option<&str>, when: String| {
            self.fail(crate::model::Failure {
                sqlstate,
                cause: FailureCause::Write,
                when,
                certainty: Certainty::DependsOnData,
                relation: Some(label.clone()),
                column: column.map(str::to_owned),
                span,
            });
        };
        if operation == Operation::Delete {
            if !relation.referenced_by.is_empty() {
                fail("23503", None, format!("rows of {label} that are deleted are still referred to"));
            }
            return;
        }
        let inserts = operation == Operation::Insert;
        let written = |name: &str| query.sets.iter().any(|(column, _)| column.text == name);
        for column in relation.columns.iter().filter(|column| column.not_null) {
            let open = match inserts {
                true if query.sets.is_empty() => query.inserts_query,
                true => match written(&column.name) {
                    true => query.inserts_query,
                    false => !column.has_value_by_default(),
                },
                false => query.sets.iter().any(|(set, value)| {
                    let constant = |v: &sql::Expr| matches!(v.shape, Shape::Constant { .. } | Shape::Call(_));
                    set.text == column.name && !value.as_ref().is_some_and(constant)
                }),
            };
            if open {
                let when = format!("a row of {label} would have NULL in {}", column.name);
                fail("23502", Some(&column.name), when);
            }
        }
        for constraint in &relation.constraints {
            let names = relation.column_names(&constraint.columns);
            let touched = inserts || names.iter().any(|name| written(name));
            let skips_duplicates = query.on_conflict.is_some();
            let first = names.first().map(String::as_str);
            match &constraint.kind {
                _ if !touched => {}
                ConstraintKind::ForeignKey { target_name, .. } => {
                    let when = format!(
                        "a row of {label} would have a {} that {target_name} lacks",
                        names.join(", ")
                    );
                    fail("23503", first, when);
                }
                ConstraintKind::Check { expr, .. } => {
                    fail("23514", first, format!("a row of {label} would contradict {}", expr.text));
                }
                ConstraintKind::Exclude(_) if !skips_duplicates => {
                    fail("23P01", first, format!("rows of {label} would exclude each other"));
                }
                _ => {}
            }
        }
        if query.on_conflict.is_none() {
            self.keys_met(query, relation, inserts);
        }
    }

    /// Unique keys that the rows of a data change may meet, each told once.
    fn keys_met(&mut self, query: &Query, relation: &Relation, inserts: bool) {
        let label = self.label(relation.id);
        let constraints = relation.constraints.iter().filter_map(|constraint| match constraint.kind {
            ConstraintKind::Unique(_) | ConstraintKind::PrimaryKey(_) => Some((&constraint.columns, false)),
            _ => None,
        });
        let indexes = relation.indexes.iter().filter_map(|id| self.cx.before.index(*id));
        let indexes = indexes.filter(|index| index.unique && !index.constraint);
        let keys: Vec<_> = constraints.chain(indexes.map(|index| (&index.depends, index.partial))).collect();
        let copied = if inserts { self.copied(query, relation) } else { Vec::new() };
        for (columns, partial) in keys {
            let names = relation.column_names(columns);
            if !inserts && !names.iter().any(|name| query.sets.iter().any(|(set, _)| set.text == *name)) {
                continue;
            }
            let list = names.join(", ");
            let meets =
                !partial && !names.is_empty() && names.iter().all(|name| copied.contains(&name.as_str()));
            let (cause, when) = match meets {
                true => {
                    (FailureCause::Copy, format!("{label} has a row already with one of the copied {list}"))
                }
                false => (FailureCause::Write, format!("two rows of {label} would have the same {list}")),
            };
            self.fail(crate::model::Failure {
                sqlstate: "23505",
                cause,
                when,
                certainty: Certainty::DependsOnData,
                relation: Some(label.clone()),
                column: names.first().cloned(),
                span: query.target.as_ref().map(|target| target.name.span),
            });
        }
    }

    /// Columns of a table that existed which an INSERT copies from other tables as they are there, without a
    /// look at what the table holds already.
    fn copied<'q>(&self, query: &'q Query, relation: &Relation) -> Vec<&'q str> {
        let none = Vec::new();
        let Some(source) = query.uses.queries.first().filter(|_| query.inserts_query) else { return none };
        if self.is_new(relation.id) || self.cx.conditional || self.looks_at(query, relation.id) {
            return none;
        }
        if source.output.len() != query.sets.len() {
            return none;
        }
        let taken = query.sets.iter().zip(&source.output);
        let as_it_is = |output: &OutputColumn| matches!(output, OutputColumn::Named { column: Some(_), .. });
        taken.filter(|(_, output)| as_it_is(output)).map(|((column, _), _)| column.text.as_str()).collect()
    }

    /// Whether a query, or one inside of it, reads a relation.
    fn looks_at(&self, query: &Query, id: RelationId) -> bool {
        let reads = |name| self.cx.before.find_relation(name).is_some_and(|found| found.id == id);
        query.reads.iter().any(|read| reads(&read.name))
            || query.uses.queries.iter().any(|inner| self.looks_at(inner, id))
    }

    /// Whether a WHERE lets every row through: it names no column, asks a NOT NULL column for being
    /// so, or a column that this set added without a value for being NULL.
    fn is_always_true(&self, query: &Query, filter: &sql::Expr, relation: &Relation) -> bool {
        let uses = &filter.uses;
        if !uses.functions.is_empty() || !query.uses.queries.is_empty() || matches_nothing(filter) {
            return false;
        }
        let [column] = uses.columns.as_slice() else { return uses.columns.is_empty() };
        let Some(column) = column.name.as_deref().and_then(|name| relation.column(name)) else {
            return false;
        };
        let text = filter.text.to_ascii_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [_, "is", "not", "null"] => column.not_null,
            [_, "is", "null"] => {
                let before = self.cx.start.relation(relation.id).and_then(|r| r.column_by_id(column.id));
                before.is_none() && !column.has_value_by_default()
            }
            _ => false,
        }
    }

    /// Whether WHERE holds a whole unique key to constants, so that few rows are touched.
    fn is_pinned(&self, query: &Query, relation: &Relation) -> bool {
        let Some(filter) = &query.filter else { return false };
        if matches_nothing(filter) {
            return true;
        }
        // Columns of other relations in FROM look the same.
        if query.opaque_sources || !query.reads.is_empty() {
            return false;
        }
        let pinned: Vec<_> =
            filter.pins.iter().filter_map(|name| relation.column(name)).map(|column| column.id).collect();
        relation.indexes.iter().filter_map(|id| self.cx.before.index(*id)).any(|index| {
            index.unique
                && !index.partial
                && !index.keys.is_empty()
                && index.keys.iter().all(|key| key.is_some_and(|key| pinned.contains(&key)))
        })
    }
}

/// `WHERE false`.
fn matches_nothing(filter: &sql::Expr) -> bool {
    matches!(&filter.shape, Shape::Constant { value, .. } if value.eq_ignore_ascii_case("false") || value == "f")
}
