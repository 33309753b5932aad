//! One run at a time: an advisory lock for each ledger, asked for again and again.
//!
//! Waiting inside of `pg_advisory_lock` would hold a snapshot, for which CREATE INDEX CONCURRENTLY of the
//! run that has the lock waits in turn: a deadlock. So it is polled, on a connection of its own and outside
//! of any transaction.

use crate::blockers::{Blocker, called};
use crate::{Error, Event};
use drizzle::Project;
use pg::Connection;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// What the sessions of a run on this ledger are called.
pub fn application(project: &Project) -> String {
    let (_, word) = keys(project);
    format!("brolly migrate {word:08x}")
}

/// Waits until no other run holds the lock of this ledger, and holds it for as long as the connection lives.
pub async fn hold(
    guard: &Connection,
    project: &Project,
    patience: Duration,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let (first, second) = keys(project);
    let ask =
        format!("SELECT pg_catalog.pg_try_advisory_lock({}, {})", first.cast_signed(), second.cast_signed());
    let start = Instant::now();
    let mut pause = Duration::from_millis(25);
    // Several that wait should not ask in step; their processes have different numbers.
    let jitter = f64::from(guard.pid().await? % 16) / 32.0;
    loop {
        if guard.value(&ask).await?.as_deref() == Some("t") {
            return Ok(());
        }
        let others = called(guard, &application(project)).await?;
        if start.elapsed() > patience {
            return Err(Error::Busy { others, waited: start.elapsed() });
        }
        tell(Event::OtherRun { others: &others, waited: start.elapsed() });
        tokio::time::sleep(pause.mul_f64(1.0 + jitter)).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Sessions that a run left behind which was killed: with the lock in hand no other run is alive. What
/// builds an index concurrently is left to finish, the others are ended.
pub async fn end_orphans(
    guard: &Connection,
    project: &Project,
    mine: &[i32],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let mut pause = Duration::from_millis(25);
    loop {
        let others = called(guard, &application(project)).await?;
        let orphans: Vec<Blocker> =
            others.into_iter().filter(|one| one.pid.is_some_and(|pid| !mine.contains(&pid))).collect();
        if orphans.is_empty() {
            return Ok(());
        }
        tell(Event::Orphans { orphans: &orphans });
        for one in orphans.iter().filter(|one| !is_concurrent(&one.query)) {
            let pid = one.pid.unwrap_or_default();
            guard.batch(&format!("SELECT pg_catalog.pg_terminate_backend({pid})")).await?;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn is_concurrent(query: &str) -> bool {
    query.to_ascii_uppercase().contains("CONCURRENTLY")
}

fn keys(project: &Project) -> (u32, u32) {
    let digest = Sha256::digest(format!("{}.{}", project.ledger.schema, project.ledger.table));
    let word = |at: usize| u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
    // The first says that it is brolly's.
    (0x6272_6f6c, word(4))
}
