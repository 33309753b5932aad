//! The table of a backfill as it is on the server, and whether the file fits it.
//!
//! Only reads. What does not fit is refused before a row is changed.

use super::assign::{assignments, called, has_query, has_session_value, unquoted};
use super::statements::{Range, Statements};
use super::{Error, Job};
use crate::all_rows::{CURE, refusal_with_cure};
use crate::ledger::literal;
use catalog::written::quoted;
use pg::Connection;
use plan::Backfill;

/// What has to be known about a table to go through it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    /// Its name without schema and quotes.
    pub name: String,
    /// Which rows are to be changed: what the file says, or that they aren't as they are to be.
    pub condition: Option<String>,
    /// Where it goes by pages and takes values from other tables: that a row isn't yet as those have it.
    pub differs: Option<String>,
    /// The table, or its partitions, which hold the rows; by name.
    pub parts: Vec<Part>,
    /// Rows, as the planner estimates them.
    pub total: u64,
    /// Whether a range of keys can't hold more rows than it is wide: one column of whole numbers, each there once.
    pub counts: bool,
    /// Rows a page.
    pub density: f64,
    /// Whether this server scans ranges of places.
    pub ranges_of_pages: bool,
    /// The most rows that a page can hold.
    pub most_rows_a_page: u64,
}

/// A table that holds rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its number.
    pub oid: u32,
    /// Its name as SQL, with schema.
    pub name: String,
}

/// Looks a table up. Wants a connection that may be refused a statement: no transaction is open.
pub(super) async fn shape(connection: &Connection, job: &Job) -> Result<Shape, Error> {
    let backfill = &job.backfill;
    let unfit = |why: String| Error::Unfit { name: backfill.name.clone(), why };
    let table = &backfill.table;
    let query = format!(
        "SELECT c.oid, c.relname, c.relkind, pg_catalog.current_setting('block_size'), \
         pg_catalog.row_security_active(c.oid) FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass({})",
        literal(table)
    );
    let found = connection.rows(&query).await?.into_iter().next();
    let Some(found) = found else { return Err(unfit(format!("there is no table {table} here"))) };
    let cell = |at: usize| found.get(at).cloned().flatten().unwrap_or_default();
    let (oid, name, kind) = (cell(0), cell(1), cell(2));
    if !matches!(kind.as_str(), "r" | "p") {
        return Err(unfit(format!("{table} is no table with rows of its own")));
    }
    if cell(4) == "t" {
        let why = format!("row level security shows this role some rows of {table} only: {CURE}");
        return Err(unfit(why));
    }
    elsewhere(connection, table, &oid).await?.map_or(Ok(()), |why| Err(unfit(why)))?;
    let page: u64 = cell(3).parse().unwrap_or(8192);
    let key = match backfill.key.is_empty() {
        true => Key::default(),
        false => key(connection, backfill, &oid).await?.map_err(unfit)?,
    };
    let parts = parts(connection, &oid).await?;
    let mut shape = Shape {
        name,
        condition: backfill.condition.clone(),
        differs: None,
        total: total(connection, table).await?,
        // What inherits a column does not inherit that its values are there once.
        counts: key.whole && key.unique && parts.len() == 1,
        density: 1.0,
        ranges_of_pages: connection.version().major >= 14,
        most_rows_a_page: page.saturating_sub(24) / 28,
        parts,
    };
    shape.density = (shape.total as f64 / pages_of_all(connection, &shape.parts).await?.max(1) as f64)
        .clamp(1.0, shape.most_rows_a_page as f64);
    if shape.condition.is_none() {
        shape.condition = differs(connection, backfill, &shape).await?;
    }
    if backfill.key.is_empty() && backfill.from.is_some() {
        shape.differs = differs(connection, backfill, &shape).await?;
    }
    let deletes_all = backfill.set.is_empty() && backfill.from.is_none();
    if backfill.key.is_empty() && shape.condition.is_none() && !deletes_all {
        return Err(unfit(
            "without a key, only the line `where` tells which rows are done: add one of the two".to_owned(),
        ));
    }
    try_out(connection, backfill, &shape).await?.map_or(Ok(shape), |why| Err(unfit(why)))
}

