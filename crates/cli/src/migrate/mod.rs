//! `brolly migrate`: read the ledgers, show what is pending, judge it, run it, tell how it goes; in one database, or in
//! each that `--targets` names.

mod all;
mod dry;
mod gates;
mod human;
mod judged;
mod lines;
mod look;
mod one;
mod told;

use crate::Outcome;
use crate::args::MigrateArguments;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::projects;
use crate::settings_file::SettingsFiles;
use crate::targets::{All, places, with_replicas};
use all::{Run, Task};
pub use human::some;
use judged::{Bench, Judged};
pub use judged::{naming_public, runnable};
pub use lines::end as last_line;
use look::{Ready, ready};
pub use look::{Seen, only, seen, seen_at};
pub use one::{left_nothing, told_of};
use report::{Failed, HumanOptions, MigrateLine};
pub use told::{Screen, Told};

/// Migrates the databases of a project.
pub fn migrate(
    disk: &Disk,
    wanted: &MigrateArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let screen = Screen::new(wanted.format);
    migrated(disk, wanted, env, paper, &screen)
        .inspect_err(|error| screen.end(Some(Failed::saying(error.to_string()))))
}

fn migrated(
    disk: &Disk,
    wanted: &MigrateArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
    screen: &Screen,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.place.places())?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let target = only("migrate", found.targets)?;
    let mut places = places(disk, &target.project, &wanted.database, &wanted.many.targets, env)?;
    with_replicas(&mut places, disk, &target.project, &wanted.replicas, env)?;
    let settings = SettingsFiles::new(disk, wanted.place.settings.as_deref()).of(&target.project)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let all = All::new(&wanted.many, screen, &places);
    let seen = seen(&places, &target.project, &wanted.many.targets, "brolly migrate");
    let seen = runtime.block_on(pg::unless_interrupted(seen))?;
    let run = Run { wanted, settings: &settings, places: &places, all: &all };
    let mut found: Vec<Option<Ready>> = Vec::new();
    for (at, (place, seen)) in places.iter().zip(seen).enumerate() {
        let tell = |line: &MigrateLine| all.told(at).line(line);
        let ready = seen.and_then(|seen| ready(place, &target.project, seen, wanted, &tell));
        found.push(all.looked_at(at, ready)?);
    }
    let (work, idle): (Vec<_>, Vec<_>) = (0..)
        .zip(&found)
        .filter_map(|(at, one)| Some((at, one.as_ref()?)))
        .partition(|(_, one)| !one.standing.pending.is_empty());
    run.pending(&work, &idle, &target.project);
    if wanted.check {
        outcome.code = run.checked(&work, &idle);
        all.nothing(None);
        return Ok(outcome);
    }
    let bench = Bench { disk, wanted, settings: &settings, env, target: &target };
    let judged = bench.all(&work)?;
    for one in &judged {
        outcome.notes.extend(one.selected.codes.notes.iter().cloned());
        if wanted.dry_run {
            outcome.output.push_str(&run.would_run(one));
        }
    }
    let count: usize = judged.iter().map(|one| one.errors.len()).sum();
    let names = |one: &Judged| all.names(one.places.iter().copied());
    outcome.notes.extend(judged.iter().filter_map(|one| one.report(&names(one), paper)));
    if count > 0 && wanted.allow.is_none() {
        outcome.notes.extend(judged.iter().find_map(|one| one.behind(wanted)));
        let why = format!(
            "nothing was run: {} of lint; mend them (brolly plan, brolly fix), or run it all the same: --allow REASON",
            if count == 1 { "1 error".to_owned() } else { format!("{count} errors") }
        );
        outcome.code = errors::FINDINGS;
        if wanted.dry_run {
            outcome.output.push_str(&run.dry_end(&work, &idle, Some(why.clone())));
        } else {
            run.refused(&work, &idle);
            all.nothing(Some(Failed::saying(why.clone())));
        }
        outcome.notes.push(why);
        return Ok(outcome);
    }
    if wanted.dry_run {
        outcome.output.push_str(&run.dry_end(&work, &idle, None));
        outcome.code = all.code();
        return Ok(outcome);
    }
    idle.iter().for_each(|(at, _)| all.idle(*at, None));
    // What it runs in spite of is read before it runs.
    outcome.notes.drain(..).for_each(|note| screen.aside(&note));
    let of = |at: usize| judged.iter().find(|one| one.places.contains(&at));
    let tasks: Vec<Task<'_>> =
        (0..).zip(&found).map(|(at, ready)| Some((ready.as_ref()?, of(at)?))).collect();
    outcome.code = runtime.block_on(run.run(&tasks));
    Ok(outcome)
}
