//! Jobs, runs and looks at a server, for the tests beside this.

use crate::servers::{binaries, wait};
use pg::{Row, Server};
use runner::backfill::{Asked, Ended, Error, Event, Job, Pace, run};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
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

/// A server process of our own, in the role that owns its data; killed when dropped.
pub struct Process(Child);

/// Starts a server by hand, in a folder that holds its data.
pub fn postgres(major: u16, data: &Path, sockets: &Path, settings: &[&str]) -> Process {
    let mut command = Command::new(binaries(major).dir.join("postgres"));
    command.arg("-D").arg(data).arg("-k").arg(sockets).env("LC_ALL", "C").current_dir("/");
    let usual = [
        "listen_addresses=",
        "port=5432",
        "fsync=off",
        "shared_buffers=16MB",
        "dynamic_shared_memory_type=mmap",
    ];
    for setting in usual.iter().chain(settings) {
        command.args(["-c", setting]);
    }
    let (owner, we) =
        (std::fs::metadata(data).expect("a folder"), std::fs::metadata("/proc/self").expect("Linux"));
    if owner.uid() != we.uid() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let log =
        std::fs::File::options().create(true).append(true).open(sockets.join("again.log")).expect("a log");
    Process(command.stdout(Stdio::null()).stderr(log).spawn().expect("it starts"))
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
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
