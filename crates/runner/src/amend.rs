//! Changes to Drizzle's ledger by hand: noting a migration as run, taking a row away, mending rows whose files
//! were edited or renamed. Each is SQL that can be shown before it runs.

use crate::ledger::{self, hash, literal, table};
use crate::run_lock::hold;
use crate::standing::{LedgerRows, ledger_rows, standing};
use crate::{Error, Event, progress};
use drizzle::{Migration, Project};
use pg::Target;
use std::time::Duration;

/// A change to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The migration that it is about.
    pub tag: String,
    /// What it does, in words.
    pub what: String,
    /// What does it.
    pub sql: String,
}

/// What notes these migrations as run, where no row says so yet.
pub fn marking(project: &Project, rows: &LedgerRows, migrations: &[usize]) -> Vec<Change> {
    let unmarked =
        migrations.iter().map(|index| &project.migrations[*index]).filter(|one| !has_row(project, rows, one));
    let change = |one: &Migration| Change {
        tag: one.tag.clone(),
        what: format!("{} is noted as run, and is not run", one.tag),
        sql: ledger::noting(project, one),
    };
    unmarked.map(change).collect()
}

/// What takes the rows of these migrations away, so that they are pending again.
pub fn forgetting(project: &Project, rows: &LedgerRows, migrations: &[usize]) -> Vec<Change> {
    let marked =
        migrations.iter().map(|index| &project.migrations[*index]).filter(|one| has_row(project, rows, one));
    let change = |one: &Migration| Change {
        tag: one.tag.clone(),
        what: format!("{} is no longer noted as run; nothing of what it did is taken back", one.tag),
        sql: taking_away(project, rows, one),
    };
    marked.map(change).collect()
}

/// What takes the row of a migration away.
pub(crate) fn taking_away(project: &Project, rows: &LedgerRows, one: &Migration) -> String {
    format!("delete from {} where {}", table(&project.ledger), condition(project, rows, one))
}

/// What mends rows: those of edited files get the hash that the file has now, and rows that no file has get
/// the time or the name of the file with their text. What can't be mended, in words.
pub fn repairing(project: &Project, rows: &LedgerRows) -> (Vec<Change>, Vec<String>) {
    let by_name = rows.by_name(project);
    let named = matches!(rows, LedgerRows::Rows { named: true, .. });
    let standing = standing(project, named, rows.rows());
    let mut changes = Vec::new();
    for one in standing.edited.iter().map(|index| &project.migrations[*index]) {
        changes.push(Change {
            tag: one.tag.clone(),
            what: format!("{} was edited since it ran: its row gets the hash of the file", one.tag),
            sql: format!(
                "update {} set hash = '{}' where {}",
                table(&project.ledger),
                hash(one),
                condition(project, rows, one)
            ),
        });
    }
    let mut left = Vec::new();
    for row in rows.rows().iter().filter(|row| !project.migrations.iter().any(|one| row.is_of(one, by_name)))
    {
        let like =
            project.migrations.iter().find(|one| hash(one) == row.hash && !has_row(project, rows, one));
        let Some(one) = like else {
            left.push(format!(
                "a row of {} belongs to no file, and no file has its text",
                row.name.clone().unwrap_or_else(|| row.created_at.unwrap_or_default().to_string())
            ));
            continue;
        };
        let when = one.when.map_or("null".to_owned(), |when| when.to_string());
        let name = match by_name {
            true => format!(", name = {}", literal(&one.tag)),
            false => String::new(),
        };
        changes.push(Change {
            tag: one.tag.clone(),
            what: format!("a row with the text of {} gets its time{}", one.tag, if name.is_empty() { "" } else { " and name" }),
            sql: format!(
                "update {} set created_at = {when}{name} where hash = '{}' and created_at is not distinct from {}",
                table(&project.ledger),
                row.hash,
                row.created_at.map_or("null".to_owned(), |time| time.to_string())
            ),
        });
    }
    (changes, left)
}

/// Makes these changes, in one transaction and under the run lock.
///
/// Errors: [`Error::LedgerMoved`] where the ledger is not what it was when they were shown.
pub async fn amend(
    target: &Target,
    project: &Project,
    shown: &LedgerRows,
    changes: &[Change],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let guard = pg::connect(&target.named("brolly ledger")).await?;
    hold(&guard, target, project, PATIENCE, tell).await?;
    let session = pg::connect(&target.named("brolly ledger")).await?;
    if ledger_rows(&session, project).await? != *shown {
        return Err(Error::LedgerMoved);
    }
    if *shown == LedgerRows::Absent {
        ledger::prepare(&session, project).await?;
    }
    let there = format!("SELECT pg_catalog.to_regclass({})", literal(&progress::table(project)));
    let progress_is_there = session.value(&there).await?.is_some();
    session.batch("BEGIN").await?;
    for change in changes {
        session.batch(&change.sql).await?;
    }
    if progress_is_there {
        // What was half done is as the ledger says now.
        for one in project.migrations.iter().filter(|one| changes.iter().any(|change| change.tag == one.tag))
        {
            session.batch(&progress::forgetting(project, one)).await?;
        }
    }
    session.batch("COMMIT").await?;
    session.close().await;
    guard.close().await;
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(30);

fn has_row(project: &Project, rows: &LedgerRows, one: &Migration) -> bool {
    rows.rows().iter().any(|row| row.is_of(one, rows.by_name(project)))
}

/// Which row of the ledger is that of a migration.
fn condition(project: &Project, rows: &LedgerRows, one: &Migration) -> String {
    match rows.by_name(project) {
        true => format!("name = {}", literal(&one.tag)),
        false => format!("created_at = {}", one.when.unwrap_or_default()),
    }
}
