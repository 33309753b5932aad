//! `brolly backfill` as it is called: files, formats, exit codes, wishes from another terminal, gates; and that it may be
//! killed at any moment.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read their files")]

mod backfill_path;
mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Row, Server};
use run::{Ended, Folder, config, folder};
use serde_json::Value;
use servers::{server, wait};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const NAME: &str = "0000_create.users_c";
const CREATE: (&str, &str) = ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, name text, c text);\n");
const FILE: &str = "-- brolly backfill\n-- table: \"users\"\n-- key: \"id\"\n-- set: \"c\" = \"name\"\n\
                    -- where: \"c\" IS DISTINCT FROM \"name\"\n-- batch: 100\nDO $brolly$ ..\n";
/// Done twice shows, and nothing but how far it came tells which rows are done.
const COUNT: &str = "-- brolly backfill\n-- table: \"users\"\n-- key: \"id\"\n-- set: \"n\" = \"n\" + 1, \"j\" = '1'::json\n\
                     -- batch: 50\nDO $brolly$ ..\n";

fn project(text: &str) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[CREATE]);
    folder.write(&format!("drizzle/backfills/{NAME}.sql"), text);
    folder
}

fn sql(server: &Server, text: &str) -> Vec<Row> {
    wait(async {
        server
            .connect()
            .await
            .expect("a connection")
            .rows(text)
            .await
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    })
}

fn value(server: &Server, text: &str) -> String {
    sql(server, text).into_iter().flatten().flatten().next().unwrap_or_default()
}

fn fill(server: &Server, rows: u32) {
    sql(
        server,
        &format!(
            "CREATE TABLE users (id int PRIMARY KEY, name text, c text, n int NOT NULL DEFAULT 0, j json); \
                          INSERT INTO users SELECT i, 'n' || i FROM generate_series(1, {rows}) i; \
             ANALYZE users"
        ),
    );
}

fn backfill(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    let url = server.url("postgres");
    folder.brolly(&[&["backfill", "--database-url", &url], args].concat())
}

