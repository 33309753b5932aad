//! What a server has counted about its tables, read without getting in anybody's way: two short
//! READ ONLY transactions, which give up on a lock rather than wait for it.
//!
//! Nothing of what the tables hold is looked at. What the numbers mean for a migration is not known
//! here. <https://www.postgresql.org/docs/current/monitoring-stats.html>

use crate::{Connection, Error, Row};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a server has counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// When it was read, in UTC, as `2024-02-29T12:00:00Z`.
    pub taken: String,
    /// The database.
    pub database: String,
    /// Tables by `schema.name`; partitions count for the table that they are of as well.
    pub tables: BTreeMap<String, TableStatistics>,
    /// The oldest open transactions of the server: seconds, state, application; oldest first.
    pub transactions: Vec<(f64, String, String)>,
    /// Sessions of other roles that this one may not look at (`pg_monitor` may).
    pub hidden_sessions: u64,
}

/// What a server has counted about a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableStatistics {
    /// Rows, about; `None` where it was never analyzed.
    pub rows: Option<u64>,
    /// Bytes with indexes and TOAST.
    pub bytes: u64,
    /// Rows written a second while the sample was taken.
    pub sampled_writes: f64,
    /// Rows written a second since the counters were reset; zero where that was within the last hour.
    pub average_writes: f64,
}

/// Rows are what ANALYZE or VACUUM found, or what was counted since, whichever is more; before the
/// first of them, `reltuples` is -1 (0 up to version 13). Foreign tables and the system's are left out.
const TABLES: &str = "
WITH leaves AS (
  SELECT c.oid AS root, c.oid AS leaf FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm')
  UNION ALL
  SELECT c.oid, t.relid FROM pg_catalog.pg_class c, LATERAL pg_catalog.pg_partition_tree(c.oid) t
  WHERE c.relkind = 'p' AND t.isleaf AND t.relid <> c.oid
), counted AS (
  SELECT l.root, greatest(c.reltuples, s.n_live_tup, 0)::float8 AS rows,
    c.reltuples <= 0 AND coalesce(s.n_live_tup, 0) = 0 AND pg_catalog.pg_relation_size(l.leaf) > 0 AS unknown,
    pg_catalog.pg_total_relation_size(l.leaf) AS bytes,
    coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) AS writes
  FROM leaves l JOIN pg_catalog.pg_class c ON c.oid = l.leaf
  LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = l.leaf
)
SELECT n.nspname || '.' || c.relname, CASE WHEN bool_or(k.unknown) THEN NULL ELSE sum(k.rows)::int8 END,
  sum(k.bytes)::int8, sum(k.writes)::int8
FROM counted k JOIN pg_catalog.pg_class c ON c.oid = k.root
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY 1";

const ABOUT: &str = "
SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), current_database(),
  extract(epoch FROM now() - coalesce(stats_reset, pg_catalog.pg_postmaster_start_time()))
FROM pg_catalog.pg_stat_database WHERE datname = current_database()";

const TRANSACTIONS: &str = "
SELECT extract(epoch FROM clock_timestamp() - xact_start), state, application_name
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_catalog.pg_backend_pid()
ORDER BY xact_start LIMIT 10";

const HIDDEN: &str = "
SELECT count(*) FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND query = '<insufficient privilege>'";

/// Seconds from which an average means something: one import in a short time would look like traffic.
const ENOUGH: f64 = 3600.0;

const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '30s'";

/// Reads what is counted, counting writes for so long.
///
/// Errors: [`Error::Refused`], with 55P03 where somebody holds a table locked; [`Error::Lost`].
pub async fn statistics(connection: &Connection, sample: Duration) -> Result<Statistics, Error> {
    connection.batch(BEGIN).await?;
    let first = Instant::now();
    let before = connection.rows(TABLES).await;
    // Counters stand still within a transaction.
    connection.batch("ROLLBACK").await?;
    let before: BTreeMap<String, u64> =
        before?.iter().map(|row| (cell(row, 0).to_owned(), number(row, 3))).collect();
    tokio::time::sleep(sample).await;
    connection.batch(BEGIN).await?;
    let seconds = first.elapsed().as_secs_f64().max(0.001);
    let read = read(connection, &before, seconds).await;
    connection.batch("ROLLBACK").await?;
    read
}

async fn read(
    connection: &Connection,
    before: &BTreeMap<String, u64>,
    seconds: f64,
) -> Result<Statistics, Error> {
    let mut statistics = Statistics::default();
    let mut counted_for = seconds;
    if let Some(about) = connection.rows(ABOUT).await?.first() {
        (statistics.taken, statistics.database) = (cell(about, 0).to_owned(), cell(about, 1).to_owned());
        counted_for = float(about, 2).max(seconds);
    }
    for row in connection.rows(TABLES).await? {
        let writes = number(&row, 3);
        let name = cell(&row, 0).to_owned();
        let sampled = before.get(&name).map_or(0, |before| writes.saturating_sub(*before));
        let table = TableStatistics {
            rows: row.get(1).and_then(|value| value.as_deref()?.parse().ok()),
            bytes: number(&row, 2),
            sampled_writes: sampled as f64 / seconds,
            average_writes: if counted_for < ENOUGH { 0.0 } else { writes as f64 / counted_for },
        };
        statistics.tables.insert(name, table);
    }
    let rows = connection.rows(TRANSACTIONS).await?;
    statistics.transactions =
        rows.iter().map(|row| (float(row, 0), cell(row, 1).to_owned(), cell(row, 2).to_owned())).collect();
    let hidden = connection.value(HIDDEN).await?;
    statistics.hidden_sessions = hidden.and_then(|value| value.parse().ok()).unwrap_or_default();
    Ok(statistics)
}

fn cell(row: &Row, at: usize) -> &str {
    row.get(at).and_then(|value| value.as_deref()).unwrap_or_default()
}

fn number(row: &Row, at: usize) -> u64 {
    cell(row, at).parse().unwrap_or_default()
}

fn float(row: &Row, at: usize) -> f64 {
    cell(row, at).parse().unwrap_or_default()
}
