//! Which migrations a database has run, by Drizzle's own ledger: what `diff` compares it with, and what is
//! left to run.
//!
//! Whether Drizzle would skip one of those that are pending is the affair of `lint`.

use crate::errors::Error;
use drizzle::{Layout, Project};
use pg::Connection;
use runner::standing::{LedgerRows, Standing, ledger_rows, standing};

/// How a folder stands against what its ledger holds.
///
/// Errors: [`Error::CannotMigrate`] where the ledger may not be read, or is that of the other line of Drizzle.
pub fn standing_of(project: &Project, rows: &LedgerRows) -> Result<Standing, Error> {
    let ledger = format!("{}.{}", project.ledger.schema, project.ledger.table);
    let refused = |what: String| Err(Error::CannotMigrate { what });
    let (named, rows) = match rows {
        LedgerRows::Absent => (true, &[][..]),
        LedgerRows::Forbidden => {
            return refused(format!("the ledger {ledger} may not be read by this role"));
        }
        LedgerRows::Rows { named, rows } => (*named, rows.as_slice()),
    };
    if project.layout == Layout::Folders && !named {
        return refused(format!(
            "the ledger {ledger} is that of drizzle-orm 0.x, which the migrator of 1.x rebuilds first: run that once"
        ));
    }
    Ok(standing(project, named, rows))
}

/// A project cut down to what a database has run.
pub struct Applied {
    /// The project with these migrations only.
    pub project: Project,
    /// What was left out and why, for people.
    pub notes: Vec<String>,
}

/// What the database behind the connection has run of the project. All of it, where nothing there
/// says so.
///
/// Errors: those of the connection.
pub async fn applied(connection: &Connection, project: &Project) -> Result<Applied, pg::Error> {
    let table = format!("\"{}\".\"{}\"", project.ledger.schema, project.ledger.table);
    let whole = |note: String| Applied { project: project.clone(), notes: vec![note] };
    if project.layout == Layout::Bare {
        return Ok(whole("SQL files without a journal: all of them are taken as run".to_owned()));
    }
    let (named, rows) = match ledger_rows(connection, project).await? {
        LedgerRows::Absent => {
            return Ok(whole(format!("the database has no ledger {table}: compared with the whole history")));
        }
        LedgerRows::Forbidden => {
            return Ok(whole(format!("the ledger {table} may not be read: compared with the whole history")));
        }
        LedgerRows::Rows { named, rows } => (named, rows),
    };
    let standing = standing(project, named, &rows);
    let tag = |index: &usize| project.migrations[*index].tag.as_str();
    let tags = |indexes: &[usize]| indexes.iter().map(tag).collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    match standing.pending.as_slice() {
        [] => {}
        [one] => notes.push(format!("left out, since the database has not run it yet: {}", tag(one))),
        more => notes.push(format!("left out, since the database has not run them yet: {}", tags(more))),
    }
    if !standing.edited.is_empty() {
        let edited = tags(&standing.edited);
        notes.push(format!("edited since the database ran it (its ledger has another hash): {edited}"));
    }
    notes.extend(
        standing.unknown.iter().map(|what| format!("the ledger holds {what}, which is not in the folder")),
    );
    let mut cut = project.clone();
    cut.migrations = standing.applied.iter().map(|index| project.migrations[*index].clone()).collect();
    Ok(Applied { project: cut, notes })
}
