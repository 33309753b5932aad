//! A replica of a server, streaming from it, for the tests. Taken in beside `hand.rs` and `servers.rs`, as
//! `crate::replica`.

#![allow(dead_code, reason = "not every test needs everything")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and write files")]

use crate::hand::{Process, postgres_with};
use crate::servers::{binaries, setup, wait};
use pg::{Connection, Server, Setup, Target};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A server that replicas can be made of.
pub fn primary(major: u16) -> Server {
    let settings = [("wal_level", "replica"), ("max_wal_senders", "4"), ("hot_standby", "on")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Server::start_with(&binaries(major), &Setup { settings, ..setup() }).expect("a server")
}

/// A replica of a server, called `behind`, in a folder beside it; it goes when dropped.
pub struct Replica {
    _process: Process,
    dir: tempfile::TempDir,
}

impl Replica {
    /// Of a server of this major version.
    pub fn of(server: &Server, major: u16) -> Replica {
        Replica::with(server, major, &[], &[])
    }

    /// The same, with settings and variables of the environment.
    pub fn with(server: &Server, major: u16, settings: &[&str], variables: &[(&str, &Path)]) -> Replica {
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
        let settings = [&["hot_standby=on", "wal_receiver_status_interval=1s"], settings].concat();
        let process = postgres_with(major, &copy, dir.path(), &settings, variables);
        Replica { _process: process, dir }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=postgres", self.dir.path().display())
    }

    /// How to connect to it.
    pub fn target(&self) -> Target {
        pg::target(&self.url()).expect("a URL")
    }

    /// A connection, once it takes them.
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
