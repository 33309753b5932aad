//! Privileges and named objects (types, functions, sequences, schemas) that the old app may lose.
//!
//! Drizzle's own SQL names only relations and columns, so these break hand-written SQL or the app's
//! role: they are possible breaks, never certain ones.

use crate::analysis::Step;
use crate::model::{Break, BreakCause, Operation};
use catalog::{Catalog, Change, QName, RelationId, RelationKind};
use std::collections::HashSet;

/// What was reported already, over the commits of a set.
#[derive(Default)]
pub(crate) struct Objects {
    role: Option<String>,
    reported: HashSet<(String, Operation, String)>,
}

impl Objects {
    /// For an app that connects as this role, where it is known.
    pub fn of_role(role: Option<String>) -> Objects {
        Objects { role, ..Objects::default() }
    }

    /// Judges a committed state; `steps` are those of the set so far.
    pub fn committed(&mut self, start: &Catalog, now: &Catalog, steps: &mut [Step]) {
        let granted = granted(steps);
        for step in steps {
            let found: Vec<Break> = step
                .changes
                .iter()
                .filter(|change| !granted.iter().any(|name| gives_back(change, name)))
                .filter_map(|change| Some((change, lost(start, now, change, self.role.as_deref())?)))
                .flat_map(|(change, one)| {
                    operations(change).iter().map(move |operation| (*operation, one.clone()))
                })
                .map(|(operation, one)| Break { operation, ..one })
                .collect();
            for found in found {
                if self.reported.insert((found.relation.clone(), found.operation, found.reason.clone())) {
                    step.facts.may_break_old_app.push(found);
                }
            }
        }
    }
}

/// Schemas and functions on which somebody gets privileges: who takes them from all then names those who keep
/// them.
fn granted(steps: &[Step]) -> Vec<String> {
    let grants = steps.iter().filter_map(|step| match &step.statement.as_ref()?.stmt {
        sql::Stmt::Grant(grant) if grant.grant && grant.kind != sql::ObjectKind::Table => {
            Some(&grant.objects)
        }
        _ => None,
    });
    grants.flatten().map(|name| name.name.clone()).collect()
}

fn gives_back(change: &Change, name: &str) -> bool {
    match change {
        Change::SchemaRevoked(schema, _) => schema == name,
        Change::FunctionRevoked(function, _) => function.name == name,
        _ => false,
    }
}

/// The queries that a loss may concern. Drizzle's writes read as well, for RETURNING and WHERE, and what is
/// named only in hand-written SQL may be in any query; it is noted once.
fn operations(change: &Change) -> &'static [Operation] {
    use Operation::{Delete, Insert, Select, Update, Upsert};
    let Change::PrivilegesRevoked { privileges, .. } = change else {
        return match change {
            Change::OwnerSet { .. } => &[Select, Insert, Update, Delete, Upsert],
            _ => &[Select],
        };
    };
    let words: Vec<&str> = privileges.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["insert"] => &[Insert, Upsert],
        ["update"] => &[Update, Upsert],
        ["delete"] => &[Delete],
        ["insert", "update"] | ["update", "insert"] => &[Insert, Update, Upsert],
        _ => &[Select, Insert, Update, Delete, Upsert],
    }
}

fn entry(object: &QName, sqlstate: &'static str, cause: BreakCause, reason: String) -> Break {
    Break::new(object, None, Operation::Select, Some(sqlstate), cause, reason)
}

