//! `brolly rollback --run`: the files of what databases have run last, run the newest first; in one database, or in each
//! that `--targets` names.

use super::back::{Back, backs, run as run_one};
use super::choice::{Chosen, chosen, named};
use super::lost::lost;
use super::{companion, way_back};
use crate::Outcome;
use crate::args::{RollbackArguments, RollbackFormat, RunFormat};
use crate::confirm::agreed;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::migrate::{Screen, Seen, only, seen};
use crate::projects;
use crate::settings_file::SettingsFiles;
use crate::targets::{All, places, with_replicas};
use drizzle::{Migration, Project};
use report::{Failed, TargetState};
use runner::Limits;
use std::collections::BTreeSet;
use std::io::Write as _;

/// Takes back what was run last.
pub fn run(
    disk: &Disk,
    wanted: &RollbackArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let screen = Screen::new(match wanted.format {
        RollbackFormat::Sql => RunFormat::Human,
        RollbackFormat::Json => RunFormat::Json,
    });
    taken_back(disk, wanted, env, &screen)
        .inspect_err(|error| screen.end(Some(Failed::saying(error.to_string()))))
}

fn taken_back(
    disk: &Disk,
    wanted: &RollbackArguments,
    env: &dyn Fn(&str) -> Option<String>,
    screen: &Screen,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let target = only("rollback --run", found.targets)?;
    let named = named(&target)?;
    let project = target.project;
    if named.is_some() && wanted.last.is_some() {
        let what = "--last and a migration that is named say two things: leave one out".to_owned();
        return Err(Error::CannotMigrate { what });
    }
    let mut places = places(disk, &project, &wanted.database, &wanted.many.targets, env)?;
    with_replicas(&mut places, disk, &project, &wanted.replicas, env)?;
    let settings = SettingsFiles::new(disk, wanted.places.settings.as_deref()).of(&project)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let all = All::new(&wanted.many, screen, &places);
    let looks = seen(&places, &project, &wanted.many.targets, "brolly rollback");
    let looks = runtime.block_on(pg::unless_interrupted(looks))?;
    let mut met: Vec<Option<(Seen, Chosen)>> = Vec::new();
    for (at, (place, seen)) in places.iter().zip(looks).enumerate() {
        let choice = seen.and_then(|seen| {
            let last = usize::from(wanted.last.unwrap_or(1));
            let chosen = chosen(&place.project(&project), &seen, named.as_ref(), last)?;
            Ok((seen, chosen))
        });
        met.push(all.looked_at(at, choice)?);
    }
    let (work, idle): (Vec<_>, Vec<_>) = (0..)
        .zip(&met)
        .filter_map(|(at, met)| Some((at, &met.as_ref()?.1)))
        .partition(|(_, chosen)| !chosen.taken.is_empty());
    if all.is_many() && named.is_none() {
        return Err(not_named(&all, &project, &work));
    }
    let why = why_nothing(&project, named.as_ref());
    idle.iter().for_each(|(at, _)| all.idle(*at, Some(why.clone())));
    told(&all, &project, &work, &idle, &why);
    let not_begun = || {
        all.are(work.iter().map(|(at, _)| *at), TargetState::NotStarted);
        all.summary()
    };
    if work.is_empty() || all.is_enough() {
        outcome.code = not_begun();
        return Ok(outcome);
    }
    // The newest first, each once.
    let taken: BTreeSet<usize> = work.iter().flat_map(|(_, chosen)| &chosen.taken).copied().collect();
    let file = |at: &usize| Ok((*at, file(disk, &project, &project.migrations[*at])?));
    let files = taken.iter().rev().map(file).collect::<Result<Vec<_>, Error>>()?;
    let options = crate::args::Server::default().options(&settings.settings);
    let ways = backs(&project, met.iter().flatten(), &files, &options)?;
    let lost: Vec<String> = files.iter().flat_map(|(_, back)| lost(&back.file.text)).collect();
    show(&files);
    if !lost.is_empty() && !wanted.lose_data {
        const AGREES: &str = "nothing was run: --lose-data agrees to that";
        let lost: Vec<String> = lost.iter().map(|what| format!("lost: {what}")).collect();
        all.nothing(Some(Failed::saying(format!("{AGREES}\n  {}", lost.join("\n  ")))));
        outcome.notes.extend(lost);
        outcome.notes.push(AGREES.to_owned());
        outcome.code = not_begun().max(errors::FINDINGS);
        return Ok(outcome);
    }
    if !wanted.yes {
        runtime.block_on(agreed("Run this?"))?;
    }
    let limits = Limits { lock_wait: wanted.lock_wait, patience: wanted.patience, ..Limits::default() };
    let task = async |at: usize| {
        let Some((seen, chosen)) = &met[at] else { return (report::MigrateLine::nothing(None), 0) };
        let ways: Vec<&Back> = ways.iter().filter(|back| back.is_for(seen, chosen)).collect();
        run_one(&places[at], all.told(at), seen, &ways, &limits).await
    };
    let tasks: Vec<usize> = work.iter().map(|(at, _)| *at).collect();
    outcome.code = runtime.block_on(all.run(&tasks, &task));
    Ok(outcome)
}

