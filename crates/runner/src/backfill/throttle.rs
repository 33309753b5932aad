//! What a backfill holds for: one reason at a time, looked for between batches.
//!
//! What the role may not see holds nobody: a server without `pg_monitor` tells less, and is not refused for it.

use super::Error;
use super::batch::text_of;
use crate::lag::{self, Behind};
use pg::{Connection, Target};
use schemars::JsonSchema;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// Somebody paused it.
    Paused,
    /// A flag file is there.
    Flag,
    /// A query of the user's says so.
    Query,
    /// A replica is behind.
    Replica,
    /// WAL waits for the archiver.
    Archiver,
    /// The table is being vacuumed by the server.
    Autovacuum,
    /// Sessions waited for a lock of the last batch.
    Waiters,
    /// Many sessions are at work.
    Active,
}

/// Why a backfill is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Its kind.
    pub cause: Cause,
    /// In words, with the amounts.
    pub what: String,
}

/// What is held for.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Bytes that a replica may be behind.
    pub lag_bytes: Option<u64>,
    /// Seconds that a replica may be behind.
    pub lag_seconds: Option<f64>,
    /// Replicas to ask themselves, beside what the primary says of those that it knows.
    pub replicas: Vec<Target>,
    /// WAL segments that may wait for the archiver.
    pub segments: Option<u64>,
    /// Sessions that may be at work beside ours.
    pub active: Option<u64>,
    /// Whether to hold while the table is vacuumed.
    pub autovacuum: bool,
    /// Whether to hold after a batch that sessions waited for.
    pub waiters: bool,
    /// A file that holds it as long as it is there.
    pub flag: Option<PathBuf>,
    /// A query that holds it as long as it gives true, or a number above zero.
    pub query: Option<String>,
}

impl Limits {
    /// What is held for unless somebody says otherwise.
    pub fn usual() -> Limits {
        Limits {
            lag_bytes: Some(100_000_000),
            lag_seconds: Some(10.0),
            segments: Some(42),
            autovacuum: true,
            waiters: true,
            ..Limits::default()
        }
    }
}

/// What a server has that may be a reason.
struct There {
    replicas: bool,
    vacuum: bool,
    archiver: bool,
}

/// Looks for reasons, on connections of its own.
pub(super) struct Throttle<'a> {
    limits: &'a Limits,
    /// To the replicas, as far as they are open.
    replicas: Vec<Option<Connection>>,
    /// Where they stood while they lacked something, and since when.
    stood: Vec<Option<(u64, Instant)>>,
    /// Whether the archiver may be asked for.
    archiver: bool,
    /// The tables that hold the rows.
    tables: String,
    /// Our processes.
    pids: [i32; 2],
}