/// Why rows of a table are not here alone, where that is so: what changes on another server is committed there, and how
/// far it came here.
async fn elsewhere(connection: &Connection, table: &str, oid: &str) -> Result<Option<String>, Error> {
    let query = format!(
        "WITH RECURSIVE below (oid) AS (SELECT {oid}::oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i \
         JOIN below ON below.oid = i.inhparent) \
         SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM below \
         JOIN pg_catalog.pg_class c ON c.oid = below.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'f' ORDER BY 1 LIMIT 1"
    );
    if let Some(foreign) = connection.value(&query).await? {
        return Ok(Some(format!(
            "partition {foreign} is a foreign table: what changes there is committed by another server, whether or not \
             it is noted here how far it came; detach it, or change its rows there"
        )));
    }
    let there = "SELECT pg_catalog.to_regclass('pg_catalog.pg_dist_partition')";
    if connection.value(there).await?.is_none() {
        return Ok(None);
    }
    let query = format!("SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = {oid}::oid");
    Ok((!connection.rows(&query).await?.is_empty()).then(|| {
        format!(
            "{table} is distributed by Citus: a batch would be a commit of two phases over several servers, which was never \
             tried; change its rows on the workers, or with one UPDATE for each shard"
        )
    }))
}

/// Pages of a part.
pub(super) async fn pages(connection: &Connection, part: &Part) -> Result<u64, Error> {
    let query = format!(
        "SELECT pg_catalog.pg_relation_size({}) / pg_catalog.current_setting('block_size')::bigint",
        part.oid
    );
    Ok(connection.value(&query).await?.and_then(|pages| pages.parse().ok()).unwrap_or(0))
}

async fn pages_of_all(connection: &Connection, parts: &[Part]) -> Result<u64, Error> {
    let mut sum = 0;
    for part in parts {
        sum += pages(connection, part).await?;
    }
    Ok(sum)
}

/// The tables that hold the rows of one: itself, or what is below it.
async fn parts(connection: &Connection, oid: &str) -> Result<Vec<Part>, Error> {
    let query = format!(
        "WITH RECURSIVE below (oid) AS (SELECT {oid}::oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i \
         JOIN below ON below.oid = i.inhparent) \
         SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) FROM below \
         JOIN pg_catalog.pg_class c ON c.oid = below.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' ORDER BY 2"
    );
    let rows = connection.rows(&query).await?;
    let part = |row: pg::Row| match row.as_slice() {
        [Some(oid), Some(name)] => oid.parse().ok().map(|oid| Part { oid, name: name.clone() }),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(part).collect())
}

/// The planner goes by the size of the table, so that this holds where statistics are old or absent.
async fn total(connection: &Connection, table: &str) -> Result<u64, Error> {
    let text = connection.value(&format!("EXPLAIN SELECT FROM {table}")).await?.unwrap_or_default();
    let rows = text.split("rows=").nth(1).unwrap_or_default();
    let rows: String = rows.chars().take_while(char::is_ascii_digit).collect();
    Ok(rows.parse().unwrap_or(0))
}

/// What is to be known of a key.
#[derive(Default)]
struct Key {
    /// Its columns are whole numbers.
    whole: bool,
    /// Each of its values is there once.
    unique: bool,
}

