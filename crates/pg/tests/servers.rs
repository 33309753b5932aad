//! Throwaway servers of all versions: they start, answer, and leave nothing; what goes wrong is said.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests look at files and say why they skip"
)]

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Error, Server, Setup};
use servers::{MAJORS, binaries, server, setup, wait};
use std::path::{Path, PathBuf};
use std::process::Command;

fn value(server: &Server, sql: &str) -> String {
    wait(async {
        let connection = server.connect().await.expect("a connection");
        connection.value(sql).await.expect("an answer").unwrap_or_default()
    })
}

/// A setup with a cache of its own, and that cache.
fn alone() -> (tempfile::TempDir, Setup) {
    let cache = tempfile::tempdir().expect("a folder");
    let setup = Setup { cache: Some(cache.path().to_owned()), ..Setup::default() };
    (cache, setup)
}

/// The template folders in a cache.
fn templates(cache: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cache.join("templates")).expect("templates").flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

#[test]
fn all_versions_start_answer_and_go() {
    for major in MAJORS {
        let server = server(major);
        assert_eq!((server.version().major, server.is_running()), (major, true));
        for (sql, expected) in [
            ("SELECT current_setting('server_version_num')::int / 10000", major.to_string().as_str()),
            ("SHOW TimeZone", "UTC"),
            ("SHOW server_encoding", "UTF8"),
            ("SHOW listen_addresses", ""),
            ("SHOW fsync", "off"),
            ("SHOW autovacuum", "off"),
            ("SELECT current_user", "postgres"),
            ("SELECT upper('ä') || initcap('été')", "ÄÉté"),
        ] {
            assert_eq!(value(&server, sql), expected, "{major}: {sql}");
        }
        let dir = server.dir().to_owned();
        assert!(dir.exists());
        server.stop();
        assert!(!dir.exists(), "{} is left", dir.display());
    }
}

#[test]
fn settings_of_the_caller_win() {
    let settings = [("autovacuum", "on"), ("work_mem", "5MB"), ("search_path", "a, \"b c\"")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let setup = Setup { settings: settings.into(), ..setup() };
    let server = Server::start_with(&binaries(16), &setup).expect("a server");
    assert_eq!(value(&server, "SHOW autovacuum"), "on");
    assert_eq!(value(&server, "SHOW work_mem"), "5MB");
    assert_eq!(value(&server, "SHOW search_path"), "a, \"b c\"");
}

#[test]
fn a_failed_start_shows_the_end_of_the_log() {
    let setup = Setup { settings: vec![("shared_buffers".into(), "much".into())], ..setup() };
    let error = Server::start_with(&binaries(17), &setup).expect_err("no such setting");
    let Error::Start { dir, log, .. } = &error else { panic!("{error}") };
    assert!(log.contains("invalid value for parameter \"shared_buffers\""), "{error}");
    assert!(error.to_string().contains("Postgres 17.10 ended instead of starting"), "{error}");
    assert!(!dir.exists(), "{} is left", dir.display());
}

#[test]
fn a_server_that_is_killed_is_noticed() {
    let server = server(15);
    let pid = std::fs::read_to_string(server.dir().join("data/postmaster.pid")).expect("a file");
    let pid = pid.lines().next().expect("a number");
    assert!(Command::new("kill").args(["-9", pid]).status().expect("kill").success());
    let gone = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        !server.is_running()
    });
    assert!(gone, "nobody noticed");
    let dir = server.dir().to_owned();
    drop(server);
    assert!(!dir.exists());
}

#[test]
fn many_may_start_at_once_on_an_empty_cache() {
    let (cache, setup) = alone();
    let binaries = binaries(14);
    let start = || Server::start_with(&binaries, &setup).map(|server| value(&server, "SELECT 1"));
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        for one in all {
            assert_eq!(one.join().expect("no panic").expect("a server"), "1");
        }
    });
    assert_eq!(templates(cache.path()).len(), 1);
}

