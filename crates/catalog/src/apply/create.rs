//! Views, indexes, sequences, schemas, functions, triggers, policies and rules.

use super::{Step, relation};
use crate::model::{Column, Function, Policy, Relation, RelationKind, Slot, Trigger, Type, TypeRef, View};
use crate::query::resolve_over;
use crate::{Change, ColumnId, QName, RelationId, names, output_columns, resolve};
use sql::{
    AlterPolicy, AlterSequence, CreateFunction, CreatePolicy, CreateRule, CreateSchema, CreateSequence,
    CreateTableAs, CreateTrigger, CreateView, Persistence, Query,
};
use std::sync::Arc;

pub(super) fn create_table_as(step: &mut Step<'_>, create: &CreateTableAs) {
    let Some(name) = relation::free_name(step, &create.name, create.persistence, create.if_not_exists) else {
        return;
    };
    let kind = if create.materialized { RelationKind::MaterializedView } else { RelationKind::Table };
    let id = RelationId(step.next_id());
    let mut made = relation::empty(id, name, kind, create.persistence);
    columns_of(step, &mut made, &create.query, &create.columns);
    made.populated = !create.no_data;
    if create.materialized {
        made.text = Some(Arc::from(create.text.as_str()));
        made.view = Some(view_of(step, &create.query));
    }
    let uses = made.view.as_ref().map(|view| view.uses.clone()).unwrap_or_default();
    relation::insert(step, made);
    register_viewer(step, id, &uses);
}

pub(super) fn create_view(step: &mut Step<'_>, create: &CreateView) {
    let existing = step.catalog.find_relation(&create.name).cloned();
    if let (true, Some(existing)) = (create.replace, existing) {
        let mut replaced = (*existing).clone();
        replaced.columns.clear();
        replaced.next_column = 1;
        columns_of(step, &mut replaced, &create.query, &create.columns);
        let view = view_of(step, &create.query);
        register_viewer(step, existing.id, &view.uses);
        replaced.view = Some(view);
        replaced.text = Some(Arc::from(create.text.as_str()));
        let lost: Vec<String> = existing
            .columns
            .iter()
            .filter(|column| replaced.column(&column.name).is_none())
            .map(|column| column.name.clone())
            .collect();
        if !lost.is_empty() && !replaced.columns.is_empty() {
            let message = format!(
                "CREATE OR REPLACE VIEW can't take column {} away from {}",
                lost.join(", "),
                existing.name
            );
            step.refuse("42P16", message, Some(create.name.span));
        } else if let Some(message) = other_columns(&existing, &replaced) {
            step.refuse("42P16", message, Some(create.name.span));
        }
        step.catalog.relations.insert(existing.id, Arc::new(replaced));
        step.change(Change::ViewReplaced { relation: existing.id, lost });
        return;
    }
    let Some(name) = relation::free_name(step, &create.name, create.persistence, false) else { return };
    let id = RelationId(step.next_id());
    let mut made = relation::empty(id, name, RelationKind::View, create.persistence);
    columns_of(step, &mut made, &create.query, &create.columns);
    let view = view_of(step, &create.query);
    let uses = view.uses.clone();
    made.view = Some(view);
    made.text = Some(Arc::from(create.text.as_str()));
    relation::insert(step, made);
    register_viewer(step, id, &uses);
}

/// What CREATE OR REPLACE VIEW refuses: columns keep their places, names and types, and new ones come last
/// (checkViewColumns in view.c).
fn other_columns(existing: &Relation, replaced: &Relation) -> Option<String> {
    let name = &existing.name;
    let known = |column: &Column| !matches!(column.ty.base, TypeRef::Unknown(_));
    existing.columns.iter().zip(&replaced.columns).find_map(|(old, new)| {
        if old.name != new.name {
            return Some(format!(
                "CREATE OR REPLACE VIEW can't put column {} of {name} in the place of {}",
                new.name, old.name
            ));
        }
        let retyped = known(old) && known(new) && old.ty != new.ty;
        retyped
            .then(|| format!("CREATE OR REPLACE VIEW can't change the type of column {} of {name}", old.name))
    })
}

fn columns_of(step: &Step<'_>, made: &mut crate::Relation, query: &Query, names: &[String]) {
    for (n, (name, ty)) in output_columns(step.catalog, query).into_iter().enumerate() {
        let unknown = || Type {
            base: TypeRef::Unknown("the type of an expression".to_owned()),
            modifiers: Vec::new(),
            array: false,
        };
        made.columns.push(Arc::new(Column {
            id: ColumnId(made.next_column),
            name: names.get(n).cloned().unwrap_or(name),
            ty: ty.unwrap_or_else(unknown),
            not_null: false,
            not_null_name: None,
            default: None,
            identity: None,
            generated: None,
            collation: None,
            inherited: false,
        }));
        made.next_column += 1;
    }
}

