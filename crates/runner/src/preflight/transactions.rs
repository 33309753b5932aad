//! Transactions of others: old ones and idle ones, prepared ones, and which of them hold what is coming.

use super::words::list;
use super::{Bounds, Check, Coming, State, Topic};
use crate::blockers::{Blocker, holders, prepared_here, sessions};
use crate::ledger::literal;
use pg::{Connection, Error};
use source::{many, shown};

/// Old transactions of sessions.
pub async fn open(session: &Connection, coming: &Coming, bounds: &Bounds) -> Result<Vec<Check>, Error> {
    let old = format!(
        "a.backend_type = 'client backend' AND a.datname = pg_catalog.current_database() \
         AND a.pid <> pg_catalog.pg_backend_pid() \
         AND a.xact_start < pg_catalog.clock_timestamp() - interval '{} ms'",
        bounds.long.as_millis()
    );
    let held = held(session, coming).await?;
    let mut checks = Vec::new();
    for one in sessions(session, &old).await? {
        let pid = one.pid.unwrap_or_default();
        let what = format!("{one}{}", holding(&one, &held));
        let cure = match one.state.starts_with("idle") {
            true => format!("it does nothing, and holds what it holds: SELECT pg_terminate_backend({pid})"),
            false => format!("wait for it, or SELECT pg_cancel_backend({pid})"),
        };
        checks.push(
            Check::new(Topic::Transactions, State::Warning, what)
                .about(format!("process {pid}"))
                .number("age", one.age.as_secs_f64())
                .cure(cure),
        );
    }
    checks.extend(super::readers::held_back(session).await?);
    checks.extend(hidden(session).await?);
    let long = super::words::time(bounds.long.as_secs_f64());
    Ok(super::or_ok(checks, Topic::Transactions, &format!("none is older than {long}")))
}

/// Prepared transactions that nobody ended.
pub async fn prepared(session: &Connection, coming: &Coming, bounds: &Bounds) -> Result<Vec<Check>, Error> {
    let held = held(session, coming).await?;
    let mut checks = Vec::new();
    for one in prepared_here(session).await?.into_iter().filter(|one| one.age >= bounds.long) {
        let holding = holding(&one, &held);
        // Nothing ends it by itself.
        let state = if holding.is_empty() { State::Warning } else { State::Stop };
        let name = literal(&one.query);
        checks.push(
            Check::new(Topic::Prepared, state, format!("{one}, of {}{holding}", one.role))
                .about(one.query.clone())
                .number("age", one.age.as_secs_f64())
                .cure(format!(
                    "ask its transaction manager, then ROLLBACK PREPARED {name} or COMMIT PREPARED {name} as {}",
                    one.role
                )),
        );
    }
    Ok(super::or_ok(checks, Topic::Prepared, "no prepared transaction is left open"))
}

/// Who holds which of the tables that will be locked.
async fn held(session: &Connection, coming: &Coming) -> Result<Vec<(String, Blocker)>, Error> {
    let mut held = Vec::new();
    for lock in &coming.locked {
        let by = holders(session, std::slice::from_ref(lock)).await?;
        held.extend(by.into_iter().map(|one| (lock.relation.clone(), one)));
    }
    Ok(held)
}

fn holding(who: &Blocker, held: &[(String, Blocker)]) -> String {
    // A prepared transaction has no process; its name tells it.
    let is = |one: &Blocker| one.pid == who.pid && (who.pid.is_some() || one.query == who.query);
    let mut tables: Vec<String> =
        held.iter().filter(|(_, one)| is(one)).map(|(table, _)| shown(table).to_owned()).collect();
    tables.sort();
    tables.dedup();
    match tables.as_slice() {
        [] => String::new(),
        tables => format!("; it holds {}, which the migrations lock", list(tables)),
    }
}

/// Sessions of other roles whose transactions this role may not see.
pub(super) async fn hidden(session: &Connection) -> Result<Option<Check>, Error> {
    let query = "SELECT count(*), current_user FROM pg_catalog.pg_stat_activity \
                 WHERE datname = pg_catalog.current_database() AND query = '<insufficient privilege>'";
    let row = session.rows(query).await?.into_iter().next().unwrap_or_default();
    let count = super::words::number(&row, 0).unwrap_or_default();
    let role = super::words::text(&row, 1);
    Ok((count > 0.0).then(|| {
        let sessions = many(count as usize, "session");
        let does = if count == 1.0 { "does" } else { "do" };
        let what = format!("what {sessions} of other roles {does} is hidden from role {role}");
        Check::new(Topic::Transactions, State::Unknown, what)
            .number("hidden", count)
            .cure(format!("GRANT pg_read_all_stats TO {role}"))
    }))
}
