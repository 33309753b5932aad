//! `brolly rollback`: find, choose, replay, and write down the way back of each migration.
//!
//! What undoes what is known in `plan::reverse`; files are run by `run`, on what `choice` chooses, as `back` runs them.

mod back;
mod choice;
mod file;
mod lost;
mod run;

use crate::Outcome;
use crate::args::{RollbackArguments, RollbackFormat};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge, unread};
use crate::projects;
use crate::settings_file::SettingsFiles;
use drizzle::{Layout, Migration, Project, join, split_chunks};
use file::{Kept, put};
use plan::reverse::{Document, Reverse, json, reverse_each, text};
use source::SourceFile;
use std::fmt::Write as _;

/// Prints the ways back, or writes them.
pub fn rollback(
    disk: &Disk,
    wanted: &RollbackArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    if wanted.run {
        return run::run(disk, wanted, env);
    }
    let found = projects::find(disk, &wanted.places)?;
    let choice = if wanted.all { Choice::All } else { Choice::New };
    let mut judge = Judge::new(disk, choice, &wanted.choice, env);
    let mut files = SettingsFiles::new(disk, wanted.places.settings.as_deref());
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let mut document = Document { version: 1, rollbacks: Vec::new() };
    for target in found.targets {
        let settings = files.of(&target.project)?;
        let options = crate::args::Server::default().options(&settings.settings);
        // The way back of a migration that the settings leave alone is asked for by nobody, but by name.
        let selected = judge.select(target, &settings.deployed_only())?;
        outcome.notes.push(selected.text.clone());
        let (notes, code) = unread(&selected);
        outcome.notes.extend(notes);
        outcome.code = outcome.code.max(code);
        let analysis = facts::analyze(&selected.project, &selected.sets, &options);
        for back in reverse_each(&analysis.steps) {
            let Some(migration) = selected.project.migrations.iter().find(|one| one.tag == back.tag) else {
                continue;
            };
            let refused = back.refused.iter();
            outcome.notes.extend(refused.map(|why| {
                format!("brolly: the way back of {} is wrong, please report it: {why}", back.tag)
            }));
            let path = companion(&selected.project, migration);
            let body = format!("{}{}", text(&back), of_ledger(&selected.project, migration));
            let body = file::signed(&body);
            if wanted.write {
                let kept = put(disk, &path, &body, wanted.force)?;
                if kept == Kept::Others {
                    outcome.code = outcome.code.max(errors::FINDINGS);
                }
                if wanted.format == RollbackFormat::Sql {
                    said(&mut outcome.output, &path, &back, kept);
                }
            } else if wanted.format == RollbackFormat::Sql {
                let gap = if outcome.output.is_empty() { "" } else { "\n" };
                let _ = write!(outcome.output, "{gap}{body}");
            }
            document.rollbacks.push(json(&back, &path, &body));
        }
    }
    if wanted.format == RollbackFormat::Json {
        outcome.output = serde_json::to_string_pretty(&document).unwrap_or_default();
        outcome.output.push('\n');
    }
    Ok(outcome)
}

/// Where the companion of a migration is.
pub fn companion(project: &Project, migration: &Migration) -> String {
    let dir = match project.layout {
        Layout::Bare => drizzle::parent(&migration.sql_path),
        Layout::Journal | Layout::Folders => project.dir.clone(),
    };
    join(&dir, &format!("rollbacks/{}.sql", migration.tag))
}

/// The file that takes a migration back, as a migration; `None` where there is none.
pub(crate) fn way_back(disk: &Disk, project: &Project, one: &Migration) -> Option<Migration> {
    let path = companion(project, one);
    let text = disk.text(&path)?;
    Some(Migration {
        tag: runner::way_back_tag(one),
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

/// How to take a migration out of Drizzle's ledger, which still says that it has run.
fn of_ledger(project: &Project, migration: &Migration) -> String {
    let is_shared = |when: i64| project.migrations.iter().filter(|one| one.when == Some(when)).count() > 1;
    let row = match (project.layout, migration.when) {
        (Layout::Bare, _) | (Layout::Journal, None) => return String::new(),
        (Layout::Folders, _) => format!("name = '{}'", migration.tag.replace('\'', "''")),
        (Layout::Journal, Some(when)) if is_shared(when) => {
            format!("created_at = {when} AND hash = '{}'", runner::ledger::hash(migration))
        }
        (Layout::Journal, Some(when)) => format!("created_at = {when}"),
    };
    format!(
        "\n-- Drizzle's ledger still says that it has run. Where it is to run again:\n\
         -- DELETE FROM {}.{} WHERE {row};\n",
        catalog::written::quoted(&project.ledger.schema),
        catalog::written::quoted(&project.ledger.table)
    )
}

/// What became of a file, and what is to know about it.
fn said(out: &mut String, path: &str, back: &Reverse, kept: Kept) {
    let statements = back.sql.iter().filter(|statement| statement.sql.is_some()).count();
    let count = if statements == 1 { "1 statement".to_owned() } else { format!("{statements} statements") };
    let _ = match kept {
        Kept::Written => writeln!(out, "{path}: {count}"),
        Kept::Same => writeln!(out, "{path}: {count}, unchanged"),
        Kept::Others => writeln!(out, "{path}: kept, since it was changed by hand (--force overwrites it)"),
    };
    for lost in back.lost() {
        let _ = writeln!(out, "  lost: {lost}");
    }
    for left in back.not_reversed() {
        let _ = writeln!(out, "  not reversed: {left}");
    }
}
