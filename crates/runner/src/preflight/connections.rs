//! How many connections are in use: of the server, of the role, of the database.

use super::words::{is, number, text};
use super::{Bounds, Check, State, Topic};
use pg::{Connection, Error};

/// Rows of other roles hide what kind of session they are; those of clients have a role and a database.
/// Processes that send WAL have slots of their own.
const USED: &str = "
WITH clients AS (
  SELECT datname, usename FROM pg_catalog.pg_stat_activity
  WHERE pid <> pg_catalog.pg_backend_pid()
    AND coalesce(backend_type = 'client backend', usesysid IS NOT NULL AND datid IS NOT NULL)
), settings AS (
  SELECT name, setting::float8 FROM pg_catalog.pg_settings
  WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
)
SELECT (SELECT count(*) FROM clients),
  (SELECT sum(CASE name WHEN 'max_connections' THEN setting ELSE -setting END) FROM settings),
  (SELECT count(*) FROM clients WHERE usename = current_user), r.rolconnlimit, r.rolsuper, r.rolname,
  (SELECT count(*) FROM clients WHERE datname = d.datname), d.datconnlimit, d.datname
FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
WHERE r.rolname = current_user AND d.datname = pg_catalog.current_database()";

pub async fn checks(session: &Connection, bounds: &Bounds) -> Result<Vec<Check>, Error> {
    let row = session.rows(USED).await?.into_iter().next().unwrap_or_default();
    let value = |at: usize| number(&row, at).unwrap_or_default();
    let mut checks = vec![judged("the server", value(0), value(1), bounds)];
    // Limits of roles and databases don't hold for superusers.
    if !is(&row, 4) {
        let role = format!("role {}", text(&row, 5));
        let database = format!("database {}", text(&row, 8));
        for (whose, used, most) in [(role, value(2), value(3)), (database, value(6), value(7))] {
            if most >= 0.0 {
                checks.push(judged(&whose, used, most, bounds));
            }
        }
    }
    Ok(checks)
}

fn judged(whose: &str, used: f64, most: f64, bounds: &Bounds) -> Check {
    let percent = if most > 0.0 { used / most * 100.0 } else { 100.0 };
    let what = format!("{used:.0} of {most:.0} connections of {whose} are in use ({percent:.0} %)");
    let state = if most - used < NEEDED {
        State::Stop
    } else if percent > f64::from(bounds.connections) {
        State::Warning
    } else {
        State::Ok
    };
    let check =
        Check::new(Topic::Connections, state, what).about(whose).number("used", used).number("most", most);
    match state {
        State::Stop => check.cure(format!("brolly takes {NEEDED:.0} connections: close some, or wait")),
        State::Warning => check.cure(
            "who waits for a lock keeps its connection, and the app opens more meanwhile: run when less is going on, \
             or make the app's pools smaller",
        ),
        _ => check,
    }
}

/// What a run takes.
const NEEDED: f64 = 3.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_connections_are_told_and_too_many_end_it() {
        let state = |used, most| judged("the server", used, most, &Bounds::default()).state;
        assert_eq!((state(70.0, 100.0), state(71.0, 100.0)), (State::Ok, State::Warning));
        assert_eq!((state(97.0, 100.0), state(98.0, 100.0)), (State::Warning, State::Stop));
        assert_eq!(judged("the server", 1.0, 0.0, &Bounds::default()).state, State::Stop);
    }
}
