//! How far a migration is that can't run in one transaction: a table beside Drizzle's ledger with a row for
//! each statement that ran.
//!
//! The row of a statement that runs in a transaction is written in that transaction. Of one that can't, a
//! row says before that it was begun, and after that it is done. When the migration is through, its rows go.

use crate::ledger::{hash_of, literal};
use crate::standing::LedgerRows;
use crate::{Error, way_back};
use drizzle::{Layout, Migration, Project};
use facts::Step;
use pg::Connection;
use std::collections::{BTreeMap, BTreeSet};

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

/// A migration, or the way back of one, that is half run: an earlier run did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The tag of the migration.
    pub tag: String,
    /// Whether it is its way back.
    pub back: bool,
    /// What is known of its statements.
    pub left: Left,
}

impl Begun {
    /// The numbers of the statements that are done, from 1.
    pub fn done(&self) -> Vec<usize> {
        self.left.iter().filter(|(_, mark)| mark.done).map(|(index, _)| index + 1).collect()
    }

    /// How far it is, in words.
    pub fn far(&self) -> String {
        let done: Vec<String> = self.done().iter().map(usize::to_string).collect();
        match done.as_slice() {
            [] => "its first statement was begun".to_owned(),
            [one] => format!("statement {one} of it is done"),
            more => format!("statements {} of it are done", more.join(", ")),
        }
    }
}

/// What is half run of a project: migrations that have no row in the ledger, and ways back of those that have one.
///
/// Errors: those of the connection.
pub async fn begun(
    session: &Connection,
    project: &Project,
    rows: &LedgerRows,
) -> Result<Vec<Begun>, pg::Error> {
    let noted = noted(session, project, rows).await?;
    let mut begun = Vec::new();
    if noted.is_empty() {
        return Ok(begun);
    }
    let owners: BTreeSet<usize> = rows.owners(project).into_iter().flatten().collect();
    for (at, one) in project.migrations.iter().enumerate() {
        let back = owners.contains(&at);
        let key = if back { back_key(project, one) } else { key(project, one) };
        if let Some(left) = noted.get(&key) {
            begun.push(Begun { tag: one.tag.clone(), back, left: left.clone() });
        }
    }
    Ok(begun)
}

/// Forgets what is noted of migrations that the ledger says have run, whoever brought them to their end, and of ways back
/// of those that it says have not.
pub async fn forget_ended(
    session: &Connection,
    project: &Project,
    rows: &LedgerRows,
) -> Result<(), pg::Error> {
    let noted = noted(session, project, rows).await?;
    if noted.is_empty() {
        return Ok(());
    }
    let owners: BTreeSet<usize> = rows.owners(project).into_iter().flatten().collect();
    for (at, one) in project.migrations.iter().enumerate() {
        let (key, forgetting) = match owners.contains(&at) {
            true => (key(project, one), forgetting(project, one)),
            false => (back_key(project, one), forgetting_back(project, one)),
        };
        if noted.contains_key(&key) {
            session.batch(&forgetting).await?;
        }
    }
    Ok(())
}

/// All that is noted, by what the migrations are called in the table.
async fn noted(
    session: &Connection,
    project: &Project,
    rows: &LedgerRows,
) -> Result<BTreeMap<String, Left>, pg::Error> {
    let mut noted: BTreeMap<String, Left> = BTreeMap::new();
    // Whoever may not read the ledger may not even name what is beside it.
    if !matches!(rows, LedgerRows::Rows { .. }) {
        return Ok(noted);
    }
    let may = format!(
        "SELECT pg_catalog.has_table_privilege(pg_catalog.to_regclass({}), 'SELECT')",
        literal(&table(project))
    );
    if session.value(&may).await?.as_deref() != Some("t") {
        return Ok(noted);
    }
    let query = format!("SELECT statement, hash, done, migration FROM {}", table(project));
    for row in session.rows(&query).await? {
        let (Some((statement, mark)), Some(Some(key))) = (mark(&row), row.get(3)) else { continue };
        noted.entry(key.clone()).or_default().insert(statement, mark);
    }
    Ok(noted)
}

fn mark(row: &[Option<String>]) -> Option<(usize, Mark)> {
    let [Some(statement), Some(hash), Some(done), ..] = row else { return None };
    Some((statement.parse().ok()?, Mark { hash: hash.clone(), done: done == "t" }))
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
    Ok(session.rows(&query).await?.iter().filter_map(|row| mark(row)).collect())
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

/// What takes all that is noted of the way back of a migration away.
pub fn forgetting_back(project: &Project, migration: &Migration) -> String {
    format!("delete from {} where migration = {}", table(project), literal(&back_key(project, migration)))
}

/// What takes the note of a statement away.
pub fn unnoting(project: &Project, migration: &Migration, step: &Step) -> String {
    format!(
        "delete from {} where migration = {} and statement = {}",
        table(project),
        literal(&key(project, migration)),
        step.index
    )
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
pub(crate) fn key(project: &Project, migration: &Migration) -> String {
    called(project, migration.when, &migration.tag)
}

/// What its way back is called, which has no time.
fn back_key(project: &Project, migration: &Migration) -> String {
    called(project, None, &way_back::tag(migration))
}

fn called(project: &Project, when: Option<i64>, tag: &str) -> String {
    let name = match project.layout {
        Layout::Folders => tag.to_owned(),
        Layout::Journal | Layout::Bare => format!("{} {tag}", when.unwrap_or_default()),
    };
    format!("{}: {name}", project.ledger.table)
}
