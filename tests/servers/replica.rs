//! A streaming replica of a server of the tests, made of a copy of its data. A test takes this file in by its path,
//! beside `servers.rs`.

#![allow(dead_code, reason = "not every test needs everything")]

use crate::servers::{binaries, wait};
use pg::{Connection, Server, Target};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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

/// A replica of a server, in a folder beside it.
pub struct Replica {
    _process: Process,
    dir: tempfile::TempDir,
}

impl Replica {
    /// A replica of a server, called `behind`; the server has `wal_level` replica and room for WAL senders.
    pub fn of(server: &Server, major: u16) -> Replica {
        let data = server.dir().join("data");
        let owner = std::fs::metadata(&data).expect("a folder");
        let dir = tempfile::tempdir().expect("a folder");
        let copy = dir.path().join("data");
        let (start, stop) = match major {
            15.. => ("pg_backup_start('x', true)", "pg_backup_stop()"),
            _ => ("pg_start_backup('x', true, false)", "pg_stop_backup(false)"),
        };
        let label = wait(async {
            let connection = server.connect().await.expect("a connection");
            connection.batch(&format!("SELECT {start}")).await.expect("it begins");
            let copied = Command::new("cp").arg("-a").arg(&data).arg(&copy).status();
            assert!(copied.expect("cp is there").success());
            connection.value(&format!("SELECT labelfile FROM {stop}")).await.expect("it ends")
        });
        std::fs::write(copy.join("backup_label"), label.expect("a label")).expect("it is written");
        for gone in ["postmaster.pid", "postmaster.opts"] {
            let _ = std::fs::remove_file(copy.join(gone));
        }
        std::fs::write(copy.join("standby.signal"), "").expect("it is written");
        let primary = format!(
            "primary_conninfo = 'host={} port=5432 user=postgres application_name=behind'\n",
            server.dir().display()
        );
        std::fs::write(copy.join("postgresql.auto.conf"), primary).expect("it is written");
        for path in [
            dir.path().to_owned(),
            copy.clone(),
            copy.join("standby.signal"),
            copy.join("backup_label"),
            copy.join("postgresql.auto.conf"),
        ] {
            chown(path, Some(owner.uid()), Some(owner.gid())).expect("it is root's, or ours");
        }
        std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o700)).expect("it can");
        let settings = ["hot_standby=on", "wal_receiver_status_interval=1s"];
        let process = postgres(major, &copy, dir.path(), &settings);
        Replica { _process: process, dir }
    }

    /// Where it is.
    pub fn target(&self) -> Target {
        pg::target(&self.url()).expect("a URL")
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=postgres", self.dir.path().display())
    }

    /// A connection, once it takes some.
    pub async fn connect(&self) -> Connection {
        let start = Instant::now();
        loop {
            match pg::connect(&self.target()).await {
                Ok(connection) => return connection,
                Err(error) => assert!(start.elapsed() < Duration::from_secs(30), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
