//! Tables: their size, and old versions of rows as the server estimates them.
//!
//! The size of a table that somebody locks or is about to lock is taken from the catalogue: asking for it would wait.

use super::note;
use crate::preflight::words::{number, text};
use pg::{Connection, Error};
use watch::{Table, Topic, Unknown};

/// The largest, and those with most old versions.
const QUERY: &str = "
SELECT t.name, CASE WHEN t.locked THEN t.relpages::int8 * pg_catalog.current_setting('block_size')::int8
    ELSE pg_catalog.pg_table_size(t.oid) END,
  CASE WHEN t.locked THEN 0 ELSE pg_catalog.pg_indexes_size(t.oid) END, t.n_live_tup, t.n_dead_tup,
  pg_catalog.pg_is_in_recovery()
FROM (
  SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relpages, s.n_live_tup, s.n_dead_tup, EXISTS (
    SELECT FROM pg_catalog.pg_locks l WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  ) AS locked
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ORDER BY greatest(c.relpages, s.n_dead_tup / 50) DESC, 2 LIMIT 200
) t ORDER BY 2 DESC, 1";

pub(super) async fn tables(session: &Connection, unknown: &mut Vec<Unknown>) -> Result<Vec<Table>, Error> {
    let rows = session.rows(QUERY).await?;
    if rows.iter().any(|row| text(row, 5) == "t") {
        let what = "old versions of rows: a replica does not count them";
        note(unknown, Topic::Tables, what, Some("watch the primary"));
    }
    let count = |row: &pg::Row, at: usize| number(row, at).unwrap_or_default().max(0.0) as u64;
    let table = |row: &pg::Row| Table {
        name: text(row, 0).to_owned(),
        bytes: count(row, 1),
        index_bytes: count(row, 2),
        live: count(row, 3),
        dead: count(row, 4),
    };
    Ok(rows.iter().map(table).collect())
}
