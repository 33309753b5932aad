//! `brolly rehearse` as it is called: what it prints in each format, how it ends, and that nothing is
//! left behind when it is stopped.

#![allow(clippy::disallowed_methods, reason = "tests start the program and read files")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use run::{Ended, Folder, folder};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CREATE: &str =
    "CREATE TABLE \"users\" (\"id\" serial PRIMARY KEY, \"email\" text NOT NULL, \"nick\" text);";

fn project(pending: &str) -> Folder {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_pending", pending)]);
    folder
}

/// Runs brolly on the newest migration, on one of the servers of the tests.
fn rehearse(folder: &Folder, more: &[&str]) -> Ended {
    let bin = servers::binaries(17).dir;
    let bin = bin.to_string_lossy();
    let args = [&["rehearse", "drizzle/0001_pending.sql", "--pg-bin", &bin, "--pg", "17"], more].concat();
    folder.brolly(&args)
}

#[test]
fn within_limits() {
    let folder = project("ALTER TABLE \"users\" ADD COLUMN \"phone\" text;");
    let ended = rehearse(&folder, &["--rows", "users=2_000", "--max-wait", "5s", "--svg", "queue.svg"]);
    ended.says(
        0,
        &[
            "drizzle: 1 of 2 migrations, as named",
            "200 statements a second from 8 sessions",
            "0001_pending",
            "ADD COLUMN \"phone\"",
            "committed after",
            "longest wait",
            "users (2000 rows)",
            "lock queue:",
            "within limits",
        ],
    );
    let svg = std::fs::read_to_string(folder.at("queue.svg")).expect("it is drawn");
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
}

#[test]
fn json_with_a_reader_in_front() {
    let folder = project("ALTER TABLE \"users\" ADD COLUMN \"phone\" text;");
    let ended = rehearse(&folder, &["--rows", "500", "--long-reader", "1s", "--format", "json"]);
    assert_eq!(ended.code, 1, "{ended}");
    let json: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("no JSON: {ended}"));
    let set = &json["sets"][0];
    assert_eq!((&set["verdict"]["fine"], &set["verdict"]["migrationFailed"]), (&false.into(), &false.into()));
    assert_eq!(set["verdict"]["waits"].as_array().map(Vec::len), Some(2), "{}", set["verdict"]);
    let table = &set["tables"][0];
    assert_eq!((&table["relation"], &table["rows"]), (&"public.users".into(), &500.into()));
    assert!(table["reads"]["during"]["longestMs"].as_f64() > Some(500.0), "{table}");
    assert!(table["reads"]["before"]["count"].as_u64() > Some(20), "{table}");
    let queue = set["queue"].as_array().expect("a list");
    assert!(queue.iter().any(|sample| sample["migrationWaits"] == true && sample["reads"] == 4));
    assert_eq!(set["tries"][0]["end"]["kind"], "committed");
    let blockers = set["blockers"].as_array().expect("a list");
    let of = |waiting: &str| {
        let one = blockers.iter().find(|one| one["waiting"] == waiting);
        one.unwrap_or_else(|| panic!("nobody in the way of {waiting}: {blockers:#?}"))
    };
    let (front, reads) = (of("migration"), of("reads"));
    assert_eq!(
        (&front["application"], &front["state"]),
        (&"brolly long reader".into(), &"idle in transaction".into())
    );
    assert!(front["query"].as_str().is_some_and(|query| query.contains("users")), "{front}");
    let length = |one: &Value| one["toMs"].as_f64().unwrap_or(0.0) - one["fromMs"].as_f64().unwrap_or(0.0);
    assert!(length(front) > 500.0, "{front}");
    assert_eq!(
        (&reads["migration"], &reads["query"]),
        (&true.into(), &"ALTER TABLE \"users\" ADD COLUMN \"phone\" text".into())
    );
}

/// What Drizzle's migrator can't run, and what would queue everybody up behind the reader.
const APART: &str = "CREATE INDEX CONCURRENTLY \"users_email\" ON \"users\" (\"email\");\n\
                     --> statement-breakpoint\nALTER TABLE \"users\" ADD COLUMN \"phone\" text;";

