//! The order in which tables are filled: those that others point to come first.
//!
//! Looks at keys only; what is done about a key that points ahead is decided where rows are made.

use super::schema::{Schema, Table, TableId};
use std::collections::BTreeSet;

/// Tables that are filled in one transaction; more than one where keys that can't be NULL go in a
/// circle.
pub(crate) type Group = Vec<TableId>;

/// Groups of tables, each behind those that it needs.
pub(crate) fn order(schema: &Schema) -> Vec<Group> {
    let known: BTreeSet<TableId> = schema.tables.iter().map(|table| table.id).collect();
    let mut done: BTreeSet<TableId> = BTreeSet::new();
    let mut rest: Vec<&Table> = schema.tables.iter().collect();
    let mut groups = Vec::new();
    while !rest.is_empty() {
        let open = |table: &Table, hard: bool| {
            let key = |key: &&super::schema::ForeignKey| {
                key.target != table.id
                    && known.contains(&key.target)
                    && !done.contains(&key.target)
                    && (!hard || is_hard(table, &key.columns))
            };
            table.foreign_keys.iter().filter(key).count()
        };
        let ready: Vec<TableId> = rest.iter().filter(|t| open(t, false) == 0).map(|t| t.id).collect();
        let group: Vec<Group> = if !ready.is_empty() {
            ready.into_iter().map(|id| vec![id]).collect()
        } else if let Some(table) = rest.iter().filter(|t| open(t, true) == 0).min_by_key(|t| open(t, false))
        {
            vec![vec![table.id]]
        } else {
            vec![circle(&rest, &done)]
        };
        done.extend(group.iter().flatten());
        rest.retain(|table| !done.contains(&table.id));
        groups.extend(group);
    }
    groups
}

/// Whether a key can't be left NULL.
pub(crate) fn is_hard(table: &Table, columns: &[i16]) -> bool {
    columns.iter().all(|number| table.column(*number).is_some_and(|column| column.not_null))
}

/// Tables that need each other: all that the first one needs and that need it.
fn circle(rest: &[&Table], done: &BTreeSet<TableId>) -> Group {
    let needs = |from: TableId| -> BTreeSet<TableId> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            let Some(table) = rest.iter().find(|table| table.id == id) else { continue };
            for key in &table.foreign_keys {
                let ahead = key.target != id && !done.contains(&key.target);
                if ahead && is_hard(table, &key.columns) && seen.insert(key.target) {
                    open.push(key.target);
                }
            }
        }
        seen
    };
    let smallest = rest.iter().map(|table| (table.id, needs(table.id))).filter(|(id, all)| all.contains(id));
    match smallest.min_by_key(|(_, all)| all.len()) {
        Some((_, all)) => {
            // Only tables of the list can be filled.
            rest.iter().map(|table| table.id).filter(|id| all.contains(id)).collect()
        }
        None => rest.iter().map(|table| table.id).take(1).collect(),
    }
}
