//! What tables hold, in short: a sum of hashes for each column, so that tables of any size can be held against
//! each other.

use crate::Error;
use crate::fill::quoted;
use catalog::{Catalog, QName, Relation, RelationKind};
use pg::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// Columns, as `users.name`.
pub(super) type Contents = BTreeMap<String, Held>;

/// What a column holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Its values, whichever row they are of.
    values: String,
    /// The columns of the primary key, and the values with the key of their row.
    keyed: Option<(Vec<String>, String)>,
}

/// What all tables hold but these.
///
/// The sum is a `numeric`, so that it has room for any number of rows, in any order.
pub(super) async fn contents(
    session: &Connection,
    catalog: &Catalog,
    without: &[QName],
) -> Result<Contents, Error> {
    let mut found = Contents::new();
    let tables = catalog.relations().filter(|one| one.is_table() && one.kind != RelationKind::Foreign);
    for relation in tables.filter(|one| !without.contains(&one.name)) {
        let names: BTreeSet<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let key = key(relation);
        let sums: Vec<String> = names.iter().flat_map(|name| sums(name, &key)).collect();
        let (schema, table) = (quoted(&relation.name.schema), quoted(&relation.name.name));
        let rows = session.rows(&format!("SELECT {} FROM {schema}.{table}", sums.join(", "))).await?;
        let mut cells = rows.into_iter().flatten().map(Option::unwrap_or_default);
        let shown = relation.name.to_string();
        let shown = source::shown(&shown);
        for name in names {
            let values = cells.next().unwrap_or_default();
            let with_key = cells.next().unwrap_or_default();
            let keyed = (!key.is_empty()).then(|| (key.clone(), with_key));
            found.insert(format!("{shown}.{name}"), Held { values, keyed });
        }
    }
    Ok(found)
}

fn key(relation: &Relation) -> Vec<String> {
    relation.primary_key().map(|key| relation.column_names(&key.columns)).unwrap_or_default()
}

/// The sum over a column alone, and over it with the key of its row.
fn sums(name: &str, key: &[String]) -> [String; 2] {
    let hash = |text: &str| format!("pg_catalog.sum(coalesce(pg_catalog.hashtextextended({text}, 0), 1))");
    let value = format!("{}::text", quoted(name));
    let key: Vec<String> = key.iter().map(|column| format!("{}::text || '='", quoted(column))).collect();
    let keyed = match key.is_empty() {
        true => "NULL".to_owned(),
        false => hash(&format!("{} || coalesce({value}, 'NULL')", key.join(" || "))),
    };
    [hash(&value), keyed]
}

/// Columns that hold something else, or are away.
pub(super) fn changed(before: &Contents, after: &Contents) -> Vec<String> {
    let same = |before: &Held, after: &Held| match (&before.keyed, &after.keyed) {
        (Some((key, with_key)), Some((other, now))) if key == other => with_key == now,
        _ => before.values == after.values,
    };
    let other = before.iter().filter(|(name, held)| !after.get(*name).is_some_and(|now| same(held, now)));
    other.map(|(name, _)| name.clone()).collect()
}
