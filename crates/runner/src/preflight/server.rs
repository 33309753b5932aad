//! Whether the server takes writes, and whether its version is the one that was judged for.

use super::words::is;
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
    if checks.is_empty() {
        checks
            .push(Check::ok(Topic::Server, format!("PostgreSQL {}, takes writes", session.server_version())));
    }
    Ok(checks)
}

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