fn started(folder: &Folder, server: &Server, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brolly"));
    command.arg("backfill").args(args).args(["--database-url", &server.url("postgres")]);
    command.current_dir(folder.path()).env("HOME", folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("brolly starts")
}

fn events(ended: &Ended) -> Vec<Value> {
    let schema = runner::backfill::schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema can be used");
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{value:#}");
        value
    };
    ended.out.lines().map(line).collect()
}

#[test]
fn it_is_looked_at_run_and_relied_upon() {
    let server = server(17);
    fill(&server, 1000);
    let folder = project(FILE);
    folder.commit(".", "first");
    let contract = format!(
        "-- brolly contract: require users.c\n-- of: 0000_create\n-- needs: backfill {NAME} is finished\n\
         COMMENT ON COLUMN \"users\".\"c\" IS 'there';\n"
    );
    folder.write("drizzle/contract/0000_create.1_require_c.sql", contract);
    let contract = |folder: &Folder| {
        folder.brolly(&["contract", "--deployed", "HEAD", "--database-url", &server.url("postgres")])
    };
    contract(&folder)
        .says(0, &["waits", "1000 rows are left of backfill 0000_create.users_c: run brolly backfill"]);

    backfill(&folder, &server, &["--status"]).says(0, &["pending    0000_create.users_c"]);
    assert_eq!(
        value(&server, "SELECT count(*) FROM pg_namespace WHERE nspname = 'drizzle'"),
        "0",
        "looking writes"
    );
    backfill(&folder, &server, &["--dry-run"]).says(
        0,
        &[
            "0000_create.users_c: about 1,000 rows in \"users\", 1,000 of them to be changed; roughly",
            "the first batch, 100 rows",
            "UPDATE \"users\" SET \"c\" = \"name\" WHERE \"users\".\"id\" >= '1'",
        ],
    );
    assert_eq!(value(&server, "SELECT count(c) FROM users"), "0", "a dry run writes");
    let ended = backfill(&folder, &server, &[]);
    ended.says(
        0,
        &["0000_create.users_c: finished in", "1,000 rows changed in all, none is left", "next: VACUUM"],
    );
    ended.complains(0, &["\"users\", about 1,000 rows (pid"]);
    assert_eq!(value(&server, "SELECT count(*) FROM users WHERE c = name"), "1000");
    backfill(&folder, &server, &["--status"])
        .says(0, &["finished   0000_create.users_c: 1,000 rows changed"]);
    backfill(&folder, &server, &[]).complains(0, &["nothing is to be done"]);
    backfill(&folder, &server, &[NAME]).says(0, &["was finished before"]);
    contract(&folder).says(0, &["ready"]).lacks("rows are left");
    backfill(&folder, &server, &["--pause", NAME])
        .complains(0, &[NAME, "is finished: there is nothing to pause"]);
    backfill(&folder, &server, &[]).complains(0, &["nothing is to be done"]);
}

#[test]
fn events_are_what_their_schema_says() {
    let server = server(16);
    fill(&server, 1000);
    let folder = project(FILE);
    let status = events(&backfill(&folder, &server, &["--status", "--format", "json"]));
    assert_eq!((&status[0]["event"], &status[0]["state"]), (&"standing".into(), &"pending".into()));
    let dry = events(&backfill(&folder, &server, &["--dry-run", "--format", "json"]));
    assert_eq!((&dry[0]["event"], &dry[0]["toChange"]), (&"estimate".into(), &1000.into()));
    let ran = events(&backfill(&folder, &server, &["--format", "json", "--vacuum"]));
    let kinds: Vec<&str> = ran.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!((kinds[0], &kinds[kinds.len() - 2..]), ("started", &["vacuum", "ended"][..]));
    assert!(kinds.iter().filter(|kind| **kind == "batch").count() > 1, "{kinds:?}");
    let last = &ran[ran.len() - 1];
    assert_eq!(
        (&last["how"], &last["changed"], &last["left"]),
        (&"finished".into(), &1000.into(), &0.into())
    );
    let analyzed = "SELECT (last_vacuum IS NOT NULL AND last_analyze IS NOT NULL)::text FROM pg_stat_user_tables WHERE relname = 'users'";
    let start = Instant::now();
    while value(&server, analyzed) != "true" {
        assert!(start.elapsed() < Duration::from_secs(5), "it is not vacuumed");
    }
}

#[test]
fn what_can_not_be_done_is_said() {
    let server = server(14);
    fill(&server, 10);
    let folder = project(FILE);
    folder.brolly(&["backfill"]).complains(2, &["--database-url"]);
    backfill(&folder, &server, &["nothing"])
        .complains(2, &["no backfill is called `nothing` in drizzle/backfills"]);
    backfill(&folder, &server, &["--pause"]).complains(2, &["NAMES"]);
    folder.write("drizzle/backfills/broken.sql", "UPDATE users SET c = 1");
    backfill(&folder, &server, &[]).complains(2, &["broken.sql:1: it does not begin with"]);
    assert_eq!(value(&server, "SELECT count(c) FROM users"), "10");
    std::fs::remove_file(folder.at("drizzle/backfills/broken.sql")).expect("it is there");
    folder
        .write(&format!("drizzle/backfills/{NAME}.sql"), FILE.replacen("\"name\"\n", "\"name\" || '!'\n", 1));
    backfill(&folder, &server, &[NAME]).complains(2, &["was changed since it was begun", "--restart"]);
    backfill(&folder, &server, &["--status"]).says(0, &["its file was changed since"]);
    backfill(&folder, &server, &[]).complains(1, &["is finished, and its file was changed since"]);
    sql(&server, "UPDATE users SET c = NULL");
    backfill(&folder, &server, &["--restart", NAME]).says(1, &["10 ROWS ARE LEFT"]);
    sql(&server, "ALTER DATABASE postgres SET default_transaction_read_only = on");
    backfill(&folder, &server, &[NAME])
        .complains(2, &["takes no writes: default_transaction_read_only is on"]);
    for wish in ["--pause", "--restart"] {
        backfill(&folder, &server, &[wish, NAME]).complains(2, &["takes no writes: default_transaction"]);
    }
}

/// Whatever is wrong, no password is in what is said, in what the server is asked, or in the state.
#[test]
fn passwords_are_not_said() {
    let server = server(15);
    fill(&server, 10);
    let folder = project(FILE);
    let secret = "s3cr3t-p4ss";
    let said = |args: &[&str], variables: &[(&str, &str)]| {
        let ended = folder.brolly_in(".", &[&["backfill"], args].concat(), variables);
        assert!(!ended.to_string().contains(secret), "{ended}");
        ended
    };
    let nowhere = format!("postgres://me:{secret}@127.0.0.1:1/db");
    said(&["--database-url", &nowhere], &[]).complains(2, &["cannot connect to 127.0.0.1:1"]);
    said(&["--database-url-env", "DB"], &[("DB", &nowhere)]).complains(2, &["cannot connect"]);
    said(&["--database-url", &format!("postgres://me:{secret}@h:port/db")], &[])
        .complains(2, &["can't be used"]);
    let here = format!("{}&password={secret}", server.url("postgres"));
    let held = started(&folder, &server, &["--replica", &nowhere, "--format", "json"]);
    std::thread::sleep(Duration::from_millis(1500));
    said(&["--database-url", &here, "--status"], &[])
        .says(0, &["held", "replica 127.0.0.1:1 can't be asked"]);
    kill(&held, "-INT");
    let done = held.wait_with_output().expect("it ends");
    let all = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(all.contains("can't be asked") && !all.contains(secret), "{all}");
    // What was ended says so, and then that nothing is lost.
    let at = |text: &str| all.find(text).unwrap_or_else(|| panic!("no {text:?} in {all}"));
    assert!(at("\"how\":\"interrupted\"") < at("brolly: interrupted"), "{all}");
    assert!(at("brolly: interrupted") < at("what is committed is kept"), "{all}");
    said(&["--database-url", &here], &[]).says(0, &["finished"]);
    assert!(
        !value(&server, "SELECT string_agg(b::text, '') FROM drizzle.__brolly_backfills b").contains(secret)
    );
}

fn kill(child: &Child, signal: &str) {
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success(), "it ended before");
}

