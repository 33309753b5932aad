//! Who holds what a migration is about to ask for, and who it waits for while it asks.
//!
//! Only looks. `pg_blocking_pids` stops the lock manager for a moment, so it is asked a few times a second
//! at the most. <https://www.postgresql.org/docs/current/functions-info.html>

use crate::ledger::literal;
use facts::LockMode;
use pg::{Connection, Error};
use std::fmt;
use std::time::Duration;

/// A session in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocker {
    /// Its process; `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// How long its transaction has been open.
    pub age: Duration,
    /// Its state: `active`, `idle in transaction` ..
    pub state: String,
    /// `client backend`, `autovacuum worker` ..
    pub kind: String,
    /// Its `application_name`.
    pub application: String,
    /// Its role.
    pub role: String,
    /// What it runs, or ran last; for a prepared transaction its name.
    pub query: String,
    /// The host of the replica that it reads on; `None` on the server that is migrated.
    pub replica: Option<String>,
}

impl Blocker {
    /// Whether it gives way by itself to whoever waits longer than `deadlock_timeout`.
    pub fn gives_way(&self) -> bool {
        self.kind == "autovacuum worker" && !self.prevents_wraparound()
    }

    /// Whether it is a vacuum that must not be stopped.
    pub fn prevents_wraparound(&self) -> bool {
        self.kind == "autovacuum worker" && self.query.contains("to prevent wraparound")
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(pid) = self.pid else {
            return write!(f, "the prepared transaction {}, {} old", self.query, seconds(self.age));
        };
        write!(f, "process {pid}")?;
        if self.kind == "client backend" {
            write!(f, " of {}", self.role)?;
        } else {
            write!(f, ", {}", self.kind)?;
        }
        if !self.application.is_empty() {
            write!(f, " ({})", self.application)?;
        }
        if let Some(replica) = &self.replica {
            write!(f, " on replica {replica}")?;
        }
        write!(f, ", {}, its transaction {} old", self.state, seconds(self.age))?;
        let query = self.query.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = query.chars().take(80).collect();
        let more = if short.len() < query.len() { ".." } else { "" };
        write!(f, ": {short}{more}")
    }
}

fn seconds(age: Duration) -> String {
    match age.as_secs() {
        0 => format!("{} ms", age.as_millis()),
        secs @ 1..120 => format!("{secs} s"),
        secs => format!("{} min", secs / 60),
    }
}

/// A lock that will be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `schema.name`, as facts call it.
    pub relation: String,
    /// Its mode.
    pub mode: LockMode,
}

/// Transactions that hold what keeps these locks from being granted, the oldest first.
pub async fn holders(watcher: &Connection, wanted: &[Wanted]) -> Result<Vec<Blocker>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = wanted.iter().map(|one| literal(&one.relation)).collect();
    // A prepared transaction has no process; which one it is shows by the lock on its own ID.
    let query = format!(
        "SELECT n.nspname || '.' || c.relname, l.mode, {SESSION} \
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         LEFT JOIN pg_catalog.pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' \
         AND x.virtualtransaction = l.virtualtransaction \
         LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid \
         WHERE l.locktype = 'relation' AND l.granted AND l.database = (SELECT oid FROM pg_catalog.pg_database \
         WHERE datname = pg_catalog.current_database()) AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
         AND n.nspname || '.' || c.relname IN ({})",
        names.join(", ")
    );
    let mut found: Vec<Blocker> = Vec::new();
    for row in watcher.rows(&query).await? {
        let mut cells = row.into_iter();
        let (relation, mode) = (cells.next().flatten().unwrap_or_default(), cells.next().flatten());
        let Some(held) = mode.as_deref().and_then(mode_of) else { continue };
        let conflicts = |one: &Wanted| one.relation == relation && one.mode.conflicts(held);
        let blocker = session(cells);
        if wanted.iter().any(conflicts)
            && !found.iter().any(|one| (one.pid, &one.query) == (blocker.pid, &blocker.query))
        {
            found.push(blocker);
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.age));
    Ok(found)
}

