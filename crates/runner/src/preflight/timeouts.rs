//! Timeouts that the role's sessions begin with, and that would cut a migration.
//!
//! Asked of a session that has set nothing for itself yet.

use super::words::{list, text, time};
use super::{Check, Coming, State, Topic};
use pg::{Connection, Error};

const SETTINGS: &str = "
SELECT name, reset_val::float8 / 1000, source, current_user FROM pg_catalog.pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout', 'idle_session_timeout')
  AND reset_val <> '0' ORDER BY name";

pub async fn checks(session: &Connection, coming: &Coming) -> Result<Vec<Check>, Error> {
    let rows = session.rows(SETTINGS).await?;
    let mut checks = Vec::new();
    for row in &rows {
        let seconds = super::words::number(row, 1).unwrap_or_default();
        checks.push(judged(text(row, 0), seconds, text(row, 2), text(row, 3), coming));
    }
    Ok(super::or_ok(checks, Topic::Timeouts, "none is in force for this role"))
}

fn judged(name: &str, seconds: f64, source: &str, role: &str, coming: &Coming) -> Check {
    let cut = cut(name, seconds, coming);
    let set = match source {
        "user" | "database user" => format!("for role {role}"),
        "database" => "for the database".to_owned(),
        "client" => "in the database URL".to_owned(),
        _ => "for the server".to_owned(),
    };
    let what = format!("{name} is {}, set {set}", time(seconds));
    let check = |state, what| Check::new(Topic::Timeouts, state, what).about(name).number("seconds", seconds);
    match cut {
        None => check(State::Ok, what),
        Some(why) => check(State::Warning, format!("{what}: {why}")).cure(format!(
            "ALTER ROLE {role} SET {name} = 0, or options=-c%20{name}%3D0 in the database URL, for migrations alone"
        )),
    }
}

/// What would be cut.
fn cut(name: &str, seconds: f64, coming: &Coming) -> Option<String> {
    let long = coming.long();
    let work = match long.as_slice() {
        [] => "a migration that waits for a lock".to_owned(),
        long => format!("a statement that goes through all of {}", list(long)),
    };
    match name {
        "statement_timeout" if !long.is_empty() || seconds < SHORT => Some(format!("it would cut {work}")),
        "transaction_timeout" if !long.is_empty() || seconds < SHORT => {
            Some(format!("it would cut {work}, and end the session"))
        }
        "idle_in_transaction_session_timeout" if seconds < 1.0 => {
            Some("it may end a session between two statements".to_owned())
        }
        "idle_session_timeout" if !long.is_empty() || seconds < SHORT => Some(
            "it ends the session that holds the run lock, which is idle while a long statement runs"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Seconds within which a migration without long work may not be done: it waits for locks.
const SHORT: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_matters_where_the_work_is_long() {
        let quick = Coming::default();
        let long = Coming { indexed: vec!["public.users".to_owned()], ..Coming::default() };
        let of = |name, seconds, coming| judged(name, seconds, "user", "app", coming);
        assert_eq!(of("statement_timeout", 30.0, &quick).state, State::Ok);
        assert_eq!(of("statement_timeout", 1.0, &quick).state, State::Warning);
        let check = of("statement_timeout", 30.0, &long);
        assert_eq!(check.state, State::Warning);
        assert!(check.what.contains("30 s, set for role app: it would cut"), "{check:?}");
        assert_eq!(of("idle_in_transaction_session_timeout", 60.0, &long).state, State::Ok);
        assert_eq!(of("idle_session_timeout", 60.0, &long).state, State::Warning);
    }
}
