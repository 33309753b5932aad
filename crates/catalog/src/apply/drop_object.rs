//! Dropping types and functions, and what uses them.

use super::Step;
use super::drop::{columns_where, remove_constraint, remove_defaults, remove_relation};
use crate::{Change, ConstraintKind, QName, Relation, RelationId, TypeId};
use sql::{Drop, DropObject};

pub(super) fn drop_type(step: &mut Step<'_>, drop: &Drop, object: &DropObject) {
    let Some(found) = step.catalog.find_type(object.name.schema.as_deref(), &object.name.name).cloned()
    else {
        if !drop.if_exists {
            step.missing("42704", format!("type {} does not exist", object.name), Some(object.name.span));
        }
        return;
    };
    let columns = step.catalog.columns_of_type(found.id);
    if !drop.cascade
        && let Some((table, column)) = columns.first()
    {
        let table = step.relation(*table).map(|table| table.name.to_string()).unwrap_or_default();
        let message = format!(
            "column {}.{} is of type {}; DROP without CASCADE is refused",
            table, column.name, found.name
        );
        step.refuse("2BP01", message, Some(object.name.span));
        return;
    }
    remove_type(step, found.id);
}

pub(super) fn remove_type(step: &mut Step<'_>, id: TypeId) {
    for (table, column) in step.catalog.columns_of_type(id) {
        super::drop_column::remove_column(step, table, column.id, true);
    }
    let viewers: Vec<RelationId> = step
        .catalog
        .relations()
        .filter(|r| r.view.as_ref().is_some_and(|view| view.types.contains(&id)))
        .map(|r| r.id)
        .collect();
    for viewer in viewers {
        remove_relation(step, viewer, true);
    }
    if let Some(found) = step.catalog.types.remove(&id) {
        step.catalog.type_names.remove(&found.name);
        if let crate::UserTypeKind::Composite(row) = found.kind
            && let Some(row) = step.catalog.relations.remove(&row)
        {
            step.catalog.names.remove(&row.name);
        }
        step.change(Change::TypeDropped { ty: id, name: found.name.clone() });
    }
}

pub(super) fn drop_function(step: &mut Step<'_>, drop: &Drop, object: &DropObject) {
    let Some(name) = step.catalog.find_functions(&object.name).first().map(|f| f.name.clone()) else {
        if !drop.if_exists {
            step.missing("42883", format!("function {} does not exist", object.name), Some(object.name.span));
        }
        return;
    };
    let arguments = object.arguments.as_ref().map(Vec::len);
    let all = step.catalog.functions_named(&name).to_vec();
    let left: Vec<_> = all.iter().filter(|f| arguments.is_some_and(|n| f.arguments != n)).cloned().collect();
    if !left.is_empty() {
        step.catalog.functions.insert(name, left);
        return;
    }
    let user = step.catalog.relations().find_map(|r| Some((caller(step, r, &name)?, r.name.clone())));
    if let (false, Some((what, user))) = (drop.cascade, user) {
        let message = format!("{what} of {user} calls {name}; DROP without CASCADE is refused");
        step.refuse("2BP01", message, Some(object.name.span));
        return;
    }
    remove_function(step, &name);
}

/// Whether an expression calls a function of the history.
fn calls(step: &Step<'_>, expr: &sql::Expr, name: &QName) -> bool {
    let mut called = expr.uses.functions.iter().filter(|call| call.name.name == name.name);
    called
        .any(|call| step.catalog.find_functions(&call.name).first().is_some_and(|found| found.name == *name))
}

/// What of a relation calls a function, so that the function can't go without it.
fn caller(step: &Step<'_>, relation: &Relation, name: &QName) -> Option<&'static str> {
    let called = |expr: &sql::Expr| calls(step, expr, name);
    if relation.triggers.iter().any(|trigger| trigger.function == *name) {
        return Some("a trigger");
    }
    if relation.policies.iter().any(|policy| policy.functions.contains(name)) {
        return Some("a policy");
    }
    if relation.view.as_ref().is_some_and(|view| view.functions.contains(name)) {
        return Some("the query");
    }
    if relation.columns.iter().any(|column| column.default.as_ref().is_some_and(|default| called(default))) {
        return Some("a default");
    }
    if relation.columns.iter().any(|column| column.generated.as_ref().is_some_and(|g| called(&g.expr))) {
        return Some("a generated column");
    }
    let check = |c: &crate::Constraint| matches!(&c.kind, ConstraintKind::Check { expr, .. } if called(expr));
    relation.constraints.iter().any(check).then_some("a CHECK")
}

/// Takes out the columns, defaults, CHECKs and views that call a function.
fn remove_callers(step: &mut Step<'_>, name: &QName) {
    let defaults =
        columns_where(step, |c| c.default.as_ref().is_some_and(|default| calls(step, default, name)));
    let generated = columns_where(step, |c| c.generated.as_ref().is_some_and(|g| calls(step, &g.expr, name)));
    let mut checks = Vec::new();
    let mut views = Vec::new();
    for relation in step.catalog.relations() {
        if relation.view.as_ref().is_some_and(|view| view.functions.contains(name)) {
            views.push(relation.id);
        }
        for constraint in &relation.constraints {
            if matches!(&constraint.kind, ConstraintKind::Check { expr, .. } if calls(step, expr, name)) {
                checks.push((relation.id, constraint.name.clone()));
            }
        }
    }
    remove_defaults(step, defaults);
    for (table, column) in generated {
        super::drop_column::remove_column(step, table, column, true);
    }
    for (table, check) in checks {
        remove_constraint(step, table, &check, true);
    }
    for view in views {
        remove_relation(step, view, true);
    }
}

pub(super) fn remove_function(step: &mut Step<'_>, name: &QName) {
    remove_callers(step, name);
    let users: Vec<RelationId> = step
        .catalog
        .relations()
        .filter(|r| {
            r.triggers.iter().any(|t| t.function == *name)
                || r.policies.iter().any(|p| p.functions.contains(name))
        })
        .map(|r| r.id)
        .collect();
    for id in users {
        let Some(relation) = step.relation(id) else { continue };
        for trigger in relation.triggers.iter().filter(|trigger| trigger.function == *name) {
            step.change(Change::TriggerDropped { relation: id, name: trigger.name.clone() });
        }
        for policy in relation.policies.iter().filter(|policy| policy.functions.contains(name)) {
            step.change(Change::PolicyDropped { relation: id, policy: Box::new(policy.clone()) });
        }
        if let Some(relation) = step.relation_mut(id) {
            relation.triggers.retain(|trigger| trigger.function != *name);
            relation.policies.retain(|policy| !policy.functions.contains(name));
        }
    }
    step.catalog.functions.remove(name);
    step.change(Change::FunctionDropped(name.clone()));
}