#[test]
fn as_brolly_migrates_nobody_queues_up_behind_a_reader() {
    let folder = project(APART);
    folder.write("brolly.json", r#"{ "runner": "brolly" }"#);
    let reader = ["--rows", "500", "--long-reader", "3s", "--lock-timeout", "150ms", "--max-wait", "1500ms"];
    let ended = rehearse(&folder, &[&reader[..], &["--format", "json"]].concat());
    assert_eq!(ended.code, 0, "{ended}");
    let json: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("no JSON: {ended}"));
    let set = &json["sets"][0];
    let tries = set["tries"].as_array().expect("a list");
    let (last, gave_up) = tries.split_last().expect("it was tried");
    assert!(!gave_up.is_empty(), "{tries:#?}");
    assert!(gave_up.iter().all(|one| one["end"]["sqlstate"] == "55P03"), "{tries:#?}");
    assert_eq!(last["end"]["kind"], "committed");
    let ran: Vec<&str> = tries
        .iter()
        .flat_map(|one| one["statements"].as_array().expect("a list"))
        .filter_map(|one| one["sql"].as_str())
        .collect();
    assert!(ran[0].starts_with("CREATE INDEX CONCURRENTLY"), "{ran:?}");
    assert_eq!(ran.iter().filter(|sql| sql.contains("phone")).count(), tries.len(), "{ran:?}");
    let queue = set["queue"].as_array().expect("a list");
    assert!(
        queue.iter().any(|sample| sample["migrationWaits"] == true),
        "the session that migrates is known"
    );
}

#[test]
fn who_is_in_the_way_is_named() {
    let folder = project("ALTER TABLE \"users\" ADD COLUMN \"phone\" text;");
    rehearse(&folder, &["--rows", "500", "--long-reader", "1s"]).says(
        1,
        &[
            "WAITED LONGER THAN 200.0 ms:",
            "IN THE WAY:",
            "of the migration, for ",
            ": brolly long reader (pid ",
            "idle in transaction",
            "select 1 from",
        ],
    );
    rehearse(&folder, &["--rows", "500"]).lacks("IN THE WAY");
}

#[test]
fn what_breaks_the_old_app() {
    let folder = project("ALTER TABLE \"users\" DROP COLUMN \"nick\";");
    rehearse(&folder, &["--rows", "100"]).says(
        1,
        &[
            "STATEMENTS OF THE OLD APP THAT FAILED:",
            "users: 42703",
            "select(), ",
            "after the migration began",
        ],
    );
}

#[test]
fn a_migration_that_fails() {
    let folder = project("ALTER TABLE \"users\" ADD COLUMN \"phone\" text NOT NULL;");
    rehearse(&folder, &["--rows", "100"])
        .says(1, &["FAILED after", "is rolled back: 23502", "THE MIGRATION FAILED"]);
}

#[test]
fn arguments_that_mean_nothing() {
    let folder = project("SELECT 1;");
    rehearse(&folder, &["--max-wait", "200"]).complains(2, &["write a time with its unit"]);
    rehearse(&folder, &["--rows", "many"]).complains(2, &["--rows many is no amount of rows"]);
}

#[cfg(unix)]
#[test]
fn stopped_at_any_moment() {
    let folder = project("ALTER TABLE \"users\" ADD COLUMN \"phone\" text;");
    let bin = servers::binaries(17).dir;
    // While it starts, fills, warms up, waits behind the reader.
    for after in [100, 600, 1_200, 3_000] {
        let child = Command::new(env!("CARGO_BIN_EXE_brolly"))
            .args(["rehearse", "drizzle/0001_pending.sql", "--pg", "17", "--rows", "50000"])
            .args(["--long-reader", "1min", "--pg-bin"])
            .arg(&bin)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("brolly starts");
        std::thread::sleep(Duration::from_millis(after));
        let pid = child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &pid]).status().expect("kill starts");
        assert!(killed.success(), "it runs for a minute, but was gone after {after} ms");
        let asked = Instant::now();
        let ended = child.wait_with_output().expect("it ends");
        let (code, said) = (ended.status.code(), String::from_utf8_lossy(&ended.stderr));
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?} after {after} ms", asked.elapsed());
        // Before it listens for signals, one ends it as it ends any program.
        assert!(code == Some(130) || (code.is_none() && after == 100), "{code:?} after {after} ms: {said}");
    }
}
