//! Replicas that are behind, and slots that keep WAL on the disk.

use super::words::{is, number, text, time};
use super::{Bounds, Check, State, Topic};
use crate::lag::END;
use crate::ledger::literal;
use pg::{Connection, Error};
use source::size;

/// How far those are behind that read this server's WAL.
pub async fn lag(session: &Connection, bounds: &Bounds) -> Result<Vec<Check>, Error> {
    let query = format!(
        "SELECT coalesce(nullif(application_name, ''), client_addr::text, pid::text), state, \
         extract(epoch FROM replay_lag)::float8, pg_catalog.pg_wal_lsn_diff({END}, replay_lsn)::float8 \
         FROM pg_catalog.pg_stat_replication WHERE state IS DISTINCT FROM 'backup' ORDER BY 1"
    );
    let rows = session.rows(&query).await?;
    let mut checks: Vec<Check> = waits(session).await?.into_iter().collect();
    for row in &rows {
        let name = text(row, 0);
        let Some(bytes) = number(row, 3) else {
            let what = format!("how far replica {name} is behind is hidden from this role, or not known yet");
            let cure = "GRANT pg_read_all_stats to the role";
            checks.push(Check::new(Topic::Replication, State::Unknown, what).about(name).cure(cure));
            continue;
        };
        checks.push(replica(name, text(row, 1), number(row, 2).unwrap_or_default(), bytes, bounds));
    }
    Ok(super::or_ok(checks, Topic::Replication, "no replica reads from this server"))
}

/// Commits that wait for a replica which is not there.
async fn waits(session: &Connection) -> Result<Option<Check>, Error> {
    let query = "SELECT pg_catalog.current_setting('synchronous_standby_names'), \
                 pg_catalog.current_setting('synchronous_commit') NOT IN ('off', 'local') \
                 AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_replication \
                 WHERE coalesce(sync_state, 'hidden') IN ('sync', 'quorum', 'hidden'))";
    let row = session.rows(query).await?.into_iter().next().unwrap_or_default();
    let names = text(&row, 0);
    Ok((!names.is_empty() && is(&row, 1)).then(|| {
        let what = format!(
            "every commit waits: synchronous_standby_names is {names}, and no such replica is connected"
        );
        Check::new(Topic::Replication, State::Stop, what)
            .about("synchronous_standby_names")
            .cure("bring the replica back, or take it out of synchronous_standby_names and reload")
    }))
}

pub(super) fn replica(name: &str, state: &str, seconds: f64, bytes: f64, bounds: &Bounds) -> Check {
    let behind = seconds > bounds.lag.as_secs_f64() || bytes > FAR;
    let what = format!("replica {name} ({state}) is {} and {} behind", time(seconds), size(bytes));
    let state = if behind { State::Warning } else { State::Ok };
    let check =
        Check::new(Topic::Replication, state, what).about(name).number("lag", seconds).number("bytes", bytes);
    match behind {
        true => check.cure("wait until it has caught up: what is written anew comes on top of that"),
        false => check,
    }
}

/// Bytes of WAL that are far behind, however quick they may be read.
const FAR: f64 = 1e9;

/// Slots that nobody reads, and what they keep.
pub async fn slots(session: &Connection) -> Result<Vec<Check>, Error> {
    let query = format!(
        "SELECT slot_name, active, pg_catalog.pg_wal_lsn_diff({END}, restart_lsn)::float8, wal_status \
         FROM pg_catalog.pg_replication_slots ORDER BY 1"
    );
    let rows = session.rows(&query).await?;
    let most = super::setting(session, "max_slot_wal_keep_size").await?.filter(|most| *most >= 0.0);
    let checks = rows.iter().filter(|row| !is(row, 1)).filter_map(|row| {
        let name = text(row, 0);
        let kept = number(row, 2);
        let drop =
            format!("SELECT pg_drop_replication_slot({}), if nothing is to read it again", literal(name));
        if text(row, 3) == "lost" {
            let what = format!("slot {name} has lost its WAL, and whatever reads it has to be set up anew");
            return Some(Check::new(Topic::Slots, State::Warning, what).about(name).cure(drop));
        }
        let limit = match most {
            Some(megabytes) => format!("up to {} (max_slot_wal_keep_size)", size(megabytes * 1_048_576.0)),
            None => "until the disk is full".to_owned(),
        };
        // One that was never read keeps nothing.
        let kept = kept?;
        let what =
            format!("nobody reads slot {name}: it keeps {} of WAL, and what is to come, {limit}", size(kept));
        Some(Check::new(Topic::Slots, State::Warning, what).about(name).number("bytes", kept).cure(drop))
    });
    let ok = match rows.len() {
        0 => "there is no replication slot".to_owned(),
        count => format!("no WAL is kept for nobody ({count} replication slots)"),
    };
    Ok(super::or_ok(checks.collect(), Topic::Slots, &ok))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_behind_by_time_or_by_size() {
        let state = |seconds, bytes| replica("r", "streaming", seconds, bytes, &Bounds::default()).state;
        assert_eq!((state(0.0, 0.0), state(9.0, 5e8)), (State::Ok, State::Ok));
        assert_eq!((state(11.0, 0.0), state(0.0, 2e9)), (State::Warning, State::Warning));
    }
}
