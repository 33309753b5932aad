//! Who is in the way of those that wait for a lock.
//!
//! `pg_blocking_pids` stops the lock manager for a moment, so it is asked only while somebody waits, and
//! not at each look. <https://www.postgresql.org/docs/current/functions-info.html>

use super::statements::Kind;
use pg::{Connection, Error};
use std::time::Duration;

/// Who waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiting {
    /// The session that migrates.
    Migration,
    /// Sessions that read.
    Reads,
    /// Sessions that write.
    Writes,
}

/// A session that others waited for, as far as the looks tell: they are about 25 ms apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Who waited for it.
    pub waiting: Waiting,
    /// Its process.
    pub pid: i32,
    /// Whether it is the session that migrates.
    pub migration: bool,
    /// Its `application_name`.
    pub application: String,
    /// Its state: `active`, `idle in transaction` ..
    pub state: String,
    /// What it runs, or ran last.
    pub query: String,
    /// When it was seen in the way for the first time.
    pub from: Duration,
    /// And for the last.
    pub to: Duration,
}

impl Blocker {
    /// For how long it was seen in the way.
    pub fn duration(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

/// Also a process that waits itself is in the way of those behind it in the queue.
const IN_THE_WAY: &str = "\
    select w.pid, a.pid, a.application_name, a.state, a.query \
      from (select pid, unnest(pg_catalog.pg_blocking_pids(pid)) as before \
              from (select distinct pid from pg_catalog.pg_locks where not granted) waiting) w \
      join pg_catalog.pg_stat_activity a on a.pid = w.before";

/// Collects who is in the way, look by look.
#[derive(Debug, Default)]
pub(super) struct Blockers {
    found: Vec<Blocker>,
}

impl Blockers {
    /// Looks once.
    pub async fn look(
        &mut self,
        connection: &Connection,
        known: &[(i32, Kind)],
        migrating: i32,
        at: Duration,
    ) -> Result<(), Error> {
        for row in connection.rows(IN_THE_WAY).await? {
            let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
            let (Ok(waiter), Ok(pid)) = (cell(0).parse::<i32>(), cell(1).parse::<i32>()) else { continue };
            let waiting = match known.iter().find(|(known, _)| *known == waiter) {
                Some((_, Kind::Read)) => Waiting::Reads,
                Some((_, Kind::Write)) => Waiting::Writes,
                None if waiter == migrating => Waiting::Migration,
                None => continue,
            };
            self.saw(Blocker {
                waiting,
                pid,
                migration: pid == migrating,
                application: cell(2),
                state: cell(3),
                query: cell(4),
                from: at,
                to: at,
            });
        }
        Ok(())
    }

    fn saw(&mut self, one: Blocker) {
        let same = |other: &&mut Blocker| {
            (other.waiting, other.pid, &other.query) == (one.waiting, one.pid, &one.query)
        };
        match self.found.iter_mut().find(same) {
            Some(known) => (known.to, known.state) = (one.to, one.state),
            None => self.found.push(one),
        }
    }

    /// The longest first. Sessions of the app that hold each other up for a moment, as they do without
    /// any migration, are left out.
    pub fn all(mut self) -> Vec<Blocker> {
        self.found.retain(|one| one.duration() > Duration::ZERO);
        self.found.sort_by_key(|one| (std::cmp::Reverse(one.duration()), one.waiting, one.pid));
        self.found
    }
}
