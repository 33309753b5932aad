//! Connections of clients: how many there are and what they do.

use crate::preflight::words::number;
use pg::{Connection, Error};
use watch::Connections;

/// Rows of other roles hide state and kind; those of clients have a role and a database.
/// <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW>
const QUERY: &str = "
SELECT count(*), count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
  max(extract(epoch FROM pg_catalog.clock_timestamp() - state_change)) FILTER (WHERE state LIKE 'idle in transaction%'),
  count(*) FILTER (WHERE state IS NULL AND backend_type IS NULL),
  (SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END) FROM pg_catalog.pg_settings
   WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections'))
FROM pg_catalog.pg_stat_activity
WHERE pid <> pg_catalog.pg_backend_pid()
  AND coalesce(backend_type = 'client backend', usesysid IS NOT NULL AND datid IS NOT NULL)";

pub(super) async fn connections(session: &Connection) -> Result<Connections, Error> {
    let row = session.rows(QUERY).await?.into_iter().next().unwrap_or_default();
    let count = |at: usize| number(&row, at).unwrap_or_default() as u32;
    Ok(Connections {
        used: count(0),
        active: count(1),
        idle_in_transaction: count(2),
        longest_idle: number(&row, 3).unwrap_or_default(),
        hidden: count(4),
        most: count(5),
    })
}
