//! How far replicas are behind: what the server knows of those that read from it, and what one says itself.
//!
//! <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW>

use pg::{Connection, Error, Row, Target};

/// Where the server's own WAL ends.
pub(crate) const END: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
     ELSE pg_catalog.pg_current_wal_lsn() END";

/// The time of a server as an expression, in seconds.
pub(crate) const NOW: &str = "extract(epoch FROM pg_catalog.clock_timestamp())";

/// How far a replica is behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Behind {
    /// Its `application_name`, or else its address.
    pub name: String,
    /// WAL that it has not replayed; `None` where that is hidden, or not known yet.
    pub bytes: Option<u64>,
    /// Seconds, as the servers measure it; zero where all was replayed, or that is not known. It stands still where
    /// nothing is replayed any more, and grows where nothing is written.
    pub seconds: f64,
    /// What it has replayed, as bytes since WAL began.
    pub place: Option<u64>,
}

/// Replicas that read from this server, the furthest behind first.
pub(crate) async fn known(session: &Connection) -> Result<Vec<Behind>, Error> {
    let query = format!(
        "SELECT pg_catalog.pg_wal_lsn_diff({END}, replay_lsn)::bigint, extract(epoch FROM replay_lag), \
         pg_catalog.pg_wal_lsn_diff(replay_lsn, '0/0'), coalesce(nullif(application_name, ''), host(client_addr), pid::text) FROM pg_catalog.pg_stat_replication \
         WHERE coalesce(state, 'streaming') IN ('streaming', 'catchup') ORDER BY 1 DESC NULLS LAST"
    );
    let rows = session.rows(&query).await?;
    let named = |row: &Row| Behind { name: row.get(3).cloned().flatten().unwrap_or_default(), ..behind(row) };
    Ok(rows.iter().map(named).collect())
}

/// How far the server of a session is behind a place in the WAL, an expression, at a time, another: best that of the
/// primary, which made the times that a replica replays, since that of the replica may differ.
pub(crate) async fn itself(session: &Connection, place: &str, now: &str) -> Result<Behind, Error> {
    let query = format!(
        "SELECT pg_catalog.pg_wal_lsn_diff({place}, pg_catalog.pg_last_wal_replay_lsn())::bigint, \
         {now} - extract(epoch FROM pg_catalog.pg_last_xact_replay_timestamp()), \
         pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')"
    );
    Ok(behind(&session.rows(&query).await?.into_iter().next().unwrap_or_default()))
}

/// How far a server that was named is behind a place in the WAL; `None` where it is no replica. The session is opened
/// where there is none, and given back.
pub(crate) async fn named(
    open: Option<Connection>,
    target: &Target,
    place: &str,
    now: &str,
) -> Result<(Connection, Option<Behind>), Error> {
    let open = match open {
        Some(open) => open,
        None => pg::connect(target).await?,
    };
    if open.value("SELECT pg_catalog.pg_is_in_recovery()").await?.as_deref() != Some("t") {
        return Ok((open, None));
    }
    let behind = itself(&open, &format!("'{place}'"), now).await?;
    Ok((open, Some(behind)))
}

fn behind(row: &Row) -> Behind {
    let cell = |at: usize| row.get(at).and_then(|cell| cell.as_deref());
    let bytes = cell(0).and_then(|bytes| bytes.parse::<i64>().ok()).map(|bytes| bytes.max(0).cast_unsigned());
    let seconds =
        cell(1).and_then(|seconds| seconds.parse().ok()).filter(|_| bytes.is_some_and(|bytes| bytes > 0));
    let place = cell(2).and_then(|place| place.parse().ok());
    Behind { name: String::new(), bytes, seconds: seconds.unwrap_or(0.0), place }
}
