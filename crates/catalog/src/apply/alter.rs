//! `ALTER TABLE`, command by command.

use super::{Step, column, constraint, drop, drop_column, index};
use crate::model::{Column, GeneratedColumn, Identity, RelationKind};
use crate::{Change, ColumnId, Relation, RelationId, resolve_type};
use sql::{AlterAction, AlterTable, Ident, ObjectKind, RowSecurity, Shape};
use std::sync::Arc;

pub(super) fn alter_table(step: &mut Step<'_>, alter: &AlterTable) {
    if matches!(alter.kind, ObjectKind::Type | ObjectKind::CompositeType) {
        alter_composite(step, alter);
        return;
    }
    let found = match step.catalog.find(&alter.name) {
        Some(crate::Found::Relation(relation)) => relation.id,
        Some(crate::Found::Index(index)) => {
            let id = index.id;
            for command in &alter.commands {
                if let AlterAction::AttachPartition { partition, .. } = &command.action {
                    index::attach(step, id, partition);
                }
            }
            return;
        }
        None => {
            if !alter.if_exists {
                step.missing_relation(&alter.name);
            }
            return;
        }
    };
    // Postgres runs the drops of a statement first, then type changes, then additions
    // (AlterTablePass in src/backend/commands/tablecmds.c).
    let pass = |action: &AlterAction| match action {
        AlterAction::DropColumn { .. } | AlterAction::DropConstraint { .. } => 0,
        AlterAction::SetType { .. } => 1,
        AlterAction::AddColumn { .. } => 2,
        _ => 3,
    };
    let mut commands: Vec<_> = alter.commands.iter().collect();
    commands.sort_by_key(|command| pass(&command.action));
    for command in commands {
        command_on(step, found, alter.only, &command.action);
    }
}

fn alter_composite(step: &mut Step<'_>, alter: &AlterTable) {
    let found = step.catalog.find_type(alter.name.schema.as_deref(), &alter.name.name).cloned();
    let Some(crate::UserTypeKind::Composite(row)) = found.map(|found| found.kind.clone()) else { return };
    for command in &alter.commands {
        match &command.action {
            AlterAction::AddColumn { column, if_not_exists } => {
                column::add(step, row, column, *if_not_exists)
            }
            AlterAction::DropColumn { column, .. } => {
                if let Some(id) = step.relation(row).and_then(|r| r.column(&column.text).map(|c| c.id)) {
                    drop_column::remove_column(step, row, id, false);
                }
            }
            _ => {}
        }
    }
    step.out.changes.clear();
}

/// Why a column can't get a serial type, and what is meant: drizzle-kit writes SET DATA TYPE bigserial where a serial
/// column becomes a bigserial one.
fn no_serial(column: &str, inner: &str, has_default: bool) -> String {
    let (word, meant) = match inner {
        "int8" => ("bigserial", "bigint"),
        "int2" => ("smallserial", "smallint"),
        _ => ("serial", "integer"),
    };
    let default = match has_default {
        true => ", which keeps its default",
        false => ", make a sequence and set a default of nextval",
    };
    format!(
        "{word} is no type that column {column} could get, but short for {meant} with a sequence: write SET DATA TYPE {meant}{default}"
    )
}

pub(super) fn targets(step: &Step<'_>, id: RelationId, only: bool) -> Vec<RelationId> {
    if only { vec![id] } else { step.catalog.with_descendants(id) }
}

