//! Whether the server takes writes, whether its version is the one that was judged for, and whether it is one server at all.

use super::words::{is, text};
use super::{Bounds, Check, State, Topic};
use pg::{Connection, Error};

pub async fn checks(session: &Connection, bounds: &Bounds) -> Result<Vec<Check>, Error> {
    let query =
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')::bool";
    let row = session.rows(query).await?.into_iter().next().unwrap_or_default();
    let mut checks = Vec::new();
    if is(&row, 0) {
        checks.push(
            Check::new(Topic::Server, State::Stop, "the server is a replica, which takes no writes")
                .cure("name the primary in the database URL"),
        );
    } else if is(&row, 1) {
        checks.push(
            Check::new(
                Topic::Server,
                State::Stop,
                "transactions of this role are read-only (default_transaction_read_only)",
            )
            .about("default_transaction_read_only")
            .cure(
                "ask what made the server read-only, such as a disk that is nearly full, and end that first",
            ),
        );
    }
    checks.extend(version(session.version().major, bounds.version));
    checks.extend(citus(session).await?);
    if checks.is_empty() {
        checks
            .push(Check::ok(Topic::Server, format!("PostgreSQL {}, takes writes", session.server_version())));
    }
    Ok(checks)
}

/// A database of Citus. Nothing of what is judged and tried here was tried with it.
async fn citus(session: &Connection) -> Result<Option<Check>, Error> {
    let query = "SELECT extversion, pg_catalog.to_regclass('pg_catalog.pg_dist_partition') FROM pg_catalog.pg_extension \
                 WHERE extname = 'citus'";
    let Some(row) = session.rows(query).await?.into_iter().next() else { return Ok(None) };
    let tables = match text(&row, 1).is_empty() {
        true => None,
        false => session.value("SELECT count(*) FROM pg_catalog.pg_dist_partition").await?,
    };
    let tables: u32 = tables.and_then(|count| count.parse().ok()).unwrap_or(0);
    let what = format!(
        "this is a database of Citus {}, with {tables} tables that lie on other servers too: locks, sizes and transactions \
         there are not seen from here, and an index that is built concurrently may be left invalid on one of them",
        text(&row, 0)
    );
    let cure =
        "try the migrations on a copy of the cluster; brolly migrate --allow REASON runs them all the same";
    let check = Check::new(Topic::Server, State::Stop, what).about(CITUS).cure(cure);
    Ok(Some(check.number("tables", f64::from(tables))))
}

/// What the check of a database of Citus is about.
pub const CITUS: &str = "citus";

fn version(major: u16, named: Option<u8>) -> Option<Check> {
    let warning = |what: String, cure: &str| {
        Check::new(Topic::Server, State::Warning, what).number("major", f64::from(major)).cure(cure)
    };
    match named.map(u16::from) {
        _ if major > NEWEST => Some(warning(
            format!("PostgreSQL {major} is newer than what brolly knows: {NEWEST} is the newest"),
            "try the migrations on a copy with brolly verify --on-this-database",
        )),
        Some(named) if named != major => Some(warning(
            format!(
                "brolly.json says PostgreSQL {named}, and this is {major}: findings may be those of {named}"
            ),
            &format!("set \"postgres\": {major} in brolly.json, and lint again"),
        )),
        _ => None,
    }
}

/// The newest major version whose behaviour was tried.
const NEWEST: u16 = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_than_the_settings_say_is_told() {
        assert_eq!((version(16, None), version(16, Some(16))), (None, None));
        let what = |major, named| {
            version(major, named).map(|check| (check.state, check.what)).unwrap_or((State::Ok, String::new()))
        };
        assert!(what(16, Some(15)).1.contains("brolly.json says PostgreSQL 15, and this is 16"));
        assert!(what(19, None).1.contains("newer than what brolly knows"));
    }
}
