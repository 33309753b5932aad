//! How far replicas are behind: those that read from this server, this one where it is one, and those that were
//! named. And what slots keep.
//!
//! What servers say of seconds stands still where nothing is replayed, and a replica alone can't tell being behind from
//! having nothing to do. So the end of WAL is noted at each look: a replica is behind for as long as it lacks what was
//! there at one.

use super::note;
use crate::lag::{self, Behind, END};
use crate::preflight::words::{is, number, text};
use pg::{Connection, Error, Target};
use std::time::Instant;
use watch::{Replica, Slot, Topic, Unknown};

/// Where WAL ended, look by look.
#[derive(Default)]
pub(super) struct Ends(Vec<(Instant, u64)>);

/// Looks that are kept: hours of them.
const KEPT: usize = 10_000;

impl Ends {
    fn note(&mut self, now: Instant, end: u64) {
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push((now, end));
    }

    /// Seconds since the first look at which there was more than this.
    fn lag(&self, now: Instant, place: u64) -> f64 {
        let first = self.0.iter().find(|(_, end)| *end > place);
        first.map_or(0.0, |(at, _)| now.saturating_duration_since(*at).as_secs_f64())
    }
}

/// What is asked of all replicas at once.
#[derive(Default)]
pub(super) struct Replicas {
    pub(super) named: Vec<Named>,
    ends: Ends,
}

impl Replicas {
    pub(super) fn new(named: Vec<Named>) -> Replicas {
        Replicas { named, ends: Ends::default() }
    }

    /// All of them as they are now.
    ///
    /// Errors: those of the server that is watched; what is wrong with a replica is told of it.
    pub(super) async fn look(
        &mut self,
        session: &Connection,
        unknown: &mut Vec<Unknown>,
    ) -> Result<Vec<Replica>, Error> {
        let now = Instant::now();
        // On a replica, what it received is what it has to replay.
        let end = format!("CASE WHEN pg_catalog.pg_is_in_recovery() THEN {RECEIVED} ELSE {END} END");
        let query =
            format!("SELECT {END}, pg_catalog.pg_wal_lsn_diff({end}, '0/0'), pg_catalog.pg_is_in_recovery()");
        let row = session.rows(&query).await?.into_iter().next().unwrap_or_default();
        if let Some(end) = number(&row, 1) {
            self.ends.note(now, end as u64);
        }
        let mut found = Vec::new();
        if is(&row, 2) {
            let name = "this server, a replica,".to_owned();
            found.push(told(
                Behind { name, ..lag::itself(session, RECEIVED, lag::NOW).await? },
                &self.ends,
                now,
            ));
        }
        for behind in lag::known(session).await? {
            if behind.bytes.is_none() {
                let cure = "GRANT pg_read_all_stats to the role";
                note(
                    unknown,
                    Topic::Replication,
                    "how far replicas are behind is hidden from this role",
                    Some(cure),
                );
                found.push(Replica { name: behind.name, ..Replica::default() });
                continue;
            }
            // The server measured this when something was replayed last.
            let measured = behind.seconds;
            let replica = told(behind, &self.ends, now);
            found.push(Replica { lag: replica.lag.map(|lag| lag.max(measured)), ..replica });
        }
        for one in &mut self.named {
            let replica = one.look(text(&row, 0), &self.ends, now).await;
            found.push(replica);
        }
        Ok(found)
    }
}

/// Where that ends which a replica has received; what it read from an archive was not.
const RECEIVED: &str = "greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())";

fn told(behind: Behind, ends: &Ends, now: Instant) -> Replica {
    let lag = behind.place.map(|place| ends.lag(now, place));
    Replica { name: behind.name, lag, bytes: behind.bytes, trouble: None }
}

/// A replica that was named.
pub(super) struct Named {
    target: Target,
    open: Option<Connection>,
}

impl Named {
    pub(super) fn new(target: Target) -> Named {
        Named { target, open: None }
    }

    async fn look(&mut self, end: &str, ends: &Ends, now: Instant) -> Replica {
        let name = self.target.host();
        let open = self.open.take().filter(|open| !open.is_closed());
        match lag::named(open, &self.target, end, lag::NOW).await {
            Err(error) => Replica { name, trouble: Some(error.headline()), ..Replica::default() },
            Ok((open, behind)) => {
                self.open = Some(open);
                match behind {
                    Some(behind) => told(Behind { name, ..behind }, ends, now),
                    None => {
                        Replica { name, trouble: Some("it is no replica".to_owned()), ..Replica::default() }
                    }
                }
            }
        }
    }

    pub(super) async fn close(self) {
        if let Some(open) = self.open {
            open.close().await;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_replica_is_behind_since_the_first_look_that_it_lacks_something_of() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut ends = Ends::default();
        for (at, end) in [(0, 100), (5, 100), (10, 300), (15, 300)] {
            ends.note(after(at), end);
        }
        let lag = |place| ends.lag(after(15), place);
        assert_eq!((lag(300), lag(200), lag(100), lag(99)), (0.0, 5.0, 5.0, 15.0));
    }
}