/// Runs `edit` on the column of this name in the relation and what inherits from it; the change it
/// returns is recorded.
fn each_column(
    step: &mut Step<'_>,
    id: RelationId,
    only: bool,
    name: &Ident,
    mut edit: impl FnMut(&mut Step<'_>, RelationId, ColumnId) -> Option<Change>,
) {
    let Some(relation) = step.relation(id) else { return };
    if relation.column(&name.text).is_none() {
        step.missing_column(&relation.name, name);
        return;
    }
    for target in targets(step, id, only) {
        let found = step.relation(target).and_then(|r| r.column(&name.text).map(|c| c.id));
        if let Some(found) = found
            && let Some(change) = edit(step, target, found)
        {
            step.change(change);
        }
    }
}

fn column_of(relation: &Relation, id: ColumnId) -> Option<&crate::Column> {
    relation.column_by_id(id)
}

fn command_on(step: &mut Step<'_>, id: RelationId, only: bool, action: &AlterAction) {
    match action {
        AlterAction::AddColumn { column: definition, if_not_exists } => {
            for target in targets(step, id, only) {
                column::add(step, target, definition, *if_not_exists || target != id);
            }
        }
        AlterAction::DropColumn { column, if_exists, cascade } => {
            drop_column::drop_column(step, id, only, column, *if_exists, *cascade);
        }
        // `serial` is a word of CREATE TABLE and ADD COLUMN, and no type (transformColumnDefinition in
        // parse_utilcmd.c).
        AlterAction::SetType { column, type_name, .. } if type_name.serial => {
            let known = step.catalog.relation(id).and_then(|table| table.column(&column.text));
            let message =
                no_serial(&column.text, &type_name.name, known.is_some_and(|one| one.default.is_some()));
            step.refuse("42704", message, Some(column.span));
        }
        AlterAction::SetType { column, type_name, using, collation } => {
            let to = resolve_type(step.catalog, type_name);
            let name = column.text.clone();
            each_column(step, id, only, column, |step, relation, column| {
                let from = step.relation(relation).and_then(|r| Some(column_of(&r, column)?.ty.clone()))?;
                column::edit(step, relation, column, |c| {
                    c.ty = to.clone();
                    c.collation.clone_from(collation);
                });
                let converted = using.as_ref().is_some_and(|using| !is_plain_cast(step, using, &name, &to));
                Some(Change::TypeChanged { relation, column, from, to: to.clone(), converted })
            });
        }
        AlterAction::SetDefault { column, default } => {
            each_column(step, id, only, column, |step, relation, column| {
                let none = default.shape == Shape::Null;
                column::edit(step, relation, column, |c| c.default = Some(Arc::new(default.clone())));
                Some(if none {
                    Change::DefaultDropped { relation, column, cascade: false }
                } else {
                    Change::DefaultSet { relation, column }
                })
            });
        }
        AlterAction::DropDefault { column } => {
            each_column(step, id, only, column, |step, relation, column| {
                column::edit(step, relation, column, |c| c.default = None);
                Some(Change::DefaultDropped { relation, column, cascade: false })
            });
        }
        AlterAction::SetNotNull { column } => {
            each_column(step, id, only, column, |step, relation, column| {
                let nullable = step.relation(relation)?.column_by_id(column).is_some_and(|c| !c.not_null);
                column::edit(step, relation, column, |c| c.not_null = true);
                nullable.then_some(Change::NotNullSet { relation, column })
            });
        }
        AlterAction::DropNotNull { column } => {
            let in_key = step.relation(id).is_some_and(|r| {
                let found = r.column(&column.text).map(|c| c.id);
                r.primary_key().is_some_and(|key| found.is_some_and(|found| key.columns.contains(&found)))
            });
            if in_key {
                let message =
                    format!("column {} is in the primary key, which keeps it NOT NULL", column.text);
                step.refuse("42P16", message, Some(column.span));
                return;
            }
            each_column(step, id, only, column, |step, relation, column| {
                column::edit(step, relation, column, Column::make_nullable);
                Some(Change::NotNullDropped { relation, column })
            });
        }
        AlterAction::SetExpression { column, expr } => {
            each_column(step, id, only, column, |step, relation, column| {
                let expr = Arc::new(expr.clone());
                column::edit(step, relation, column, |c| {
                    let stored = c.generated.as_ref().is_none_or(|generated| generated.stored);
                    c.generated = Some(GeneratedColumn { expr, stored });
                });
                Some(Change::ExpressionSet { relation, column })
            });
        }
        AlterAction::DropExpression { column, .. } => {
            each_column(step, id, only, column, |step, relation, column| {
                column::edit(step, relation, column, |c| c.generated = None);
                Some(Change::ExpressionDropped { relation, column })
            });
        }
        AlterAction::AddIdentity { column: name, always, sequence, .. } => {
            let Some(relation) = step.relation(id) else { return };
            let Some(found) = relation.column(&name.text) else {
                step.missing_column(&relation.name, name);
                return;
            };
            if found.identity.is_some() {
                let message = format!("column {} of {} is an identity already", name.text, relation.name);
                step.refuse("55000", message, Some(name.span));
                return;
            }
            // The sequence is made first (transformAlterTableStmt), and its name may be taken.
            let refusals = step.out.refusals.len();
            column::owned_sequence(step, id, &name.text, found.id, sequence.as_ref());
            if step.out.refusals.len() > refusals {
                return;
            }
            if !found.not_null {
                let message =
                    format!("column {} of {} must be NOT NULL to be an identity", name.text, relation.name);
                step.refuse("55000", message, Some(name.span));
            }
            if found.default.is_some() {
                let message = format!("column {} of {} has a default already", name.text, relation.name);
                step.refuse("55000", message, Some(name.span));
            }
            let identity = if *always { Identity::Always } else { Identity::ByDefault };
            column::edit(step, id, found.id, |c| c.identity = Some(identity));
            step.change(Change::IdentitySet { relation: id, column: found.id });
        }
        AlterAction::SetIdentity { column, always } => {
            each_column(step, id, true, column, |step, relation, column| {
                let identity = if (*always)? { Identity::Always } else { Identity::ByDefault };
                column::edit(step, relation, column, |c| c.identity = Some(identity));
                Some(Change::IdentitySet { relation, column })
            });
        }
        AlterAction::DropIdentity { column, .. } => {
            each_column(step, id, true, column, |step, relation, column| {
                let was = step.relation(relation)?.column_by_id(column)?.identity.is_some();
                column::edit(step, relation, column, |c| c.identity = None);
                let owned = step
                    .catalog
                    .sequences_of(relation)
                    // That of serial may be beside its own.
                    .filter(|r| r.owned_by == Some((relation, column)))
                    .map(|r| r.id)
                    .max();
                if let (true, Some(owned)) = (was, owned) {
                    drop::remove_relation(step, owned, true);
                }
                was.then_some(Change::IdentityDropped { relation, column })
            });
        }
        AlterAction::AddConstraint(written) => {
            let inherited = matches!(written.kind, sql::ConstraintKind::Check { no_inherit: false, .. });
            let partitioned = step.relation(id).is_some_and(|r| r.kind == RelationKind::Partitioned);
            let down = (inherited || partitioned) && !only;
            for target in targets(step, id, !down) {
                constraint::add(step, target, written, None, target != id);
            }
        }
        AlterAction::DropConstraint { name, if_exists, cascade } => {
            constraint::drop_constraint(step, id, only, name, *if_exists, *cascade);
        }
        AlterAction::ValidateConstraint { name } => constraint::validate(step, id, only, name),
        AlterAction::RowSecurity(change) => {
            let Some(relation) = step.relation_mut(id) else { return };
            match change {
                RowSecurity::Enable => relation.row_security.enabled = true,
                RowSecurity::Disable => relation.row_security.enabled = false,
                RowSecurity::Force => relation.row_security.forced = true,
                RowSecurity::NoForce => relation.row_security.forced = false,
            }
            let state = relation.row_security;
            step.change(Change::RowSecuritySet {
                relation: id,
                enabled: state.enabled,
                forced: state.forced,
            });
        }
        AlterAction::Trigger { name, enable } => {
            let Some(relation) = step.relation_mut(id) else { return };
            for trigger in &mut relation.triggers {
                if name.as_ref().is_none_or(|name| name.text == trigger.name) {
                    trigger.enabled = *enable;
                }
            }
        }
        AlterAction::Inherit(parent) | AlterAction::NoInherit(parent) => {
            let Some(parent_id) = step.catalog.find_relation(parent).map(|parent| parent.id) else {
                step.missing_relation(parent);
                return;
            };
            link(step, parent_id, id, matches!(action, AlterAction::Inherit(_)));
        }
        AlterAction::AttachPartition { partition, bound } => {
            let Some(found) = step.catalog.find_relation(partition).map(|found| found.id) else {
                step.missing_relation(partition);
                return;
            };
            link(step, id, found, true);
            if let Some(relation) = step.relation_mut(found) {
                relation.partition = true;
                relation.default_partition = bound.as_ref().is_some_and(|bound| bound.default);
                relation.partition_bound = bound.as_ref().map(|bound| bound.text.clone());
            }
            let changes = step.out.changes.len();
            for index in step.relation(id).map(|parent| parent.indexes.clone()).unwrap_or_default() {
                index::copy_to_partitions(step, id, index);
            }
            step.out.changes.truncate(changes);
            step.change(Change::PartitionAttached { parent: id, partition: found });
        }
        AlterAction::DetachPartition { partition, .. } => {
            let Some(found) = step.catalog.find_relation(partition).map(|found| found.id) else {
                step.missing_relation(partition);
                return;
            };
            link(step, id, found, false);
            if let Some(relation) = step.relation_mut(found) {
                relation.partition = false;
                relation.default_partition = false;
                relation.partition_bound = None;
            }
            index::set_apart(step, found);
            step.change(Change::PartitionDetached { parent: id, partition: found });
        }
        AlterAction::Owner { role } => step.change(Change::OwnerSet { relation: id, role: role.clone() }),
        AlterAction::SetLogged(logged) => {
            if let Some(relation) = step.relation_mut(id) {
                relation.persistence =
                    if *logged { sql::Persistence::Permanent } else { sql::Persistence::Unlogged };
            }
        }
        _ => {}
    }
}

/// Whether USING is only the column itself or `"column"::type`, which is what the plain form does.
fn is_plain_cast(step: &Step<'_>, using: &sql::Expr, column: &str, to: &crate::Type) -> bool {
    match &using.shape {
        Shape::Column { name, cast } if name.text == column => {
            cast.as_ref().is_none_or(|cast| resolve_type(step.catalog, cast) == *to)
        }
        _ => false,
    }
}

fn link(step: &mut Step<'_>, parent: RelationId, child: RelationId, on: bool) {
    if let Some(parent) = step.relation_mut(parent) {
        parent.children.retain(|other| *other != child);
        if on {
            parent.children.push(child);
        }
    }
    if let Some(relation) = step.relation_mut(child) {
        relation.parents.retain(|other| *other != parent);
        if on {
            relation.parents.push(parent);
        }
    }
}
