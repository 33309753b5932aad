//! A backfill from where it was left to its end: the lock is taken, what is there to be done is looked at, and how it
//! ended is told and written down.
//!
//! What happens between is in [`super::going`].

use super::event::{Ended, Event};
use super::gate::{Rows, rows};
use super::going::{Going, Tell, left, millis};
use super::session::{Opened, Session, open};
use super::shape::shape;
use super::state::{self, Saved, State, Wish};
use super::{Asked, Error, Job};
use std::time::Instant;

/// Runs a backfill until it ends, in one way or another, and tells what happens.
///
/// Errors are said of a run that could not go on; the last event says so too.
pub async fn run(asked: &Asked, job: &Job, tell: Tell<'_>) -> Result<Ended, Error> {
    let start = Instant::now();
    let mut saved = Saved::default();
    let done = begun(asked, job, tell, &mut saved).await.map_err(|error| error.of(&job.backfill.name));
    let (how, why) = match &done {
        Ok((how, why)) => (*how, why.clone()),
        Err(error) => (Ended::Failed, Some(error.to_string())),
    };
    tell(Event::Ended {
        backfill: job.backfill.name.clone(),
        how,
        changed: saved.changed,
        left: saved.rows_left,
        millis: millis(start.elapsed()),
        why,
    });
    done.map(|(how, _)| how)
}

/// Takes the lock, and goes on where there is something to do.
async fn begun(
    asked: &Asked,
    job: &Job,
    tell: Tell<'_>,
    saved: &mut Saved,
) -> Result<(Ended, Option<String>), Error> {
    let name = job.backfill.name.as_str();
    let session = match open(asked, job).await? {
        Opened::Ours(session) => *session,
        Opened::Taken(pid) => {
            let who = pid.map_or(String::new(), |pid| format!(" (pid {pid})"));
            return Ok((Ended::Taken, Some(format!("another session runs it{who}"))));
        }
    };
    *saved = state::saved(&session.watcher, &asked.schema, name).await?;
    if saved.hash != job.hash {
        return Err(Error::Changed { name: name.to_owned() });
    }
    match saved.wanted {
        Some(Wish::Pause) => return Ok((Ended::Paused, None)),
        Some(Wish::Cancel) => return Ok((Ended::Cancelled, None)),
        _ => {}
    }
    let done = owned(asked, job, tell, saved, session).await.map_err(|error| error.of(name));
    if let Err(error) = &done {
        note_failure(asked, name, error).await;
    }
    done
}

async fn owned(
    asked: &Asked,
    job: &Job,
    tell: Tell<'_>,
    saved: &mut Saved,
    session: Session,
) -> Result<(Ended, Option<String>), Error> {
    let waits = state::waits(&session.watcher, &asked.schema, &job.backfill.after).await?;
    if let Some(why) = waits.clone().filter(|_| saved.state != State::Finished) {
        return Ok((Ended::Waits, Some(why)));
    }
    if saved.state == State::Finished {
        saved.rows_left = None;
        match rows(&session.worker, job).await? {
            Rows::Left(0) => {
                saved.rows_left = Some(0);
                return Ok((Ended::WasFinished, None));
            }
            Rows::Gone(_) => return Ok((Ended::WasFinished, None)),
            Rows::Left(_) | Rows::Untold => {}
        }
    }
    let shape = shape(&session.worker, job).await?;
    if saved.state == State::Finished {
        saved.rows_left = left(&session, job, &shape).await?;
        if saved.rows_left.is_none_or(|left| left == 0) {
            // What was counted before may be what gates go by.
            let left = saved.rows_left.map_or("NULL".to_owned(), |left| left.to_string());
            let set = format!("rows_left = {left}");
            state::set(&session.watcher, &asked.schema, &job.backfill.name, &set).await?;
            return Ok((Ended::WasFinished, None));
        }
        if waits.is_some() {
            return Ok((Ended::Waits, waits));
        }
        (saved.cursor, saved.upper, saved.part, saved.passed, saved.pass) = (None, None, None, 0, 1);
    }
    let mut going = Going::new(asked, job, session, shape, saved.clone());
    going.tell_start(tell).await?;
    let done = going.through_all(tell).await;
    *saved = going.saved;
    Ok((done?, None))
}

/// Writes down why it failed, as far as the database can be written to.
async fn note_failure(asked: &Asked, name: &str, error: &Error) {
    let Ok(connection) = pg::connect(&asked.target.named("brolly backfill")).await else { return };
    let set = format!("state = 'failed', error = {}", state::text(&error.to_string()));
    let _ = state::set(&connection, &asked.schema, name, &set).await;
    connection.close().await;
}