#[test]
fn another_terminal_pauses_resumes_and_cancels() {
    let server = server(18);
    fill(&server, 3000);
    let folder = project(COUNT);
    // Each batch is followed by rest, so that it takes some seconds.
    let mut run = started(&folder, &server, &["--nice", "40", "--max-batch", "50"]);
    let changed =
        || value(&server, "SELECT count(*) FROM users WHERE n = 1").parse::<u32>().expect("a number");
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < Duration::from_secs(20), "{what} does not come");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until("a batch", &|| changed() > 100);
    backfill(&folder, &server, &[NAME]).says(1, &["another session runs it (pid"]);
    backfill(&folder, &server, &["--restart", NAME]).complains(1, &["runs now, and can't begin anew"]);
    backfill(&folder, &server, &["--pause", NAME]).complains(0, &["paused: its run is told"]);
    let status = |word: &str| backfill(&folder, &server, &["--status"]).out.starts_with(word);
    until("the pause", &|| status("paused"));
    let before = changed();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(changed(), before);
    backfill(&folder, &server, &["--resume", NAME]).complains(0, &["goes on"]);
    until("another batch", &|| changed() > before);
    backfill(&folder, &server, &["--cancel", NAME]).complains(0, &["cancelled"]);
    until("the end", &|| status("cancelled"));
    assert_eq!(run.wait().expect("it ends").code(), Some(1));
    assert!(changed() < 3000);
    backfill(&folder, &server, &[]).complains(1, &["is cancelled: brolly backfill --resume"]);
    backfill(&folder, &server, &["--resume", NAME]).complains(0, &["nobody runs it: brolly backfill does"]);
    backfill(&folder, &server, &[]).says(0, &["finished"]);
    assert_eq!(value(&server, "SELECT min(n) || '-' || max(n) FROM users"), "1-1");
}

