//! Whether a pooler stands between brolly and the server.
//!
//! One that hands the server's connections out by transaction shows by two connections that are open at once and
//! have one backend. One that does it by session shows by a backend that is older than the
//! connection, or by another application name. The rest are guesses from host and port.

use super::words::time;
use super::{Check, NAME, State, Topic};
use pg::{Connection, Error, Target};
use std::time::{Duration, Instant};

/// `start` is when connecting began.
pub async fn checks(session: &Connection, target: &Target, start: Instant) -> Result<Vec<Check>, Error> {
    let query = "SELECT extract(epoch FROM pg_catalog.clock_timestamp() - backend_start)::float8, \
                 pg_catalog.current_setting('application_name') \
                 FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()";
    let before = session.pid().await?;
    let row = session.rows(query).await?.into_iter().next().unwrap_or_default();
    let (lived, known) = (start.elapsed().as_secs_f64(), super::words::text(&row, 1).to_owned());
    let age = super::words::number(&row, 0).unwrap_or_default();
    let other = match pg::connect(target).await {
        Ok(other) => other,
        Err(error) => {
            let why = error.to_string();
            let what = format!("a second connection was refused: {}", why.lines().next().unwrap_or_default());
            return Ok(vec![pooled(State::Unknown, what)]);
        }
    };
    if let Some(how) = by_transaction(session, other, before).await? {
        return Ok(vec![pooled(State::Stop, format!("a pooler hands connections out by transaction: {how}")).cure(
            "connect to the server itself: settings, the run lock and CREATE INDEX CONCURRENTLY need a session that stays",
        )]);
    }
    let by_session = if age > lived + SLACK {
        Some(format!("the backend is {} older than the connection", time(age - lived)))
    } else if known != NAME {
        Some(format!("the session is called {known:?} and not {NAME:?}"))
    } else {
        by_name(session.host())
    };
    Ok(vec![match by_session {
        Some(how) => pooled(State::Warning, format!("there seems to be a pooler in between: {how}"))
            .cure("connect to the server itself: a pooler's own timeouts may cut a long statement"),
        None => Check::ok(Topic::Pooler, "connected to the server itself"),
    }])
}

/// Seconds by which the clocks' readings may differ.
const SLACK: f64 = 1.0;

fn pooled(state: State, what: String) -> Check {
    Check::new(Topic::Pooler, state, what)
}

/// How it shows that two connections have one backend, or one connection two. Poolers give out what was given
/// back last, or one after the other, so that it is asked a few times, with time to give back in between.
async fn by_transaction(
    session: &Connection,
    other: Connection,
    before: i32,
) -> Result<Option<String>, Error> {
    let (mut mine, mut theirs) = (vec![before], Vec::new());
    for _ in 0..ROUNDS {
        tokio::time::sleep(SETTLE).await;
        other.batch("BEGIN").await?;
        theirs.push(other.pid().await?);
        // While the other one is in a transaction, this one can't have its backend.
        mine.push(session.pid().await?);
        other.batch("ROLLBACK").await?;
        mine.push(session.pid().await?);
    }
    other.close().await;
    Ok(shared(&mine, &theirs))
}

const ROUNDS: usize = 3;
const SETTLE: Duration = Duration::from_millis(10);

fn shared(mine: &[i32], theirs: &[i32]) -> Option<String> {
    if let Some(pid) = mine.iter().find(|pid| theirs.contains(pid)) {
        return Some(format!("two connections have process {pid}"));
    }
    let mut pairs = mine.windows(2).chain(theirs.windows(2));
    let (first, then) = pairs.find(|pair| pair[0] != pair[1]).map(|pair| (pair[0], pair[1]))?;
    Some(format!("one connection has process {first} and then {then}"))
}

/// A pooler that shows by its address.
fn by_name(host: &str) -> Option<String> {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let port = port.parse::<u16>().ok();
    let parts = ["-pooler.", ".pooler.", ".proxy-", "pgbouncer"];
    if parts.iter().any(|part| name.contains(part)) {
        return Some(format!("the host is called {name}"));
    }
    port.filter(|port| matches!(port, 6432 | 6543)).map(|port| format!("port {port} is one that poolers use"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_belongs_to_one_connection() {
        assert_eq!(shared(&[1, 1, 1], &[2, 2]), None);
        assert!(
            shared(&[1, 1, 1], &[2, 1]).is_some_and(|how| how.contains("two connections have process 1"))
        );
        assert!(shared(&[1, 3, 1], &[2, 2]).is_some_and(|how| how.contains("process 1 and then 3")));
    }

    #[test]
    fn some_addresses_are_those_of_poolers() {
        for (host, pooler) in [
            ("db.example.com:5432", false),
            ("/var/run/postgresql (port 5432)", false),
            ("db.example.com:6432", true),
            ("aws-0-eu-west-1.pooler.supabase.com:5432", true),
            ("ep-cool-123-pooler.eu-central-1.aws.neon.tech:5432", true),
            ("main.proxy-abc.eu-west-1.rds.amazonaws.com:5432", true),
        ] {
            assert_eq!(by_name(host).is_some(), pooler, "{host}");
        }
    }
}
