//! Drizzle's ledger: the table in which it notes what it has run, and by which it decides what is
//! pending.
//!
//! Rows are what drizzle-orm writes, of either line. What really ran is another question, and not
//! asked here.

use drizzle::{Layout, Ledger, Migration, Project};
use pg::{Connection, Error};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Makes the ledger where it is missing, as Drizzle does before each run.
pub async fn prepare(session: &Connection, project: &Project) -> Result<(), Error> {
    session.batch(&preparation(project).join("; ")).await
}

/// What makes the ledger where it is missing.
pub fn preparation(project: &Project) -> [String; 2] {
    let more = match project.layout {
        Layout::Folders => ", name text, applied_at timestamp with time zone default now()",
        Layout::Journal | Layout::Bare => "",
    };
    [
        format!("create schema if not exists {}", quoted(&project.ledger.schema)),
        format!(
            "create table if not exists {} (id serial primary key, hash text not null, created_at bigint{more})",
            table(&project.ledger)
        ),
    ]
}

/// Notes a migration as run.
pub async fn note(session: &Connection, project: &Project, migration: &Migration) -> Result<(), Error> {
    session.batch(&noting(project, migration)).await
}

/// What notes a migration as run.
pub fn noting(project: &Project, migration: &Migration) -> String {
    let hash = hash(migration);
    let when = migration.when.map_or("null".to_owned(), |when| when.to_string());
    let ledger = table(&project.ledger);
    match project.layout {
        Layout::Folders => format!(
            "insert into {ledger} (hash, created_at, name) values ('{hash}', {when}, {})",
            literal(&migration.tag)
        ),
        Layout::Journal | Layout::Bare => {
            format!("insert into {ledger} (hash, created_at) values ('{hash}', {when})")
        }
    }
}

/// The migrations that Drizzle would run now, by its own rule: `when` above that of every row in the
/// older line, a name without a row in v1.
pub async fn pending(session: &Connection, project: &Project) -> Result<Vec<usize>, Error> {
    let ledger = table(&project.ledger);
    let migrations = project.migrations.iter().enumerate();
    if project.layout == Layout::Folders {
        let rows = session.rows(&format!("select name from {ledger}")).await?;
        let names: Vec<String> = rows.into_iter().flatten().flatten().collect();
        return Ok(migrations.filter(|(_, one)| !names.contains(&one.tag)).map(|(at, _)| at).collect());
    }
    let newest = session.value(&format!("select max(created_at) from {ledger}")).await?;
    let newest: Option<i64> = newest.and_then(|text| text.parse().ok());
    let after = |when: Option<i64>| newest.is_none_or(|newest| when.is_some_and(|when| when > newest));
    Ok(migrations.filter(|(_, one)| after(one.when)).map(|(at, _)| at).collect())
}

/// SHA-256 of the file's text, in hexadecimal.
pub fn hash(migration: &Migration) -> String {
    hash_of(migration.file.text.as_bytes())
}

pub fn hash_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The ledger, quoted.
pub fn table(ledger: &Ledger) -> String {
    format!("{}.{}", quoted(&ledger.schema), quoted(&ledger.table))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
