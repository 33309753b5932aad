//! Servers started and stopped by hand, and small disks: what it takes to let a server go away, come back, or run out
//! of room in the middle of something. A test takes this file in beside `servers.rs`, as `crate::hand`.
//!
//! Servers that live as long as a test are those of `servers.rs`.

#![allow(dead_code, reason = "not every test needs everything")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests start programs, look at files, and say why they skip"
)]

use crate::servers::binaries;
use pg::Server;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server process of our own, in the role that owns its data; killed when dropped.
pub struct Process(Child);

/// Starts a server by hand, in a folder that holds its data.
pub fn postgres(major: u16, data: &Path, sockets: &Path, settings: &[&str]) -> Process {
    postgres_with(major, data, sockets, settings, &[])
}

/// The same, with variables of the environment.
pub fn postgres_with(
    major: u16,
    data: &Path,
    sockets: &Path,
    settings: &[&str],
    variables: &[(&str, &Path)],
) -> Process {
    let mut command = Command::new(binaries(major).dir.join("postgres"));
    command.arg("-D").arg(data).arg("-k").arg(sockets).env("LC_ALL", "C").current_dir("/");
    command.envs(variables.iter().copied());
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

/// Stops a server: `INT` is its fast shutdown, `QUIT` its immediate one.
/// <https://www.postgresql.org/docs/current/server-shutdown.html>
pub fn stop(server: &Server, signal: &str) {
    let file = server.dir().join("data/postmaster.pid");
    let text = std::fs::read_to_string(&file).expect("it runs");
    let pid = text.lines().next().expect("a number").trim().to_owned();
    let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
    assert!(sent.expect("kill is there").success(), "it runs");
    let start = Instant::now();
    while file.exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a server takes connections.
pub fn takes_connections(server: &Server) {
    let start = Instant::now();
    while let Err(error) = crate::servers::wait(server.connect()) {
        let log = std::fs::read_to_string(server.dir().join("again.log")).unwrap_or_default();
        assert!(start.elapsed() < Duration::from_secs(30), "it does not start: {error}\n{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A small disk of our own, if we may mount one.
pub struct Disk(tempfile::TempDir);

impl Disk {
    /// Of this size, as `mount` reads it.
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

    /// A folder on it that a server may keep tables in.
    pub fn tables(&self, server: &Server) -> PathBuf {
        let place = self.0.path().join("tables");
        std::fs::create_dir(&place).expect("a folder");
        let owner = std::fs::metadata(server.dir().join("data")).expect("a folder").uid();
        chown(&place, Some(owner), None).expect("it is root's");
        place
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
