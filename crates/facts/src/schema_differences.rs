//! Where the schema that the code declares and the newest snapshot part ways: schema.ts changed without a
//! migration, or a migration came whose change is not in schema.ts.
//!
//! Only what both sides are sure of: a relation whose columns could not all be read lacks nothing, and
//! where a part of the schema could not be read no table is missed.

use code::{Code, Place, Relation, RelationKind};
use drizzle::{QName, Snapshot, Table};
use std::collections::BTreeSet;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaDifference {
    /// The table, view or enum.
    pub name: QName,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What differs.
    pub kind: SchemaDifferenceKind,
    /// Where the code declares it, or else the relation that it belongs to.
    pub place: Option<Place>,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaDifferenceKind {
    /// Declared in the code, and not in the snapshot.
    OnlyInCode,
    /// In the snapshot, and not declared in the code.
    OnlyInSnapshot,
    /// Another type: in the code, in the snapshot.
    Type(String, String),
    /// NOT NULL on one side only; true where it is the code.
    NotNull(bool),
    /// Other values of an enum, or another order: in the code, in the snapshot.
    Values(Vec<String>, Vec<String>),
}

/// The differences, by relation in the order of their names; enums last.
pub fn schema_differences(code: &Code, snapshot: &Snapshot) -> Vec<SchemaDifference> {
    let mut found = Vec::new();
    let whole = !code.gaps.iter().any(|gap| gap.in_schema) && !code.schema.relations.is_empty();
    let names: BTreeSet<&QName> =
        code.schema.relations.keys().chain(snapshot.tables.keys()).chain(snapshot.views.keys()).collect();
    for name in names {
        let table = snapshot.tables.get(name);
        let view = snapshot.views.get(name);
        match (code.schema.relation(name), table) {
            (Some(declared), Some(table)) => of_table(name, declared, table, &mut found),
            (Some(declared), None) if view.is_none() && declared.kind != RelationKind::Existing => {
                found.push(of_whole(name, SchemaDifferenceKind::OnlyInCode, Some(&declared.place)));
            }
            (None, _) if whole && !view.is_some_and(|view| view.existing) => {
                found.push(of_whole(name, SchemaDifferenceKind::OnlyInSnapshot, None));
            }
            _ => {}
        }
    }
    for (name, declared) in &code.schema.enums {
        let Some(values) = &declared.values else { continue };
        let kind = match snapshot.enums.get(name) {
            None => SchemaDifferenceKind::OnlyInCode,
            Some(known) if known != values => SchemaDifferenceKind::Values(values.clone(), known.clone()),
            Some(_) => continue,
        };
        found.push(of_whole(name, kind, Some(&declared.place)));
    }
    let gone = snapshot.enums.keys().filter(|name| whole && !code.schema.enums.contains_key(*name));
    found.extend(gone.map(|name| of_whole(name, SchemaDifferenceKind::OnlyInSnapshot, None)));
    found
}

fn of_whole(name: &QName, kind: SchemaDifferenceKind, place: Option<&Place>) -> SchemaDifference {
    SchemaDifference { name: name.clone(), column: None, kind, place: place.cloned() }
}

fn of_table(name: &QName, declared: &Relation, table: &Table, found: &mut Vec<SchemaDifference>) {
    if declared.kind != RelationKind::Table {
        return;
    }
    let mut note = |column: &str, kind, place: &Place| {
        let column = Some(column.to_owned());
        found.push(SchemaDifference { name: name.clone(), column, kind, place: Some(place.clone()) });
    };
    let key: Vec<&str> = table.primary_key.iter().flat_map(|key| &key.columns).map(String::as_str).collect();
    for column in &declared.columns {
        let Some(known) = table.columns.iter().find(|known| known.name == column.name) else {
            note(&column.name, SchemaDifferenceKind::OnlyInCode, &column.place);
            continue;
        };
        if let Some(written) = &column.sql_type
            && spelled(written) != spelled(&known.sql_type)
        {
            let kind = SchemaDifferenceKind::Type(written.clone(), known.sql_type.clone());
            note(&column.name, kind, &column.place);
        }
        // drizzle-kit writes the NOT NULL of keys in more than one way.
        let keyed = known.primary_key || key.contains(&column.name.as_str());
        if column.not_null != known.not_null && !keyed {
            note(&column.name, SchemaDifferenceKind::NotNull(column.not_null), &column.place);
        }
    }
    if declared.open.is_none() {
        for known in table.columns.iter().filter(|known| declared.column(&known.name).is_none()) {
            note(&known.name, SchemaDifferenceKind::OnlyInSnapshot, &declared.place);
        }
    }
}

/// A type in one spelling: as Postgres resolves it where it knows it, else without quotes, schema,
/// spaces and capitals.
fn spelled(written: &str) -> String {
    let nothing = catalog::Catalog::new();
    if let Some(parsed) = sql::parse_type(written) {
        let ty = catalog::resolve_type(&nothing, &parsed);
        if matches!(ty.base, catalog::TypeRef::Builtin(_)) {
            return catalog::format_type(&nothing, &ty);
        }
    }
    let plain: String = written.chars().filter(|c| !matches!(c, '"' | ' ')).collect();
    let (base, rest) = plain.split_at(plain.find(['(', '[']).unwrap_or(plain.len()));
    let base = base.rsplit('.').next().unwrap_or(base);
    format!("{base}{rest}").to_lowercase()
}
