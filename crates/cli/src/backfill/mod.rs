//! `brolly backfill`: find the files, ask the databases how far they are, run what is to be run, tell.
//!
//! How rows are changed is known in `runner::backfill`.

mod all;
mod files;
mod human;
mod show;

use crate::Outcome;
use crate::args::{BackfillArguments, Ignored};
use crate::database::replicas as named_replicas;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::targets::{Place, places};
use all::All;
use files::{Files, found};
pub use files::{backfills, is_of};
use human::are;
use runner::backfill::{
    Asked, Ended, Error as RunError, Event, Gate, Heard, Job, Limits, Pace, Standing, State, Wish, estimate,
    gate, restart, run, standings, wish,
};
use show::Show;

/// Does what is asked with the backfills of a project, in its database or in each that `--targets` names.
pub fn backfill(
    disk: &Disk,
    wanted: &BackfillArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let files = found(disk, wanted)?;
    let places = places(disk, &files.project, &wanted.database, &wanted.many.targets, env)?;
    let asked =
        places.iter().map(|place| asked(wanted, env, &files, place)).collect::<Result<Vec<_>, _>>()?;
    let mut outcome = Outcome { notes: files.notes.clone(), ..Outcome::default() };
    if !files.broken.is_empty() {
        outcome.code = errors::COULD_NOT;
        outcome.notes.extend(files.broken.iter().cloned());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let all = All::new(wanted, &places);
    let work = async |at: usize, show: &mut Show, outcome: &mut Outcome| {
        done(wanted, &asked[at], &files, show, outcome).await
    };
    runtime.block_on(all.run(&work));
    all.end(outcome)
}

async fn done(
    wanted: &BackfillArguments,
    asked: &Asked,
    files: &Files,
    show: &mut Show,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    if files.jobs.is_empty() {
        outcome.notes.push(format!("{}: no backfill is there", files.folder));
        return Ok(());
    }
    let connection = pg::connect(&asked.target.named("brolly backfill")).await?;
    let all = standings(&connection, &asked.schema, &files.jobs).await?;
    let mut jobs: Vec<&Job> = files.jobs.iter().filter(|job| files.is_named(job)).collect();
    if wanted.status {
        for standing in all.iter().filter(|one| jobs.iter().any(|job| job.backfill.name == one.backfill)) {
            show.event(Event::Standing(standing.clone()));
        }
        return Ok(());
    }
    let said = if wanted.pause {
        Some((Wish::Pause, "paused"))
    } else if wanted.resume {
        Some((Wish::Resume, "goes on"))
    } else {
        wanted.cancel.then_some((Wish::Cancel, "cancelled"))
    };
    if let Some((what, word)) = said {
        for job in jobs {
            let heard = wish(&connection, &asked.schema, job, what).await?;
            let said = match (what, heard) {
                (_, Heard::Finished) => "is finished: there is nothing to pause, resume or cancel".to_owned(),
                (_, Heard::ByItsRun) => format!("{word}: its run is told, and hears it after the batch"),
                (Wish::Resume, Heard::Noted) => format!("{word}; nobody runs it: brolly backfill does"),
                (_, Heard::Noted) => word.to_owned(),
            };
            outcome.notes.push(format!("{}: {said}", job.backfill.name));
        }
        return Ok(());
    }
    if wanted.restart {
        for name in restart(&connection, &asked.schema, &jobs).await? {
            outcome.notes.push(format!("{name} runs now, and can't begin anew: --cancel it first"));
            outcome.code = outcome.code.max(errors::FINDINGS);
            jobs.retain(|job| job.backfill.name != name);
        }
    }
    // Those that nobody named are asked when it is their turn, since those before them change what they find.
    let all = (files.named.is_empty() && !wanted.restart).then_some(all.as_slice());
    if wanted.dry_run {
        for job in jobs {
            if !is_to_run(asked, job, all, outcome).await? {
                continue;
            }
            match estimate(&connection, asked, job).await {
                Ok(estimate) => show.event(Event::Estimate(estimate)),
                Err(error) => failed(outcome, error)?,
            }
        }
        return Ok(());
    }
    connection.close().await;
    let mut any = false;
    for job in jobs {
        if !is_to_run(asked, job, all, outcome).await? {
            continue;
        }
        any = true;
        match run(asked, job, &mut |event| show.event(event)).await {
            Ok(Ended::Finished | Ended::WasFinished) => {}
            Ok(_) => outcome.code = outcome.code.max(errors::FINDINGS),
            Err(error) => failed(outcome, error)?,
        }
    }
    if !any {
        let what = match outcome.code {
            errors::CLEAN => "nothing is to be done: every backfill is finished",
            _ => "nothing was run: what is not finished is said above",
        };
        outcome.notes.push(what.to_owned());
    }
    if show.left() {
        outcome.code = outcome.code.max(errors::FINDINGS);
    }
    Ok(())
}

/// What failed for one backfill does not keep others from being run, but for those that come after it; a server that is
/// gone does.
fn failed(outcome: &mut Outcome, error: RunError) -> Result<(), Error> {
    match error {
        RunError::Server(_) | RunError::ReadOnly { .. } | RunError::Pooled { .. } => Err(error.into()),
        error => {
            outcome.notes.push(format!("brolly: {error}"));
            outcome.code = errors::COULD_NOT;
            Ok(())
        }
    }
}

/// Whether a backfill runs, by how all of them stood where nobody named it.
async fn is_to_run(
    asked: &Asked,
    job: &Job,
    all: Option<&[Standing]>,
    outcome: &mut Outcome,
) -> Result<bool, Error> {
    let name = &job.backfill.name;
    let standing = all.and_then(|all| all.iter().find(|one| one.backfill == *name));
    let Some(standing) = standing else { return Ok(true) };
    let why_not = match standing.state {
        State::Finished if standing.edited => format!(
            "{name} is finished, and its file was changed since: brolly backfill --restart {name} runs it anew"
        ),
        State::Finished => match left_since(asked, job).await? {
            Since::None => return Ok(false),
            Since::Left(left) if !job.backfill.set.is_empty() => {
                outcome
                    .notes
                    .push(format!("{name} was finished, and {} left by now: it runs once more", are(left)));
                return Ok(true);
            }
            // Whether rows that came since are to go too is for somebody to say.
            Since::Left(left) => format!(
                "{name} was finished, and {} left by now: brolly backfill {name} deletes them too",
                are(left)
            ),
            Since::Unasked(why) => format!("whether rows are left of {name} can't be asked: {why}"),
        },
        State::Paused | State::Cancelled if standing.pid.is_none() => {
            let word = if standing.state == State::Paused { "paused" } else { "cancelled" };
            format!("{name} is {word}: brolly backfill --resume {name} lets it go on")
        }
        _ => return Ok(true),
    };
    outcome.notes.push(why_not);
    outcome.code = outcome.code.max(errors::FINDINGS);
    Ok(false)
}

/// What a finished backfill finds by now.
enum Since {
    /// Nothing, as far as that can be told.
    None,
    Left(u64),
    Unasked(String),
}

/// Asks as a gate does. Where the file does not say which rows are to be done, those that differ by now may have been
/// changed on purpose: they are left alone.
async fn left_since(asked: &Asked, job: &Job) -> Result<Since, Error> {
    let connection = pg::connect(&asked.target.named("brolly backfill")).await?;
    let asked = gate(&connection, &asked.schema, job).await;
    connection.close().await;
    match asked {
        Ok(Gate::Left(left)) => Ok(Since::Left(left)),
        Ok(_) => Ok(Since::None),
        Err(RunError::Server(pg::Error::Refused(said))) => {
            Ok(Since::Unasked(runner::refusal_with_cure(&said)))
        }
        Err(error) => Err(error.into()),
    }
}

fn asked(
    wanted: &BackfillArguments,
    env: &dyn Fn(&str) -> Option<String>,
    files: &Files,
    place: &Place,
) -> Result<Asked, Error> {
    let limits = &wanted.limits;
    let mut replicas = place.replicas.clone();
    replicas.extend(named_replicas(&limits.replica, &limits.replica_env, env)?);
    let holds = |cause: Ignored| !limits.ignore.contains(&cause);
    let replica = holds(Ignored::Replica);
    Ok(Asked {
        pace: Pace {
            first: wanted.pace.batch,
            most: wanted.pace.max_batch,
            nice: wanted.pace.nice,
            ..Pace::default()
        },
        limits: Limits {
            lag_bytes: replica.then_some(limits.max_lag_bytes),
            lag_seconds: replica.then_some(limits.max_lag.as_secs_f64()),
            replicas,
            segments: holds(Ignored::Archiver).then_some(limits.max_unarchived),
            active: limits.max_active,
            autovacuum: holds(Ignored::Autovacuum),
            waiters: holds(Ignored::Waiters),
            flag: limits.throttle_file.as_ref().map(Into::into),
            query: limits.throttle_query.clone(),
        },
        lock_timeout: wanted.pace.lock_timeout,
        statement_timeout: wanted.pace.statement_timeout,
        vacuum: wanted.vacuum,
        ..Asked::new(place.server.clone(), &place.project(&files.project).ledger.schema)
    })
}
