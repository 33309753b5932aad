//! From what the runner tells to the lines that are printed.

use crate::errors;
use facts::Analysis;
use report::{Failed, MigrateLine, Session, StatementPlace};
use runner::{Blocker, Done, Event};
use std::time::Duration;

/// An event as a line; nothing where there is nothing to tell.
pub fn line(event: &Event<'_>, analysis: &Analysis) -> Option<MigrateLine> {
    Some(match event {
        Event::OtherRun { others, waited } => {
            MigrateLine::WaitsForRun { sessions: sessions(others), waited: ms(*waited) }
        }
        Event::Orphans { orphans } => MigrateLine::Orphans { sessions: sessions(orphans) },
        Event::Migration { tag, at, of } => {
            MigrateLine::Migration { migration: (*tag).to_owned(), at: *at, of: *of }
        }
        Event::DoneBefore { steps } => {
            MigrateLine::DoneBefore { statements: steps.iter().map(|step| place(*step, analysis)).collect() }
        }
        Event::Statement { step, attempt } => MigrateLine::Statement {
            place: place(*step, analysis),
            sql: sql(*step, analysis).to_owned(),
            attempt: *attempt,
        },
        Event::Held { by, waited } => MigrateLine::Held { sessions: sessions(by), waited: ms(*waited) },
        Event::Silent { replica, why, waited } => MigrateLine::Silent {
            replica: (*replica).to_owned(),
            why: (*why).to_owned(),
            waited: ms(*waited),
        },
        Event::Waits { step, by } => {
            MigrateLine::Waits { place: place(*step, analysis), sessions: sessions(by) }
        }
        Event::GaveUp { step, attempt, wait, pause, by, said } => MigrateLine::GaveUp {
            place: place(*step, analysis),
            attempt: *attempt,
            wait: ms(*wait),
            pause: ms(*pause),
            sessions: sessions(by),
            message: said.message.clone(),
        },
        Event::Building { step, phase, done, total } => MigrateLine::Building {
            place: place(*step, analysis),
            phase: (*phase).to_owned(),
            done: *done,
            total: *total,
        },
        Event::Index { name, what } => {
            MigrateLine::Index { name: (*name).to_owned(), what: (*what).to_owned() }
        }
        Event::Migrated { tag, time } => {
            MigrateLine::Migrated { migration: (*tag).to_owned(), time: ms(*time) }
        }
        _ => return None,
    })
}

/// The last line, and the exit code.
pub fn end(result: Result<Result<Done, runner::Error>, pg::Error>, analysis: &Analysis) -> (MigrateLine, u8) {
    let (done, message, error) = match result {
        Ok(Ok(done)) => (done, None, None),
        Ok(Err(error)) => (Done::default(), Some(said(&error)), Some(error)),
        Err(pg::Error::Interrupted { signal }) => {
            let message =
                format!("interrupted ({signal})\n  what was open is rolled back; start again to go on");
            let failed = Failed::saying(message);
            return (MigrateLine::nothing(Some(failed)), 128 + signal.number());
        }
        Err(error) => (Done::default(), Some(error.to_string()), None),
    };
    let (sqlstate, step) = match &error {
        Some(runner::Error::Refused { step, refusal }) => (Some(refusal.code.clone()), *step),
        Some(runner::Error::NoLock { step, .. }) => (Some("55P03".to_owned()), *step),
        Some(runner::Error::Stopped { step, source }) => (source.sqlstate().map(str::to_owned), *step),
        Some(runner::Error::Server(error)) => (error.sqlstate().map(str::to_owned), None),
        _ => (None, None),
    };
    let code = if message.is_some() { errors::COULD_NOT } else { errors::CLEAN };
    let place = step.map(|step| place(step, analysis));
    let refusal = error.as_ref().and_then(refusal);
    let (detail, hint) = refusal.map(|said| (said.detail.clone(), said.hint.clone())).unwrap_or_default();
    let failed = message.map(|message| Failed { message, sqlstate, detail, hint, place });
    let Done { migrated, by_others } = done;
    let (taken_back, backfills) = (Vec::new(), Vec::new());
    (MigrateLine::End { migrated, by_others, taken_back, backfills, failed }, code)
}

/// What the server refused, where that is it.
fn refusal(error: &runner::Error) -> Option<&pg::Refusal> {
    match error {
        runner::Error::Refused { refusal, .. } | runner::Error::Server(pg::Error::Refused(refusal)) => {
            Some(refusal)
        }
        _ => None,
    }
}

/// What happened; what the server said beside it has a place of its own.
fn said(error: &runner::Error) -> String {
    refusal(error).map_or_else(|| error.to_string(), |refusal| refusal.message.clone())
}

/// Where a statement stands.
pub fn place(step: usize, analysis: &Analysis) -> StatementPlace {
    let step = &analysis.steps[step];
    StatementPlace {
        migration: step.tag.clone(),
        statement: step.index + 1,
        file: step.file.path.to_string(),
        line: step.file.position(step.span.start).line,
    }
}

/// Its text.
pub fn sql(step: usize, analysis: &Analysis) -> &str {
    let step = &analysis.steps[step];
    step.span.of(&step.file.text).trim()
}

fn sessions(blockers: &[Blocker]) -> Vec<Session> {
    let session = |one: &Blocker| Session {
        pid: one.pid,
        age: ms(one.age),
        state: one.state.clone(),
        kind: one.kind.clone(),
        application: one.application.clone(),
        role: one.role.clone(),
        query: one.query.clone(),
        replica: one.replica.clone(),
    };
    blockers.iter().map(session).collect()
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
