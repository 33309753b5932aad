//! Jobs, runs and looks at a server, for the tests beside this.

use crate::servers::wait;
use pg::{Row, Server};
use runner::backfill::{Asked, Ended, Error, Event, Job, Pace, run};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
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

/// A small disk of our own, if we may mount one.
pub struct Disk(tempfile::TempDir);

impl Disk {
    pub fn new(size: &str) -> Option<Disk> {
        let permissions = std::fs::Permissions::from_mode(0o755);
        let dir = tempfile::Builder::new().permissions(permissions).tempdir().expect("a folder");
        let size = format!("size={size},mode=1777");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Disk(dir));
        }
        eprintln!("SKIPPED: only root can mount a small disk to fill");
        None
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes it bigger.
    pub fn grow(&self, size: &str) {
        let size = format!("remount,size={size}");
        assert!(
            Command::new("mount").args(["-o", &size]).arg(self.0.path()).status().expect("mount").success()
        );
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