fn view_of(step: &mut Step<'_>, query: &Query) -> View {
    let resolved = resolve(step.catalog, query);
    for name in &resolved.missing {
        let system = matches!(name.schema.as_deref(), Some("pg_catalog" | "information_schema"))
            || (name.schema.is_none() && name.name.starts_with("pg_"));
        if !system {
            step.missing_relation(name);
        }
    }
    View {
        query: Arc::new(query.clone()),
        uses: resolved.uses,
        types: resolved.types,
        functions: resolved.functions,
    }
}

fn register_viewer(step: &mut Step<'_>, viewer: RelationId, uses: &[(RelationId, Option<ColumnId>)]) {
    for (used, _) in uses {
        if let Some(used) = step.relation_mut(*used)
            && !used.viewed_by.contains(&viewer)
        {
            used.viewed_by.push(viewer);
        }
    }
}

pub(super) fn create_sequence(step: &mut Step<'_>, create: &CreateSequence) {
    let Some(name) = relation::free_name(step, &create.name, create.persistence, create.if_not_exists) else {
        return;
    };
    let owner = create.owned_by.as_ref().and_then(|(table, column)| owner(step, table, column));
    let id = insert_sequence(step, name, create.persistence, owner);
    if let Some(sequence) = step.relation_mut(id) {
        sequence.text = Some(Arc::from(create.text.as_str()));
    }
}

pub(super) fn insert_sequence(
    step: &mut Step<'_>,
    name: QName,
    persistence: Persistence,
    owned_by: Option<(RelationId, ColumnId)>,
) -> RelationId {
    let id = RelationId(step.next_id());
    relation::insert(step, relation::empty(id, name, RelationKind::Sequence, persistence));
    step.catalog.set_owner(id, owned_by);
    id
}

fn owner(step: &mut Step<'_>, table: &sql::Name, column: &str) -> Option<(RelationId, ColumnId)> {
    let Some(table) = step.catalog.find_relation(table) else {
        step.missing_relation(table);
        return None;
    };
    table.column(column).map(|column| (table.id, column.id))
}

pub(super) fn alter_sequence(step: &mut Step<'_>, alter: &AlterSequence) {
    let Some(id) = step.catalog.find_relation(&alter.name).map(|relation| relation.id) else {
        if !alter.if_exists {
            step.missing_relation(&alter.name);
        }
        return;
    };
    if let Some(owned_by) = &alter.owned_by {
        let owned_by = owned_by.as_ref().and_then(|(table, column)| owner(step, table, column));
        step.catalog.set_owner(id, owned_by);
    } else if let Some(sequence) = step.relation_mut(id) {
        // It counts in another way from here on.
        sequence.text = None;
    }
}

pub(super) fn create_schema(step: &mut Step<'_>, create: &CreateSchema) {
    if step.catalog.has_schema(&create.name.text) {
        if !create.if_not_exists {
            let message = format!("schema {} already exists", create.name.text);
            step.refuse("42P06", message, Some(create.name.span));
        }
        return;
    }
    step.catalog.schemas.insert(create.name.text.clone());
    step.change(Change::SchemaCreated(create.name.text.clone()));
}

pub(super) fn create_function(step: &mut Step<'_>, create: &CreateFunction) {
    let name = step.catalog.creation_name(&create.name, false);
    let function = Function {
        name: name.clone(),
        arguments: create.arguments.len(),
        defaults: create.defaults,
        volatility: create.volatility,
        language: create.language.clone(),
        body: create.body.as_ref().map(|(text, _)| Arc::from(text.as_str())),
        trigger: create.returns.as_ref().is_some_and(|ty| ty.name == "trigger"),
        procedure: create.procedure,
        text: Arc::from(create.text.as_str()),
    };
    let mut all = step.catalog.functions.get(&name).cloned().unwrap_or_default();
    all.retain(|other| other.arguments != function.arguments);
    all.push(Arc::new(function));
    step.catalog.functions.insert(name.clone(), all);
    step.change(Change::FunctionCreated(name));
}

