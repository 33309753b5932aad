//! Nothing is left behind: brolly is killed, in each way and at each moment, and then looked after.
//!
//! The victim is this test program itself, started again with a variable that says what to do.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start and kill processes")]

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Error, Server, Setup};
use servers::{binaries, setup, wait};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROLE: &str = "BROLLY_TEST_VICTIM";

/// What the victims do; a test of its own for nobody else.
#[test]
fn victim() {
    match std::env::var(ROLE).as_deref() {
        Ok("server") => {
            let server = Server::start_with(&binaries(16), &setup()).expect("a server");
            println!("ready {}", server.dir().display());
            std::thread::sleep(Duration::from_secs(60));
        }
        Ok("two") => {
            let servers =
                [13, 18].map(|major| Server::start_with(&binaries(major), &setup()).expect("a server"));
            println!("ready {}", servers[0].dir().display());
            std::thread::sleep(Duration::from_secs(60));
        }
        Ok("initdb") => {
            let parent = std::env::var("BROLLY_TEST_PARENT").map(PathBuf::from).expect("a folder");
            println!("ready {}", parent.display());
            let setup = Setup { cache: None, parent: Some(parent), ..Setup::default() };
            let _server = Server::start_with(&binaries(17), &setup);
            std::thread::sleep(Duration::from_secs(60));
        }
        Ok("statement") => wait(async {
            let server = Server::start_with(&binaries(16), &setup()).expect("a server");
            let work = async {
                let connection = server.connect().await.expect("a connection");
                println!("ready {}", server.dir().display());
                connection.batch("SELECT pg_sleep(60)").await.expect("it sleeps well");
            };
            match pg::unless_interrupted(work).await {
                Err(Error::Interrupted { signal }) => {
                    drop(server);
                    std::process::exit(128 + i32::from(signal.number()));
                }
                other => panic!("{other:?}"),
            }
        }),
        _ => {}
    }
}

/// Starts a victim and reads what it has to say first.
fn started(role: &str, parent: Option<&Path>) -> (Child, PathBuf) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "victim", "--nocapture"]).env(ROLE, role).stdout(Stdio::piped());
    if let Some(parent) = parent {
        command.env("BROLLY_TEST_PARENT", parent);
    }
    let mut child = command.spawn().expect("a process");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let lines = output.lines().map_while(Result::ok);
    // What the test runner prints first may stand in the same line.
    let ready = lines.filter_map(|line| Some(line.split_once("ready ")?.1.to_owned())).next();
    (child, PathBuf::from(ready.expect("the victim is ready")))
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, "--", pid]).status().expect("kill").success());
}

/// Processes with this in their command line.
fn processes(text: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let of = |pid: String| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(text).then_some(pid)
    };
    all.filter_map(|entry| of(entry.file_name().into_string().ok()?)).collect()
}

