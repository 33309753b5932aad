//! `ALTER COLUMN TYPE`: the table, its indexes and CHECKs, and the foreign keys over the column.

use super::Prediction;
use crate::lock_mode::LockMode;
use crate::model::{Certainty, Failure, FailureCause, Loss, RewriteCause, ScanCause};
use crate::rewrite::{is_citext, type_change};
use catalog::{Change, Column, ConstraintKind, Relation};
use sql::{AlterAction, AlterTable, Expr, Ident, Shape};

impl Prediction<'_> {
    pub(super) fn set_type(&mut self, alter: &AlterTable, name: &Ident, using: Option<&Expr>) {
        let changes: Vec<_> = self
            .changes()
            .iter()
            .filter_map(|change| match change {
                Change::TypeChanged { relation, column, from, to, converted } => {
                    Some((*relation, *column, from.clone(), to.clone(), *converted))
                }
                _ => None,
            })
            .collect();
        for (id, column, from, to, converted) in changes {
            let Some(relation) = self.before(id).cloned() else { continue };
            let Some(before) = relation.column_by_id(column).filter(|c| c.name == name.text).cloned() else {
                continue;
            };
            let cast_written =
                using.is_some_and(|using| matches!(using.shape, Shape::Column { cast: Some(_), .. }));
            let change = type_change(self.cx.before, &from, &to, cast_written, self.cx.utc);
            let rewrite = match &before.generated {
                // Virtual columns (18) are stored nowhere.
                Some(generated) if !generated.stored => Some(false),
                _ if converted => Some(true),
                _ => change.rewrite,
            };
            let from_words = catalog::format_type(self.cx.before, &from);
            let to_words = catalog::format_type(self.cx.after, &to);
            match rewrite {
                Some(true) => self.rewrite(id, RewriteCause::TypeChange, Some(name.text.clone())),
                // A table of the same pending set is written anew in no time.
                Some(false) => {}
                None if self.is_new(id) => {}
                None => self.unknown(format!(
                    "whether {} is rewritten: the cast from {from_words} to {to_words} comes from an extension",
                    relation.name
                )),
            }
            if change.needs_using && !converted {
                let (sqlstate, cause, hint) = match cast_written {
                    true => ("42846", FailureCause::Refused, ""),
                    false => ("42804", FailureCause::NeedsUsing, " without USING"),
                };
                self.fail(Failure {
                    sqlstate,
                    cause,
                    when: format!(
                        "column {}.{} can't be cast from {from_words} to {to_words}{hint}",
                        relation.name, name.text
                    ),
                    certainty: Certainty::Always,
                    relation: Some(self.label(id)),
                    column: Some(name.text.clone()),
                    span: Some(name.span),
                });
            } else if let Some(sqlstate) = change.may_fail.or(converted.then_some("22P02")) {
                let when = format!("{}.{} holds a value that is no {to_words}", self.label(id), name.text);
                let span = Some(name.span);
                let certainty = Certainty::DependsOnData;
                self.fail_on_rows(id, sqlstate, FailureCause::Cast, certainty, Some(&name.text), when, span);
            }
            if is_citext(&to) && !is_citext(&from) {
                self.case_may_clash(&relation, &before, name);
            }
            if let Some(what) = crate::lossy::silent_loss(&from, &to, cast_written) {
                let loss = Loss {
                    relation: self.label(id),
                    column: name.text.clone(),
                    what: format!("{from_words} becomes {to_words}: {what}"),
                    new: self.is_new(id),
                };
                self.facts.losses.push(loss);
            }
            self.default_must_cast(&relation, &before, &from, &to, alter, name);
            self.used_elsewhere(&relation, &before, name);
            if rewrite == Some(false) {
                // Another collation is another order.
                let after = self.cx.after.relation(id).and_then(|r| r.column_by_id(column)).cloned();
                let reordered = after.is_some_and(|after| after.collation != before.collation);
                self.rebuilt_without_rewrite(&relation, &before, change.reindex || reordered);
            }
            self.foreign_keys_of_column(&relation, &before, rewrite != Some(false) || change.reindex);
        }
    }

    /// A unique index on what becomes a citext takes `A` and `a` for the same.
    fn case_may_clash(&mut self, relation: &Relation, column: &Column, name: &Ident) {
        let unique = |index: &&catalog::IndexId| {
            let index = self.cx.before.index(**index);
            index.is_some_and(|index| index.unique && index.keys.contains(&Some(column.id)))
        };
        if relation.indexes.iter().any(|index| unique(&index)) {
            let when = format!(
                "{} holds values of {} that differ by upper and lower case alone",
                self.label(relation.id),
                name.text
            );
            let (cause, certainty) = (FailureCause::Unique, Certainty::DependsOnData);
            let column = Some(name.text.as_str());
            self.fail_on_rows(relation.id, "23505", cause, certainty, column, when, Some(name.span));
        }
    }

    /// The default is cast too, by assignment, USING or not (42804).
    fn default_must_cast(
        &mut self,
        relation: &Relation,
        column: &Column,
        from: &catalog::Type,
        to: &catalog::Type,
        alter: &AlterTable,
        name: &Ident,
    ) {
        let dropped = alter.commands.iter().any(|command| {
            matches!(&command.action, AlterAction::DropDefault { column } | AlterAction::SetDefault { column, .. }
                if column.text == name.text)
        });
        // A default that is written with its cast has the type of the cast (strip_implicit_coercions).
        let own = |default: &Expr| match &default.shape {
            Shape::Constant { cast: Some(cast), .. } => Some(catalog::resolve_type(self.cx.before, cast)),
            _ => None,
        };
        let from = &column.default.as_ref().and_then(|default| own(default)).unwrap_or_else(|| from.clone());
        let Some(default) = column.default.as_ref().filter(|default| default.shape != Shape::Null) else {
            return;
        };
        if dropped || !type_change(self.cx.before, from, to, false, self.cx.utc).needs_using {
            return;
        }
        self.fail(Failure {
            sqlstate: "42804",
            cause: FailureCause::DefaultCast,
            when: format!(
                "the default {} of {}.{} can't be cast to {}; drop the default first and set it again after",
                default.text,
                relation.name,
                name.text,
                catalog::format_type(self.cx.after, to)
            ),
            certainty: Certainty::Always,
            relation: Some(self.label(relation.id)),
            column: Some(name.text.clone()),
            span: Some(name.span),
        });
    }

    fn used_elsewhere(&mut self, relation: &Relation, column: &Column, name: &Ident) {
        let mut users = Vec::new();
        for viewer in relation.viewed_by.iter().filter_map(|viewer| self.before(*viewer)) {
            let uses = viewer.view.as_ref().is_some_and(|v| v.uses.contains(&(relation.id, Some(column.id))));
            if uses {
                users.push(format!("view {}", viewer.name));
            }
        }
        users.extend(
            relation
                .policies
                .iter()
                .filter(|p| p.columns.contains(&column.id))
                .map(|p| format!("policy {}", p.name)),
        );
        users.extend(
            relation
                .triggers
                .iter()
                .filter(|t| t.columns.contains(&column.id))
                .map(|t| format!("trigger {}", t.name)),
        );
        users.extend(relation.columns.iter().filter_map(|other| {
            let generated = other.generated.as_ref()?;
            let uses =
                generated.expr.uses.columns.iter().any(|used| used.name.as_ref() == Some(&column.name));
            uses.then(|| format!("generated column {}", other.name))
        }));
        if !users.is_empty() {
            self.fail(Failure {
                sqlstate: "0A000",
                cause: FailureCause::UsedElsewhere,
                when: format!(
                    "{} uses column {}.{}, whose type can't be changed under it",
                    users.join(", "),
                    relation.name,
                    column.name
                ),
                certainty: Certainty::Always,
                relation: Some(self.label(relation.id)),
                column: Some(column.name.clone()),
                span: Some(name.span),
            });
        }
    }

    /// Indexes with expressions or predicates are always rebuilt, even where the type stays, others
    /// where the operator class changes (CheckIndexCompatible); CHECKs over the column are verified again (ATPostAlterTypeParse).
    fn rebuilt_without_rewrite(&mut self, relation: &Relation, column: &Column, reindex: bool) {
        for index in relation.indexes.iter().filter_map(|id| self.cx.before.index(*id)) {
            if !index.depends.contains(&column.id) {
                continue;
            }
            let keyed = index.keys.contains(&Some(column.id));
            if (reindex && keyed) || !index.expressions.is_empty() || index.partial {
                self.scan(relation.id, ScanCause::Reindex, Some(column.name.clone()));
            }
        }
        for constraint in &relation.constraints {
            let check = matches!(constraint.kind, ConstraintKind::Check { .. });
            if check && constraint.validated && constraint.columns.contains(&column.id) {
                self.scan(relation.id, ScanCause::Check, Some(column.name.clone()));
            }
        }
    }

    /// Foreign keys over a column whose type changes are dropped and made again, which locks the
    /// table at their other end (ATPostAlterTypeCleanup). They are checked again where the table is
    /// rewritten or their operator is another one (`old_check_ok` in ATAddForeignKeyConstraint).
    fn foreign_keys_of_column(&mut self, relation: &Relation, column: &Column, checked: bool) {
        for constraint in &relation.constraints {
            if let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind
                && constraint.columns.contains(&column.id)
                && *target != relation.id
            {
                self.lock(*target, LockMode::AccessExclusive);
                if checked {
                    self.scan(relation.id, ScanCause::ForeignKey, Some(column.name.clone()));
                }
            }
        }
        for referencing in
            relation.referenced_by.iter().filter_map(|id| self.before(*id)).cloned().collect::<Vec<_>>()
        {
            for constraint in &referencing.constraints {
                if let ConstraintKind::ForeignKey { target: Some(target), target_columns, .. } =
                    &constraint.kind
                    && *target == relation.id
                    && target_columns.contains(&column.id)
                    && referencing.id != relation.id
                {
                    self.lock(referencing.id, LockMode::AccessExclusive);
                    if checked {
                        self.scan(referencing.id, ScanCause::ForeignKey, None);
                    }
                }
            }
        }
    }
}
