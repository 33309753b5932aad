//! A PgBouncer in front of a server, as `bin/prepare test` brings it, for the tests. Taken in beside `servers.rs`, as
//! `crate::bouncer`. <https://www.pgbouncer.org/config.html>

#![allow(dead_code, reason = "not every test needs everything")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and write files")]

use pg::Server;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running PgBouncer; it goes when dropped.
pub struct Bouncer {
    process: Child,
    dir: tempfile::TempDir,
}

impl Bouncer {
    /// Hands out the server's connections by `session`, `transaction` or `statement`, with more lines of its
    /// configuration.
    pub fn start(server: &Server, mode: &str, lines: &str) -> Bouncer {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path();
        std::fs::write(path.join("users"), "\"postgres\" \"\"\n\"app\" \"\"\n").expect("a file");
        let text = format!(
            "[databases]\n* = host={} port=5432\n[pgbouncer]\nunix_socket_dir={}\nlisten_port=5432\n\
             auth_type=trust\nauth_file={}\npool_mode={mode}\n{lines}\n",
            server.dir().display(),
            path.display(),
            path.join("users").display()
        );
        std::fs::write(path.join("ini"), text).expect("a file");
        let (program, libraries) = program();
        let mut command = Command::new(program);
        command.arg(path.join("ini")).env("LD_LIBRARY_PATH", libraries);
        let log = std::fs::File::create(path.join("log")).expect("a log");
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // As root it does not run; whoever owns the server's data may connect to it.
        let owner = std::fs::metadata(server.dir().join("data")).expect("a folder");
        if owner.uid() != std::fs::metadata("/proc/self").expect("Linux").uid() {
            command.uid(owner.uid()).gid(owner.gid());
            chown(path, Some(owner.uid()), Some(owner.gid())).expect("it is root's");
        }
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it is ours");
        let process = command.spawn().expect("PgBouncer starts");
        let bouncer = Bouncer { process, dir };
        let start = Instant::now();
        while UnixStream::connect(bouncer.dir.path().join(".s.PGSQL.5432")).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "it does not start: {}", bouncer.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        bouncer
    }

    /// How to come through it.
    pub fn url(&self) -> String {
        format!("postgres:///postgres?host={}&port=5432&user=postgres", self.dir.path().display())
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program, and where its libraries lie.
fn program() -> (PathBuf, PathBuf) {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/pgbouncer");
    let libraries = unpacked.join("usr/lib/x86_64-linux-gnu");
    let of_path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = vec![unpacked.join("usr/sbin"), PathBuf::from("/usr/sbin")];
    places.extend(std::env::split_paths(&of_path));
    let found = places.iter().map(|dir| dir.join("pgbouncer")).find(|file| file.exists());
    (found.expect("PgBouncer is missing: run bin/prepare test"), libraries)
}
