//! What the old app may no longer do, depending on the values it writes, the role it has or the
//! conflict targets it names. Judged on committed states, like the certain breaks.

use crate::analysis::Step;
use crate::app::{App, AppRelation};
use crate::breaks::{DeclaredRelations, find, last};
use crate::keys;
use crate::model::{Break, BreakCause, Operation, Version};
use crate::rewrite::type_change;
use crate::row_security::row_security;
use catalog::{
    Catalog, Change, Column, Constraint, ConstraintKind, QName, Relation, RelationId, UserTypeKind,
};
use std::collections::{BTreeSet, HashSet};

/// Follows what depends on values from commit to commit.
#[derive(Default)]
pub(crate) struct Values {
    role: Option<String>,
    version: Version,
    relations: BTreeSet<RelationId>,
    types: bool,
    reported: HashSet<(String, Option<String>, Operation, BreakCause, String)>,
}

impl Values {
    /// For an app that connects as this role, where it is known, to this version.
    pub fn of_role(role: Option<String>, version: Version) -> Values {
        Values { role, version, ..Values::default() }
    }

    pub fn saw(&mut self, step: &Step) {
        for change in &step.changes {
            self.relations.extend(change.relation());
            self.types |= matches!(
                change,
                Change::TypeDropped { .. } | Change::TypeRenamed { .. } | Change::EnumValueRenamed { .. }
            );
        }
    }

    /// What is new on a committed state, with the step to blame for each; `declared` holds what the app
    /// declares of each relation that changed.
    pub fn committed(
        &mut self,
        start: &Catalog,
        now: &Catalog,
        app: &App,
        declared: &DeclaredRelations<'_>,
        steps: &[Step],
    ) -> Found {
        let mut found = Vec::new();
        for id in std::mem::take(&mut self.relations) {
            let (Some(before), Some(after)) = (start.relation(id), now.relation(id)) else { continue };
            let Some(declared) = declared.get(&before.name) else { continue };
            if declared.view || before.name != after.name {
                continue;
            }
            let mut all = of_relation(start, now, before, after, declared, self.version, steps);
            row_security(start, before, after, self.role.as_deref(), steps, &mut all);
            found.extend(all);
        }
        if std::mem::take(&mut self.types) {
            found.extend(of_enums(start, now, app, steps));
        }
        found.retain(|(_, one)| {
            let (relation, column) = (one.relation.clone(), one.column.clone());
            let key = (relation, column, one.operation, one.cause, one.reason.clone());
            self.reported.insert(key)
        });
        found
    }
}

pub(crate) type Found = Vec<(usize, Break)>;

fn of_relation(
    start: &Catalog,
    now: &Catalog,
    before: &Relation,
    after: &Relation,
    declared: &AppRelation,
    version: Version,
    steps: &[Step],
) -> Found {
    let mut found = Vec::new();
    for old in &before.columns {
        if !declared.columns.iter().any(|column| column.name == old.name) {
            continue;
        }
        let same = after.column_by_id(old.id).filter(|new| new.name == old.name);
        // Dropped and added again under its name is still the column that the app writes.
        if let Some(new) = same.or_else(|| after.column(&old.name)) {
            // Where no default is declared, the app does not count on one; what is generated it can't give.
            let default = declared.columns.iter().any(|column| column.name == old.name && column.default);
            let counts_on_default = default || old.generated.is_some();
            let from = found.len();
            of_column(start, now, after, old, new, version, steps, &mut found);
            if !counts_on_default {
                let kept = found.split_off(from).into_iter();
                found.extend(kept.filter(|(_, one)| one.cause != BreakCause::DefaultDropped));
            }
            if counts_on_default {
                found.extend(crate::keys::starts_over(now, after, old, new, steps));
            }
        }
    }
    missed_by_triggers(now, before, after, steps, &mut found);
    new_constraints(before, after, declared, steps, &mut found);
    keys::new_unique_keys(start, now, before, (after, declared), steps, &mut found);
    keys::conflict_targets(start, now, before, (after, declared), steps, &mut found);
    found
}

/// Columns that went while a trigger goes on naming them: what fires it fails, as far as it comes by there.
fn missed_by_triggers(now: &Catalog, before: &Relation, after: &Relation, steps: &[Step], found: &mut Found) {
    for old in before.columns.iter().filter(|old| after.column(&old.name).is_none()) {
        let Some(trigger) = crate::trigger_that_names(now, after, &old.name) else { continue };
        let dropped = |change: &Change| match change {
            Change::ColumnDropped { relation, column, .. } => {
                ((*relation, *column) == (after.id, old.id)).then_some(())
            }
            _ => None,
        };
        let Some((step, ())) = last(steps, dropped) else { continue };
        let fires = |event: &str| trigger.events.iter().any(|one| one.eq_ignore_ascii_case(event));
        for (event, operations) in [
            ("insert", &[Operation::Insert, Operation::Upsert][..]),
            ("update", &[Operation::Update]),
            ("delete", &[Operation::Delete]),
        ] {
            for operation in operations.iter().filter(|_| fires(event)) {
                let mut one = entry(&after.name, Some(&old.name), *operation, BreakCause::ColumnDropped);
                one.sqlstate = Some("42703");
                one.reason = format!(
                    "column {} is dropped, and the trigger {} still names it",
                    old.name, trigger.name
                );
                found.push((step, one));
            }
        }
    }
}

