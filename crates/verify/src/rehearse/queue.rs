//! The lock queue over time: who of our sessions waits for a lock, looked up every few milliseconds.
//!
//! `pg_locks` is asked for the locks that are not granted, and nothing else: it is the cheapest
//! question that tells. <https://www.postgresql.org/docs/current/view-pg-locks.html>

use super::blockers::{Blocker, Blockers};
use super::statements::Kind;
use super::traffic::{Migrating, Processes};
use crate::Error;
use pg::Connection;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;

/// The queue at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Since the start of the traffic.
    pub at: Duration,
    /// Sessions that wait to read.
    pub reads: u16,
    /// Sessions that wait to write.
    pub writes: u16,
    /// Whether the migration waits.
    pub migration: bool,
}

impl Sample {
    /// Sessions of the app that wait.
    pub fn length(&self) -> u16 {
        self.reads + self.writes
    }
}

/// From one look to the next.
const EVERY: Duration = Duration::from_millis(5);

/// Looks with somebody waiting, from one question for who is in the way to the next.
const ASKED: usize = 5;

const WAITING: &str = "select pid from pg_catalog.pg_locks where not granted";

/// What the looks gave.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub samples: Vec<Sample>,
    pub blockers: Vec<Blocker>,
    /// The most by which a look was late.
    pub late: Duration,
}

/// Looks until it is told to end. Also the most by which it woke too late: nothing that was measured
/// beside it is more exact than that.
pub(super) async fn watch(
    connection: Connection,
    processes: Processes,
    migrating: Migrating,
    clock: Instant,
    end: Receiver<bool>,
) -> Result<Watched, Error> {
    let known = processes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut samples = Vec::new();
    let mut late = Duration::ZERO;
    let (mut blockers, mut waited) = (Blockers::default(), 0);
    let mut next = clock;
    while !*end.borrow() {
        tokio::time::sleep_until(next.into()).await;
        late = late.max(next.elapsed());
        let migrating = migrating.load(Ordering::Relaxed);
        let rows = connection.rows(WAITING).await?;
        let mut sample = Sample { at: clock.elapsed(), ..Sample::default() };
        let pids = rows.iter().filter_map(|row| row.first()?.as_deref()?.parse::<i32>().ok());
        for pid in pids {
            match known.iter().find(|(known, _)| *known == pid) {
                Some((_, Kind::Read)) => sample.reads += 1,
                Some((_, Kind::Write)) => sample.writes += 1,
                None if pid == migrating => sample.migration = true,
                None => {}
            }
        }
        if sample.length() > 0 || sample.migration {
            waited += 1;
            if waited % ASKED == 0 {
                blockers.look(&connection, &known, migrating, sample.at).await?;
            }
        } else {
            waited = 0;
        }
        samples.push(sample);
        next = (next + EVERY).max(Instant::now());
    }
    connection.close().await;
    Ok(Watched { samples, blockers: blockers.all(), late })
}
