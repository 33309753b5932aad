//! `brolly contract`: what waits, whether it may go, and the migrations that it becomes.

mod gates;
mod waiting;

use crate::Outcome;
use crate::args::{ContractArguments, Places};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge};
use crate::plan::bare_name;
use crate::projects::{self, Target};
use crate::settings_file::SettingsFiles;
use crate::swap::swap;
use drizzle::{FileChange, NewMigration, compose, join};
use gates::Asked;
pub use gates::{job, rows_are, unfinished};
use plan::{Gate, Waiting};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::SystemTime;
use waiting::Waits;

/// Lists what waits in every project, and promotes what may go.
pub fn contract(
    disk: &Disk,
    wanted: &ContractArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let places = Places {
        paths: Vec::new(),
        config: wanted.config.clone(),
        out: wanted.out.clone(),
        settings: wanted.settings.clone(),
    };
    let found = projects::find(disk, &places)?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let mut files = SettingsFiles::new(disk, wanted.settings.as_deref());
    let mut judge = Judge::new(disk, Choice::New, &wanted.choice, env);
    let mut named: BTreeSet<&str> = wanted.names.iter().map(|name| without_ending(name)).collect();
    let known = |done: &String| {
        found
            .targets
            .iter()
            .any(|target| gates::is_known(disk, &target.project, &waiting::all(&target.project).0, done))
    };
    if let Some(name) = wanted.done.iter().find(|done| !known(done)) {
        return Err(Error::NothingDone { name: name.clone() });
    }
    let mut any = false;
    for target in found.targets {
        let (all, broken) = waiting::all(&target.project);
        any |= !all.is_empty() || !broken.is_empty();
        if !broken.is_empty() {
            outcome.code = errors::COULD_NOT;
        }
        outcome.notes.extend(broken);
        let settings = files.of(&target.project)?;
        let mut asked = Asked { disk, judge: &mut judge, settings: &settings, wanted, target: &target, env };
        let answers = gates::answers(&mut asked, &all)?;
        project(disk, wanted, &target, &all, &answers, &mut named, &mut outcome)?;
    }
    if let Some(name) = named.first() {
        return Err(Error::NothingWaits { name: (*name).to_owned() });
    }
    if !any {
        outcome.notes.push("nothing waits".to_owned());
    }
    Ok(outcome)
}

fn without_ending(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.strip_suffix(".sql").unwrap_or(name)
}

fn project(
    disk: &Disk,
    wanted: &ContractArguments,
    target: &Target,
    all: &[Waits],
    answers: &[Vec<String>],
    named: &mut BTreeSet<&str>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let asked: BTreeSet<&str> = wanted.names.iter().map(|name| without_ending(name)).collect();
    let mut going: Vec<&Waits> = Vec::new();
    for (waits, why_not) in all.iter().zip(answers) {
        let name = waits.waiting.name.as_str();
        named.remove(name);
        if !asked.is_empty() && !asked.contains(name) {
            continue;
        }
        // What goes first has to go, too.
        let first = waits.waiting.after.as_deref().filter(|first| {
            let here = all.iter().any(|other| other.waiting.name == **first);
            here && !going.iter().any(|other| other.waiting.name == **first)
        });
        let mut why_not = why_not.clone();
        why_not.extend(first.map(|first| format!("{first} goes first")));
        let word = if why_not.is_empty() { "ready" } else { "waits" };
        let _ = writeln!(outcome.output, "{word}  {name}: {}", waits.waiting.title);
        for line in &why_not {
            let _ = writeln!(outcome.output, "       {line}");
        }
        match why_not.is_empty() {
            true => going.push(waits),
            false if !asked.is_empty() => outcome.code = outcome.code.max(errors::FINDINGS),
            false => {}
        }
    }
    if going.is_empty() {
        return Ok(());
    }
    if !wanted.write {
        outcome.notes.push("nothing was written: --write makes migrations of what is ready".to_owned());
        return Ok(());
    }
    let new: Vec<NewMigration> = going
        .iter()
        .map(|waits| NewMigration {
            name: migration_name(&waits.waiting.name, &waits.waiting.of),
            sql: promoted(waits),
        })
        .collect();
    let composed = compose(disk, &target.project, &new, now())?;
    let mut changes = composed.changes;
    changes.extend(going.iter().map(|waits| FileChange { path: waits.path.clone(), text: None }));
    swap(disk, &target.project.dir, &changes)?;
    outcome.notes.extend(composed.notes);
    for (waits, tag) in going.iter().zip(&composed.tags) {
        let _ =
            writeln!(outcome.output, "wrote {} from {}", join(&target.project.dir, tag), waits.waiting.name);
    }
    Ok(())
}

/// What a waiting file becomes. What it needs of rows is kept: `brolly migrate` asks each database for it.
fn promoted(waits: &Waits) -> String {
    let Waiting { title, of, gates, sql, .. } = &waits.waiting;
    let rows = gates.iter().filter(|gate| matches!(gate, Gate::Backfilled { .. } | Gate::NoRows { .. }));
    let needs: String = rows.map(|gate| format!("-- needs: {gate}\n")).collect();
    format!("-- brolly: {title}, from {of}\n{needs}{sql}")
}

/// The name of the migration that a waiting file becomes: what it does, without where it comes from.
fn migration_name(name: &str, of: &str) -> String {
    let rest = name.strip_prefix(of).unwrap_or(name).trim_start_matches('.');
    bare_name(rest).to_owned()
}

fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "a new migration is of now")]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    i64::try_from(since).unwrap_or(0)
}
