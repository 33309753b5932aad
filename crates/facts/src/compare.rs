//! Compares what an app declares (a snapshot) with a replayed schema.
//!
//! Neither is trusted alone: a snapshot does not see hand-written SQL, and a replay does not see
//! what was done to the database by hand.

use crate::analysis::JudgedSet;
use crate::app::{App, AppColumn};
use crate::breaks::find;
use catalog::{Catalog, Column, QName, RelationKind, Type, TypeRef, format_type};
use std::sync::Arc;

/// One difference between a declaration and a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The relation.
    pub relation: QName,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Declared, and not in the schema.
    OnlyDeclared,
    /// In the schema, in a relation that is declared, and not declared itself.
    OnlyReplayed,
    /// Another type: declared, replayed.
    Type(String, String),
    /// NOT NULL on one side only; true where it is declared.
    NotNull(bool),
}

/// Differences between what a new app declares and what a set leaves, without those that were there
/// before. Looks only at relations whose declaration or schema the set changed. Nothing where a
/// snapshot is missing on either side: then nobody knows since when.
pub fn new_differences(judged: &JudgedSet) -> Vec<Difference> {
    let snapshots =
        judged.new_app.as_ref().and_then(|app| app.as_snapshot()).zip(judged.old_app().as_snapshot());
    let Some((new, old)) = snapshots else { return Vec::new() };
    if new.stand_in || old.stand_in {
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in new.relation_names() {
        let (before, after) = (find(&judged.start, &name), find(&judged.end, &name));
        let untouched = match (before, after) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        if untouched && old.relation(&name) == new.relation(&name) {
            continue;
        }
        let known = differences_of(old, &judged.start, &name);
        let fresh = |one: &Difference| {
            !known
                .iter()
                .any(|old| (old.column == one.column || old.column.is_none()) && old.kind == one.kind)
        };
        // A snapshot may be older than the code, which knows better what it declares.
        let declared = |one: &Difference| {
            one.kind != DifferenceKind::OnlyDeclared
                || judged.new_app.as_ref().is_some_and(|app| app.knows(one))
        };
        // What waits for a later deploy brings types and NOT NULL in line; what the new app names, it needs now.
        let later = judged.settled.as_ref().map(|settled| differences_of(new, settled, &name));
        let stays = |one: &Difference| {
            let kept = later.as_ref().is_none_or(|later| later.contains(one));
            kept || matches!(one.kind, DifferenceKind::OnlyDeclared | DifferenceKind::OnlyReplayed)
        };
        let now = differences_of(new, &judged.end, &name).into_iter();
        found.extend(now.filter(fresh).filter(declared).filter(stays));
    }
    found
}

/// Every difference in tables, views and columns, in the order of the declaration.
pub fn differences(declared: &App, schema: &Catalog) -> Vec<Difference> {
    declared.relation_names().iter().flat_map(|name| differences_of(declared, schema, name)).collect()
}

fn differences_of(declared: &App, schema: &Catalog, name: &QName) -> Vec<Difference> {
    let mut found = Vec::new();
    let Some(relation) = declared.relation(name) else { return found };
    let mut note = |column: Option<&str>, kind| {
        found.push(Difference { relation: name.clone(), column: column.map(str::to_owned), kind });
    };
    let Some(actual) = find(schema, name) else {
        note(None, DifferenceKind::OnlyDeclared);
        return found;
    };
    // What a view gives is not compared column by column: snapshots from 8 on don't say it.
    if relation.view || matches!(actual.kind, RelationKind::View | RelationKind::MaterializedView) {
        return found;
    }
    for column in &relation.columns {
        match actual.column(&column.name) {
            None => note(Some(&column.name), DifferenceKind::OnlyDeclared),
            Some(there) => {
                if let Some(kind) = column_difference(schema, column, there) {
                    note(Some(&column.name), kind);
                }
            }
        }
    }
    for column in &actual.columns {
        if !relation.columns.iter().any(|declared| declared.name == column.name) {
            note(Some(&column.name), DifferenceKind::OnlyReplayed);
        }
    }
    found
}

fn column_difference(schema: &Catalog, declared: &AppColumn, actual: &Column) -> Option<DifferenceKind> {
    if declared.not_null != actual.not_null {
        return Some(DifferenceKind::NotNull(declared.not_null));
    }
    let written = sql::parse_type(&declared.sql_type)?;
    let wanted = catalog::resolve_type(schema, &written);
    let known = |ty: &Type| !matches!(ty.base, TypeRef::Unknown(_));
    // A user type may be written without its schema; its name is what counts.
    let alike = named(schema, &wanted).is_some_and(|name| Some(name) == named(schema, &actual.ty));
    let same = wanted == actual.ty || alike;
    (known(&wanted) && known(&actual.ty) && !same)
        .then(|| DifferenceKind::Type(declared.sql_type.clone(), format_type(schema, &actual.ty)))
}

fn named(schema: &Catalog, ty: &Type) -> Option<(String, bool)> {
    match ty.base {
        TypeRef::User(id) => Some((schema.user_type(id)?.name.name.clone(), ty.array)),
        _ => None,
    }
}