/// Small batches, many of them a second.
const SHORT: &[&str] = &["--nice", "0.1", "--max-batch", "50"];
/// Small batches, and few.
const LONG: &[&str] = &["--nice", "0.2", "--max-batch", "50"];

/// Starts a run and kills it when it is time; whether it was there still.
fn killed(folder: &Folder, server: &Server, words: &[&str], time: impl FnOnce()) -> bool {
    let mut child = started(folder, server, words);
    time();
    let ran = child.try_wait().expect("a child").is_none();
    child.kill().expect("it is killed, or gone");
    child.wait().expect("it is gone");
    if !value(server, "SELECT to_regclass('drizzle.__brolly_backfills')").is_empty() {
        // What it says it did is what is done, whatever was under way: both are one transaction.
        let agree = "SELECT (SELECT coalesce(sum(changed), 0) FROM drizzle.__brolly_backfills) || ' ' || \
                     (SELECT count(*) FROM users WHERE n > 0)";
        let agree = value(server, agree);
        let (said, done) = agree.split_once(' ').expect("two numbers");
        assert_eq!(said, done);
    }
    ran
}

#[track_caller]
fn the_next_run_finishes(folder: &Folder, server: &Server) {
    let ended = backfill(folder, server, &[NAME]);
    assert_eq!(ended.code, 0, "{ended}");
    assert_eq!(value(server, "SELECT min(n) || '-' || max(n) FROM users"), "1-1");
    assert_eq!(value(server, "SELECT state FROM drizzle.__brolly_backfills"), "finished");
}

/// Again and again in one long backfill: each run goes on where the last one was killed.
#[test]
fn killed_again_and_again_it_goes_on() {
    for major in [13, 16, 18] {
        let server = server(major);
        fill(&server, 80_000);
        let folder = project(COUNT);
        let done =
            || value(&server, "SELECT count(*) FROM users WHERE n > 0").parse::<u32>().expect("a number");
        for point in 0..20 {
            let before = done();
            let at_work = || {
                let start = Instant::now();
                while done() == before {
                    assert!(start.elapsed() < Duration::from_secs(30), "run {point} does nothing on {major}");
                }
                std::thread::sleep(Duration::from_millis(point * 4));
            };
            assert!(killed(&folder, &server, LONG, at_work), "it came to its end");
        }
        the_next_run_finishes(&folder, &server);
    }
}

/// At each moment of a short one, from before it connects until after it has finished.
#[test]
fn killed_in_any_phase_the_next_run_finishes() {
    let server = server(17);
    let folder = project(COUNT);
    let anew = || sql(&server, "DROP TABLE users; DROP SCHEMA drizzle CASCADE");
    fill(&server, 1500);
    let start = Instant::now();
    let mut whole = started(&folder, &server, SHORT);
    assert!(whole.wait().expect("it ends").success());
    let whole = start.elapsed();
    anew();
    let (mut before, mut midway, mut finished) = (0, 0, 0);
    // Where the one that was measured had the machine for itself, the end comes later.
    let mut point = 0;
    while point < 40 || (finished == 0 && point < 120) {
        fill(&server, 1500);
        killed(&folder, &server, SHORT, || std::thread::sleep(whole * point / 32));
        match value(&server, "SELECT count(*) FROM users WHERE n > 0").as_str() {
            "0" => before += 1,
            "1500" => finished += 1,
            _ => midway += 1,
        }
        point += 1;
        the_next_run_finishes(&folder, &server);
        anew();
    }
    assert!(before > 0 && midway > 0 && finished > 0, "{before} before, {midway} midway, {finished} after");
}
