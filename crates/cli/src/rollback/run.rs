//! `brolly rollback --run`: the files of what a database has run last, run the newest first.

use super::{companion, lost};
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
use drizzle::{Migration, Project, split_chunks};
use facts::{Analysis, Options, PendingSet, Runner};
use pg::Target;
use report::MigrateLine;
use runner::standing::{LedgerRows, ledger_rows};
use runner::{Done, Job, Limits, roll_back};
use source::SourceFile;
use std::io::Write as _;

/// Takes back what was run last.
pub fn run(
    disk: &Disk,
    wanted: &RollbackArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let mut project = only("rollback --run", found.targets)?.project;
    let server = database(disk, &project, &wanted.database, env)?;
    let settings = SettingsFiles::new(disk, wanted.places.settings.as_deref()).of(&project)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let (version, rows) = runtime.block_on(pg::unless_interrupted(looked(&server, &project)))??;
    let standing = standing_of(&project, &rows)?;
    let ran = standing.applied.iter().filter(|at| !standing.passed_over.contains(at));
    let taken: Vec<usize> = ran.copied().rev().take(wanted.last).collect();
    if taken.is_empty() {
        outcome.notes.push("the ledger holds no migration of this folder: nothing to take back".to_owned());
        return Ok(outcome);
    }
    let taken: Vec<Migration> = taken.iter().map(|at| project.migrations[*at].clone()).collect();
    let files = taken.iter().map(|one| file(disk, &project, one)).collect::<Result<Vec<_>, Error>>()?;
    let lost: Vec<String> = files.iter().flat_map(|one| lost(&one.file.text)).collect();
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
    let options = Options {
        version,
        runner: Runner::Brolly,
        ..crate::args::Server::default().options(&settings.settings)
    };
    let limits = Limits { lock_wait: wanted.lock_wait, patience: wanted.patience, ..Limits::default() };
    let told = Told::new(RunFormat::Human);
    let passed: Vec<String> = standing
        .passed_over
        .iter()
        .chain(&standing.pending)
        .map(|at| project.migrations[*at].tag.clone())
        .collect();
    project.migrations.retain(|one| !passed.contains(&one.tag));
    let mut shown = rows;
    for (one, back) in taken.iter().zip(files) {
        project.migrations.push(back);
        let set = PendingSet { migrations: vec![project.migrations.len() - 1], ..PendingSet::default() };
        let analysis = facts::analyze(&project, &[set], &options);
        let job = Job {
            project: &project,
            analysis: &analysis,
            set: 0,
            shown: &shown,
            limits: &limits,
            allowed: None,
        };
        let result = runtime.block_on(async {
            let mut tell = |event: runner::Event<'_>| told_of(&told, &event, &analysis);
            let result = pg::unless_interrupted(roll_back(&server, &job, one, &mut tell)).await;
            left_nothing(&server, &project, &told, result).await
        });
        let ended = result.map(|result| result.map(|()| Done::default()));
        if !matches!(ended, Ok(Ok(_))) {
            return Ok(Outcome { code: failed(&told, ended, &analysis), ..outcome });
        }
        outcome.output.push_str(&format!("{} is taken back; it is pending again\n", one.tag));
        project.migrations.retain(|other| other.tag != one.tag);
        project.migrations.pop();
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

/// The way back of a migration, as a migration.
fn file(disk: &Disk, project: &Project, one: &Migration) -> Result<Migration, Error> {
    let path = companion(project, one);
    let Some(text) = disk.text(&path) else {
        let what = format!(
            "{path} is not there\n  brolly rollback {} --write writes it; look at it before you run it",
            one.sql_path
        );
        return Err(Error::CannotMigrate { what });
    };
    Ok(Migration {
        tag: format!("the way back of {}", one.tag),
        file: SourceFile::new(path.clone(), text.clone()),
        readable: true,
        when: None,
        chunks: split_chunks(&text),
        snapshot: None,
        breakpoints: true,
        sql_path: path,
        journal_span: None,
    })
}

/// On the error stream: what will be run.
fn show(files: &[Migration]) {
    let mut errors = std::io::stderr().lock();
    for one in files {
        let _ = writeln!(errors, "{}", one.file.text.trim_end());
    }
}
