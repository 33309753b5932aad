//! One version of the app at work: it inserts, changes and deletes rows of every table that it has, and keeps in mind
//! what the server acknowledged.

use crate::rows::value;
use catalog::written::{literal, quoted, sql_name};
use catalog::{Catalog, ColumnId, Relation, RelationId, RelationKind};
use pg::{Connection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// From one statement to the next.
const PAUSE: Duration = Duration::from_millis(1);
/// Sessions that write at one time: two of each version of the app.
pub const WRITERS: usize = 4;
/// The version of the app gives up then: somebody keeps it waiting.
const PATIENCE: &str = "set lock_timeout = '2s'; set statement_timeout = '4s'; set timezone = 'UTC'";

/// Columns as text.
pub type Values = BTreeMap<ColumnId, Option<String>>;

/// A table that rows are written to, whatever it is called.
#[derive(Clone, Debug)]
pub struct Table {
    pub id: RelationId,
    /// What tells its rows apart; empty where nothing does.
    pub key: Vec<ColumnId>,
    /// What no two rows may share, now or in the end.
    pub unique: BTreeSet<ColumnId>,
    /// Some rows that are there.
    pub rows: Vec<Values>,
    /// How many there are.
    pub count: i64,
}

/// What a version of the app has written.
pub struct Writer {
    /// The schema that it knows.
    catalog: Arc<Catalog>,
    pub tables: Vec<Table>,
    /// Rows that only this version changes, as they are by now; by their place in `tables`.
    pub mine: Vec<Vec<Values>>,
    /// Rows that came, less those that went.
    pub grown: Vec<i64>,
    pub failures: Vec<String>,
    /// Statements that the server acknowledged.
    pub acknowledged: Arc<AtomicUsize>,
    /// The number of its last statement, which makes values that no other has.
    pub number: u64,
    inserted: Vec<usize>,
}

impl Writer {
    /// The one of this number out of [`WRITERS`], which takes its share of the rows that are there for its own.
    pub fn new(catalog: &Arc<Catalog>, tables: &[Table], which: usize) -> Writer {
        let known = |table: &&Table| catalog.relation(table.id).is_some_and(|one| is_written(one));
        let tables: Vec<Table> = tables.iter().filter(known).cloned().collect();
        let own = |table: &Table| -> Vec<Values> {
            table.rows.iter().skip(which).step_by(WRITERS).cloned().collect()
        };
        Writer {
            catalog: Arc::clone(catalog),
            mine: tables.iter().map(own).collect(),
            inserted: tables.iter().map(|table| own(table).len()).collect(),
            grown: vec![0; tables.len()],
            failures: Vec::new(),
            acknowledged: Arc::default(),
            number: 5_000 * which as u64,
            tables,
        }
    }

    /// Writes until it is told to stop.
    pub async fn work(mut self, connection: Connection, stop: Arc<AtomicBool>) -> Result<Writer, pg::Error> {
        connection.batch(PATIENCE).await?;
        while !stop.load(Ordering::Relaxed) && !self.tables.is_empty() {
            self.one(&connection).await?;
            tokio::time::sleep(PAUSE).await;
        }
        connection.close().await;
        Ok(self)
    }

    /// Sends one statement.
    pub async fn one(&mut self, connection: &Connection) -> Result<(), pg::Error> {
        self.number += 1;
        let at = self.number as usize % self.tables.len();
        let turn = self.number as usize / self.tables.len();
        let done = match turn % 5 {
            0 | 1 => self.insert(connection, at).await,
            2 | 3 => self.update(connection, at, turn).await,
            _ => self.delete(connection, at).await,
        };
        match done {
            Ok(()) => drop(self.acknowledged.fetch_add(1, Ordering::Relaxed)),
            Err(pg::Error::Refused(refusal)) => {
                self.failures.push(format!("{} {}", refusal.code, refusal.message));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn insert(&mut self, connection: &Connection, at: usize) -> Result<(), pg::Error> {
        let table = &self.tables[at];
        let Some(relation) = self.catalog.relation(table.id) else { return Ok(()) };
        let like = table.rows.get(self.number as usize % table.rows.len().max(1));
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for column in relation.columns.iter().filter(|column| is_free(column)) {
            let fresh = table.unique.contains(&column.id);
            let given = column.not_null && !column.has_value_by_default();
            let known = like.and_then(|row| row.get(&column.id));
            let value = match known {
                _ if fresh && column.has_value_by_default() => continue,
                _ if fresh => value(&self.catalog, relation, column, Some(self.number)),
                Some(Some(text)) => literal(text),
                Some(None) if column.not_null => value(&self.catalog, relation, column, None),
                Some(None) => "NULL".to_owned(),
                None if given => value(&self.catalog, relation, column, None),
                None => continue,
            };
            names.push(quoted(&column.name));
            values.push(value);
        }
        let what = match names.is_empty() {
            true => "DEFAULT VALUES".to_owned(),
            false => format!("({}) VALUES ({})", names.join(", "), values.join(", ")),
        };
        let sql = format!("INSERT INTO {} {what} RETURNING {}", sql_name(&relation.name), texts(relation));
        let rows = connection.rows(&sql).await?;
        let row = rows.first().map(|row| read(relation, row));
        self.mine[at].extend(row);
        self.grown[at] += 1;
        Ok(())
    }

    async fn update(&mut self, connection: &Connection, at: usize, turn: usize) -> Result<(), pg::Error> {
        let table = &self.tables[at];
        let Some(relation) = self.catalog.relation(table.id) else { return Ok(()) };
        let count = self.mine[at].len();
        if table.key.is_empty() || count == 0 {
            return Ok(());
        }
        let which = turn * 7 % count;
        let Some(filter) = filter(relation, &table.key, &self.mine[at][which]) else { return Ok(()) };
        let columns: Vec<_> =
            relation.columns.iter().filter(|one| is_free(one) && !table.unique.contains(&one.id)).collect();
        let Some(column) = columns.get(turn % columns.len().max(1)) else { return Ok(()) };
        let known = table.rows.get(turn % table.rows.len().max(1)).and_then(|row| row.get(&column.id));
        let value = match known {
            Some(Some(text)) => literal(text),
            Some(None) if !column.not_null => "NULL".to_owned(),
            _ => value(&self.catalog, relation, column, None),
        };
        let (name, set) = (sql_name(&relation.name), quoted(&column.name));
        let sql = format!("UPDATE {name} SET {set} = {value} WHERE {filter} RETURNING {set}::text");
        let rows = connection.rows(&sql).await?;
        match rows.first().and_then(|row| row.first()) {
            Some(text) => drop(self.mine[at][which].insert(column.id, text.clone())),
            None => drop(self.mine[at].remove(which)),
        }
        Ok(())
    }

    /// Rows of its own making alone: nothing else points to them.
    async fn delete(&mut self, connection: &Connection, at: usize) -> Result<(), pg::Error> {
        let table = &self.tables[at];
        let Some(relation) = self.catalog.relation(table.id) else { return Ok(()) };
        if table.key.is_empty() || self.mine[at].len() <= self.inserted[at] {
            return Ok(());
        }
        let Some(row) = self.mine[at].pop() else { return Ok(()) };
        let Some(filter) = filter(relation, &table.key, &row) else { return Ok(()) };
        let sql = format!("DELETE FROM {} WHERE {filter} RETURNING 1", sql_name(&relation.name));
        match connection.rows(&sql).await {
            Ok(rows) => self.grown[at] -= rows.len() as i64,
            Err(error) => {
                self.mine[at].push(row);
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Whether the app writes to it.
pub fn is_written(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::Table | RelationKind::Partitioned) && !relation.partition
}

/// All columns as text.
pub fn texts(relation: &Relation) -> String {
    let each = relation.columns.iter().map(|column| format!("{}::text", quoted(&column.name)));
    each.collect::<Vec<_>>().join(", ")
}

/// What [`texts`] gave.
pub fn read(relation: &Relation, row: &Row) -> Values {
    relation.columns.iter().map(|column| column.id).zip(row.iter().cloned()).collect()
}

/// What finds a row; nothing where its key holds NULL.
fn filter(relation: &Relation, key: &[ColumnId], row: &Values) -> Option<String> {
    let one = |id: &ColumnId| {
        let text = row.get(id)?.as_deref()?;
        Some(format!("{} = {}", quoted(&relation.column_by_id(*id)?.name), literal(text)))
    };
    Some(key.iter().map(one).collect::<Option<Vec<_>>>()?.join(" AND "))
}

fn is_free(column: &catalog::Column) -> bool {
    column.generated.is_none() && column.identity != Some(catalog::Identity::Always)
}
