//! `brolly watch`: look at a server for a while, tell what is seen, judge it at the end.
//!
//! Looking is known in `runner::watch`, judging in crate `watch`, words and pages in `report`.

mod back;
mod live;

use crate::Outcome;
use crate::args::{RunFormat, WatchArguments};
use crate::database::{database, database_near, replicas};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::projects;
use ::watch::{Baseline, Limits, Sample, Seen, State, judge};
use back::migrated;
use drizzle::Project;
use live::Live;
use pg::{Signal, Target};
use report::{BaselineTold, Begun, HumanOptions, Verdict, WatchLine, Watched};
use runner::watch::Watcher;
use std::time::{Duration, Instant};

/// Without --for.
const WATCHED: Duration = Duration::from_secs(15 * 60);
/// With --take, and as much as is taken of the beginning where there is no baseline.
const BASELINE: Duration = Duration::from_secs(60);
/// Statements of the verdict.
const STATEMENTS: usize = 100;

/// Watches the database of a project, or takes a baseline of it.
pub fn watch(
    disk: &Disk,
    wanted: &WatchArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let project = project(disk, wanted, &mut outcome.notes)?;
    let target = match &project {
        Some(project) => database(disk, project, &wanted.database, env)?,
        None => database_near(disk, "", &wanted.database, env)?,
    };
    let replicas = replicas(&wanted.replica, &wanted.replica_env, env)?;
    let baseline = wanted.against.as_ref().map(|path| baseline(disk, path)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let job = Job { disk, wanted, project: project.as_ref(), target: &target, replicas: &replicas, paper };
    runtime.block_on(job.done(baseline, &mut outcome))?;
    Ok(outcome)
}

/// What is to be done.
struct Job<'a> {
    disk: &'a Disk,
    wanted: &'a WatchArguments,
    project: Option<&'a Project>,
    target: &'a Target,
    replicas: &'a [Target],
    paper: &'a HumanOptions,
}

/// What a watch gave.
struct Looked {
    before: Seen,
    now: Seen,
    interrupted: bool,
}

