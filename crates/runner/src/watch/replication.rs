//! How far replicas are behind: those that read from this server, this one where it is one, and those that were
//! named. And what slots keep.

use super::note;
use crate::lag::{self, END};
use crate::preflight::words::{is, number, text};
use pg::{Connection, Error, Target};
use watch::{Replica, Slot, Topic, Unknown};

/// A replica that was named.
pub(super) struct Named {
    target: Target,
    open: Option<Connection>,
}

impl Named {
    pub(super) fn new(target: Target) -> Named {
        Named { target, open: None }
    }

    pub(super) async fn close(self) {
        if let Some(open) = self.open {
            open.close().await;
        }
    }
}

/// Those that this server knows of.
pub(super) async fn known(session: &Connection, unknown: &mut Vec<Unknown>) -> Result<Vec<Replica>, Error> {
    let mut replicas = Vec::new();
    for behind in lag::known(session).await? {
        if behind.bytes.is_none() {
            let cure = "GRANT pg_read_all_stats to the role";
            note(unknown, Topic::Replication, "how far replicas are behind is hidden from this role", Some(cure));
        }
        let lag = behind.bytes.map(|_| behind.seconds);
        replicas.push(Replica { name: behind.name, lag, bytes: behind.bytes, trouble: None });
    }
    if session.value("SELECT pg_catalog.pg_is_in_recovery()").await?.as_deref() == Some("t") {
        let received = "coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())";
        let behind = lag::itself(session, received).await?;
        let name = "this server, a replica,".to_owned();
        replicas.push(Replica { name, lag: Some(behind.seconds), bytes: behind.bytes, trouble: None });
    }
    Ok(replicas)
}

/// Those that were named, each asked itself.
///
/// Errors: those of the server that is watched; what is wrong with a replica is told of it.
pub(super) async fn named(session: &Connection, replicas: &mut [Named]) -> Result<Vec<Replica>, Error> {
    if replicas.is_empty() {
        return Ok(Vec::new());
    }
    let now = session.value(&format!("SELECT {END}")).await?.unwrap_or_default();
    let mut found = Vec::new();
    for one in replicas {
        let name = one.target.host();
        let open = one.open.take().filter(|open| !open.is_closed());
        found.push(match lag::named(open, &one.target, &now).await {
            Err(error) => Replica { name, trouble: Some(error.headline()), ..Replica::default() },
            Ok((open, behind)) => {
                one.open = Some(open);
                match behind {
                    Some(behind) => {
                        Replica { name, lag: Some(behind.seconds), bytes: behind.bytes, trouble: None }
                    }
                    None => Replica { name, trouble: Some("it is no replica".to_owned()), ..Replica::default() },
                }
            }
        });
    }
    Ok(found)
}

/// Slots and what they keep.
pub(super) async fn slots(session: &Connection) -> Result<Vec<Slot>, Error> {
    let query = format!(
        "SELECT slot_name, active, pg_catalog.pg_wal_lsn_diff({END}, restart_lsn)::float8 \
         FROM pg_catalog.pg_replication_slots ORDER BY 1"
    );
    let slot = |row: &pg::Row| Slot {
        name: text(row, 0).to_owned(),
        active: is(row, 1),
        bytes: number(row, 2).unwrap_or_default().max(0.0) as u64,
    };
    Ok(session.rows(&query).await?.iter().map(slot).collect())
}
