//! `brolly verify --on-this-database`: what is pending in a database of the user's, run there for good.
//!
//! Three steps: read the ledger, show and ask, run. Where the ledger and the folder contradict each other
//! nothing is run, and whatever ends the third step, what became of the database is said.

use super::plan::{self, Database};
use super::{Bar, Proven, judged, tell};
use crate::Outcome;
use crate::args::VerifyArguments;
use crate::confirm::agreed;
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{self, Selected, unread};
use crate::ledger::standing_of;
use crate::migrate::runnable;
use crate::place::version_of;
use crate::projects;
use crate::settings_file::SettingsFiles;
use drizzle::{Layout, Project};
use facts::Analysis;
use pg::{Connection, Target};
use report::HumanOptions;
use runner::script::{Place, Sent, script};
use runner::standing::{LedgerRows, Standing, ledger_rows};
use std::io::Write;
use std::time::Duration;
use tokio::time::timeout;
use verify::{Phase, apply};

/// Migrates the database that the arguments name, once that is agreed to, and says what was seen.
pub fn migrated(disk: &Disk, wanted: &VerifyArguments, paper: &HumanOptions) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let target = projects::only("verify", found.targets)?;
    if target.named.is_some() {
        return Err(refused("what is pending is what the ledger of the database says: name no files"));
    }
    if target.project.layout == Layout::Bare {
        let dir = &target.project.dir;
        return Err(refused(&format!("{dir} has no journal, so Drizzle would run nothing of it")));
    }
    let settings = SettingsFiles::new(disk, wanted.places.settings.as_deref()).of(&target.project)?;
    let mut options = wanted.server.options(&settings.settings);
    let url = wanted.room.database_url.as_deref().unwrap_or_default();
    let server = pg::target_here(url)?.named("brolly verify");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let work = async {
        let connection = pg::connect(&server).await?;
        options.version = version_of(&connection);
        let database = described(&connection).await?;
        let rows = ledger_rows(&connection, &target.project).await?;
        connection.close().await;
        Ok::<_, Error>((database, rows))
    };
    let (database, rows) = runtime.block_on(pg::unless_interrupted(work))??;
    let standing = stands(&target.project, &rows)?;
    outcome.notes.extend(standing.passed_over.iter().map(|index| {
        let tag = &target.project.migrations[*index].tag;
        format!("{tag}: no row in the ledger, and older than the newest: taken as run, as Drizzle does")
    }));
    let name = format!("{} on {}", database.name, database.host);
    if standing.pending.is_empty() {
        let dir = &target.project.dir;
        outcome.notes.push(format!("{dir}: nothing is pending in {name}, by its ledger"));
        tell(&mut outcome, &[], wanted.format, paper);
        return Ok(outcome);
    }
    let (count, all) = (standing.pending.len(), target.project.migrations.len());
    let text = format!("{count} of {all} migrations, pending in {name} by its ledger");
    let selected = judge::pending(disk, target, &standing, text);
    if let (unread, _) = unread(&selected)
        && !unread.is_empty()
    {
        return Err(refused(&unread.join("\n")));
    }
    let analysis = facts::analyze(&selected.project, &selected.sets, &options);
    runnable(&analysis)?;
    show(&plan::text(&database, &selected.project, &analysis, 0));
    if !wanted.yes {
        runtime.block_on(agreed("Run this?"))?;
    }
    let proven = runtime.block_on(run(&server, &selected, &analysis, &rows))?;
    tell(&mut outcome, &[proven], wanted.format, paper);
    Ok(outcome)
}

fn refused(what: &str) -> Error {
    Error::CannotMigrate { what: what.to_owned() }
}

async fn described(connection: &Connection) -> Result<Database, pg::Error> {
    let rows = connection.rows("SELECT pg_catalog.current_database(), current_user").await?;
    let mut cells = rows.into_iter().flatten().flatten();
    Ok(Database {
        name: cells.next().unwrap_or_default(),
        role: cells.next().unwrap_or_default(),
        host: connection.host().to_owned(),
        version: connection.server_version().to_owned(),
    })
}