pub(crate) fn entry(
    relation: &QName,
    column: Option<&str>,
    operation: Operation,
    cause: BreakCause,
) -> Break {
    Break::new(relation, column, operation, None, cause, String::new())
}

#[allow(clippy::too_many_arguments)]
fn of_column(
    start: &Catalog,
    now: &Catalog,
    table: &Relation,
    old: &Column,
    new: &Column,
    version: Version,
    steps: &[Step],
    found: &mut Found,
) {
    let name = &table.name;
    let at = |wanted: fn(&Change) -> Option<(RelationId, catalog::ColumnId)>| {
        last(steps, |change| (wanted(change) == Some((table.id, new.id))).then_some(())).map(|(at, ())| at)
    };
    // An enum made anew is judged by its values.
    if old.ty != new.ty && !(is_enum(start, old) && is_enum(now, new)) {
        let step = at(|change| match change {
            Change::TypeChanged { relation, column, .. } | Change::ColumnAdded { relation, column, .. } => {
                Some((*relation, *column))
            }
            _ => None,
        });
        let change = type_change(now, &old.ty, &new.ty, false, true);
        if let (Some(step), Some(sqlstate)) = (step, writes_fail(&change)) {
            let (from, to) = (catalog::format_type(start, &old.ty), catalog::format_type(now, &new.ty));
            let mut one = entry(name, Some(&new.name), Operation::Insert, BreakCause::TypeNarrowed);
            one.sqlstate = Some(sqlstate);
            one.reason =
                format!("{name}.{} goes from {from} to {to}; what the old app writes may not fit", new.name);
            found.push((step, one));
        }
    }
    if old.has_value_by_default() && !new.has_value_by_default() && !new.not_null && new.generated.is_none() {
        let step = at(|change| match change {
            Change::DefaultDropped { relation, column, .. }
            | Change::IdentityDropped { relation, column }
            | Change::ExpressionDropped { relation, column } => Some((*relation, *column)),
            _ => None,
        });
        if let Some(step) = step {
            let mut one = entry(name, Some(&new.name), Operation::Insert, BreakCause::DefaultDropped);
            one.reason = match old.generated {
                Some(_) => format!(
                    "{name}.{} is worked out no longer; inserts of the old app store NULL in silence, and its updates \
                     leave what was worked out before",
                    new.name
                ),
                None => format!(
                    "{name}.{} loses its default; inserts of the old app that leave it to the default store NULL in silence",
                    new.name
                ),
            };
            found.push((step, one));
        }
    }
    let always = new.generated.is_some() || new.identity == Some(catalog::Identity::Always);
    let was_always = old.generated.is_some() || old.identity == Some(catalog::Identity::Always);
    if always && !was_always {
        let step = at(|change| match change {
            Change::IdentitySet { relation, column }
            | Change::ExpressionSet { relation, column }
            | Change::ColumnAdded { relation, column, .. } => Some((*relation, *column)),
            _ => None,
        });
        if let Some(step) = step {
            let mut one = entry(name, Some(&new.name), Operation::Insert, BreakCause::Generated);
            // An expression is told from an identity since 14 (rewriteTargetListIU in rewriteHandler.c).
            one.sqlstate = Some(if new.generated.is_some() && version.0 < 14 { "42601" } else { "428C9" });
            one.reason = format!("{name}.{} becomes GENERATED ALWAYS; explicit values are refused", new.name);
            let update = Break { operation: Operation::Update, ..one.clone() };
            found.extend([(step, one), (step, update)]);
        }
    }
}

fn is_enum(catalog: &Catalog, column: &Column) -> bool {
    match column.ty.base {
        catalog::TypeRef::User(id) => {
            catalog.user_type(id).is_some_and(|ty| matches!(ty.kind, UserTypeKind::Enum(_)))
        }
        _ => false,
    }
}

/// What the old app's writes raise after a type change, if some of them do.
fn writes_fail(change: &crate::rewrite::TypeChange) -> Option<&'static str> {
    change.may_fail.or(change.needs_using.then_some("22P02"))
}

