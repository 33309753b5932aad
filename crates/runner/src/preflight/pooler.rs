//! Whether a pooler stands between brolly and the server.
//!
//! One that hands the server's connections out by transaction shows by two connections that are open at once and
//! have one backend. One that does it by session shows by a backend that is older than the
//! connection, or by another application name. The rest are guesses from host and port.

use super::words::time;
use super::{Check, NAME, State, Topic};
use crate::pooled::{BY_TRANSACTION, CURE, by_transaction};
use pg::{Connection, Error, Target};
use std::time::Instant;

/// `start` is when connecting began.
pub async fn checks(session: &Connection, target: &Target, start: Instant) -> Result<Vec<Check>, Error> {
    let query = "SELECT extract(epoch FROM pg_catalog.clock_timestamp() - backend_start)::float8, \
                 pg_catalog.current_setting('application_name') \
                 FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()";
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
    let shared = by_transaction(session, &other).await?;
    other.close().await;
    if let Some(how) = shared {
        return Ok(vec![pooled(State::Stop, format!("{BY_TRANSACTION}: {how}")).cure(CURE)]);
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
