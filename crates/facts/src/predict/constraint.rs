//! Constraints: what they read, build and lock.

use super::{Prediction, has_storage};
use crate::lock_mode::LockMode;
use crate::model::{Certainty, Failure, FailureCause, ScanCause};
use catalog::{Column, ConstraintKind, Relation, RelationId, RelationKind};
use source::Span;
use sql::{AlterTable, Constraint, ConstraintKind as Written, Ident};
use std::sync::Arc;

impl Prediction<'_> {
    pub(super) fn add_constraint(&mut self, table: &Relation, alter: &AlterTable, written: &Constraint) {
        let there = |name: &Ident| {
            table.constraint(&name.text).is_some() && !self.drops_constraint(table, &name.text)
        };
        if written.name.as_ref().is_some_and(there) {
            return;
        }
        let checked = !written.not_valid && !written.not_enforced;
        let partitioned = table.kind == RelationKind::Partitioned;
        let tree = self.cx.before.with_descendants(table.id);
        let targets = match &written.kind {
            _ if alter.only => vec![table.id],
            Written::Check { no_inherit: false, .. } | Written::NotNull { .. } => tree,
            _ if partitioned => tree,
            _ => vec![table.id],
        };
        if written.not_enforced && self.cx.version.0 < 18 {
            self.needs_version(18, "NOT ENFORCED", written.span);
        }
        self.taken_by_not_null(table, written);
        match &written.kind {
            Written::Check { expr, .. } if checked => {
                for id in targets {
                    self.check(id, &expr.text, written);
                }
            }
            Written::NotNull { column } => {
                if self.cx.version.0 < 18 {
                    self.needs_version(18, "NOT NULL as a table constraint", written.span);
                }
                if checked {
                    for id in targets {
                        self.not_null(id, column, written.span);
                    }
                }
            }
            Written::Unique { columns, using_index, .. } => {
                if using_index.is_none() {
                    for id in targets {
                        self.build(id, columns, FailureCause::Unique, written.span);
                    }
                }
            }
            Written::PrimaryKey { columns, using_index } => {
                let from_index = |index: &Ident| {
                    let found = table.indexes.iter().filter_map(|id| self.cx.before.index(*id));
                    let found = found.into_iter().find(|found| found.name.name == index.text);
                    let keys = found.map(|found| found.keys.iter().flatten().copied().collect::<Vec<_>>());
                    table.column_names(&keys.unwrap_or_default())
                };
                let names: Vec<String> = match using_index {
                    Some(index) => from_index(index),
                    None => columns.iter().map(|column| column.text.clone()).collect(),
                };
                for id in targets {
                    if using_index.is_none() {
                        self.build(id, columns, FailureCause::Unique, written.span);
                    }
                    for name in &names {
                        let name = Ident { text: name.clone(), span: written.span };
                        self.not_null(id, &name, written.span);
                    }
                }
            }
            Written::Exclude { .. } => {
                for id in targets {
                    self.build(id, &[], FailureCause::Exclude, written.span);
                }
            }
            Written::ForeignKey { columns, target, .. } => {
                // The referenced table is locked like the referencing one (ATAddForeignKeyConstraint).
                match self.cx.before.find_relation(target) {
                    Some(target) => self.lock_referenced(target.id),
                    None => self.lock_outside(target, LockMode::ShareRowExclusive),
                }
                if checked {
                    for id in targets {
                        self.foreign_key(id, columns, target, written.span);
                    }
                }
            }
            Written::Check { .. } => {}
        }
    }

    /// A table that a new foreign key refers to gets triggers, and so do its partitions
    /// (addFkRecurseReferenced in tablecmds.c).
    pub(super) fn lock_referenced(&mut self, id: RelationId) {
        let partitioned = self.before(id).is_some_and(|r| r.kind == RelationKind::Partitioned);
        self.lock_tree(id, !partitioned, LockMode::ShareRowExclusive);
    }

    /// A constraint written behind a column in ADD COLUMN.
    pub(super) fn constraint_with_column(&mut self, table: &Relation, added: &Column, written: &Constraint) {
        let id = table.id;
        let empty = added.default.is_none() && added.identity.is_none() && added.generated.is_none();
        match &written.kind {
            // Phase 3 evaluates it for every row, though all rows hold the same value.
            Written::Check { expr, .. } if !written.not_valid => {
                for id in self.cx.before.with_descendants(id) {
                    if self.before(id).is_some_and(|r| has_storage(r)) && !self.is_rewritten(id) {
                        self.scan(id, ScanCause::Check, Some(added.name.clone()));
                    }
                    if !empty {
                        self.check(id, &expr.text, written);
                    }
                }
            }
            Written::Unique { columns, .. } | Written::PrimaryKey { columns, .. } => {
                if self.before(id).is_some_and(|r| has_storage(r)) {
                    self.scan(id, ScanCause::ConstraintIndex, Some(added.name.clone()));
                }
                let constant = added.default.is_some() && !self.is_rewritten(id);
                if constant {
                    self.duplicates(id, columns, FailureCause::Unique, written.span);
                }
                if matches!(written.kind, Written::PrimaryKey { .. }) && empty {
                    let when = format!("{} holds a row: it has no value for {}", self.label(id), added.name);
                    let span = Some(written.span);
                    let name = added.name.clone();
                    self.fail_on_rows(
                        id,
                        "23502",
                        FailureCause::NotNull,
                        Certainty::IfRows,
                        Some(&name),
                        when,
                        span,
                    );
                }
            }
            Written::ForeignKey { columns, target, .. } => {
                match self.cx.before.find_relation(target) {
                    Some(target) => self.lock_referenced(target.id),
                    None => self.lock_outside(target, LockMode::ShareRowExclusive),
                }
                // All NULL: nothing to check (transformAlterTableStmt skips the validation).
                if !empty {
                    let partitioned = table.kind == RelationKind::Partitioned;
                    let tree = if partitioned { self.cx.before.with_descendants(id) } else { vec![id] };
                    for id in tree {
                        self.foreign_key(id, columns, target, written.span);
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn validate_constraint(&mut self, table: &Relation, alter: &AlterTable, name: &Ident) {
        let Some(constraint) = table.constraint(&name.text).cloned() else { return };
        if let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind {
            self.lock(*target, LockMode::RowShare);
        }
        if constraint.validated {
            return;
        }
        let targets = if alter.only { vec![table.id] } else { self.cx.before.with_descendants(table.id) };
        for id in targets {
            if !self.before(id).is_some_and(|r| has_storage(r)) {
                continue;
            }
            let (cause, failure, sqlstate) = match &constraint.kind {
                ConstraintKind::ForeignKey { .. } => {
                    (ScanCause::ForeignKey, FailureCause::ForeignKey, "23503")
                }
                ConstraintKind::NotNull => (ScanCause::NotNull, FailureCause::NotNull, "23502"),
                _ => (ScanCause::Check, FailureCause::Check, "23514"),
            };
            self.scan(id, cause, None);
            // The check is a join with the referenced table (RI_Initial_Check in ri_triggers.c).
            if let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind {
                self.scan(*target, cause, None);
            }
            let when = format!("{} holds a row that contradicts {}", self.label(id), name.text);
            self.fail_on_rows(id, sqlstate, failure, Certainty::DependsOnData, None, when, Some(name.span));
        }
    }

    /// From 18 on each NOT NULL is a constraint with a name, `table_column_not_null` unless it was given
    /// (release notes of 18, E.4.2; AddRelationNotNullConstraints in heap.c).
    fn taken_by_not_null(&mut self, table: &Relation, written: &Constraint) {
        let Some(name) = written.name.as_ref().filter(|_| self.cx.version.0 >= 18) else { return };
        let own = |column: &&Arc<Column>| {
            column.not_null && name.text == format!("{}_{}_not_null", table.name.name, column.name)
        };
        let Some(column) = table.columns.iter().find(own) else { return };
        self.fail(Failure {
            sqlstate: "42710",
            cause: FailureCause::Duplicate,
            when: format!(
                "the NOT NULL of {}.{} has the name {} already",
                table.name, column.name, name.text
            ),
            certainty: Certainty::Always,
            relation: Some(table.name.to_string()),
            column: Some(column.name.clone()),
            span: Some(name.span),
        });
    }

    fn check(&mut self, id: RelationId, expression: &str, written: &Constraint) {
        if !self.before(id).is_some_and(|r| has_storage(r)) {
            return;
        }
        if !self.is_rewritten(id) {
            self.scan(id, ScanCause::Check, None);
        }
        let when = format!("{} holds a row for which {expression} is false", self.label(id));
        let span = Some(written.span);
        self.fail_on_rows(id, "23514", FailureCause::Check, Certainty::DependsOnData, None, when, span);
    }

    fn not_null(&mut self, id: RelationId, name: &Ident, span: Span) {
        let Some(relation) = self.before(id).cloned() else { return };
        let Some(column) = relation.column(&name.text) else { return };
        if column.not_null || self.is_proven(&relation, column) || !has_storage(&relation) {
            return;
        }
        self.scan(id, ScanCause::NotNull, Some(name.text.clone()));
        let when = format!("{}.{} holds a NULL", self.label(id), name.text);
        let span = Some(span);
        let certainty = Certainty::DependsOnData;
        self.fail_on_rows(id, "23502", FailureCause::NotNull, certainty, Some(&name.text), when, span);
    }

    fn build(&mut self, id: RelationId, columns: &[Ident], cause: FailureCause, span: Span) {
        if !self.before(id).is_some_and(|r| has_storage(r)) {
            return;
        }
        self.scan(id, ScanCause::ConstraintIndex, None);
        self.duplicates(id, columns, cause, span);
    }

    fn duplicates(&mut self, id: RelationId, columns: &[Ident], cause: FailureCause, span: Span) {
        let names: Vec<_> = columns.iter().map(|column| column.text.as_str()).collect();
        let (sqlstate, when) = match cause {
            FailureCause::Exclude => {
                ("23P01", format!("{} holds rows that exclude each other", self.label(id)))
            }
            _ => ("23505", format!("{} holds two rows with the same {}", self.label(id), names.join(", "))),
        };
        let first = names.first().copied();
        self.fail_on_rows(id, sqlstate, cause, Certainty::DependsOnData, first, when, Some(span));
    }

    fn foreign_key(&mut self, id: RelationId, columns: &[Ident], target: &sql::Name, span: Span) {
        if !self.before(id).is_some_and(|r| has_storage(r)) {
            return;
        }
        self.scan(id, ScanCause::ForeignKey, None);
        let names: Vec<_> = columns.iter().map(|column| column.text.as_str()).collect();
        let when = format!("{} holds a {} that {target} does not have", self.label(id), names.join(", "));
        let first = names.first().copied();
        let certainty = Certainty::DependsOnData;
        self.fail_on_rows(id, "23503", FailureCause::ForeignKey, certainty, first, when, Some(span));
    }
}
