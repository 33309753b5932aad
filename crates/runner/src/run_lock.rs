//! One run at a time: an advisory lock for each ledger, asked for again and again.
//!
//! Waiting inside of `pg_advisory_lock` would hold a snapshot, for which CREATE INDEX CONCURRENTLY of the
//! run that has the lock waits in turn: a deadlock. So it is polled, on a connection of its own and outside
//! of any transaction.

use crate::blockers::{Blocker, called, sessions};
use crate::pooled::through_a_pooler;
use crate::{Error, Event};
use drizzle::Project;
use pg::{Connection, Target};
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
    target: &Target,
    project: &Project,
    patience: Duration,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let (first, second) = keys(project);
    let ask =
        format!("SELECT pg_catalog.pg_try_advisory_lock({}, {})", first.cast_signed(), second.cast_signed());
    let writes =
        "SELECT pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only')::bool";
    if guard.value(writes).await?.as_deref() == Some("t") {
        return Err(Error::ReadOnly);
    }
    // Where a session does not stay, the lock would be left behind on whichever served it.
    if let Some(how) = through_a_pooler(guard, target).await? {
        return Err(Error::Pooled { how });
    }
    guard.batch(NOTICED).await?;
    let start = Instant::now();
    let mut pause = Duration::from_millis(25);
    // Several that wait should not ask in step; their processes have different numbers.
    let jitter = f64::from(guard.pid().await? % 16) / 32.0;
    loop {
        if guard.value(&ask).await?.as_deref() == Some("t") {
            return Ok(());
        }
        let others = others(guard, project).await?;
        if start.elapsed() > patience {
            return Err(Error::Busy { others, waited: start.elapsed() });
        }
        tell(Event::OtherRun { others: &others, waited: start.elapsed() });
        tokio::time::sleep(pause.mul_f64(1.0 + jitter)).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Lets the server notice within a minute that nobody is there any more at the other end of a network: by itself it
/// takes two hours, for which the lock would be held. Nothing to a socket of the machine, which is never silent.
/// <https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-TCP-KEEPALIVES-IDLE>
pub(crate) const NOTICED: &str =
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

/// Who holds the lock, and what its run is at.
async fn others(guard: &Connection, project: &Project) -> Result<Vec<Blocker>, pg::Error> {
    let (first, second) = keys(project);
    let holders = format!(
        "a.pid IN (SELECT l.pid FROM pg_catalog.pg_locks l WHERE l.locktype = 'advisory' AND l.granted \
         AND l.classid = {first} AND l.objid = {second} AND l.objsubid = 2 \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))"
    );
    let mut others = called(guard, &application(project)).await?;
    others.extend(sessions(guard, &holders).await?);
    Ok(others)
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
