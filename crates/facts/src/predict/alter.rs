//! `ALTER TABLE`, command by command.

use super::{Prediction, has_storage};
use crate::model::{Certainty, Failure, FailureCause, LockMode, Loss, RewriteCause, ScanCause};
use crate::rewrite::type_change;
use catalog::{Change, Column, ConstraintKind, Found, Relation, RelationKind, TypeRef, UserTypeKind};
use source::Span;
use sql::{AlterAction, AlterTable, ColumnConstraint, ColumnDef, Expr, Ident, ObjectKind, Shape, Volatility};

impl Prediction<'_> {
    pub(super) fn alter_table(&mut self, alter: &AlterTable) {
        if matches!(alter.kind, ObjectKind::Type | ObjectKind::CompositeType) {
            return;
        }
        let table = match self.cx.before.find(&alter.name) {
            Some(Found::Relation(relation)) => relation.clone(),
            Some(Found::Index(_)) => return,
            None if alter.if_exists => return,
            None => {
                let mode = alter.commands.iter().map(|c| lock_level(&c.action, self.cx.version.0)).max();
                self.lock_outside(&alter.name, mode.unwrap_or(LockMode::AccessExclusive));
                return;
            }
        };
        for command in &alter.commands {
            let mode = lock_level(&command.action, self.cx.version.0);
            self.lock(table.id, mode);
            if let Some(mode) =
                level_below(&command.action, &table, mode, self.cx.version.0).filter(|_| !alter.only)
            {
                self.lock_below(table.id, mode);
            }
            self.command(&table, alter, &command.action, command.span);
        }
    }

    fn command(&mut self, table: &Relation, alter: &AlterTable, action: &AlterAction, span: Span) {
        let version = self.cx.version.0;
        match action {
            AlterAction::AddColumn { column, .. } => self.add_column(table, alter, column),
            AlterAction::SetType { column, using, .. } => self.set_type(alter, column, using.as_ref()),
            AlterAction::SetNotNull { column } => self.set_not_null(table, alter, column),
            AlterAction::SetExpression { column, .. } => {
                if version < 17 {
                    self.needs_version(17, "ALTER COLUMN .. SET EXPRESSION", span);
                }
                let stored =
                    table.column(&column.text).and_then(|c| c.generated.as_ref()).is_none_or(|g| g.stored);
                for id in self.cx.before.with_descendants(table.id) {
                    if stored {
                        self.rewrite(id, RewriteCause::Generated, Some(column.text.clone()));
                    }
                }
            }
            AlterAction::AddConstraint(constraint) => self.add_constraint(table, alter, constraint),
            AlterAction::ValidateConstraint { name } => self.validate_constraint(table, alter, name),
            AlterAction::SetLogged(logged) => {
                let is_logged = table.persistence == sql::Persistence::Permanent;
                if is_logged != *logged {
                    self.rewrite(table.id, RewriteCause::Persistence, None);
                }
            }
            // Nearly every table is a heap already, and stays as it is then.
            AlterAction::SetAccessMethod(method) if method != "heap" => {
                self.unknown(format!("access method {method}: whether {} uses it already", table.name));
                self.rewrite(table.id, RewriteCause::AccessMethod, None);
            }
            AlterAction::SetTablespace => self.rewrite(table.id, RewriteCause::Tablespace, None),
            AlterAction::Inherit(parent) => self.lock_name(parent, LockMode::ShareUpdateExclusive),
            AlterAction::NoInherit(parent) => self.lock_name(parent, LockMode::AccessShare),
            AlterAction::AttachPartition { partition, bound } => {
                self.attach_partition(table, partition, bound.is_some());
            }
            AlterAction::DetachPartition { partition, concurrently, finalize } => {
                if version < 14 && (*concurrently || *finalize) {
                    self.needs_version(14, "DETACH PARTITION CONCURRENTLY", span);
                }
                self.detach_partition(table, partition, *concurrently);
            }
            AlterAction::Other(what) => {
                self.unknown(format!("ALTER TABLE .. {what}: what it does is not modelled"));
            }
            _ => {}
        }
    }

    pub(super) fn needs_version(&mut self, version: u8, what: &str, span: Span) {
        let when = format!("{what} needs PostgreSQL {version}; this is {}", self.cx.version.0);
        self.fail(Failure {
            sqlstate: "42601",
            cause: FailureCause::Version,
            when,
            certainty: Certainty::Always,
            relation: None,
            column: None,
            span: Some(span),
        });
    }

    fn add_column(&mut self, table: &Relation, alter: &AlterTable, definition: &ColumnDef) {
        let name = &definition.name.text;
        if table.column(name).is_some() {
            return;
        }
        let Some(added) = self.added_column(table.id, name).cloned() else { return };
        if added.generated.as_ref().is_some_and(|generated| !generated.stored) && self.cx.version.0 < 18 {
            self.needs_version(18, "a virtual generated column", definition.span);
        }
        let cause = self.rewrite_of_new_column(definition, &added);
        let targets = if alter.only { vec![table.id] } else { self.cx.before.with_descendants(table.id) };
        let not_null_at_once =
            added.not_null && !added.has_value_by_default() && !definition_is_serial(definition);
        for id in targets {
            if let Some(cause) = cause {
                self.rewrite(id, cause, Some(name.clone()));
            }
            if cause == Some(RewriteCause::ConstrainedDomain) {
                self.domain_refuses(id, definition, &added);
            }
            if not_null_at_once && self.before(id).is_some_and(|r| has_storage(r)) {
                if !self.is_rewritten(id) {
                    self.scan(id, ScanCause::NotNull, Some(name.clone()));
                }
                let when = format!(
                    "{} holds a row: it has no value for {name}, which is NOT NULL and has no default",
                    self.label(id)
                );
                let span = Some(definition.name.span);
                self.fail_on_rows(
                    id,
                    "23502",
                    FailureCause::NotNull,
                    Certainty::IfRows,
                    Some(name),
                    when,
                    span,
                );
            }
        }
        for clause in &definition.constraints {
            if let ColumnConstraint::Table(constraint) = clause {
                self.constraint_with_column(table, &added, constraint);
            }
        }
    }

    /// The value of a new column goes through the constraints of its domain, NULL too.
    fn domain_refuses(&mut self, id: catalog::RelationId, definition: &ColumnDef, added: &Column) {
        let TypeRef::User(domain) = added.ty.base else { return };
        let Some(UserTypeKind::Domain { not_null, default, .. }) =
            self.cx.before.user_type(domain).map(|ty| &ty.kind)
        else {
            return;
        };
        let (sqlstate, certainty) = match *not_null && !*default && added.default.is_none() {
            true => ("23502", Certainty::IfRows),
            false => ("23514", Certainty::DependsOnData),
        };
        let name = &definition.name;
        let when = format!("{} holds a row: the domain refuses the value of {}", self.label(id), name.text);
        self.fail_on_rows(
            id,
            sqlstate,
            FailureCause::Check,
            certainty,
            Some(&name.text),
            when,
            Some(name.span),
        );
    }

    /// Whether a new column makes the whole table be written anew (ATExecAddColumn).
    fn rewrite_of_new_column(&mut self, definition: &ColumnDef, added: &Column) -> Option<RewriteCause> {
        if let Some(generated) = &added.generated {
            return generated.stored.then_some(RewriteCause::Generated);
        }
        if added.identity.is_some() || definition_is_serial(definition) {
            return Some(RewriteCause::Identity);
        }
        if let Some(default) = &added.default
            && default.shape != Shape::Null
        {
            match catalog::volatility(self.cx.before, default) {
                Some(Volatility::Volatile) => return Some(RewriteCause::VolatileDefault),
                Some(_) => {}
                None => {
                    let calls: Vec<_> =
                        default.uses.functions.iter().map(|call| call.name.to_string()).collect();
                    self.unknown(format!(
                        "whether {}() is volatile: a volatile default rewrites the table",
                        calls.join("(), ")
                    ));
                }
            }
        }
        if let TypeRef::User(id) = added.ty.base
            && !added.ty.array
            && let Some(UserTypeKind::Domain { constrained: true, .. }) =
                self.cx.before.user_type(id).map(|ty| &ty.kind)
        {
            return Some(RewriteCause::ConstrainedDomain);
        }
        None
    }

    fn set_not_null(&mut self, table: &Relation, alter: &AlterTable, name: &Ident) {
        let targets = if alter.only { vec![table.id] } else { self.cx.before.with_descendants(table.id) };
        for id in targets {
            let Some(relation) = self.before(id).cloned() else { continue };
            let Some(column) = relation.column(&name.text) else { continue };
            if column.not_null || self.is_proven(&relation, column) {
                continue;
            }
            if has_storage(&relation) {
                if !self.is_rewritten(id) {
                    self.scan(id, ScanCause::NotNull, Some(name.text.clone()));
                }
                let when = format!("{}.{} holds a NULL", self.label(id), name.text);
                let span = Some(name.span);
                let certainty = Certainty::DependsOnData;
                self.fail_on_rows(
                    id,
                    "23502",
                    FailureCause::NotNull,
                    certainty,
                    Some(&name.text),
                    when,
                    span,
                );
            }
        }
    }

    /// A validated CHECK that no NULL passes spares SET NOT NULL its scan (since 12,
    /// NotNullImpliedByRelConstraints).
    pub(super) fn is_proven(&self, relation: &Relation, column: &Column) -> bool {
        // The drops of an ALTER TABLE run first (AlterTablePass).
        let dropped = |name: &str| {
            self.changes().iter().any(|change| match change {
                Change::ConstraintDropped { relation: id, constraint, .. } => {
                    *id == relation.id && constraint.name == name
                }
                _ => false,
            })
        };
        relation.constraints.iter().any(|constraint| match &constraint.kind {
            ConstraintKind::Check { expr, .. } => {
                constraint.validated
                    && !dropped(&constraint.name)
                    && expr.proves_not_null.iter().any(|proven| {
                        // The expression keeps the name of the time when it was written.
                        *proven == column.name
                            || (constraint.columns == [column.id] && expr.proves_not_null.len() == 1)
                    })
            }
            _ => false,
        })
    }

    fn set_type(&mut self, alter: &AlterTable, name: &Ident, using: Option<&Expr>) {
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
                Some(false) => {}
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

    fn detach_partition(&mut self, parent: &Relation, partition: &sql::Name, concurrently: bool) {
        let referring = self.tables_referring_to(parent.id);
        let mode = match self.cx.version.0 {
            ..14 if referring.is_empty() => LockMode::ShareUpdateExclusive,
            _ if concurrently => LockMode::ShareUpdateExclusive,
            _ => LockMode::AccessExclusive,
        };
        self.lock_name(partition, mode);
        if concurrently {
            return;
        }
        self.lock_default_partition(parent.id);
        if let Some(found) = self.cx.before.find_relation(partition) {
            self.lock_below(found.id, LockMode::AccessExclusive);
        }
        // No row may refer to the partition (ATDetachCheckNoForeignKeyRefs).
        for table in referring {
            if let Some(found) = self.cx.before.find_relation(partition) {
                self.scan(found.id, ScanCause::ForeignKey, None);
            }
            self.lock(table, LockMode::AccessExclusive);
            self.scan(table, ScanCause::ForeignKey, None);
            let when = format!("{} refers to rows of {partition}", self.label(table));
            let (cause, certainty) = (FailureCause::ForeignKey, Certainty::DependsOnData);
            self.fail_on_rows(table, "23503", cause, certainty, None, when, Some(partition.span));
        }
    }

    fn attach_partition(&mut self, parent: &Relation, partition: &sql::Name, has_bound: bool) {
        self.lock_name(partition, LockMode::AccessExclusive);
        self.lock_default_partition(parent.id);
        self.lock_keys_on_partitions(parent.id);
        if !has_bound {
            return;
        }
        let Some(found) = self.cx.before.find_relation(partition).cloned() else { return };
        if !self.has_bound_check(parent, &found) {
            for id in self.cx.before.with_descendants(found.id) {
                if self.before(id).is_some_and(|r| has_storage(r)) {
                    self.scan(id, ScanCause::PartitionBound, None);
                    let when = format!("{} holds a row outside of the bound", self.label(id));
                    let span = Some(partition.span);
                    let certainty = Certainty::DependsOnData;
                    self.fail_on_rows(id, "23514", FailureCause::PartitionBound, certainty, None, when, span);
                }
            }
        }
        // Indexes of the parent that the partition lacks are built (AttachPartitionEnsureIndexes).
        let lacks = |index: &catalog::IndexId| self.cx.before.partition_index(*index, found.id).is_none();
        if parent.indexes.iter().any(lacks) {
            for id in self.cx.before.with_descendants(found.id) {
                if self.before(id).is_some_and(|r| has_storage(r)) {
                    self.scan(id, ScanCause::IndexBuild, None);
                }
            }
        }
        if let Some(default) = self.default_partition_to_read(parent) {
            self.scan(default, ScanCause::PartitionBound, None);
        }
    }
}