impl<'a> Throttle<'a> {
    pub(super) fn new(limits: &'a Limits, tables: &[u32], pids: [i32; 2]) -> Throttle<'a> {
        let tables: Vec<String> = tables.iter().map(u32::to_string).collect();
        let replicas: Vec<_> = limits.replicas.iter().map(|_| None).collect();
        let stood = vec![None; replicas.len()];
        Throttle {
            limits,
            replicas,
            stood,
            archiver: limits.segments.is_some(),
            tables: tables.join(", "),
            pids,
        }
    }

    /// The processes of a new pair of connections.
    pub(super) fn now_with(&mut self, pids: [i32; 2]) {
        self.pids = pids;
    }

    /// The first reason to hold that is found.
    pub(super) async fn reason(&mut self, watcher: &Connection) -> Result<Option<Reason>, Error> {
        if let Some(flag) = self.limits.flag.as_ref().filter(|flag| flag.exists()) {
            return Ok(Some(reason(Cause::Flag, format!("{} is there", flag.display()))));
        }
        if let Some(found) = self.query(watcher).await? {
            return Ok(Some(found));
        }
        let there = self.there(watcher).await?;
        if there.replicas
            && let Some(found) = self.known_replicas(watcher).await?
        {
            return Ok(Some(found));
        }
        if let Some(found) = self.named_replicas(watcher).await? {
            return Ok(Some(found));
        }
        if there.archiver
            && let Some(found) = self.segments(watcher).await?
        {
            return Ok(Some(found));
        }
        if there.vacuum
            && let Some(found) = self.vacuum(watcher).await?
        {
            return Ok(Some(found));
        }
        self.active(watcher).await
    }

    /// What there is to be asked for at all, in one question, since it is asked all the time.
    async fn there(&self, watcher: &Connection) -> Result<There, Error> {
        let limits = self.limits;
        let vacuum = match limits.autovacuum && !self.tables.is_empty() {
            true => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_stat_get_progress_info('VACUUM') WHERE relid IN ({}))",
                self.tables
            ),
            false => "false".to_owned(),
        };
        let query = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_senders()), {vacuum}, \
             pg_catalog.current_setting('archive_mode') <> 'off'"
        );
        let row = watcher.rows(&query).await?.into_iter().next().unwrap_or_default();
        let is = |at: usize| text_of(&row, at) == "t";
        let lag = limits.lag_bytes.is_some() || limits.lag_seconds.is_some();
        Ok(There { replicas: lag && is(0), vacuum: is(1), archiver: self.archiver && is(2) })
    }

    async fn query(&self, watcher: &Connection) -> Result<Option<Reason>, Error> {
        let Some(query) = &self.limits.query else { return Ok(None) };
        let text = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = '5s'; {query}\n; COMMIT");
        let value = match watcher.value(&text).await {
            Ok(value) => value.unwrap_or_default(),
            Err(source @ pg::Error::Refused(_)) => {
                watcher.batch("ROLLBACK").await?;
                return Err(Error::Query { source: Box::new(source) });
            }
            Err(error) => return Err(error.into()),
        };
        let holds = value == "t" || value.parse::<f64>().is_ok_and(|number| number > 0.0);
        Ok(holds.then(|| reason(Cause::Query, format!("the query of --throttle-query gives {value}"))))
    }

    /// Replicas that stream from this server.
    async fn known_replicas(&self, watcher: &Connection) -> Result<Option<Reason>, Error> {
        let found = lag::known(watcher).await?;
        Ok(found.iter().find_map(|one| self.lag(&one.name, one.bytes.unwrap_or(0), one.seconds)))
    }

    /// Replicas that were named.
    async fn named_replicas(&mut self, watcher: &Connection) -> Result<Option<Reason>, Error> {
        if self.replicas.is_empty() {
            return Ok(None);
        }
        // By the clock of the primary, which made the times that a replica replays: that of a replica may be another.
        let query = format!("SELECT pg_catalog.pg_current_wal_lsn(), {}", lag::NOW);
        let row = watcher.rows(&query).await?.into_iter().next().unwrap_or_default();
        let (place, now) = (text_of(&row, 0), text_of(&row, 1));
        for at in 0..self.replicas.len() {
            let target = self.limits.replicas[at].named("brolly backfill (lag)");
            let open = self.replicas[at].take().filter(|open| !open.is_closed());
            let name = target.host();
            let (open, behind) = match lag::named(open, &target, place, now).await {
                Ok(asked) => asked,
                Err(error) => {
                    let why = format!("replica {name} can't be asked: {}", error.headline());
                    return Ok(Some(reason(Cause::Replica, why)));
                }
            };
            self.replicas[at] = Some(open);
            let Some(behind) = behind else {
                return Ok(Some(reason(Cause::Replica, format!("{name} is no replica"))));
            };
            let seconds = behind.seconds.max(stood(&mut self.stood[at], &behind, Instant::now()));
            let found = self.lag(&name, behind.bytes.unwrap_or(0), seconds);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn lag(&self, name: &str, bytes: u64, seconds: f64) -> Option<Reason> {
        if let Some(limit) = self.limits.lag_bytes.filter(|limit| bytes > *limit) {
            let what =
                format!("replica {name} is {} behind, more than {}", megabytes(bytes), megabytes(limit));
            return Some(reason(Cause::Replica, what));
        }
        let limit = self.limits.lag_seconds.filter(|limit| seconds > *limit)?;
        Some(reason(Cause::Replica, format!("replica {name} is {seconds:.1} s behind, more than {limit} s")))
    }

    async fn segments(&mut self, watcher: &Connection) -> Result<Option<Reason>, Error> {
        let Some(limit) = self.limits.segments else { return Ok(None) };
        let query = "SELECT count(*) FROM pg_catalog.pg_ls_archive_statusdir() WHERE name LIKE '%.ready'";
        let waiting = match watcher.value(query).await {
            Ok(value) => value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0),
            // Not for this role.
            Err(pg::Error::Refused(_)) => {
                self.archiver = false;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let what = || format!("{waiting} WAL segments wait for the archiver, more than {limit}");
        Ok((waiting > limit).then(|| reason(Cause::Archiver, what())))
    }

    async fn vacuum(&self, watcher: &Connection) -> Result<Option<Reason>, Error> {
        let query = format!(
            "SELECT v.relid::regclass FROM pg_catalog.pg_stat_progress_vacuum v \
             JOIN pg_catalog.pg_stat_activity a USING (pid) \
             WHERE a.backend_type = 'autovacuum worker' AND v.relid IN ({}) LIMIT 1",
            self.tables
        );
        let found = watcher.value(&query).await?;
        Ok(found.map(|table| reason(Cause::Autovacuum, format!("autovacuum works on {table}"))))
    }

    async fn active(&self, watcher: &Connection) -> Result<Option<Reason>, Error> {
        let Some(limit) = self.limits.active else { return Ok(None) };
        let query = format!(
            "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active' \
             AND backend_type = 'client backend' AND pid NOT IN ({}, {})",
            self.pids[0], self.pids[1]
        );
        let active = watcher.value(&query).await?.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
        Ok((active > limit)
            .then(|| reason(Cause::Active, format!("{active} sessions are at work, more than {limit}"))))
    }
}

/// Seconds for which a replica that lacks something has replayed nothing. One that was started a moment ago knows no time of
/// what it replayed last.
fn stood(since: &mut Option<(u64, Instant)>, behind: &Behind, now: Instant) -> f64 {
    let Some(place) = behind.place.filter(|_| behind.bytes.is_some_and(|bytes| bytes > 0)) else {
        *since = None;
        return 0.0;
    };
    match since {
        Some((at, first)) if *at == place => now.saturating_duration_since(*first).as_secs_f64(),
        _ => {
            *since = Some((place, now));
            0.0
        }
    }
}

pub(super) fn reason(cause: Cause, what: String) -> Reason {
    Reason { cause, what }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_replica_stands_while_it_lacks_something_and_replays_nothing() {
        let (start, mut since) = (Instant::now(), None);
        let mut after = |seconds, bytes, place| {
            let behind = Behind { bytes: Some(bytes), place: Some(place), ..Behind::default() };
            stood(&mut since, &behind, start + Duration::from_secs(seconds))
        };
        let seen = [
            after(0, 5, 10),
            after(2, 9, 10),
            after(4, 9, 12),
            after(5, 9, 12),
            after(6, 0, 21),
            after(7, 1, 21),
        ];
        assert_eq!(seen, [0.0, 2.0, 0.0, 1.0, 0.0, 0.0]);
    }
}