/// What happens to files of a cache: lost, cut, or other bytes that nobody can count.
#[test]
fn a_damaged_template_is_made_again() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("no manifest", |dir| std::fs::remove_file(dir.join("complete")).expect("it was there")),
        ("a file is lost", |dir| std::fs::remove_file(dir.join("data/PG_VERSION")).expect("it was there")),
        ("a file is cut", |dir| {
            std::fs::write(dir.join("data/global/pg_control"), "x").expect("it was there")
        }),
        ("other bytes", |dir| {
            let size = std::fs::metadata(dir.join("data/global/pg_control")).expect("it was there").len();
            let bytes = vec![7; usize::try_from(size).expect("small")];
            std::fs::write(dir.join("data/global/pg_control"), bytes).expect("it was there");
        }),
    ];
    let (cache, setup) = alone();
    let binaries = binaries(18);
    drop(Server::start_with(&binaries, &setup).expect("a server"));
    for (name, damage) in damages {
        let found = templates(cache.path());
        let [template] = found.as_slice() else { panic!("one template: {found:?}") };
        damage(template);
        let server = Server::start_with(&binaries, &setup);
        assert_eq!(value(&server.expect(name), "SELECT 1"), "1");
        // It is whole again: the next one is a copy.
        let control = std::fs::metadata(template.join("data/global/pg_control")).expect("it is there");
        assert!(control.len() > 1000 && template.join("complete").exists(), "{name}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_costs_time_only() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    for cache in [None, Some(file.path().join("inside"))] {
        let server = Server::start_with(&binaries(13), &Setup { cache, ..Setup::default() });
        assert_eq!(value(&server.expect("a server"), "SELECT 1"), "1");
    }
}

#[test]
fn a_server_that_needs_more_room_than_there_is_does_not_start() {
    let setup = Setup { space: u64::MAX, ..setup() };
    let error = Server::start_with(&binaries(16), &setup).expect_err("nobody has that much");
    assert!(matches!(error, Error::NoRoom { .. }), "{error}");
    assert!(error.to_string().contains("TMPDIR"), "{error}");
}

/// A small disk of our own, if we may mount one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(size: &str) -> Option<Disk> {
        let dir = tempfile::Builder::new().permissions(open()).tempdir().expect("a folder");
        let size = format!("size={size},mode=1777");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Disk(dir))
    }
}

fn open() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_is_left() {
    // 10 MB are not enough for initdb, 42 are for that but not for the work.
    let (Some(tiny), Some(small)) = (Disk::new("10m"), Disk::new("100m")) else {
        eprintln!("SKIPPED: only root can mount a small disk to fill");
        return;
    };
    let on = |disk: &Disk| Setup { parent: Some(disk.0.path().to_owned()), ..setup() };
    let error = Server::start_with(&binaries(17), &on(&tiny)).expect_err("too small");
    assert!(matches!(error, Error::NoRoom { .. }), "{error}");

    for cache in [None, setup().cache] {
        let error = Server::start_with(&binaries(17), &Setup { space: 0, cache, ..on(&tiny) });
        let error = error.expect_err("it is full").to_string();
        assert!(error.contains("initdb") && error.contains("No space left on device"), "{error}");
        assert!(
            error.ends_with("the disk is full: free some room, or point TMPDIR to another folder"),
            "{error}"
        );
    }

    let server = Server::start_with(&binaries(17), &Setup { space: 0, ..on(&small) }).expect("room enough");
    wait(async {
        let connection = server.connect().await.expect("a connection");
        let fill = "CREATE TABLE big AS SELECT repeat('x', 100) FROM generate_series(1, 1000000)";
        let error = connection.batch(fill).await.expect_err("it is full");
        assert!(matches!(error.sqlstate(), Some("53100")) || matches!(error, Error::Lost { .. }), "{error}");
    });
    drop(server);
    for disk in [&tiny, &small] {
        assert_eq!(std::fs::read_dir(disk.0.path()).expect("a folder").count(), 0);
    }
}

#[test]
fn a_full_cache_costs_time_only() {
    let Some(disk) = Disk::new("10m") else {
        eprintln!("SKIPPED: only root can mount a small disk to fill");
        return;
    };
    let setup = Setup { cache: Some(disk.0.path().to_owned()), ..Setup::default() };
    for _ in 0..2 {
        assert_eq!(value(&Server::start_with(&binaries(15), &setup).expect("a server"), "SELECT 1"), "1");
    }
    assert!(templates(disk.0.path()).is_empty());
}