impl Job<'_> {
    async fn done(&self, baseline: Option<Baseline>, outcome: &mut Outcome) -> Result<(), Error> {
        let wanted = self.wanted;
        let (mut watcher, first) = pg::unless_interrupted(async {
            let watcher = Watcher::open(self.target, self.replicas).await?;
            let first = match self.project {
                Some(project) => migrated(self.target, project).await,
                None => None,
            };
            Ok::<_, pg::Error>((watcher, first))
        })
        .await??;
        let place = watcher.place().clone();
        if let Some(other) = baseline.as_ref().filter(|one| one.database != place.database) {
            outcome.notes.push(format!(
                "the baseline is that of database {}, and this is {}: numbers may have nothing to do with each other",
                other.database, place.database
            ));
        }
        // What can't be written is not found out after a quarter of an hour.
        if let Some(path) = &wanted.take {
            self.disk.can_write(path)?;
        }
        if let Some(path) = &wanted.html {
            self.disk.write(path, "<!DOCTYPE html>\n<title>brolly watch</title>\n<p>It goes on.</p>\n")?;
        }
        let whole = wanted.watched.unwrap_or(if wanted.take.is_some() { BASELINE } else { WATCHED });
        let own = BASELINE.min(whole / 5);
        let told = match (&baseline, &wanted.take) {
            (_, Some(_)) => None,
            (Some(one), _) => {
                Some(BaselineTold { taken: Some(one.taken.clone()), seconds: one.seen.seconds() })
            }
            (None, None) => Some(BaselineTold { taken: None, seconds: own.as_secs_f64() }),
        };
        let begun = Begun {
            database: place.database.clone(),
            host: place.host.clone(),
            server: place.server.clone(),
            watched: whole.as_secs_f64(),
            every: wanted.every.as_secs_f64(),
            baseline: told.clone(),
        };
        let mut live = Live::new(wanted.format, whole, self.paper);
        live.begun(&begun);
        let split = if baseline.is_none() && wanted.take.is_none() { own } else { Duration::ZERO };
        let mut looked = self.looks(&mut watcher, &mut live, whole, split).await;
        live.clear();
        let ended = watcher.clock().await;
        if let Some(path) = &wanted.take {
            let seen = looked.now;
            if seen.samples.iter().all(|sample| sample.unreachable.is_some()) {
                return Err(Error::NothingSeen { path: path.clone() });
            }
            let file = Baseline {
                version: 1,
                taken: ended,
                database: place.database,
                host: place.host,
                server: place.server,
                migrations: first,
                seen,
            };
            self.disk.write(path, &report::watch_baseline(&file))?;
            outcome.notes.extend(watcher.unknown().iter().map(|one| format!("not seen: {}", one.what)));
            outcome.notes.push(format!(
                "{path}: {} looks in {}; after the deploy: brolly watch --against {path}",
                file.seen.samples.len(),
                source::time(file.seen.seconds())
            ));
            watcher.close().await;
            return Ok(());
        }
        let known = baseline.as_ref().map(|one| one.migrations.clone());
        if let Some(baseline) = baseline {
            looked.before = baseline.seen;
        }
        let limits = Limits {
            connections: wanted.connections,
            wait: wanted.max_wait.as_secs_f64(),
            slower: wanted.slower,
            lag: wanted.max_lag.as_secs_f64(),
        };
        let findings = judge(&looked.before, &looked.now, watcher.unknown(), &limits);
        let mut statements = ::watch::changes(&looked.before, &looked.now);
        if let Some(changes) = &mut statements {
            changes.truncate(STATEMENTS);
        }
        let last = match self.project {
            Some(project) => migrated(self.target, project).await,
            None => None,
        };
        let before = known.as_ref().map(|known| known.as_deref());
        let back = back::way_back(self.disk, self.project, wanted, before, last.as_deref());
        let mut held = told.unwrap_or(BaselineTold { taken: None, seconds: 0.0 });
        if held.taken.is_none() {
            held.seconds = looked.before.seconds();
        }
        let verdict = Verdict {
            state: findings.iter().map(|one| one.state).max().unwrap_or(State::Unknown),
            seconds: looked.now.seconds(),
            looks: looked.now.samples.len(),
            interrupted: looked.interrupted,
            baseline: held,
            findings,
            statements,
            back,
        };
        watcher.close().await;
        if let Some(path) = &wanted.html {
            let watched = Watched {
                begun: &begun,
                ended: &ended,
                before: &looked.before,
                now: &looked.now,
                verdict: &verdict,
            };
            self.disk.write(path, &report::watch_page(&watched))?;
            outcome.notes.push(format!("{path} holds verdict and charts"));
        }
        outcome.code = if verdict.state == State::Bad { errors::FINDINGS } else { errors::CLEAN };
        match wanted.format {
            RunFormat::Human => outcome.output = report::watch_text(&verdict, self.paper.color),
            RunFormat::Json => drop(live.line(&WatchLine::Verdict(verdict))),
        }
        Ok(())
    }

    /// Looks until the time is up or somebody ends it. What is seen before `split` is the baseline.
    async fn looks(
        &self,
        watcher: &mut Watcher,
        live: &mut Live<'_>,
        whole: Duration,
        split: Duration,
    ) -> Looked {
        let start = Instant::now();
        let stop = pg::interrupted();
        tokio::pin!(stop);
        let mut looked = Looked { before: Seen::default(), now: Seen::default(), interrupted: false };
        let mut splits = !split.is_zero();
        let mut next = start;
        loop {
            let last = next + self.wanted.every > start + whole;
            let work = async {
                tokio::time::sleep_until(next.into()).await;
                watcher.look(last || next == start).await
            };
            let sample: Option<Sample> = tokio::select! {
                sample = work => Some(sample),
                signal = &mut stop => { let _: Signal = signal; None }
            };
            looked.interrupted = sample.is_none();
            let sample = match sample {
                Some(sample) => sample,
                // What was counted up to now belongs to it.
                None => watcher.look(true).await,
            };
            let reader = live.sample(&sample);
            // Two looks at least, since rates need them.
            if splits && looked.before.samples.len() > 1 && sample.at >= split.as_secs_f64() {
                splits = false;
            }
            if splits {
                looked.before.samples.push(sample);
                looked.before.statements = add(looked.before.statements.take(), watcher.statements());
            } else {
                looked.now.samples.push(sample);
                looked.now.statements = add(looked.now.statements.take(), watcher.statements());
            }
            if last || looked.interrupted || !reader {
                looked.interrupted |= !reader;
                return looked;
            }
            // A look that took long is not made up for.
            next = (next + self.wanted.every).max(Instant::now());
        }
    }
}

/// Statements of one time and of the time behind it.
fn add(
    all: Option<Vec<::watch::Statement>>,
    more: Option<Vec<::watch::Statement>>,
) -> Option<Vec<::watch::Statement>> {
    let Some(more) = more else { return all };
    let mut all = all.unwrap_or_default();
    for one in more {
        match all.iter_mut().find(|known| known.id == one.id) {
            Some(known) => {
                known.calls += one.calls;
                known.milliseconds += one.milliseconds;
            }
            None => all.push(one),
        }
    }
    Some(all)
}

/// The project; `None` where none is there, and the database is named without one.
fn project(disk: &Disk, wanted: &WatchArguments, notes: &mut Vec<String>) -> Result<Option<Project>, Error> {
    let place = &wanted.place;
    match projects::find(disk, &place.places()) {
        Ok(found) => {
            notes.extend(found.notes);
            Ok(Some(projects::only("watch", found.targets)?.project))
        }
        Err(Error::NoProject { .. })
            if place.path.is_none() && place.config.is_none() && place.out.is_none() =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn baseline(disk: &Disk, path: &str) -> Result<Baseline, Error> {
    let broken = |why: String| Error::BrokenBaseline { path: path.to_owned(), why };
    let text = disk.text(path).ok_or_else(|| broken("there is no such file".to_owned()))?;
    report::watch_baseline_of(&text).map_err(broken)
}
