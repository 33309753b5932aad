//! `brolly rollback --run`: the files of what a database has run last, run the newest first.

use super::{companion, way_back};
use crate::Outcome;
use crate::args::{RollbackArguments, RunFormat};
use crate::confirm::agreed;
use crate::database::database;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::ledger::standing_of;
use crate::migrate::{Told, last_line, left_nothing, only, told_of};
use crate::place::version_of;
use crate::projects;
use crate::settings_file::SettingsFiles;
use drizzle::{Migration, Project};
use facts::{Analysis, Options};
use pg::Target;
use plan::reverse::Said;
use report::MigrateLine;
use runner::standing::{LedgerRows, ledger_rows};
use runner::{Done, Limits, WayBack, roll_back};
use std::io::Write as _;

/// Takes back what was run last.
pub fn run(
    disk: &Disk,
    wanted: &RollbackArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let project = only("rollback --run", found.targets)?.project;
    let server = database(disk, &project, &wanted.database, env)?;
    let settings = SettingsFiles::new(disk, wanted.places.settings.as_deref()).of(&project)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let (version, rows) = runtime.block_on(pg::unless_interrupted(looked(&server, &project)))??;
    let standing = standing_of(&project, &rows)?;
    let ran = standing.applied.iter().filter(|at| !standing.passed_over.contains(at));
    let mut ran: Vec<usize> = ran.copied().collect();
    let taken: Vec<usize> = ran.iter().copied().rev().take(wanted.last).collect();
    if taken.is_empty() {
        outcome.notes.push("the ledger holds no migration of this folder: nothing to take back".to_owned());
        return Ok(outcome);
    }
    let file = |at: &usize| file(disk, &project, &project.migrations[*at]);
    let files = taken.iter().map(file).collect::<Result<Vec<_>, Error>>()?;
    let lost: Vec<String> = files.iter().flat_map(|back| Said::of(&back.file.text).lost).collect();
    show(&files);
    if !lost.is_empty() && !wanted.lose_data {
        outcome.notes.extend(lost.iter().map(|what| format!("lost: {what}")));
        outcome.notes.push("nothing was run: --lose-data agrees to that".to_owned());
        outcome.code = errors::FINDINGS;
        return Ok(outcome);
    }
    if !wanted.yes {
        runtime.block_on(agreed("Run this?"))?;
    }
    let options = Options { version, ..crate::args::Server::default().options(&settings.settings) };
    let limits = Limits { lock_wait: wanted.lock_wait, patience: wanted.patience, ..Limits::default() };
    let told = Told::new(RunFormat::Human);
    let mut shown = rows;
    for (at, file) in taken.into_iter().zip(files) {
        let back = WayBack::new(&project, &ran, at, file, &options);
        let result = runtime.block_on(async {
            let mut tell = |event: runner::Event<'_>| told_of(&told, &event, &back.analysis);
            let result = pg::unless_interrupted(roll_back(&server, &back, &shown, &limits, &mut tell)).await;
            left_nothing(&server, &project, &told, result).await
        });
        let ended = result.map(|result| result.map(|()| Done::default()));
        if !matches!(ended, Ok(Ok(_))) {
            return Ok(Outcome { code: failed(&told, ended, &back.analysis), ..outcome });
        }
        outcome.output.push_str(&format!("{} is taken back; it is pending again\n", back.migration.tag));
        ran.retain(|other| *other != at);
        (_, shown) = runtime.block_on(pg::unless_interrupted(looked(&server, &project)))??;
    }
    Ok(outcome)
}

fn failed(told: &Told, result: Result<Result<Done, runner::Error>, pg::Error>, analysis: &Analysis) -> u8 {
    let (end, code): (MigrateLine, u8) = last_line(result, analysis);
    told.line(&end);
    code
}

async fn looked(server: &Target, project: &Project) -> Result<(facts::Version, LedgerRows), Error> {
    let connection = pg::connect(&server.named("brolly rollback")).await?;
    let seen = (version_of(&connection), ledger_rows(&connection, project).await?);
    connection.close().await;
    Ok(seen)
}

fn file(disk: &Disk, project: &Project, one: &Migration) -> Result<Migration, Error> {
    way_back(disk, project, one).ok_or_else(|| Error::CannotMigrate {
        what: format!(
            "{} is not there\n  brolly rollback {} --write writes it; look at it before you run it",
            companion(project, one),
            one.sql_path
        ),
    })
}

/// On the error stream: what will be run.
fn show(files: &[Migration]) {
    let mut errors = std::io::stderr().lock();
    for one in files {
        let _ = writeln!(errors, "{}", one.file.text.trim_end());
    }
}