fn same_demand(a: &Constraint, b: &Constraint) -> bool {
    a.columns == b.columns
        && match (&a.kind, &b.kind) {
            (ConstraintKind::Check { expr: a, .. }, ConstraintKind::Check { expr: b, .. }) => {
                a.text == b.text
            }
            (
                ConstraintKind::ForeignKey { target: a, target_columns: c, .. },
                ConstraintKind::ForeignKey { target: b, target_columns: d, .. },
            ) => a == b && c == d,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
}

fn new_constraints(
    before: &Relation,
    after: &Relation,
    declared: &AppRelation,
    steps: &[Step],
    found: &mut Found,
) {
    for constraint in &after.constraints {
        if before.constraints.iter().any(|old| same_demand(old, constraint)) {
            continue;
        }
        // One that the app declares it keeps to, unless another one had that name until now.
        if declared.constraints.contains(&constraint.name) && before.constraint(&constraint.name).is_none() {
            continue;
        }
        let sqlstate = match constraint.kind {
            ConstraintKind::Check { .. } => "23514",
            // Judged by their indexes.
            ConstraintKind::Unique(_) | ConstraintKind::PrimaryKey(_) => continue,
            ConstraintKind::Exclude(_) => "23P01",
            ConstraintKind::ForeignKey { .. } => "23503",
            ConstraintKind::NotNull => "23502",
        };
        let columns = after.column_names(&constraint.columns);
        let written = columns.iter().any(|name| {
            declared.columns.iter().any(|column| column.name == *name && !column.generated)
                && before.column(name).is_some()
        });
        if !written {
            continue;
        }
        // One that only refuses NULL repeats what NOT NULL columns demand anyway.
        let refuses_only_null = match &constraint.kind {
            ConstraintKind::Check { expr, .. } => expr.proves_not_null.len() == columns.len(),
            ConstraintKind::NotNull => true,
            _ => false,
        };
        let given = |name: &String| {
            before.column(name).is_some_and(|column| column.not_null)
                || declared.columns.iter().any(|column| column.name == *name && column.always_given())
        };
        if refuses_only_null && columns.iter().all(given) {
            continue;
        }
        let added = |change: &Change| match change {
            Change::ConstraintAdded { relation, name, .. }
                if *relation == after.id && *name == constraint.name =>
            {
                Some(())
            }
            _ => None,
        };
        let Some((at, ())) = last(steps, added) else { continue };
        if !constraint.validated && !is_enforced(&steps[at], &constraint.name) {
            continue;
        }
        let mut one = entry(
            &after.name,
            columns.first().map(String::as_str),
            Operation::Insert,
            BreakCause::NewConstraint,
        );
        one.sqlstate = Some(sqlstate);
        one.reason = format!(
            "{} {} on {} ({}) refuses writes of the old app that contradict it, NOT VALID or not",
            constraint.noun(),
            constraint.name,
            after.name,
            columns.join(", ")
        );
        found.push((at, one));
    }
}

/// Whether the constraint that a statement adds under a name is enforced (18 knows NOT ENFORCED).
fn is_enforced(step: &Step, name: &str) -> bool {
    let Some(sql::Stmt::AlterTable(alter)) = step.statement.as_ref().map(|statement| &statement.stmt) else {
        return true;
    };
    let lax = |command: &sql::AlterCommand| match &command.action {
        sql::AlterAction::AddConstraint(written) => {
            written.not_enforced && written.name.as_ref().is_none_or(|written| written.text == name)
        }
        _ => false,
    };
    !alter.commands.iter().any(lax)
}

fn of_enums(start: &Catalog, now: &Catalog, app: &App, steps: &[Step]) -> Found {
    let mut found = Vec::new();
    for name in &app.enum_names() {
        let values = |catalog: &Catalog| {
            let ty = catalog.find_type(Some(&name.schema), &name.name)?.clone();
            match &ty.kind {
                UserTypeKind::Enum(values) => Some((ty.id, values.clone())),
                _ => None,
            }
        };
        let (Some((old, before)), Some((new, after))) = (values(start), values(now)) else { continue };
        // What the app does not declare it does not write.
        let declared = app.enum_values(name).unwrap_or_default();
        let gone = before.iter().filter(|value| !after.contains(value) && declared.contains(value));
        let gone: Vec<_> = gone.cloned().collect();
        if gone.is_empty() {
            continue;
        }
        let explains = |change: &Change| match change {
            Change::TypeDropped { ty, .. } if *ty == old => Some(()),
            Change::EnumValueRenamed { ty, .. } if *ty == old => Some(()),
            _ => None,
        };
        let Some((at, ())) = last(steps, explains) else { continue };
        let columns = now.columns_of_type(new);
        let tables: Vec<_> =
            columns.iter().filter_map(|(id, column)| Some((now.relation(*id)?, column))).collect();
        for (table, column) in tables {
            if find(start, &table.name).is_none() {
                continue;
            }
            let mut one = entry(&table.name, Some(&column.name), Operation::Insert, BreakCause::EnumValue);
            one.sqlstate = Some("22P02");
            one.reason = format!(
                "enum {name} no longer has {}; writes of the old app to {}.{} that use it fail",
                gone.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(", "),
                table.name,
                column.name
            );
            let update = Break { operation: Operation::Update, ..one.clone() };
            found.extend([(at, one), (at, update)]);
        }
    }
    found
}