pub(super) fn create_trigger(step: &mut Step<'_>, create: &CreateTrigger) {
    let Some(table) = step.catalog.find_relation(&create.table).cloned() else {
        step.missing_relation(&create.table);
        return;
    };
    let exists = table.triggers.iter().any(|trigger| trigger.name == create.name.text);
    if exists && !create.replace {
        let message = format!("trigger {} of {} already exists", create.name.text, table.name);
        step.refuse("42710", message, Some(create.name.span));
        return;
    }
    let found = step.catalog.find_functions(&create.function).first().map(|f| f.name.clone());
    let function = found.unwrap_or_else(|| step.catalog.creation_name(&create.function, false));
    let mut columns: Vec<ColumnId> =
        create.columns.iter().filter_map(|name| table.column(name)).map(|column| column.id).collect();
    for column in create.condition.iter().flat_map(|condition| &condition.uses.columns) {
        columns.extend(column.name.as_ref().and_then(|name| table.column(name)).map(|column| column.id));
    }
    let trigger = Trigger {
        name: create.name.text.clone(),
        function,
        events: create.events.clone(),
        columns,
        before: create.before,
        condition: create.condition.clone().map(Arc::new),
        enabled: true,
        text: Arc::from(create.text.as_str()),
    };
    if let Some(table) = step.relation_mut(table.id) {
        table.triggers.retain(|other| other.name != trigger.name);
        table.triggers.push(trigger);
    }
    step.change(Change::TriggerCreated { relation: table.id, name: create.name.text.clone() });
}

pub(super) fn create_policy(step: &mut Step<'_>, create: &CreatePolicy) {
    let Some(table) = step.catalog.find_relation(&create.table).cloned() else {
        step.missing_relation(&create.table);
        return;
    };
    if table.policies.iter().any(|policy| policy.name == create.name.text) {
        let message = format!("policy {} of {} already exists", create.name.text, table.name);
        step.refuse("42710", message, Some(create.name.span));
        return;
    }
    let mut policy = Policy {
        name: create.name.text.clone(),
        command: create.command.clone(),
        roles: create.roles.clone(),
        permissive: create.permissive,
        using: create.using.clone().map(Arc::new),
        with_check: create.with_check.clone().map(Arc::new),
        columns: Vec::new(),
        reads: Vec::new(),
        functions: Vec::new(),
    };
    policy_uses(step, table.id, &mut policy, create.using.iter().chain(&create.with_check));
    set_policy(step, table.id, policy);
}

pub(super) fn alter_policy(step: &mut Step<'_>, alter: &AlterPolicy) {
    let Some(table) = step.catalog.find_relation(&alter.table).cloned() else {
        step.missing_relation(&alter.table);
        return;
    };
    let Some(policy) = table.policies.iter().find(|policy| policy.name == alter.name.text) else {
        let message = format!("policy {} of {} does not exist", alter.name.text, table.name);
        step.missing("42704", message, Some(alter.name.span));
        return;
    };
    let mut policy = policy.clone();
    if let Some(roles) = &alter.roles {
        policy.roles.clone_from(roles);
    }
    if let Some(using) = &alter.using {
        policy.using = Some(Arc::new(using.clone()));
    }
    if let Some(with_check) = &alter.with_check {
        policy.with_check = Some(Arc::new(with_check.clone()));
    }
    policy_uses(step, table.id, &mut policy, alter.using.iter().chain(&alter.with_check));
    set_policy(step, table.id, policy);
}

fn policy_uses<'e>(
    step: &Step<'_>,
    table: RelationId,
    policy: &mut Policy,
    expressions: impl Iterator<Item = &'e sql::Expr>,
) {
    for expr in expressions {
        let resolved = resolve_over(step.catalog, table, expr);
        for (relation, column) in resolved.uses {
            match column {
                Some(column) if relation == table => policy.columns.push(column),
                _ if relation != table && !policy.reads.contains(&relation) => policy.reads.push(relation),
                _ => {}
            }
        }
        policy.functions.extend(resolved.functions);
    }
}

fn set_policy(step: &mut Step<'_>, table: RelationId, policy: Policy) {
    if let Some(table) = step.relation_mut(table) {
        table.policies.retain(|other| other.name != policy.name);
        table.policies.push(policy.clone());
    }
    step.change(Change::PolicySet { relation: table, policy: Box::new(policy) });
}

pub(super) fn create_rule(step: &mut Step<'_>, create: &CreateRule) {
    match step.catalog.find_relation(&create.table).map(|relation| relation.id) {
        Some(id) => {
            if let Some(relation) = step.relation_mut(id)
                && !relation.rules.contains(&create.name.text)
            {
                relation.rules.push(create.name.text.clone());
            }
        }
        None => step.missing_relation(&create.table),
    }
}

/// Moves what is registered at one name to another.
pub(super) fn move_name(step: &mut Step<'_>, from: &QName, to: QName, slot: Slot) {
    step.catalog.names.remove(from);
    step.catalog.names.insert(Arc::new(to), slot);
}

/// Cut to 63 bytes, as Postgres stores it.
pub(super) fn stored(name: &str) -> String {
    names::truncated(name).to_owned()
}
