//! `brolly rehearse`: find, choose, analyze, run under traffic on a real server, tell.

mod amounts;
mod chart;
mod human;
mod json;
mod svg;

use crate::Outcome;
use crate::args::{RehearseArguments, VerifyFormat};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge, Selected, unread};
use crate::migrate::runnable;
use crate::place::{Place, place, version_of};
use crate::projects;
use crate::settings_file::SettingsFiles;
use crate::verify::{newest_only, rows};
use indicatif::{ProgressBar, ProgressStyle};
use report::HumanOptions;
use settings::Settings;
use std::time::Duration;
use verify::rehearse::{Asked, Limits, Phase, Rehearsal, Verdict, rehearse as rehearsal, verdict};

/// One pending set that was rehearsed.
pub struct Rehearsed {
    /// The migrations folder.
    pub dir: String,
    /// What was chosen, in words.
    pub selection: String,
    /// What was asked for.
    pub asked: Asked,
    /// What it was held against.
    pub limits: Limits,
    /// What was measured.
    pub rehearsal: Rehearsal,
    /// What is beyond the limits.
    pub verdict: Verdict,
}

/// Runs the pending migrations under traffic and says who waited.
pub fn rehearse(
    disk: &Disk,
    wanted: &RehearseArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    // What is wrong with it is said before anything runs for minutes.
    rows::amounts(&wanted.rows)?;
    let found = projects::find(disk, &wanted.places)?;
    let mut judge = Judge::new(disk, Choice::New, &wanted.choice, env);
    let mut files =
        SettingsFiles::new(disk, wanted.places.settings.as_deref()).with_stats(wanted.stats.as_deref());
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let mut rehearsed = Vec::new();
    for target in found.targets {
        let found = files.of(&target.project)?;
        let selected = newest_only(judge.select(target, &found)?);
        let (notes, code) = unread(&selected);
        outcome.notes.extend(notes);
        outcome.notes.extend(selected.codes.notes.iter().cloned());
        outcome.code = outcome.code.max(code);
        if selected.sets.is_empty() {
            outcome.notes.push(format!("{}: {}: nothing to rehearse", selected.project.dir, selected.text));
            continue;
        }
        rehearsed.extend(run(disk, wanted, &selected, &found.settings, &mut outcome.notes)?);
    }
    if let Some(path) = &wanted.svg {
        disk.write(path, &svg::drawing(&rehearsed))?;
        outcome.notes.push(format!("the lock queue is drawn in {path}"));
    }
    outcome.output = match wanted.format {
        VerifyFormat::Human => human::text(&rehearsed, paper),
        VerifyFormat::Json => json::document(&rehearsed),
    };
    let fine = rehearsed.iter().all(|one| one.verdict.is_fine());
    outcome.code = outcome.code.max(if fine { errors::CLEAN } else { errors::FINDINGS });
    Ok(outcome)
}

fn run(
    disk: &Disk,
    wanted: &RehearseArguments,
    selected: &Selected,
    settings: &Settings,
    notes: &mut Vec<String>,
) -> Result<Vec<Rehearsed>, Error> {
    let mut options = wanted.server.options(settings);
    let asked_for = wanted.server.pg.or(settings.postgres).map(facts::Version);
    // Sizes first: they say how much room the server needs. Which tables a set locks hangs little on
    // the version.
    let first_look = facts::analyze(&selected.project, &selected.sets, &options);
    let sets = 0..first_look.sets.len();
    let amounts = sets
        .map(|set| amounts::amounts(&wanted.rows, &first_look, set, settings))
        .collect::<Result<Vec<_>, _>>()?;
    let space = amounts.iter().map(|amounts| amounts::space(amounts, &first_look)).max().unwrap_or_default();
    let place = place(disk, &wanted.room, &selected.project.dir, asked_for, space)?;
    let app_role = place.app_role(&selected.project, options.app_role.as_deref(), notes);
    let limits = Limits { wait: wanted.max_wait, ..Limits::default() };
    let bar = Bar::new();
    let target = place.target();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let work = async {
        let connection = pg::connect(&target).await?;
        options.version = version_of(&connection);
        connection.close().await;
        let analysis = facts::analyze(&selected.project, &selected.sets, &options);
        runnable(&analysis)?;
        let mut rehearsed = Vec::new();
        for (set, amounts) in amounts.into_iter().enumerate() {
            let asked = Asked { amounts, app_role: app_role.clone(), ..asked(wanted, &place) };
            let mut tell = |phase: Phase<'_>| bar.show(phase);
            let seen = rehearsal(&target, &selected.project, &analysis, set, &asked, &mut tell).await?;
            rehearsed.push(Rehearsed {
                dir: selected.project.dir.clone(),
                selection: selected.text.clone(),
                asked,
                limits,
                verdict: verdict(&seen, &limits),
                rehearsal: seen,
            });
        }
        Ok(rehearsed)
    };
    runtime.block_on(pg::unless_interrupted(work))?
}

fn asked(wanted: &RehearseArguments, place: &Place) -> Asked {
    Asked {
        ours: place.is_ours(),
        rate: f64::from(wanted.rate),
        readers: usize::from(wanted.readers),
        writers: usize::from(wanted.writers),
        long_reader: wanted.long_reader,
        lock_timeout: wanted.lock_timeout,
        retries: wanted.retries,
        ..Asked::default()
    }
}

/// A line on the error stream, on a terminal only.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Bar {
        let bar = ProgressBar::new(1);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:20} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Bar(bar)
    }

    /// Statements take what they take, so the bar counts what has been begun.
    fn show(&self, phase: Phase<'_>) {
        let (at, of, text) = match phase {
            Phase::History(tag, at, of) => (at, of, format!("history {at} of {of}: {tag}")),
            Phase::Filling => (0, 1, "filling tables".to_owned()),
            Phase::WarmUp => (0, 1, "traffic before the migration".to_owned()),
            Phase::Statement(tag, at, of) => (at, of + 1, format!("statement {at} of {of}: {tag}")),
            Phase::Pause => (0, 1, "waiting before another try".to_owned()),
            Phase::After => (1, 1, "traffic after the migration".to_owned()),
        };
        self.0.set_length(of as u64);
        self.0.set_position(at as u64);
        self.0.set_message(text);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