fn definition_is_serial(definition: &ColumnDef) -> bool {
    definition.type_name.as_ref().is_some_and(|ty| ty.serial)
}

/// The lock that a command takes on what inherits from its table, if it goes there.
fn level_below(action: &AlterAction, table: &Relation, mode: LockMode, version: u8) -> Option<LockMode> {
    let partitioned = table.kind == RelationKind::Partitioned;
    let descends = match action {
        AlterAction::AddColumn { .. }
        | AlterAction::DropColumn { .. }
        | AlterAction::SetType { .. }
        | AlterAction::SetDefault { .. }
        | AlterAction::DropDefault { .. }
        | AlterAction::SetNotNull { .. }
        | AlterAction::DropNotNull { .. }
        | AlterAction::SetExpression { .. }
        | AlterAction::DropExpression { .. }
        | AlterAction::DropConstraint { .. }
        | AlterAction::SetStatistics { .. }
        | AlterAction::SetStorage { .. } => true,
        AlterAction::ValidateConstraint { name } => table.constraint(&name.text).is_none_or(|c| !c.validated),
        // Since 18 all descendants are locked at once (ATPrepCmd), before only where the command
        // recurses; partitions build their part of a key in DefineIndex, under SHARE.
        AlterAction::AddConstraint(_) if version >= 18 => true,
        AlterAction::AddConstraint(constraint) => match &constraint.kind {
            sql::ConstraintKind::Check { no_inherit, .. } => !no_inherit,
            sql::ConstraintKind::Unique { .. } | sql::ConstraintKind::Exclude { .. } if partitioned => {
                return Some(LockMode::Share);
            }
            _ => partitioned,
        },
        // ENABLE and DISABLE TRIGGER go to the copies of a row trigger, and since 15 to all partitions.
        AlterAction::Trigger { .. } => partitioned && (version >= 15 || !table.triggers.is_empty()),
        _ => false,
    };
    descends.then_some(mode)
}

/// `AlterTableGetLockLevel`.
fn lock_level(action: &AlterAction, version: u8) -> LockMode {
    match action {
        AlterAction::AddConstraint(constraint) => match constraint.kind {
            sql::ConstraintKind::ForeignKey { .. } => LockMode::ShareRowExclusive,
            _ => LockMode::AccessExclusive,
        },
        AlterAction::Trigger { .. } => LockMode::ShareRowExclusive,
        AlterAction::ValidateConstraint { .. }
        | AlterAction::SetStatistics { .. }
        | AlterAction::ClusterOn
        | AlterAction::AttachPartition { .. } => LockMode::ShareUpdateExclusive,
        AlterAction::DetachPartition { concurrently, finalize, .. } => match version {
            14.. if *concurrently || *finalize => LockMode::ShareUpdateExclusive,
            _ => LockMode::AccessExclusive,
        },
        AlterAction::SetOptions { names } => {
            let strong = |name: &String| {
                matches!(
                    name.as_str(),
                    "user_catalog_table" | "security_barrier" | "security_invoker" | "check_option"
                )
            };
            if names.iter().any(strong) { LockMode::AccessExclusive } else { LockMode::ShareUpdateExclusive }
        }
        _ => LockMode::AccessExclusive,
    }
}