fn lost(start: &Catalog, now: &Catalog, change: &Change, app: Option<&str>) -> Option<Break> {
    let dropped = BreakCause::ObjectDropped;
    match change {
        Change::TypeDropped { name, .. } => {
            let gone = start.find_type(Some(&name.schema), &name.name).is_some()
                && now.find_type(Some(&name.schema), &name.name).is_none();
            let reason = format!("type {name} is dropped; SQL of the old app that casts to it fails");
            gone.then(|| entry(name, "42704", dropped, reason))
        }
        Change::TypeRenamed { from, to, .. } => {
            let gone = start.find_type(Some(&from.schema), &from.name).is_some()
                && now.find_type(Some(&from.schema), &from.name).is_none();
            let reason =
                format!("type {from} is now {to}; SQL of the old app that casts to it by name fails");
            gone.then(|| entry(from, "42704", dropped, reason))
        }
        Change::FunctionDropped(name) => {
            let before = start.functions_named(name);
            // Trigger functions are called by triggers alone.
            let called = before.iter().any(|function| !function.trigger);
            // Another one may bear with the same number of arguments.
            let served = |old: &catalog::Function| {
                let takes = |new: &catalog::Function| {
                    (new.arguments.saturating_sub(new.defaults)..=new.arguments).contains(&old.arguments)
                };
                now.functions_named(name).iter().any(|new| takes(new))
            };
            let gone = called && before.iter().any(|old| !old.trigger && !served(old));
            let reason = format!("function {name} is dropped or renamed; calls of the old app fail");
            gone.then(|| entry(name, "42883", dropped, reason))
        }
        Change::RelationDropped { relation, name, kind: RelationKind::Sequence, cascade: false } => {
            let gone = start.relation(*relation).is_some() && now.slot(name).is_none();
            let reason = format!("sequence {name} is dropped; nextval of the old app fails");
            gone.then(|| entry(name, "42P01", dropped, reason))
        }
        Change::RelationRenamed { relation, from, to } => {
            let sequence = start.relation(*relation).is_some_and(|r| r.kind == RelationKind::Sequence);
            let free = start.relation(*relation).is_some_and(|r| r.owned_by.is_none());
            let gone = sequence && free && now.slot(from).is_none();
            let reason = format!("sequence {from} is now {to}; nextval of the old app fails");
            gone.then(|| entry(from, "42P01", dropped, reason))
        }
        Change::SchemaDropped(name) | Change::SchemaRenamed { from: name, .. } => {
            let gone = start.has_schema(name) && !now.has_schema(name);
            let reason =
                format!("schema {name} is dropped or renamed; whatever the old app names in it is gone");
            gone.then(|| entry(&QName::new(name.clone(), "*"), "3F000", dropped, reason))
        }
        Change::PrivilegesRevoked { roles, .. }
        | Change::SchemaRevoked(_, roles)
        | Change::FunctionRevoked(_, roles)
            if !concerns(app, roles) =>
        {
            None
        }
        Change::SchemaRevoked(schema, roles) => {
            let used = |relation: &&std::sync::Arc<catalog::Relation>| relation.name.schema == *schema;
            start.relations().find(used)?;
            let reason = format!(
                "USAGE of schema {schema} is revoked from {}: what is in it can't be named",
                roles.join(", ")
            );
            Some(entry(&QName::new(schema.clone(), "*"), "42501", BreakCause::Privilege, reason))
        }
        Change::FunctionRevoked(function, roles) => {
            let before = start.functions_named(function);
            // Triggers call theirs without asking.
            let called = before.iter().any(|function| !function.trigger);
            let reason = format!("EXECUTE of function {function} is revoked from {}", roles.join(", "));
            called.then(|| entry(function, "42501", BreakCause::Privilege, reason))
        }
        Change::OwnerSet { role, .. } if app == Some(role.as_str()) => None,
        Change::PrivilegesRevoked { relation, privileges, roles } => {
            let name = existing(start, now, *relation)?;
            let what =
                if privileges.is_empty() { "all privileges".to_owned() } else { privileges.join(", ") };
            let reason = format!("{} on {name} is revoked from {}", what, roles.join(", "));
            Some(entry(&name, "42501", BreakCause::Privilege, reason))
        }
        Change::OwnerSet { relation, role } => {
            let name = existing(start, now, *relation)?;
            let reason = format!(
                "{name} now belongs to {role}; what the old app's role could do as its owner is gone"
            );
            Some(entry(&name, "42501", BreakCause::Privilege, reason))
        }
        _ => None,
    }
}

/// The name of a relation that was there before the set and still is.
fn existing(start: &Catalog, now: &Catalog, id: RelationId) -> Option<QName> {
    let before = start.relation(id)?;
    now.relation(id).map(|_| before.name.clone())
}

/// Whether something about these roles is about the app: its role is not known, or among them, or
/// they are everybody.
pub(crate) fn concerns(app: Option<&str>, roles: &[String]) -> bool {
    app.is_none_or(|app| roles.iter().any(|role| role == app || role == "public"))
}