/// A key, or what is wrong with it: batches go by an index whose first columns it is, and miss rows without a value.
async fn key(connection: &Connection, backfill: &Backfill, oid: &str) -> Result<Result<Key, String>, Error> {
    let mut numbers = Vec::new();
    let mut whole = backfill.key.len() == 1;
    for column in &backfill.key {
        let query = format!(
            "SELECT attnum, attnotnull, atttypid IN ('pg_catalog.int2'::pg_catalog.regtype, \
             'pg_catalog.int4'::pg_catalog.regtype, 'pg_catalog.int8'::pg_catalog.regtype) FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attname = {} AND attnum > 0 AND NOT attisdropped",
            literal(column)
        );
        match connection.rows(&query).await?.into_iter().next().as_deref() {
            Some([Some(number), Some(not_null), Some(is_whole)]) if not_null == "t" => {
                numbers.push(number.clone());
                whole &= is_whole == "t";
            }
            Some(_) => {
                return Ok(Err(format!(
                    "column {column} of its key may be NULL: name the columns of the primary key, or leave the line `key` out"
                )));
            }
            None => {
                return Ok(Err(format!("{} has no column {column}, which its key names", backfill.table)));
            }
        }
    }
    let set = assignments(&backfill.set).unwrap_or_default();
    if let Some(one) = set.iter().find(|one| backfill.key.contains(&unquoted(&one.column))) {
        return Ok(Err(format!("it sets {}, which its batches go by", one.column)));
    }
    let query = format!(
        "SELECT i.indisunique AND i.indimmediate AND i.indnkeyatts = {} \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_am m ON m.oid = c.relam \
         WHERE i.indrelid = {oid} AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree' \
         AND (i.indkey::int2[])[0:{}] = ARRAY[{}]::int2[] ORDER BY 1 DESC LIMIT 1",
        numbers.len(),
        numbers.len() - 1,
        numbers.join(", ")
    );
    let index = connection.value(&query).await?;
    Ok(index.map(|unique| Key { whole, unique: unique == "t" }).ok_or_else(|| {
        format!(
            "{} has no index that begins with {}: each batch would read the whole table; make one, or leave the line `key` out",
            backfill.table,
            backfill.key.join(", ")
        )
    }))
}

/// That rows aren't yet as they are to be, where that can be said: by expressions that give the same each time, of
/// types that can be compared. What is STABLE gives the same within a statement only: `now()` is (manual, "Function
/// Volatility Categories").
async fn differs(
    connection: &Connection,
    backfill: &Backfill,
    shape: &Shape,
) -> Result<Option<String>, Error> {
    let Some(set) = assignments(&backfill.set) else { return Ok(None) };
    let mut functions: Vec<String> = Vec::new();
    for one in &set {
        if has_query(&one.value) || has_session_value(&one.value) {
            return Ok(None);
        }
        functions.extend(called(&one.value).iter().map(|name| literal(name)));
    }
    if !functions.is_empty() {
        let query = format!(
            "SELECT FROM pg_catalog.pg_proc WHERE provolatile <> 'i' AND proname IN ({}) LIMIT 1",
            functions.join(", ")
        );
        if !connection.rows(&query).await?.is_empty() {
            return Ok(None);
        }
    }
    let place = backfill.alias.clone().unwrap_or_else(|| match backfill.key.is_empty() {
        true => quoted(&shape.name),
        false => backfill.table.clone(),
    });
    let each: Vec<String> =
        set.iter().map(|one| format!("{place}.{} IS DISTINCT FROM ({})", one.column, one.value)).collect();
    let condition = each.join(" OR ");
    let shape = Shape { condition: Some(condition.clone()), ..shape.clone() };
    Ok(try_out(connection, backfill, &shape).await?.is_none().then_some(condition))
}

/// Has the server plan a batch: why it can't, where that is so.
async fn try_out(
    connection: &Connection,
    backfill: &Backfill,
    shape: &Shape,
) -> Result<Option<String>, Error> {
    let statements = Statements::new(backfill, shape);
    let part = shape.parts.first().map_or(backfill.table.as_str(), |part| part.name.as_str());
    let range = match backfill.key.is_empty() {
        true => Range::Pages { from: 0, to: 1 },
        false => {
            let [first, _] = statements.ends();
            let found = connection.rows(&first).await?.into_iter().next();
            let Some(first) = found.and_then(|row| row.into_iter().collect::<Option<Vec<_>>>()) else {
                return Ok(None);
            };
            Range::Key { from: first.clone(), to: (first, true) }
        }
    };
    match connection.rows(&format!("EXPLAIN {}", statements.change(part, &range))).await {
        Ok(_) => Ok(None),
        Err(pg::Error::Refused(said)) => {
            Ok(Some(format!("the server refuses it: {}", refusal_with_cure(&said))))
        }
        Err(error) => Err(error.into()),
    }
}
