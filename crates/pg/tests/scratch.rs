//! Scratch databases: they come and go, whatever happens, and nothing else on the server changes.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start and kill processes")]

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Connection, Error, Scratch, Target, target, unless_interrupted};
use servers::{MAJORS, server, wait};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const URL: &str = "BROLLY_TEST_URL";

async fn databases(connection: &Connection) -> Vec<String> {
    let rows = connection.rows("SELECT datname FROM pg_database ORDER BY datname").await.expect("names");
    rows.into_iter().flatten().flatten().collect()
}

const ALONE: [&str; 3] = ["postgres", "template0", "template1"];

#[test]
fn a_scratch_database_comes_and_goes() {
    for major in MAJORS {
        let server = server(major);
        wait(async {
            let watcher = server.connect().await.expect("a connection");
            let scratch = Scratch::create(&server.target("postgres")).await.expect("a database");
            assert_eq!(databases(&watcher).await[0], scratch.name());
            let connection = scratch.connect().await.expect("a connection");
            connection.batch("CREATE TABLE t (a int)").await.expect("a table");
            let name = connection.value("SELECT current_database()").await.expect("a name");
            assert_eq!(name.as_deref(), Some(scratch.name()));
            // Still connected: it goes all the same.
            scratch.finish().await.expect("it goes");
            assert_eq!(databases(&watcher).await, ALONE);
            assert!(connection.batch("SELECT 1").await.is_err());
        });
    }
}

#[test]
fn it_goes_on_errors_and_panics() {
    let server = server(16);
    let target = server.target("postgres");
    async fn failing(target: &Target) -> Result<(), Error> {
        let scratch = Scratch::create(target).await?;
        scratch.connect().await?.batch("SELECT nothing").await
    }
    let error = wait(failing(&target)).expect_err("no such column");
    assert_eq!(error.sqlstate(), Some("42703"));
    let panicking = std::panic::catch_unwind(|| {
        wait(async {
            let _scratch = Scratch::create(&target).await.expect("a database");
            panic!("on purpose");
        })
    });
    assert!(panicking.is_err());
    wait(async {
        let watcher = server.connect().await.expect("a connection");
        assert_eq!(databases(&watcher).await, ALONE);
    });
}

/// A future can be dropped wherever it waits, while the server is making the database as well.
#[test]
fn it_goes_wherever_its_making_is_interrupted() {
    let server = server(15);
    let target = server.target("postgres");
    let started = Instant::now();
    wait(async { Scratch::create(&target).await.expect("a database").finish().await.expect("it goes") });
    let whole = started.elapsed();
    for part in 0..20 {
        wait(async {
            let _ = tokio::time::timeout(whole * part / 20, Scratch::create(&target)).await;
        });
        wait(async {
            let watcher = server.connect().await.expect("a connection");
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(databases(&watcher).await, ALONE, "after {part}/20 of {whole:?}");
        });
    }
}

#[test]
fn a_role_without_the_right_is_told_which_one() {
    let server = server(17);
    wait(async {
        let watcher = server.connect().await.expect("a connection");
        watcher.batch("CREATE ROLE \"the app\" LOGIN").await.expect("a role");
        let target = server.target("postgres").as_user("the app");
        let error = Scratch::create(&target).await.expect_err("no right");
        assert!(matches!(error, Error::MayNotCreateDatabase { .. }), "{error:?}");
        let said = error.to_string();
        for part in
            ["permission denied to create database", "ALTER ROLE \"the app\" CREATEDB", "--database-url"]
        {
            assert!(said.contains(part), "{said}");
        }
        watcher.batch("ALTER ROLE \"the app\" CREATEDB").await.expect("a right");
        Scratch::create(&target).await.expect("now it may").finish().await.expect("it goes");
        assert_eq!(databases(&watcher).await, ALONE);
    });
}

/// What the victims do; a test of its own for nobody else.
#[test]
fn victim() {
    let Ok(url) = std::env::var(URL) else { return };
    let done = wait(unless_interrupted(async {
        let scratch = Scratch::create(&target(&url).expect("a URL")).await.expect("a database");
        let connection = scratch.connect().await.expect("a connection");
        println!("ready {}", scratch.name());
        connection.batch("SELECT pg_sleep(60)").await.expect("it sleeps well");
    }));
    match done {
        Err(Error::Interrupted { signal }) => std::process::exit(128 + i32::from(signal.number())),
        other => panic!("{other:?}"),
    }
}

/// Starts a victim, kills it; the name of its database.
fn killed(url: &str, signal: &str) -> (String, Option<i32>) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "victim", "--nocapture"]).env(URL, url).stdout(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let name = lines.filter_map(|line| Some(line.split_once("ready ")?.1.to_owned())).next();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
    (name.expect("the victim is ready"), child.wait().expect("its end").code())
}

#[test]
fn it_goes_on_signals_and_after_kill_with_the_next_one() {
    let server = server(18);
    let url = server.url("postgres");
    wait(async {
        let watcher = server.connect().await.expect("a connection");
        for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
            assert_eq!(killed(&url, signal).1, Some(code));
            assert_eq!(databases(&watcher).await, ALONE, "{signal}");
        }
        let (name, _) = killed(&url, "-KILL");
        assert!(databases(&watcher).await.contains(&name));
        // The server notices that its client is gone when it next writes to it; a person would wait.
        watcher
            .batch(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ))
            .await
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while databases(&watcher).await.contains(&name) {
            assert!(Instant::now() < until);
            Scratch::create(&server.target("postgres"))
                .await
                .expect("a database")
                .finish()
                .await
                .expect("it goes");
        }
        assert_eq!(databases(&watcher).await, ALONE);
    });
}

/// Nothing but what is ours beyond doubt, and what nobody uses.
#[test]
fn what_is_not_ours_stays() {
    let server = server(14);
    wait(async {
        let watcher = server.connect().await.expect("a connection");
        let names =
            ["brolly_scratch_", "brolly_scratch_mine", "brolly_scratch_0123456789abcdef0123456789abcdef"];
        for name in names {
            watcher.batch(&format!("CREATE DATABASE {name}")).await.expect("a database");
        }
        let ours =
            "COMMENT ON DATABASE brolly_scratch_mine IS 'scratch database of brolly; it can be dropped'";
        watcher.batch(ours).await.expect("a comment");
        let other = Scratch::create(&server.target("postgres")).await.expect("a database");
        let one = Scratch::create(&server.target("postgres")).await.expect("a database");
        one.finish().await.expect("it goes");
        let left = databases(&watcher).await;
        assert!(left.iter().any(|name| name == other.name()), "another brolly's is in use: {left:?}");
        for name in names {
            assert!(left.iter().any(|left| left == name), "{name} is not ours: {left:?}");
        }
    });
}
