//! Statements that name objects of any kind: DROP, RENAME, SET SCHEMA, OWNER TO, COMMENT.

use super::names::{object_kind, role, strings};
use super::{Lower, other};
use crate::ast::{Comment, Drop, DropObject, Name, ObjectKind, Rename, SetOwner, SetSchema, Stmt};
use pg_raw_parse::{Node, nodes, raw};
use raw::ObjectType as Type;

/// `DROP`.
pub(super) fn drop(lower: &Lower<'_>, node: &nodes::DropStmt) -> Stmt {
    let kind = object_kind(node.remove_type);
    let cascade = node.behavior == raw::DropBehavior::DROP_CASCADE;
    if kind == ObjectKind::Other {
        return other::drop(node.remove_type, cascade);
    }
    // DROP and the kind, which is two words for these.
    let mut at = match kind {
        ObjectKind::MaterializedView | ObjectKind::ForeignTable => 3,
        _ => 2,
    };
    let mut objects = Vec::with_capacity(node.objects().len());
    for object in node.objects() {
        let (object, next) = match (kind, object) {
            (ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule, Node::NodeList(list)) => {
                let parts: Vec<&str> = strings(list).collect();
                part_of(lower, &parts, at)
            }
            (_, object) => {
                let (name, next, arguments) = lower.object(object, at);
                (DropObject { name, part: None, arguments }, next)
            }
        };
        objects.push(object);
        at = next;
    }
    Stmt::Drop(Drop { kind, objects, if_exists: node.missing_ok, cascade, concurrently: node.concurrent })
}

/// `part ON relation`: the list has the relation first, the text has it last.
fn part_of(lower: &Lower<'_>, parts: &[&str], from: usize) -> (DropObject, usize) {
    let Some((part, relation)) = parts.split_last() else {
        return (DropObject { name: lower.unknown_name(), part: None, arguments: None }, from);
    };
    let (part, after) = lower.ident_and_next(part, from);
    let relation = &relation[relation.len().saturating_sub(2)..];
    let on = lower.find_word("on", after, usize::MAX).unwrap_or(after);
    let (name, next) = lower.name_and_next(relation, on);
    (DropObject { name, part: Some(part), arguments: None }, next)
}

/// `ALTER .. RENAME`.
pub(super) fn rename(lower: &Lower<'_>, node: &nodes::RenameStmt) -> Stmt {
    let kind = object_kind(node.rename_type);
    if kind == ObjectKind::Other {
        return other::altered(node.rename_type);
    }
    let relation_kind = match node.rename_type {
        Type::OBJECT_ATTRIBUTE => ObjectKind::CompositeType,
        Type::OBJECT_COLUMN => object_kind(node.relation_type),
        Type::OBJECT_DOMCONSTRAINT => ObjectKind::Domain,
        Type::OBJECT_TABCONSTRAINT | Type::OBJECT_TRIGGER | Type::OBJECT_POLICY | Type::OBJECT_RULE => {
            ObjectKind::Table
        }
        _ => kind,
    };
    let mut arguments = None;
    let mut name = lower.unknown_name();
    let mut part = None;
    if let Some(relation) = node.relation() {
        name = lower.relation(Some(relation));
        let after = lower.after(Some(relation.location));
        if let Some(text) = node.subname() {
            // Triggers, policies and rules are named before the relation.
            let before = matches!(kind, ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule);
            part = Some(lower.ident(Some(text), if before { 2 } else { after }));
        }
    } else if !matches!(node.object(), Node::None) {
        let after;
        (name, after, arguments) = lower.object(node.object(), 2);
        part = node.subname().map(|text| lower.ident(Some(text), after));
    } else if let Some(text) = node.subname() {
        (name, _) = lower.name_and_next(&[text], 2);
    }
    Stmt::Rename(Rename {
        kind,
        relation_kind,
        name,
        part,
        to: lower.last_ident(node.newname().unwrap_or_default()),
        if_exists: node.missing_ok,
        arguments,
    })
}

/// A relation, or an object named in another way.
fn named(lower: &Lower<'_>, relation: Option<&nodes::RangeVar>, object: Node<'_>) -> Name {
    match relation {
        Some(relation) => lower.relation(Some(relation)),
        None => lower.object(object, 2).0,
    }
}

/// `ALTER .. SET SCHEMA`.
pub(super) fn set_schema(lower: &Lower<'_>, node: &nodes::AlterObjectSchemaStmt) -> Stmt {
    let kind = object_kind(node.object_type);
    if kind == ObjectKind::Other {
        return other::altered(node.object_type);
    }
    Stmt::SetSchema(SetSchema {
        kind,
        name: named(lower, node.relation(), node.object()),
        schema: lower.last_ident(node.newschema().unwrap_or_default()),
        if_exists: node.missing_ok,
    })
}

/// `ALTER .. OWNER TO`.
pub(super) fn set_owner(lower: &Lower<'_>, node: &nodes::AlterOwnerStmt) -> Stmt {
    if object_kind(node.object_type) == ObjectKind::Other {
        return other::altered(node.object_type);
    }
    Stmt::SetOwner(SetOwner {
        kind: object_kind(node.object_type),
        name: named(lower, node.relation(), node.object()),
        role: role(node.newowner()),
    })
}

/// `COMMENT ON`.
pub(super) fn comment(lower: &Lower<'_>, node: &nodes::CommentStmt) -> Stmt {
    let kind = object_kind(node.objtype);
    let (name, part) = match (kind, node.object()) {
        (ObjectKind::Other, _) => (None, None),
        (ObjectKind::Column, Node::NodeList(list)) => {
            let parts: Vec<&str> = strings(list).collect();
            match parts.split_last() {
                Some((column, relation)) => {
                    let (name, after) = lower.name_and_next(&relation[relation.len().saturating_sub(2)..], 3);
                    (Some(name), Some(lower.ident(Some(column), after)))
                }
                None => (None, None),
            }
        }
        (
            ObjectKind::TableConstraint | ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule,
            Node::NodeList(list),
        ) => {
            let parts: Vec<&str> = strings(list).collect();
            let (object, _) = part_of(lower, &parts, 3);
            (Some(object.name), object.part)
        }
        (ObjectKind::DomainConstraint, Node::NodeList(list)) => {
            let part = strings(list).last().map(|name| lower.ident(Some(name), 3));
            (list.first().map(|domain| lower.object(domain, 3).0), part)
        }
        (ObjectKind::MaterializedView | ObjectKind::ForeignTable, object) => {
            (Some(lower.object(object, 4).0), None)
        }
        (_, object) => (Some(lower.object(object, 3).0), None),
    };
    Stmt::Comment(Comment { kind, name, part })
}
