//! Rows for every table of a database, such that all constraints hold.
//!
//! Rows are poor on purpose: nullable columns hold NULLs and values, columns without a key hold
//! duplicates, enums hold all their values. What production may hold is what a migration has to
//! stand. Each table is one `INSERT .. SELECT`, so that a million rows take seconds.
//!
//! Wants a connection outside of a transaction that may write. Looks at no migration, and does not
//! know what the rows are for.

mod attempt;
mod candidates;
mod checks;
mod choice;
mod extension;
mod literals;
mod order;
mod pattern;
mod plan;
mod read;
mod references;
mod schema;
mod statement;
mod text;
mod unique;
mod values;

use crate::Error;
use catalog::QName;
use schema::TableId;
pub(crate) use schema::{literal, quoted};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::Client;

/// How many rows each table gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// For tables that hold none and are not named below.
    pub default: u64,
    /// For tables by name; one that holds some is filled up to that number.
    pub tables: BTreeMap<QName, u64>,
    /// Tables that are left alone whatever they hold, Drizzle's own among them.
    pub skip: BTreeSet<QName>,
}

impl Default for Amounts {
    fn default() -> Amounts {
        Amounts { default: 3, tables: BTreeMap::new(), skip: BTreeSet::new() }
    }
}

impl Amounts {
    /// The same number of rows for every table.
    pub fn of(default: u64) -> Amounts {
        Amounts { default, ..Amounts::default() }
    }
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Every table, by name.
    pub tables: BTreeMap<QName, FilledTable>,
    /// Names in [`Amounts::tables`] that the database does not have.
    pub unknown: Vec<QName>,
}

impl Filled {
    /// Tables without a row, with the reason.
    pub fn empty(&self) -> impl Iterator<Item = (&QName, &str)> {
        let none = self.tables.iter().filter(|(_, table)| table.rows() == 0 && table.wanted > 0);
        none.map(|(name, table)| (name, table.reason.as_deref().unwrap_or_default()))
    }
}

/// What became of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilledTable {
    /// Rows that it held before; counted only where that mattered, and then at least 1.
    pub before: u64,
    /// Rows that were wanted in all; zero where the table is left alone.
    pub wanted: u64,
    /// Rows that were inserted.
    pub inserted: u64,
    /// Why it has no rows, or fewer than were wanted.
    pub reason: Option<String>,
    /// Triggers refused the rows, so these were inserted without firing any.
    pub without_triggers: bool,
}

impl FilledTable {
    /// Rows that it holds now.
    pub fn rows(&self) -> u64 {
        self.before + self.inserted
    }
}

/// Tables this big are analysed after filling.
const BIG: u64 = 1_000;

/// The table in which Drizzle notes what it has run, unless a config says otherwise.
const LEDGER: &str = "__drizzle_migrations";

/// Fills all tables of a database.
///
/// Errors: the connection is lost, or the catalogue can't be read. A table that can't be filled is
/// in the result with its reason.
pub async fn fill(client: &Client, amounts: &Amounts) -> Result<Filled, Error> {
    let schema = read::schema(client).await?;
    let mut filled = Filled::default();
    let mut wanted: BTreeMap<TableId, (u64, u64)> = BTreeMap::new();
    let holding = attempt::holding(client, &schema).await?;
    for table in &schema.tables {
        let mut result = FilledTable { before: u64::from(holding.contains(&table.id)), ..Default::default() };
        let asked = amounts.tables.get(&table.name).copied();
        let alone = amounts.skip.contains(&table.name) || table.name.name == LEDGER;
        if let (Some(_), false, true) = (asked, alone, result.before > 0) {
            result.before = attempt::count(client, table).await?;
        }
        result.wanted = match (alone, asked, result.before) {
            (true, ..) | (_, None, 1..) => 0,
            (_, Some(rows), _) => rows,
            (_, None, 0) => amounts.default,
        };
        if !table.readable && result.wanted > 0 {
            result.reason = Some("the role may not look into it".to_owned());
        } else if result.wanted > result.before {
            wanted.insert(table.id, (result.before, result.wanted - result.before));
        }
        filled.tables.insert(table.name.clone(), result);
    }
    filled.unknown =
        amounts.tables.keys().filter(|name| !filled.tables.contains_key(name)).cloned().collect();

    let mut ready: BTreeSet<TableId> = BTreeSet::new();
    let mut late = Vec::new();
    for group in order::order(&schema) {
        let results = attempt::group(client, &schema, &group, &wanted, &ready).await?;
        ready.extend(&group);
        for (id, result) in results {
            late.extend(result.late.iter().map(|key| (id, result.inserted, *key)));
            let Some(table) = schema.table(id) else { continue };
            if let Some(known) = filled.tables.get_mut(&table.name) {
                known.inserted = result.inserted;
                known.reason = result.reason;
                known.without_triggers = result.without_triggers;
            }
        }
    }
    attempt::point_back(client, &schema, &late).await?;
    for table in &schema.tables {
        if filled.tables.get(&table.name).is_some_and(|result| result.inserted >= BIG) {
            attempt::analyze(client, table).await?;
        }
    }
    Ok(filled)
}
