//! What `pg_dump` says of a schema: a second opinion beside the catalogue that brolly reads.
//!
//! Only where PG_DUMP names the program (that of a version may dump servers up to its own). The order of columns is
//! no part of it: a path may add them in another one.

use pg::{Connection, Error, Server};
use std::process::Command;

/// The statements of a dump, sorted, and the lines of each; `None` where there is no program for this server.
#[allow(clippy::disallowed_methods, reason = "tests start programs")]
pub async fn dump(server: &Server, session: &Connection) -> Result<Option<Vec<String>>, Error> {
    let Ok(program) = std::env::var("PG_DUMP") else { return Ok(None) };
    let version = Command::new(&program).arg("--version").output().expect("PG_DUMP is a program").stdout;
    let version = String::from_utf8_lossy(&version).into_owned();
    let major = version.split(|c: char| !c.is_ascii_digit()).find(|word| !word.is_empty());
    if major.and_then(|major| major.parse::<u16>().ok()).is_none_or(|major| major < session.version().major) {
        return Ok(None);
    }
    let database = session.value("SELECT pg_catalog.current_database()").await?.unwrap_or_default();
    let done = Command::new(&program)
        .args(["--schema-only", "--no-owner", "--dbname", &server.url(&database)])
        .output()
        .expect("it starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8_lossy(&done.stdout);
    let plain =
        text.lines().filter(|line| !line.starts_with("--") && !line.starts_with('\\') && !line.is_empty());
    let plain: Vec<&str> = plain.map(|line| line.trim().trim_end_matches(',')).collect();
    let mut statements: Vec<String> = plain
        .split_inclusive(|line| line.ends_with(';'))
        .map(|lines| {
            let mut lines = lines.to_vec();
            lines.sort_unstable();
            lines.join("\n")
        })
        .collect();
    statements.sort();
    Ok(Some(statements))
}

/// Where two dumps differ.
pub fn differences(naive: Option<&Vec<String>>, path: Option<&Vec<String>>) -> Vec<String> {
    let (Some(naive), Some(path)) = (naive, path) else { return Vec::new() };
    let lacks = naive.iter().filter(|one| !path.contains(one)).map(|one| format!("the dump lacks {one}"));
    let has = path.iter().filter(|one| !naive.contains(one)).map(|one| format!("the dump has {one}"));
    lacks.chain(has).collect()
}
