//! Replicas that were named: whether they are replicas of this server, how far behind, and who reads there what the
//! migrations lock.
//!
//! A query that is ended there is not this server's affair: it is told, and who runs the migrations decides.

use super::words::{is, list, number, text, time};
use super::{Bounds, Check, Coming, State, Topic, replication};
use crate::blockers::Blocker;
use crate::lag::{self, END, NOW};
use crate::replicas::{DELAY, PATIENCE, delay_of, opened, readers};
use pg::{Connection, Error, Target};
use source::shown;
use std::time::Duration;

/// What sessions on replicas are called.
const NAME: &str = "brolly preflight (readers)";

/// What is to be known of the primary.
struct Primary {
    database: String,
    /// Where its WAL ends.
    end: String,
    /// Its time, in seconds.
    now: String,
    /// What it and all copies of it are known by; `None` where the role may not see it.
    system: Option<String>,
}

/// Each replica, in its order.
///
/// Errors: those of the primary. What is wrong with a replica is a check.
pub async fn checks(
    session: &Connection,
    replicas: &[Target],
    coming: &Coming,
    bounds: &Bounds,
) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    if replicas.is_empty() {
        return Ok(checks);
    }
    for replica in replicas {
        let query = format!("SELECT pg_catalog.current_database(), {END}, {NOW}");
        let row = session.rows(&query).await?.into_iter().next().unwrap_or_default();
        let cell = |at: usize| text(&row, at).to_owned();
        let primary =
            Primary { database: cell(0), end: cell(1), now: cell(2), system: system(session).await? };
        let name = replica.host();
        let stop = |what: String, cure: &str| {
            Check::new(Topic::Replication, State::Stop, what).about(name.clone()).cure(cure)
        };
        let seen = tokio::time::timeout(PATIENCE, seen(replica, &primary, coming, bounds)).await;
        let silent = match seen {
            Ok(Ok(found)) => {
                checks.extend(found);
                continue;
            }
            Ok(Err(error)) => error.headline(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        checks.push(stop(format!("replica {name} can't be asked: {silent}"), LEAVE));
    }
    Ok(checks)
}

const LEAVE: &str = "bring it back, or leave it out of --replica: then nobody who reads there is waited for";

async fn seen(
    target: &Target,
    primary: &Primary,
    coming: &Coming,
    bounds: &Bounds,
) -> Result<Vec<Check>, Error> {
    let name = target.host();
    let replica = opened(&target.named(NAME), &primary.database).await?;
    let query = format!(
        "SELECT pg_catalog.pg_is_in_recovery(), {DELAY}, pg_catalog.current_setting('hot_standby_feedback'), \
         CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() END"
    );
    let row = replica.rows(&query).await?.into_iter().next().unwrap_or_default();
    let stop = |what: String| {
        let cure = "name a replica of the server that is migrated";
        vec![Check::new(Topic::Replication, State::Stop, what).about(name.clone()).cure(cure)]
    };
    if !is(&row, 0) {
        return Ok(stop(format!("{name} is no replica: it takes writes")));
    }
    let known = system(&replica).await?;
    if let (Some(one), Some(other)) = (&known, &primary.system)
        && one != other
    {
        return Ok(stop(format!("{name} is a replica of another server")));
    }
    let delay = delay_of(text(&row, 1));
    let ended = match delay {
        Some(delay) => format!("for {}", time(delay.as_secs_f64())),
        None => "for as long as it takes".to_owned(),
    };
    let behind = lag::itself(&replica, &format!("'{}'", primary.end), &primary.now).await?;
    let check =
        replication::replica(&name, "asked", behind.seconds, behind.bytes.unwrap_or(0) as f64, bounds);
    let more = format!(
        "{}; a query there may hold up replay {ended} (max_standby_streaming_delay), hot_standby_feedback is {}",
        check.what,
        text(&row, 2)
    );
    let mut checks = vec![Check { what: more, ..check }];
    if known.is_none() || primary.system.is_none() {
        let what = format!("whether {name} is a replica of this server can't be seen by this role");
        let cure = "GRANT EXECUTE ON FUNCTION pg_control_system() to the role";
        checks.push(Check::new(Topic::Replication, State::Unknown, what).about(name.clone()).cure(cure));
    }
    if is(&row, 3) {
        let what = format!(
            "replay is paused on replica {name}: nothing that is migrated comes to those who read there"
        );
        let cure = "SELECT pg_wal_replay_resume() there, once it may go on";
        checks.push(Check::new(Topic::Replication, State::Warning, what).about(name.clone()).cure(cure));
    }
    checks.extend(reading(&replica, &name, delay, coming, bounds).await?);
    if let Some(hidden) = super::transactions::hidden(&replica).await? {
        let what = format!("on replica {name}, {}: nobody of them is waited for", hidden.what);
        checks.push(Check { topic: Topic::Replication, object: Some(name), what, ..hidden });
    }
    replica.close().await;
    Ok(checks)
}

/// Who reads there what is about to be locked, for longer than is fine or than the replica lets it.
async fn reading(
    replica: &Connection,
    name: &str,
    delay: Option<Duration>,
    coming: &Coming,
    bounds: &Bounds,
) -> Result<Vec<Check>, Error> {
    let long = delay.map_or(bounds.long, |delay| delay.min(bounds.long));
    let mut found: Vec<(Blocker, Vec<String>)> = Vec::new();
    for relation in &coming.replayed {
        for one in readers(replica, std::slice::from_ref(relation)).await? {
            if one.age < long {
                continue;
            }
            match found.iter_mut().find(|(other, _)| other.pid == one.pid) {
                Some((_, tables)) => tables.push(shown(relation).to_owned()),
                None => found.push((one, vec![shown(relation).to_owned()])),
            }
        }
    }
    let check = |(one, tables): (Blocker, Vec<String>)| {
        let pid = one.pid.unwrap_or_default();
        let age = one.age.as_secs_f64();
        let tables = list(&tables);
        let then = match delay {
            Some(delay) => format!("and end it after {}", time(delay.as_secs_f64())),
            None => "until it is over".to_owned(),
        };
        let one = Blocker { replica: Some(name.to_owned()), ..one };
        let what = format!(
            "{one}; it holds {tables}: the migrations would stop replay there, with all who read {tables}, {then}"
        );
        let cure = match one.state.starts_with("idle") {
            true => format!("it does nothing: SELECT pg_terminate_backend({pid}) there"),
            false => format!(
                "wait for it, or SELECT pg_terminate_backend({pid}) there; brolly migrate --replica waits by itself"
            ),
        };
        Check::new(Topic::Replication, State::Warning, what)
            .about(format!("process {pid} on {name}"))
            .number("age", age)
            .cure(cure)
    };
    Ok(found.into_iter().map(check).collect())
}

/// What a server and all copies of it are known by; `None` where the role may not see it.
async fn system(session: &Connection) -> Result<Option<String>, Error> {
    match session.value("SELECT system_identifier FROM pg_catalog.pg_control_system()").await {
        Ok(system) => Ok(system),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replicas whose old snapshots keep rows from being vacuumed here, as `hot_standby_feedback` lets them. A replica with a slot
/// keeps them by that.
/// <https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-HOT-STANDBY-FEEDBACK>
pub async fn held_back(session: &Connection) -> Result<Vec<Check>, Error> {
    let query = "SELECT 'replica ' || coalesce(nullif(application_name, ''), client_addr::text, pid::text), \
                 pg_catalog.age(backend_xmin) FROM pg_catalog.pg_stat_replication WHERE backend_xmin IS NOT NULL UNION ALL \
                 SELECT 'slot ' || slot_name, pg_catalog.age(xmin) FROM pg_catalog.pg_replication_slots \
                 WHERE xmin IS NOT NULL ORDER BY 1";
    let rows = session.rows(query).await?;
    let check = |row: &pg::Row| {
        let age = number(row, 1).filter(|age| *age > OLD)?;
        let who = text(row, 0);
        let what = format!(
            "{who} holds a snapshot that is {} transactions old (hot_standby_feedback): no row that was changed or deleted since \
             is vacuumed here, and what a migration or a backfill leaves behind comes on top",
            super::words::count(age)
        );
        let cure = "end the oldest transaction on that replica, or wait for it; a slot that nobody reads is to be dropped";
        Some(Check::new(Topic::Transactions, State::Warning, what).about(who).number("age", age).cure(cure))
    };
    Ok(rows.iter().filter_map(check).collect())
}

/// Transactions that a snapshot of a replica may be old: a minute or two of a busy server.
const OLD: f64 = 100_000.0;
