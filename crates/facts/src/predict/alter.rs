//! `ALTER TABLE`, command by command.

use super::{Prediction, has_storage};
use crate::lock_mode::LockMode;
use crate::model::{Certainty, Failure, FailureCause, RewriteCause, ScanCause};
use catalog::{Change, Column, ConstraintKind, Found, Relation, RelationKind, TypeRef, UserTypeKind};
use source::Span;
use sql::{AlterAction, AlterTable, ColumnConstraint, ColumnDef, Ident, ObjectKind, Shape, Volatility};

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
        // The drops of an ALTER TABLE run first (AlterTablePass).
        let dropped = |column: &Column| {
            self.changes().iter().any(
                |change| matches!(change, Change::ColumnDropped { relation, column: gone, .. } if *relation == table.id && *gone == column.id),
            )
        };
        if table.column(name).is_some_and(|column| !dropped(column)) {
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
        let (sqlstate, certainty) = match *not_null && default.is_none() && added.default.is_none() {
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

    /// Whether the statement drops a constraint of the table: the drops of an ALTER TABLE run first
    /// (AlterTablePass).
    pub(super) fn drops_constraint(&self, table: &Relation, name: &str) -> bool {
        self.changes().iter().any(|change| match change {
            Change::ConstraintDropped { relation, constraint, .. } => {
                *relation == table.id && constraint.name == name
            }
            _ => false,
        })
    }

    /// A validated CHECK that no NULL passes spares SET NOT NULL its scan (since 12,
    /// NotNullImpliedByRelConstraints).
    pub(super) fn is_proven(&self, relation: &Relation, column: &Column) -> bool {
        relation.constraints.iter().any(|constraint| match &constraint.kind {
            ConstraintKind::Check { expr, .. } => {
                constraint.validated
                    && !self.drops_constraint(relation, &constraint.name)
                    && expr.proves_not_null.iter().any(|proven| {
                        // The expression keeps the name of the time when it was written.
                        *proven == column.name
                            || (constraint.columns == [column.id] && expr.proves_not_null.len() == 1)
                    })
            }
            _ => false,
        })
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
