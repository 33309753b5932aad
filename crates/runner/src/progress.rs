//! How far a migration is that can't run in one transaction: a table beside Drizzle's ledger with a row for
//! each statement that ran.
//!
//! The row of a statement that runs in a transaction is written in that transaction. Of one that can't, a
//! row says before that it was begun, and after that it is done. When the migration is through, its rows go.

use crate::Error;
use crate::ledger::{hash_of, literal};
use drizzle::{Layout, Migration, Project};
use facts::Step;
use pg::Connection;
use std::collections::BTreeMap;

/// The statements of a migration that earlier runs have begun, by their index in it.
pub type Left = BTreeMap<usize, Mark>;

/// What is known of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// SHA-256 of its text.
    pub hash: String,
    /// Whether it ran to its end.
    pub done: bool,
}

/// What makes the table where it is missing.
pub fn preparation(project: &Project) -> String {
    format!(
        "create table if not exists {} (migration text not null, statement int not null, hash text not null, \
         done boolean not null, at timestamptz not null default now(), primary key (migration, statement))",
        table(project)
    )
}

/// What earlier runs have begun of a migration and not brought to its end.
pub async fn left(session: &Connection, project: &Project, migration: &Migration) -> Result<Left, Error> {
    let there = format!("SELECT pg_catalog.to_regclass({})", literal(&table(project)));
    if session.value(&there).await?.is_none() {
        return Ok(Left::new());
    }
    let query = format!(
        "SELECT statement, hash, done FROM {} WHERE migration = {}",
        table(project),
        literal(&key(project, migration))
    );
    let mut left = Left::new();
    for row in session.rows(&query).await? {
        let [Some(statement), Some(hash), Some(done)] = row.as_slice() else { continue };
        let Ok(statement) = statement.parse() else { continue };
        left.insert(statement, Mark { hash: hash.clone(), done: done == "t" });
    }
    Ok(left)
}

/// What notes a statement.
pub fn noting(project: &Project, migration: &Migration, step: &Step, done: bool) -> String {
    format!(
        "insert into {} (migration, statement, hash, done) values ({}, {}, '{}', {done}) \
         on conflict (migration, statement) do update set hash = excluded.hash, done = excluded.done, at = now()",
        table(project),
        literal(&key(project, migration)),
        step.index,
        hash(step)
    )
}

/// What takes all that is noted of a migration away.
pub fn forgetting(project: &Project, migration: &Migration) -> String {
    format!("delete from {} where migration = {}", table(project), literal(&key(project, migration)))
}

/// SHA-256 of a statement's text.
pub fn hash(step: &Step) -> String {
    hash_of(step.span.of(&step.file.text).trim().as_bytes())
}

/// The table.
pub fn table(project: &Project) -> String {
    format!("\"{}\".\"__brolly_statements\"", project.ledger.schema.replace('"', "\"\""))
}

/// What a migration is called in it: several ledgers may lie in one schema.
fn key(project: &Project, migration: &Migration) -> String {
    let name = match project.layout {
        Layout::Folders => migration.tag.clone(),
        Layout::Journal | Layout::Bare => format!("{} {}", migration.when.unwrap_or_default(), migration.tag),
    };
    format!("{}: {name}", project.ledger.table)
}