/// How the folder stands against the ledger, where they don't contradict each other.
fn stands(project: &Project, rows: &LedgerRows) -> Result<Standing, Error> {
    let standing = standing_of(project, rows)?;
    let edited = standing.edited.iter().map(|index| {
        format!("\n  {} was edited after it ran: its text has another hash", project.migrations[*index].tag)
    });
    let unknown =
        standing.unknown.iter().map(|what| format!("\n  it holds {what}, which is not in the folder"));
    let wrong: Vec<String> = edited.chain(unknown).collect();
    let ledger = format!("{}.{}", project.ledger.schema, project.ledger.table);
    match wrong.is_empty() {
        true => Ok(standing),
        false => Err(refused(&format!("the ledger {ledger} and {} disagree{}", project.dir, wrong.concat()))),
    }
}

/// On the error stream: what is shown is no result, and the result may be JSON.
fn show(text: &str) {
    let mut errors = std::io::stderr().lock();
    let _ = writeln!(errors, "{text}");
}

async fn run(
    server: &Target,
    selected: &Selected,
    analysis: &Analysis,
    rows: &LedgerRows,
) -> Result<Proven, Error> {
    let session = pg::connect(server).await?;
    let watcher = pg::connect(server).await?;
    let pid = session.pid().await?;
    let bar = Bar::new();
    let mut show = |phase: Phase<'_>| bar.show(phase);
    let work = apply(&session, &watcher, &selected.project, analysis, 0, rows, &mut show);
    let error = match pg::unless_interrupted(work).await {
        Ok(Ok(proof)) => return Ok(judged(selected, analysis, 0, proof)),
        Ok(Err(error)) => Error::from(error),
        Err(error) => Error::from(error),
    };
    drop(bar);
    // Interrupted in the middle of a statement, the server would go on with it, and hold its locks.
    drop((session, watcher));
    let look = timeout(PATIENCE, left(server, pid, &selected.project, rows));
    let state = match look.await {
        Ok(Ok(state)) if commits_itself(&selected.project, analysis) => {
            format!("{state}; what was committed stays")
        }
        Ok(Ok(state)) => state,
        _ => "what became of the database can't be seen from here: start again, and it is read".to_owned(),
    };
    Err(Error::StoppedMidway { source: Box::new(error), state })
}

/// Whether it is more than one transaction, so that a failure does not undo all.
fn commits_itself(project: &Project, analysis: &Analysis) -> bool {
    let script = script(project, analysis, 0);
    let outside = |sent: &Sent| matches!(sent, Sent::Statement { place: Place::Control | Place::Alone, .. });
    let commits = script.iter().filter(|sent| **sent == Sent::Own("COMMIT".to_owned())).count();
    commits > 1 || script.iter().any(outside)
}

/// How long the look at what was left may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the migrating session, where it is there still, and says what the ledger holds then.
async fn left(
    server: &Target,
    pid: i32,
    project: &Project,
    before: &LedgerRows,
) -> Result<String, pg::Error> {
    let connection = pg::connect(server).await?;
    let mine = format!(
        "FROM pg_catalog.pg_stat_activity WHERE pid = {pid} AND usename = current_user \
         AND application_name = 'brolly verify'"
    );
    while !connection.rows(&format!("SELECT pg_catalog.pg_terminate_backend(pid) {mine}")).await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = ledger_rows(&connection, project).await?;
    let rows = |rows: &LedgerRows| match rows {
        LedgerRows::Rows { rows, .. } => rows.len(),
        _ => 0,
    };
    let run = rows(&after).saturating_sub(rows(before));
    connection.close().await;
    Ok(match run {
        0 => "the ledger holds what it held before; what was open is rolled back".to_owned(),
        1 => "the ledger holds 1 migration more than before".to_owned(),
        more => format!("the ledger holds {more} migrations more than before"),
    })
}
