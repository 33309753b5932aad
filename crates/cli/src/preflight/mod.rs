//! `brolly preflight`: work out what is pending, look at the database for it, say what is in the way; one database, or
//! each that `--targets` names.

mod checks;
mod look;

pub use checks::check;

use crate::Outcome;
use crate::args::{PreflightArguments, RunFormat};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::migrate::{only, some};
use crate::projects;
use crate::settings_file::SettingsFiles;
use crate::targets::{Place, places, with_replicas};
use futures_util::{StreamExt as _, stream};
use look::Look;
use report::{
    Preflight, PreflightEnd, PreflightEvent, PreflightState, preflight_event, preflight_json, preflight_line,
    preflight_text, preflight_text_of,
};
use source::many;
use std::io::Write as _;

/// Looks at the databases of a project.
pub fn preflight(
    disk: &Disk,
    wanted: &PreflightArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.place.places())?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let target = only("preflight", found.targets)?;
    let mut places = places(disk, &target.project, &wanted.database, &wanted.many, env)?;
    with_replicas(&mut places, disk, &target.project, &wanted.replicas, env)?;
    let settings = SettingsFiles::new(disk, wanted.place.settings.as_deref()).of(&target.project)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let look = Look::new(disk, wanted, &target, &settings);
    if wanted.many.is_many() {
        outcome.code = runtime.block_on(pg::unless_interrupted(all(&look, &places, wanted)))?;
    } else {
        let document = runtime.block_on(pg::unless_interrupted(look.at(&places[0])))??;
        outcome.code = code(document.state);
        outcome.output = match wanted.format {
            RunFormat::Human => preflight_text(&document),
            RunFormat::Json => preflight_json(&document),
        };
    }
    outcome.notes.extend(look.notes());
    Ok(outcome)
}

/// Looks at all of them, a few at once, and tells what was found in each as soon as it is known; the exit code.
async fn all(look: &Look<'_>, places: &[Place], wanted: &PreflightArguments) -> u8 {
    let looks = stream::iter(places).map(|place| look.at(place));
    let mut looks = std::pin::pin!(looks.buffered(usize::from(wanted.many.at_once)));
    let (mut ends, mut worst): (Vec<PreflightEnd>, u8) = (Vec::new(), errors::CLEAN);
    while let Some(found) = looks.next().await {
        let target = places[ends.len()].label();
        let end = match &found {
            Ok(found) => PreflightEnd { target, state: Some(found.state), why: why(found) },
            Err(error) => {
                let why = error.to_string().lines().next().map(str::to_owned);
                PreflightEnd { target, state: None, why }
            }
        };
        worst = worst.max(end.state.map_or(errors::COULD_NOT, code));
        put(&match (&found, wanted.format) {
            (Ok(found), RunFormat::Human) => preflight_text_of(&end.target, found),
            (Ok(found), RunFormat::Json) => preflight_line(found),
            (Err(error), RunFormat::Human) => format!("{}: could not be looked at: {error}\n", end.target),
            (Err(error), RunFormat::Json) => preflight_event(&PreflightEvent::Failed {
                target: end.target.clone(),
                message: error.to_string(),
            }),
        });
        ends.push(end);
    }
    put(&match wanted.format {
        RunFormat::Human => summary(&ends),
        RunFormat::Json => preflight_event(&summed(ends)),
    });
    worst
}

/// The exit code that a state is.
fn code(state: PreflightState) -> u8 {
    if state >= PreflightState::Warning { errors::FINDINGS } else { errors::CLEAN }
}

/// The first of the worst that was found, where that is in the way.
fn why(found: &Preflight) -> Option<String> {
    let worst = found.checks.iter().filter(|check| check.state >= PreflightState::Warning);
    worst.rev().max_by_key(|check| check.state).map(|check| check.what.clone())
}

/// Whoever reads may have read enough: a closed pipe is no reason to stop in the middle.
fn put(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn summed(targets: Vec<PreflightEnd>) -> PreflightEvent {
    let count = |state: Option<PreflightState>| targets.iter().filter(|one| one.state == state).count();
    PreflightEvent::Summary {
        ok: count(Some(PreflightState::Ok)),
        unknown: count(Some(PreflightState::Unknown)),
        warning: count(Some(PreflightState::Warning)),
        stop: count(Some(PreflightState::Stop)),
        failed: count(None),
        targets,
    }
}

/// How many are how, and in which something is in the way.
fn summary(ends: &[PreflightEnd]) -> String {
    let well = [Some(PreflightState::Ok), Some(PreflightState::Unknown)];
    let groups: [(&[Option<PreflightState>], &str); 4] = [
        (&well, "nothing is in the way"),
        (&[Some(PreflightState::Warning)], "to wait for or mend"),
        (&[Some(PreflightState::Stop)], "to mend first"),
        (&[None], "could not be looked at"),
    ];
    let (mut counts, mut lines) = (Vec::new(), Vec::new());
    for (states, word) in groups {
        let these: Vec<&PreflightEnd> = ends.iter().filter(|one| states.contains(&one.state)).collect();
        if these.is_empty() {
            continue;
        }
        counts.push(format!("{} {word}", these.len()));
        if these.iter().all(|one| one.why.is_none()) {
            let names: Vec<&str> = these.iter().map(|one| one.target.as_str()).collect();
            lines.push(format!("  {word:<22}  {}\n", some(&names)));
            continue;
        }
        lines.extend(these.iter().map(|one| {
            format!("  {word:<22}  {}: {}\n", one.target, one.why.as_deref().unwrap_or_default())
        }));
    }
    format!("{}: {}\n{}", many(ends.len(), "target"), counts.join(", "), lines.concat())
}