/// Why a database has nothing to take back.
fn why_nothing(project: &Project, named: Option<&BTreeSet<usize>>) -> String {
    match named {
        Some(named) => format!("{} has not run there", tags(project, named)),
        None => "the ledger holds no migration of this folder".to_owned(),
    }
}

fn tags<'a>(project: &Project, these: impl IntoIterator<Item = &'a usize>) -> String {
    let tags: Vec<&str> = these.into_iter().map(|at| project.migrations[*at].tag.as_str()).collect();
    tags.join(", ")
}

/// Says what goes back where.
fn told(all: &All<'_>, project: &Project, work: &[(usize, &Chosen)], idle: &[(usize, &Chosen)], why: &str) {
    let many = |places: &[usize]| match all.is_many() {
        true => format!(" in {}", all.listed(places)),
        false => String::new(),
    };
    for (edited, places) in groups(work, |chosen| &chosen.edited) {
        all.note(&format!(
            "{}: {} was edited since it ran{}; its way back is run as the file is now",
            project.dir,
            tags(project, edited),
            many(&places)
        ));
    }
    if !all.is_many() {
        if work.is_empty() {
            all.note(&format!("{why}: nothing to take back"));
        }
        return;
    }
    for (taken, places) in groups(work, |chosen| &chosen.taken) {
        all.note(&format!("{}: {} goes back{}", project.dir, tags(project, taken), many(&places)));
    }
    if !idle.is_empty() {
        let idle: Vec<usize> = idle.iter().map(|(at, _)| *at).collect();
        all.note(&format!("{}: {why}, so there is nothing to do{}", project.dir, many(&idle)));
    }
}

/// Migrations, each list of them with the places of which it is; an empty one is of none.
fn groups<'a>(
    work: &[(usize, &'a Chosen)],
    of: impl Fn(&'a Chosen) -> &'a [usize],
) -> Vec<(&'a [usize], Vec<usize>)> {
    let mut groups: Vec<(&[usize], Vec<usize>)> = Vec::new();
    for (at, chosen) in work {
        let these = of(chosen);
        match groups.iter_mut().find(|(other, _)| *other == these) {
            _ if these.is_empty() => {}
            Some((_, places)) => places.push(*at),
            None => groups.push((these, vec![*at])),
        }
    }
    groups
}

/// Nobody said what goes back: the last migration is another one in each database, and once more another one when it is
/// started again.
fn not_named(all: &All<'_>, project: &Project, work: &[(usize, &Chosen)]) -> Error {
    let mut what =
        "--targets takes back what is named: the last migration may be another one in each database, \
                    and is another one when this is started again"
            .to_owned();
    let groups = groups(work, |chosen| &chosen.taken[..1]);
    for (taken, places) in &groups {
        what.push_str(&format!("\n  {} ran last in {}", tags(project, *taken), all.listed(places)));
    }
    if let Some(newest) = groups.iter().flat_map(|(taken, _)| *taken).max() {
        let path = &project.migrations[*newest].sql_path;
        what.push_str(&format!("\n  name it: brolly rollback --run --targets FILE {path}"));
    }
    Error::CannotMigrate { what }
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
fn show(files: &[(usize, Migration)]) {
    let mut errors = std::io::stderr().lock();
    for (_, one) in files {
        let _ = writeln!(errors, "{}", one.file.text.trim_end());
    }
}
