//! How old the oldest transaction IDs are: of the databases, and of the tables that will be locked. A vacuum that
//! freezes them in time gives way to nobody.

use super::words::{count, number, text};
use super::{Check, Coming, State, Topic};
use crate::blockers::sessions;
use crate::ledger::literal;
use pg::{Connection, Error};
use source::shown;

pub async fn checks(session: &Connection, coming: &Coming) -> Result<Vec<Check>, Error> {
    let mut checks = databases(session).await?;
    checks.extend(running(session, coming).await?);
    checks.extend(tables(session, coming).await?);
    Ok(checks)
}

/// The server stops for the oldest of all databases.
async fn databases(session: &Connection) -> Result<Vec<Check>, Error> {
    let query = "SELECT datname, greatest(age(datfrozenxid), mxid_age(datminmxid)), \
                 pg_catalog.current_setting('autovacuum_freeze_max_age')::int8 \
                 FROM pg_catalog.pg_database ORDER BY 2 DESC LIMIT 1";
    let row = session.rows(query).await?.into_iter().next().unwrap_or_default();
    let value = |at: usize| number(&row, at).unwrap_or_default();
    Ok(vec![database(text(&row, 0), value(1), value(2))])
}

fn database(name: &str, age: f64, max: f64) -> Check {
    let what = format!("the oldest transaction ID, in database {name}, is {} old", count(age));
    let check = |state, what| Check::new(Topic::Wraparound, state, what).about(name).number("age", age);
    let cure = "find what keeps vacuum from it (old transactions, slots, prepared transactions), and run VACUUM (FREEZE)";
    if age > LAST {
        check(State::Stop, format!("{what}: the server stops taking writes at 2.14 billion")).cure(cure)
    } else if age > (2.0 * max).min(FAR) {
        check(State::Warning, format!("{what}, and autovacuum did not get below {}", count(max))).cure(cure)
    } else {
        check(State::Ok, what)
    }
}

/// Above this, nothing but freezing should go on.
const LAST: f64 = 1.9e9;
/// Where vacuum itself drops all caution (`vacuum_failsafe_age`).
const FAR: f64 = 1.6e9;

/// Vacuums that must not be stopped, at work now.
async fn running(session: &Connection, coming: &Coming) -> Result<Vec<Check>, Error> {
    let condition = "a.backend_type = 'autovacuum worker' AND a.datname = pg_catalog.current_database() \
                     AND a.query LIKE '%(to prevent wraparound)%'";
    let mut checks = Vec::new();
    for one in sessions(session, condition).await? {
        let table =
            one.query.split_whitespace().find(|word| word.contains('.')).unwrap_or_default().to_owned();
        let locked = coming.locked.iter().any(|lock| lock.relation == table);
        let state = if locked { State::Stop } else { State::Ok };
        let pid = one.pid.unwrap_or_default();
        let what = format!("process {pid}: a vacuum that prevents wraparound works on {}", shown(&table));
        let check = Check::new(Topic::Wraparound, state, what)
            .about(shown(&table))
            .number("age", one.age.as_secs_f64());
        checks.push(match locked {
            true => check.cure("let it finish: it must not be stopped, and gives way to no migration (pg_stat_progress_vacuum)"),
            false => check,
        });
    }
    Ok(checks)
}

/// Tables on which such a vacuum is due.
async fn tables(session: &Connection, coming: &Coming) -> Result<Vec<Check>, Error> {
    if coming.locked.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = coming.locked.iter().map(|lock| literal(&lock.relation)).collect();
    let query = format!(
        "SELECT n.nspname || '.' || c.relname, age(c.relfrozenxid), \
         least(pg_catalog.current_setting('autovacuum_freeze_max_age')::int8, (SELECT o.option_value::int8 \
         FROM pg_catalog.pg_options_to_table(c.reloptions) o WHERE o.option_name = 'autovacuum_freeze_max_age')), \
         pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'm') AND n.nspname || '.' || c.relname IN ({}) ORDER BY 1",
        names.join(", ")
    );
    let mut checks = Vec::new();
    for row in session.rows(&query).await? {
        let (age, max) = (number(&row, 1).unwrap_or_default(), number(&row, 2).unwrap_or(f64::MAX));
        if age <= max {
            continue;
        }
        let table = shown(text(&row, 0));
        let what = format!(
            "a vacuum that prevents wraparound is due on {table}, {} transactions old ({} is the most): it gives way to no migration",
            count(age),
            count(max)
        );
        checks.push(
            Check::new(Topic::Wraparound, State::Warning, what)
                .about(table)
                .number("age", age)
                .cure(format!("VACUUM (FREEZE) {} first", shown(text(&row, 3)))),
        );
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_told_before_the_server_stops() {
        let state = |age| database("app", age, 2e8).state;
        assert_eq!((state(1e8), state(3e8)), (State::Ok, State::Ok));
        assert_eq!((state(4.1e8), state(1.95e9)), (State::Warning, State::Stop));
        assert_eq!(database("app", 1.7e9, 1e9).state, State::Warning);
    }
}
