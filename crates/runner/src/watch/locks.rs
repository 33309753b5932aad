//! Sessions of clients that wait for a lock in this database, and who is in their way.
//!
//! `pg_blocking_pids` stops the lock manager for a moment: it is asked only for those that wait.
//! <https://www.postgresql.org/docs/current/functions-info.html>

use crate::blockers::{Blocker, sessions};
use crate::preflight::words::{number, text};
use pg::{Connection, Error};
use std::collections::BTreeSet;
use watch::{Session, Wait, normalised};

/// The most that are told of one look, and of how many is asked who is in the way.
const MOST: usize = 500;
const ASKED: usize = 20;

/// Who waits for the end of a transaction holds the lock of the row in the meantime, if they are the first; that
/// names the table.
fn query(major: u16) -> String {
    // Before 14 nobody notes when a wait began. <https://www.postgresql.org/docs/14/view-pg-locks.html>
    let since = if major >= 14 { "coalesce(l.waitstart, a.query_start)" } else { "a.query_start" };
    format!(
        "SELECT w.*, CASE WHEN w.place <= {ASKED} THEN \
         pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(w.pid), ' ') END FROM ( \
         SELECT a.pid, extract(epoch FROM pg_catalog.clock_timestamp() - {since}), l.locktype, l.mode, \
         n.nspname || '.' || c.relname, row_number() OVER (ORDER BY {since}) AS place FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         LEFT JOIN LATERAL (SELECT t.relation FROM pg_catalog.pg_locks t WHERE t.pid = l.pid \
         AND t.locktype = 'tuple' AND t.granted LIMIT 1) t ON l.relation IS NULL \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = coalesce(l.relation, t.relation) \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT l.granted AND a.pid <> pg_catalog.pg_backend_pid() \
         AND coalesce(a.backend_type = 'client backend', a.usesysid IS NOT NULL) \
         AND a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
         ORDER BY place LIMIT {MOST}) w ORDER BY w.place"
    )
}

pub(super) async fn waits(session: &Connection) -> Result<Vec<Wait>, Error> {
    let rows = session.rows(&query(session.version().major)).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let behind = |row: &pg::Row| -> Vec<i32> {
        let numbers = text(row, 6).split(' ').filter_map(|pid| pid.parse().ok());
        // Several workers of one query count several times.
        numbers.collect::<BTreeSet<i32>>().into_iter().collect()
    };
    let waiting = rows.iter().filter_map(|row| text(row, 0).parse::<i32>().ok());
    let all: BTreeSet<i32> = waiting.chain(rows.iter().flat_map(behind)).collect();
    let pids: Vec<String> = all.iter().map(i32::to_string).collect();
    let known = sessions(session, &format!("a.pid IN ({})", pids.join(", "))).await?;
    let named = |pid: i32| match known.iter().find(|one| one.pid == Some(pid)) {
        Some(blocker) => shown(blocker),
        // What `pg_blocking_pids` gives for a prepared transaction.
        None if pid == 0 => Session { state: "prepared".to_owned(), ..Session::default() },
        None => Session { pid: Some(pid), ..Session::default() },
    };
    let wait = |row: &pg::Row| Wait {
        session: named(text(row, 0).parse().unwrap_or_default()),
        waited: number(row, 1).unwrap_or_default().max(0.0),
        lock: text(row, 2).to_owned(),
        mode: text(row, 3).to_owned(),
        relation: Some(text(row, 4).to_owned()).filter(|name| !name.is_empty()),
        blockers: behind(row).into_iter().map(named).collect(),
    };
    Ok(rows.iter().map(wait).collect())
}

/// A session without the values in its query.
fn shown(blocker: &Blocker) -> Session {
    // `<insufficient privilege>`
    let query = if blocker.query.starts_with('<') { String::new() } else { normalised(&blocker.query) };
    Session {
        pid: blocker.pid,
        role: blocker.role.clone(),
        application: blocker.application.clone(),
        state: blocker.state.clone(),
        transaction: blocker.age.as_secs_f64(),
        query,
    }
}