/// Sessions that a process waits for now, for a lock of any kind.
pub async fn before(watcher: &Connection, pid: i32) -> Result<Vec<Blocker>, Error> {
    let query = format!(
        "SELECT {SESSION} FROM (SELECT DISTINCT unnest(pg_catalog.pg_blocking_pids({pid})) AS pid) l \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid LEFT JOIN pg_catalog.pg_prepared_xacts p ON false"
    );
    let rows = watcher.rows(&query).await?;
    Ok(rows.into_iter().map(|row| session(row.into_iter())).collect())
}

/// The sessions of this database that carry an application's name, but for one's own.
pub async fn called(watcher: &Connection, application: &str) -> Result<Vec<Blocker>, Error> {
    let condition = format!(
        "a.application_name = {} AND a.datname = pg_catalog.current_database() AND a.usename = current_user \
         AND a.pid <> pg_catalog.pg_backend_pid()",
        literal(application)
    );
    sessions(watcher, &condition).await
}

/// The sessions for which a condition on `a`, a row of `pg_stat_activity`, holds, the oldest transactions first.
pub async fn sessions(watcher: &Connection, condition: &str) -> Result<Vec<Blocker>, Error> {
    let query = format!(
        "SELECT {SESSION} FROM pg_catalog.pg_stat_activity a \
         LEFT JOIN pg_catalog.pg_prepared_xacts p ON false WHERE {condition} ORDER BY a.xact_start"
    );
    let rows = watcher.rows(&query).await?;
    Ok(rows.into_iter().map(|row| session(row.into_iter())).collect())
}

/// The prepared transactions of this database, the oldest first.
pub async fn prepared_here(watcher: &Connection) -> Result<Vec<Blocker>, Error> {
    let query = format!(
        "SELECT {SESSION}, p.owner FROM pg_catalog.pg_prepared_xacts p \
         LEFT JOIN pg_catalog.pg_stat_activity a ON false \
         WHERE p.database = pg_catalog.current_database() ORDER BY p.prepared"
    );
    let rows = watcher.rows(&query).await?;
    let prepared = |mut row: pg::Row| {
        let owner = row.pop().flatten().unwrap_or_default();
        Blocker { role: owner, ..session(row.into_iter()) }
    };
    Ok(rows.into_iter().map(prepared).collect())
}

const SESSION: &str = "a.pid, (extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared, \
     a.query_start)) * 1000)::bigint, a.state, a.backend_type, a.application_name, a.usename, coalesce(a.query, p.gid)";

fn session(mut cells: impl Iterator<Item = Option<String>>) -> Blocker {
    let mut cell = || cells.next().flatten();
    let pid = cell().and_then(|pid| pid.parse().ok());
    let age = cell().and_then(|age| age.parse::<u64>().ok()).unwrap_or_default();
    let mut text = || cell().unwrap_or_default();
    Blocker {
        pid,
        age: Duration::from_millis(age),
        state: text(),
        kind: text(),
        application: text(),
        role: text(),
        query: text(),
        replica: None,
    }
}

/// `AccessExclusiveLock` and its kin, as `pg_locks` writes them.
fn mode_of(text: &str) -> Option<LockMode> {
    let modes = (1..=8).filter_map(LockMode::from_number);
    modes.into_iter().find(|mode| format!("{mode:?}Lock") == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocker_is_named_on_one_line() {
        let blocker = Blocker {
            pid: Some(17),
            age: Duration::from_secs(61),
            state: "idle in transaction".to_owned(),
            kind: "client backend".to_owned(),
            application: "report".to_owned(),
            role: "app".to_owned(),
            query: "select *\n  from users".to_owned(),
            replica: None,
        };
        assert_eq!(
            blocker.to_string(),
            "process 17 of app (report), idle in transaction, its transaction 61 s old: select * from users"
        );
        let there = Blocker { replica: Some("db2:5432".to_owned()), ..blocker };
        assert!(
            there.to_string().starts_with("process 17 of app (report) on replica db2:5432, idle"),
            "{there}"
        );
        assert_eq!(mode_of("ShareUpdateExclusiveLock"), Some(LockMode::ShareUpdateExclusive));
    }
}
