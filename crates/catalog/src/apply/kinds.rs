//! Enums, domains and composite types.

use super::{Step, column, relation};
use crate::model::{DomainCheck, Type, UserType, UserTypeKind};
use crate::{Change, QName, RelationId, TypeId, resolve_type};
use sql::{
    AlterDomain, AlterEnum, CreateDomain, CreateType, DomainChange, EnumChange, Persistence, TypeKind,
};
use std::sync::Arc;

fn insert(step: &mut Step<'_>, name: &sql::Name, kind: UserTypeKind) -> Option<TypeId> {
    let qname = step.catalog.creation_name(name, false);
    if step.catalog.type_names.contains_key(&qname) {
        step.refuse("42710", format!("type {qname} already exists"), Some(name.span));
        return None;
    }
    let id = TypeId(step.next_id());
    step.catalog.type_names.insert(qname.clone(), id);
    step.catalog.types.insert(id, Arc::new(UserType { id, name: qname, kind }));
    step.change(Change::TypeCreated(id));
    Some(id)
}

fn type_mut<'a>(step: &'a mut Step<'_>, id: TypeId) -> Option<&'a mut UserType> {
    step.catalog.types.get_mut(&id).map(Arc::make_mut)
}

fn missing(step: &mut Step<'_>, name: &sql::Name) {
    step.missing("42704", format!("type {name} does not exist"), Some(name.span));
}

pub(super) fn create_type(step: &mut Step<'_>, create: &CreateType) {
    let kind = match &create.kind {
        TypeKind::Enum(values) => UserTypeKind::Enum(values.iter().map(|value| value.text.clone()).collect()),
        TypeKind::Range => UserTypeKind::Range,
        TypeKind::Base => UserTypeKind::Base,
        TypeKind::Composite(columns) => {
            let qname = step.catalog.creation_name(&create.name, false);
            if step.catalog.names.contains_key(&qname) {
                step.refuse("42P07", format!("relation {qname} already exists"), Some(create.name.span));
                return;
            }
            let id = RelationId(step.next_id());
            let row = relation::empty(id, qname, crate::RelationKind::Composite, Persistence::Permanent);
            relation::insert(step, row);
            for definition in columns {
                column::add(step, id, definition, false);
            }
            step.out.changes.clear();
            UserTypeKind::Composite(id)
        }
    };
    insert(step, &create.name, kind);
}

pub(super) fn create_domain(step: &mut Step<'_>, create: &CreateDomain) {
    let base = resolve_type(step.catalog, &create.base);
    let checks = create.checks.iter().enumerate().map(|(n, (name, expr))| {
        let numbered = if n == 0 { String::new() } else { n.to_string() };
        let chosen = format!("{}_check{numbered}", create.name.name);
        let name = name.as_ref().map_or(chosen, |name| name.text.clone());
        DomainCheck { name, expr: Arc::new(expr.clone()), validated: true }
    });
    let kind = UserTypeKind::Domain {
        base,
        constrained: create.not_null || !create.checks.is_empty(),
        not_null: create.not_null,
        checks: checks.collect(),
        default: create.default.clone().map(Arc::new),
    };
    insert(step, &create.name, kind);
}

pub(super) fn alter_enum(step: &mut Step<'_>, alter: &AlterEnum) {
    let Some(found) = step.catalog.find_type(alter.name.schema.as_deref(), &alter.name.name).cloned() else {
        missing(step, &alter.name);
        return;
    };
    let UserTypeKind::Enum(values) = &found.kind else {
        step.refuse("42809", format!("{} is not an enum", found.name), Some(alter.name.span));
        return;
    };
    let mut values = values.clone();
    let change = match &alter.change {
        EnumChange::Add { value, neighbour, after, if_not_exists } => {
            if values.contains(&value.text) {
                if !if_not_exists {
                    let message = format!("enum {} already has the value {}", found.name, value.text);
                    step.refuse("42710", message, Some(value.span));
                }
                return;
            }
            let place = neighbour.as_ref().and_then(|near| values.iter().position(|v| v == near));
            let at = place.map_or(values.len(), |at| if *after { at + 1 } else { at });
            values.insert(at, value.text.clone());
            Change::EnumValueAdded { ty: found.id, value: value.text.clone() }
        }
        EnumChange::Rename { from, to } => {
            let Some(at) = values.iter().position(|value| *value == from.text) else {
                let message = format!("enum {} has no value {}", found.name, from.text);
                step.missing("22023", message, Some(from.span));
                return;
            };
            values[at].clone_from(&to.text);
            Change::EnumValueRenamed { ty: found.id, from: from.text.clone(), to: to.text.clone() }
        }
    };
    if let Some(found) = type_mut(step, found.id) {
        found.kind = UserTypeKind::Enum(values);
    }
    step.change(change);
}

pub(super) fn alter_domain(step: &mut Step<'_>, alter: &AlterDomain) {
    let Some(found) = step.catalog.find_type(alter.name.schema.as_deref(), &alter.name.name).cloned() else {
        missing(step, &alter.name);
        return;
    };
    let UserTypeKind::Domain { base, not_null, checks, default, .. } = &found.kind else {
        step.refuse("42809", format!("{} is not a domain", found.name), Some(alter.name.span));
        return;
    };
    let (mut not_null, mut checks, mut default) = (*not_null, checks.clone(), default.clone());
    let base: Type = base.clone();
    let mut constrained_now = None;
    match &alter.change {
        DomainChange::Default(expr) => default = expr.clone().map(Arc::new),
        DomainChange::NotNull(set) => {
            not_null = *set;
            constrained_now = set.then_some(true);
        }
        DomainChange::AddCheck { name, not_valid, expr } => {
            let name =
                name.as_ref().map_or_else(|| format!("{}_check", found.name.name), |name| name.text.clone());
            checks.push(DomainCheck { name, expr: Arc::new(expr.clone()), validated: !not_valid });
            constrained_now = Some(!not_valid);
        }
        DomainChange::DropConstraint { name } => checks.retain(|check| check.name != name.text),
        DomainChange::Validate { name } => {
            if let Some(check) = checks.iter_mut().find(|check| check.name == name.text) {
                check.validated = true;
            }
            constrained_now = Some(true);
        }
    }
    let constrained = not_null || !checks.is_empty();
    if let Some(domain) = type_mut(step, found.id) {
        domain.kind = UserTypeKind::Domain { base, constrained, not_null, checks, default };
    }
    if let Some(validated) = constrained_now {
        step.change(Change::DomainConstrained { ty: found.id, validated });
    }
}

/// Gives a type another name or schema.
pub(super) fn rename_type(step: &mut Step<'_>, id: TypeId, to: QName) {
    let Some(found) = step.catalog.types.get(&id).cloned() else { return };
    step.catalog.type_names.remove(&found.name);
    step.catalog.type_names.insert(to.clone(), id);
    if let Some(found) = type_mut(step, id) {
        found.name = to.clone();
    }
    step.change(Change::TypeRenamed { ty: id, from: found.name.clone(), to });
}
