//! Changes to Drizzle's ledger by hand: noting a migration as run, taking a row away, mending rows whose files
//! were edited or renamed. Each is SQL that can be shown before it runs.

use crate::ledger::{self, hash, literal, table};
use crate::progress::{self, Begun};
use crate::run_lock::hold;
use crate::standing::{LedgerRow, LedgerRows, ledger_rows, standing};
use crate::{Error, Event};
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

/// What notes these migrations as run, where no row says so yet; of one whose way back was begun, that it is run still.
pub fn marking(project: &Project, rows: &LedgerRows, begun: &[Begun], migrations: &[usize]) -> Vec<Change> {
    let is_begun = |tag: &str| begun.iter().any(|one| one.back && one.tag == tag);
    let change = |at: &usize| {
        let one = &project.migrations[*at];
        let (what, sql) = match has_row(project, rows, *at) {
            false => (format!("{} is noted as run, and is not run", one.tag), ledger::noting(project, one)),
            true if is_begun(&one.tag) => (
                format!(
                    "{} stays noted as run: that its way back was begun is forgotten, and nothing is made anew",
                    one.tag
                ),
                progress::forgetting_back(project, one),
            ),
            true => return None,
        };
        Some(Change { tag: one.tag.clone(), what, sql })
    };
    each_once(migrations).iter().filter_map(change).collect()
}

/// What takes the rows of these migrations away, so that they are pending again; of one that is half run, what is known
/// of it.
pub fn forgetting(
    project: &Project,
    rows: &LedgerRows,
    begun: &[Begun],
    migrations: &[usize],
) -> Vec<Change> {
    let is_begun = |tag: &str| begun.iter().any(|one| !one.back && one.tag == tag);
    let change = |at: &usize| {
        let one = &project.migrations[*at];
        let (what, sql) = match has_row(project, rows, *at) {
            true => (
                format!("{} is no longer noted as run; nothing of what it did is taken back", one.tag),
                taking_away(project, rows, one),
            ),
            false if is_begun(&one.tag) => (
                format!(
                    "{} was half run: what it did is forgotten and not taken back, and it runs from its start",
                    one.tag
                ),
                progress::forgetting(project, one),
            ),
            false => return None,
        };
        Some(Change { tag: one.tag.clone(), what, sql })
    };
    each_once(migrations).iter().filter_map(change).collect()
}

/// What takes the row of a migration away, and no other.
pub(crate) fn taking_away(project: &Project, rows: &LedgerRows, one: &Migration) -> String {
    format!("delete from {} where {}", table(&project.ledger), condition(project, rows, one))
}

/// Migrations that Drizzle skips once these changes are made, and now would run: the rows have later times.
pub fn skipped_by(project: &Project, rows: &LedgerRows, migrations: &[usize]) -> Vec<usize> {
    let by_name = rows.by_name(project);
    let row = |one: &Migration| LedgerRow {
        hash: hash(one),
        created_at: one.when.map(|when| when as f64),
        name: Some(one.tag.clone()),
        ..LedgerRow::default()
    };
    let before = standing(project, by_name, rows.rows());
    let made = migrations.iter().filter(|at| before.pending.contains(at));
    let mut after = rows.rows().to_vec();
    after.extend(made.map(|at| row(&project.migrations[*at])));
    let after = standing(project, by_name, &after);
    after.passed_over.into_iter().filter(|at| before.pending.contains(at)).collect()
}

/// What mends rows: those of edited files get the hash that the file has now, and rows that no file has get
/// the time or the name of the file with their text. What can't be mended, in words.
pub fn repairing(project: &Project, rows: &LedgerRows) -> (Vec<Change>, Vec<String>) {
    let by_name = rows.by_name(project);
    let owners = rows.owners(project);
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
    for (row, _) in rows.rows().iter().zip(&owners).filter(|(_, owner)| owner.is_none()) {
        let mut all = project.migrations.iter().enumerate();
        let like = all.find(|(at, one)| hash(one) == row.hash && !owners.contains(&Some(*at)));
        let Some((_, one)) = like else {
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
            what: format!(
                "a row with the text of {} gets its time{}",
                one.tag,
                if name.is_empty() { "" } else { " and name" }
            ),
            sql: format!(
                "update {} set created_at = {when}{name} where {}",
                table(&project.ledger),
                is_row(row)
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
            session.batch(&progress::forgetting_back(project, one)).await?;
        }
    }
    session.batch("COMMIT").await?;
    session.close().await;
    guard.close().await;
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(30);

fn has_row(project: &Project, rows: &LedgerRows, at: usize) -> bool {
    rows.owners(project).contains(&Some(at))
}

fn each_once(migrations: &[usize]) -> Vec<usize> {
    let mut once = Vec::new();
    for at in migrations {
        if !once.contains(at) {
            once.push(*at);
        }
    }
    once
}

/// Which rows of the ledger are those of a migration.
fn condition(project: &Project, rows: &LedgerRows, one: &Migration) -> String {
    let owners = rows.owners(project);
    let is_own = |owner: &Option<usize>| owner.is_some_and(|at| project.migrations[at].tag == one.tag);
    let own = rows.rows().iter().zip(&owners).filter(|(_, owner)| is_own(owner));
    let own: Vec<String> = own.map(|(row, _)| is_row(row)).collect();
    match own.as_slice() {
        [] => "false".to_owned(),
        [one] => one.clone(),
        more => more.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" or "),
    }
}

/// Which row of the ledger it is.
fn is_row(row: &LedgerRow) -> String {
    if let Some(id) = row.id {
        return format!("id = {id}");
    }
    let time = row.created_at.map_or("null".to_owned(), |time| time.to_string());
    let name = row.name.as_ref().map(|name| format!(" and name = {}", literal(name))).unwrap_or_default();
    format!("hash = {} and created_at is not distinct from {time}{name}", literal(&row.hash))
}