fn all_gone(dir: &Path) {
    let until = Instant::now() + Duration::from_secs(10);
    while dir.exists() || !processes(&dir.to_string_lossy()).is_empty() {
        let left = processes(&dir.to_string_lossy());
        assert!(Instant::now() < until, "left: {left:?}, {} exists: {}", dir.display(), dir.exists());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether there is a piece of shared memory with this number.
fn shared_memory(id: &str) -> bool {
    let all = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    all.lines().any(|line| line.split_whitespace().nth(1) == Some(id))
}

/// The server itself is killed, which leaves what it can't take away.
#[test]
fn a_killed_server_leaves_nothing_either() {
    let server = Server::start_with(&binaries(13), &setup()).expect("a server");
    let file = std::fs::read_to_string(server.dir().join("data/postmaster.pid")).expect("a file");
    let line = |at: usize| file.lines().nth(at).expect("a line");
    let memory = line(6).split_whitespace().nth(1).expect("a number").to_owned();
    assert!(shared_memory(&memory), "{file}");
    kill("-KILL", line(0).trim());
    let dir = server.dir().to_owned();
    drop(server);
    all_gone(&dir);
    // It is there until the last of the server's children has noticed that their parent is gone.
    let until = Instant::now() + Duration::from_secs(10);
    while shared_memory(&memory) {
        assert!(Instant::now() < until, "left: shared memory {memory}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn nothing_is_left_by_whatever_signal() {
    for signal in ["-KILL", "-INT", "-TERM", "-HUP", "-ABRT"] {
        let (mut victim, dir) = started("server", None);
        assert!(dir.join("data").is_dir() && !processes(&dir.to_string_lossy()).is_empty());
        kill(signal, &victim.id().to_string());
        let _ = victim.wait();
        all_gone(&dir);
    }
}

/// A terminal sends Ctrl-C to all processes of the group, a closing one SIGHUP.
#[test]
fn nothing_is_left_when_the_whole_group_is_signalled() {
    use std::os::unix::process::CommandExt;
    for signal in ["-INT", "-KILL"] {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "victim", "--nocapture"]).env(ROLE, "server").process_group(0);
        let mut victim = command.stdout(Stdio::piped()).spawn().expect("a process");
        let lines = BufReader::new(victim.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let dir = lines.filter_map(|line| Some(PathBuf::from(line.split_once("ready ")?.1))).next();
        kill(signal, &format!("-{}", victim.id()));
        let _ = victim.wait();
        all_gone(&dir.expect("the victim is ready"));
    }
}

#[test]
fn a_statement_is_interrupted_and_the_exit_code_says_by_what() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let (mut victim, dir) = started("statement", None);
        kill(signal, &victim.id().to_string());
        assert_eq!(victim.wait().expect("its end").code(), Some(code), "{signal}");
        assert!(!dir.exists(), "{signal}: gone before the process is");
        all_gone(&dir);
    }
}

#[test]
fn nothing_is_left_when_killed_while_a_database_is_made() {
    for pause in [2, 5, 10, 20, 40, 80, 150, 300] {
        let parent = tempfile::Builder::new().permissions(open()).tempdir_in("/tmp").expect("a folder");
        let (mut victim, _) = started("initdb", Some(parent.path()));
        std::thread::sleep(Duration::from_millis(pause));
        victim.kill().expect("it runs");
        let _ = victim.wait();
        let inside = || std::fs::read_dir(parent.path()).expect("a folder").count();
        let until = Instant::now() + Duration::from_secs(10);
        while inside() > 0 || !processes(&format!("{}/", parent.path().display())).is_empty() {
            assert!(Instant::now() < until, "after {pause} ms: {:?}", std::fs::read_dir(parent.path()));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn open() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o777)
}

/// The shell that clears up is killed as well: then the next start does it.
#[test]
fn what_lost_its_keeper_too_is_swept_at_the_next_start() {
    let (mut victim, dir) = started("two", None);
    let name = dir.to_string_lossy().into_owned();
    // Killed in one go, as a container does it: the shell must not see brolly end.
    let shells = processes(&format!("brolly-keeper {name}"));
    assert_eq!(shells.len(), 1, "{shells:?}");
    kill("-KILL", &shells[0]);
    victim.kill().expect("it runs");
    let _ = victim.wait();
    assert!(dir.exists() && !processes(&name).is_empty(), "the server lost its keeper and lives on");
    let server = Server::start_with(&binaries(16), &setup()).expect("a server");
    assert!(server.dir().exists());
    all_gone(&dir);
}

/// The living are left alone by the sweep of others.
#[test]
fn a_living_server_is_not_swept() {
    let first = Server::start_with(&binaries(16), &setup()).expect("a server");
    let (mut victim, dir) = started("server", None);
    let second = Server::start_with(&binaries(16), &setup()).expect("a server");
    assert!(first.is_running() && second.is_running() && dir.join("data/postmaster.pid").exists());
    victim.kill().expect("it runs");
    let _ = victim.wait();
    all_gone(&dir);
    assert!(first.is_running() && second.is_running());
}
