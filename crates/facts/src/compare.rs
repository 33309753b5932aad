//! Compares what an app declares (a snapshot) with a replayed schema.
//!
//! Neither is trusted alone: a snapshot does not see hand-written SQL, and a replay does not see
//! what was done to the database by hand.

use crate::app::{App, AppColumn};
use catalog::{Catalog, Column, QName, RelationKind, Type, TypeRef, format_type};

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

/// Every difference in tables, views and columns, in the order of the declaration.
pub fn differences(declared: &App, schema: &Catalog) -> Vec<Difference> {
    let mut found = Vec::new();
    for name in declared.relation_names() {
        let Some(relation) = declared.relation(&name) else { continue };
        let mut note = |column: Option<&str>, kind| {
            found.push(Difference { relation: name.clone(), column: column.map(str::to_owned), kind });
        };
        let Some(actual) = crate::breaks::find(schema, &name) else {
            note(None, DifferenceKind::OnlyDeclared);
            continue;
        };
        // What a view gives is not compared column by column: snapshots from 8 on don't say it.
        if relation.view || matches!(actual.kind, RelationKind::View | RelationKind::MaterializedView) {
            continue;
        }
        for column in &relation.columns {
            match actual.column(&column.name) {
                None => note(Some(&column.name), DifferenceKind::OnlyDeclared),
                Some(found) => {
                    if let Some(kind) = column_difference(schema, column, found) {
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
    let same = wanted == actual.ty || named(schema, &wanted) == named(schema, &actual.ty);
    (known(&wanted) && known(&actual.ty) && !same)
        .then(|| DifferenceKind::Type(declared.sql_type.clone(), format_type(schema, &actual.ty)))
}

fn named(schema: &Catalog, ty: &Type) -> Option<(String, bool)> {
    match ty.base {
        TypeRef::User(id) => Some((schema.user_type(id)?.name.name.clone(), ty.array)),
        _ => None,
    }
}
