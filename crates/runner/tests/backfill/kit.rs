//! Jobs, runs and looks at a server, for the tests beside this.

use crate::servers::wait;
use pg::{Row, Server};
use runner::backfill::{Asked, Ended, Error, Event, Job, Pace, run};
use std::time::{Duration, Instant};

/// A backfill of these lines.
pub fn job(name: &str, lines: &[&str]) -> Job {
    let lines: String = lines.iter().map(|line| format!("-- {line}\n")).collect();
    Job::read(name, &format!("-- brolly backfill\n{lines}DO $brolly$ ..\n")).expect("it can be read")
}

/// Batches of about a hundred rows, and looks that come soon.
pub fn asked(server: &Server) -> Asked {
    let pace = Pace { first: Some(97), most: 113, ..Pace::default() };
    Asked { pace, look: Duration::from_millis(20), ..Asked::new(server.target("postgres"), "drizzle") }
}

/// A run, and what it told.
pub fn ran(asked: &Asked, job: &Job) -> (Result<Ended, Error>, Vec<Event>) {
    let mut events = Vec::new();
    let ended = wait(run(asked, job, &mut |event| events.push(event)));
    (ended, events)
}

/// Runs it, and expects it to finish.
#[track_caller]
pub fn finishes(asked: &Asked, job: &Job) -> Vec<Event> {
    let (ended, events) = ran(asked, job);
    match ended {
        Ok(Ended::Finished) => events,
        other => panic!("{}: {other:?}\n{events:#?}", job.backfill.name),
    }
}

/// What SQL gives.
#[track_caller]
pub fn sql(server: &Server, text: &str) -> Vec<Row> {
    wait(async {
        // It may be recovering from what was done to it.
        let start = Instant::now();
        let connection = loop {
            match server.connect().await {
                Ok(connection) => break connection,
                Err(error) => assert!(start.elapsed() < Duration::from_secs(20), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let rows = connection.rows(text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        connection.close().await;
        rows
    })
}

/// The first value that SQL gives.
#[track_caller]
pub fn value(server: &Server, text: &str) -> String {
    sql(server, text).into_iter().flatten().flatten().next().unwrap_or_default()
}

/// How many batches were committed, as events tell.
pub fn batches(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Batch { .. })).count()
}
