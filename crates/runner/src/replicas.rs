//! Replicas that were named, asked who reads there what is about to be locked.
//!
//! A lock that the primary grants at once is replayed on a replica a moment later. There it waits for whoever holds the
//! table, everybody else waits behind it, and after `max_standby_streaming_delay` the readers are ended. Only ACCESS
//! EXCLUSIVE locks on relations come to a replica (`LogAccessExclusiveLock` in `src/backend/storage/lmgr/lock.c`).
//! <https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT>
//!
//! Only asks. Who begins to read after the look is not seen, and how far a replica is behind is not asked here.

use crate::blockers::{Blocker, Wanted, holders};
use facts::{LockMode, Step};
use pg::{Connection, Error, Target};
use sql::{AlterAction, Stmt};
use std::cell::RefCell;
use std::time::Duration;

/// What sessions on replicas are called.
const NAME: &str = "brolly migrate (readers)";
/// How long a replica may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Whether and how long a query of a replica may hold up replay before it is ended, as a question; milliseconds, or -1 for
/// as long as it takes. What is restored from an archive goes by `max_standby_archive_delay`, which is not asked.
/// <https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-MAX-STANDBY-STREAMING-DELAY>
pub(crate) const DELAY: &str =
    "(SELECT setting FROM pg_catalog.pg_settings WHERE name = 'max_standby_streaming_delay')";

/// A replica that did not say who reads there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silent {
    /// Its host.
    pub replica: String,
    /// Why.
    pub why: String,
}

/// A replica of a run.
pub(crate) struct Replica {
    target: Target,
    /// The database that is migrated.
    database: String,
    open: RefCell<Option<Connection>>,
}

impl Replica {
    pub(crate) fn new(target: &Target, database: &str) -> Replica {
        Replica { target: target.clone(), database: database.to_owned(), open: RefCell::default() }
    }

    /// Transactions there that hold one of these relations and are older than is fine, or than the replica lets them be.
    async fn readers(&self, relations: &[String], long: Duration) -> Result<Vec<Blocker>, Silent> {
        let replica = self.target.host();
        let silent = |why: String| Silent { replica: replica.clone(), why };
        match tokio::time::timeout(PATIENCE, self.asked(relations)).await {
            Err(_) => Err(silent(format!("no answer within {} s", PATIENCE.as_secs()))),
            Ok(Err(error)) => Err(silent(error.headline())),
            Ok(Ok(None)) => Err(silent("it is no replica".to_owned())),
            Ok(Ok(Some((delay, mut readers)))) => {
                let long = delay.map_or(long, |delay| delay.min(long));
                readers.retain(|one| one.age >= long);
                readers.iter_mut().for_each(|one| one.replica = Some(replica.clone()));
                Ok(readers)
            }
        }
    }

    async fn asked(&self, relations: &[String]) -> Result<Option<(Option<Duration>, Vec<Blocker>)>, Error> {
        let open = self.open.take().filter(|open| !open.is_closed());
        let open = match open {
            Some(open) => open,
            None => opened(&self.target.named(NAME), &self.database).await?,
        };
        let query = format!("SELECT {DELAY} WHERE pg_catalog.pg_is_in_recovery()");
        let Some(delay) = open.value(&query).await? else { return Ok(None) };
        let readers = readers(&open, relations).await?;
        self.open.replace(Some(open));
        Ok(Some((delay_of(&delay), readers)))
    }
}

/// Who has to end on these replicas before a lock on these relations is asked for on the primary.
pub(crate) async fn in_the_way(
    replicas: &[Replica],
    relations: &[String],
    long: Duration,
) -> Result<Vec<Blocker>, Silent> {
    let mut found = Vec::new();
    if relations.is_empty() {
        return Ok(found);
    }
    for replica in replicas {
        found.extend(replica.readers(relations, long).await?);
    }
    Ok(found)
}

/// Relations whose readers on a replica a statement meets once it is replayed there.
///
/// What drops an index or a partition concurrently waits on the primary for those who use the table, and on a replica for
/// nobody: it ends with an ACCESS EXCLUSIVE lock on what goes, which queries of the table hold too.
pub(crate) fn replayed(step: &Step) -> impl Iterator<Item = &String> {
    let drops = step.statement.as_deref().is_some_and(|statement| match &statement.stmt {
        Stmt::Drop(drop) => drop.concurrently,
        Stmt::Reindex(reindex) => reindex.concurrently,
        Stmt::AlterTable(alter) => alter.commands.iter().any(|command| {
            matches!(&command.action, AlterAction::DetachPartition { concurrently, finalize, .. } if *concurrently || *finalize)
        }),
        _ => false,
    });
    let weakest = if drops { LockMode::ShareUpdateExclusive } else { LockMode::AccessExclusive };
    let locks = step.facts.locks.iter().filter(move |lock| !lock.new && lock.mode >= weakest);
    locks.map(|lock| &lock.relation)
}

/// A connection to the database of that name on a replica, whichever its URL names: locks are seen from there alone.
pub(crate) async fn opened(target: &Target, database: &str) -> Result<Connection, Error> {
    let open = pg::connect(target).await?;
    if open.value("SELECT pg_catalog.current_database()").await?.as_deref() == Some(database) {
        return Ok(open);
    }
    open.close().await;
    pg::connect(&target.with_database(database)).await
}

/// Transactions on a replica that hold one of these relations.
pub(crate) async fn readers(replica: &Connection, relations: &[String]) -> Result<Vec<Blocker>, Error> {
    let wanted = relations
        .iter()
        .map(|relation| Wanted { relation: relation.clone(), mode: LockMode::AccessExclusive });
    let mut found = holders(replica, &wanted.collect::<Vec<_>>()).await?;
    // Replay itself holds what the primary has locked.
    found.retain(|one| one.kind != "startup" && one.pid.is_some());
    Ok(found)
}

/// That of [`DELAY`]; `None` where a query is never ended.
pub(crate) fn delay_of(setting: &str) -> Option<Duration> {
    setting.parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_may_hold_up_replay_for_some_time_or_for_ever() {
        let delays = ["30000", "0", "-1"].map(delay_of);
        assert_eq!(delays, [Some(Duration::from_secs(30)), Some(Duration::ZERO), None]);
    }
}
