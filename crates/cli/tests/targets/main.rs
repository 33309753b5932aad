//! `brolly migrate` and `brolly backfill` on many databases and on schemas of tenants: all of them are done, a few at
//! once, the canary first; where one fails others are not begun, and the next run does what is left.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read their files")]

mod backfills;
mod ended;
mod looks;
mod rollbacks;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../../../tests/servers/servers.rs"]
mod servers;
mod tenants;
mod waits;

use pg::{Row, Server};
use run::{Ended, Folder, config, folder};
use serde_json::{Value, json};
use servers::{server, wait};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id serial PRIMARY KEY, name text, nick text);\n--> statement-breakpoint\n\
     CREATE TABLE posts (id serial PRIMARY KEY, user_id int REFERENCES users (id));\n",
);
/// Long enough that several are at work at once.
const SLEEP: (&str, &str) = ("0001_sleep", "SELECT pg_sleep(0.2);\n");
const INDEX: (&str, &str) = (
    "0002_index",
    "ALTER TABLE posts ADD COLUMN title text;\n--> statement-breakpoint\n\
     CREATE INDEX CONCURRENTLY users_name ON users (name);\n",
);

fn project(migrations: &[(&str, &str)]) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", migrations);
    folder
}

fn sql(server: &Server, database: &str, text: &str) -> Vec<Row> {
    wait(async {
        let session = pg::connect(&server.target(database)).await.expect("a connection");
        let rows = session.rows(text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        session.close().await;
        rows
    })
}

fn value(server: &Server, database: &str, text: &str) -> String {
    sql(server, database, text).into_iter().flatten().flatten().next().unwrap_or_default()
}

/// So many databases, and the file that names them. The password is wrong and nobody asks for it.
fn databases(server: &Server, folder: &Folder, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("t{n:02}")).collect();
    for name in &names {
        sql(server, "postgres", &format!("CREATE DATABASE {name}"));
    }
    let targets: Vec<Value> =
        names.iter().map(|name| json!({ "name": name, "url": with_password(&server.url(name)) })).collect();
    folder.write("targets.json", json!({ "targets": targets }).to_string());
    names
}

fn with_password(url: &str) -> String {
    format!("{url}&password=secret")
}

/// So many schemas of one database, and the file that names them.
fn schemas(server: &Server, folder: &Folder, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("Tenant {n:02}")).collect();
    let made: Vec<String> = names.iter().map(|name| format!("CREATE SCHEMA \"{name}\"")).collect();
    sql(server, "postgres", &made.join("; "));
    let targets: Vec<Value> = names.iter().map(|name| json!({ "name": name, "schema": name })).collect();
    folder.write("targets.json", json!({ "targets": targets }).to_string());
    names
}

fn migrate(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    let url = server.url("postgres");
    let ended =
        folder.brolly(&[&["migrate", "--targets", "targets.json", "--database-url", &url], args].concat());
    assert!(!ended.out.contains("secret") && !ended.err.contains("secret"), "a password: {ended}");
    ended
}

fn lines(ended: &Ended, schema: &Value) -> Vec<Value> {
    let validator = jsonschema::validator_for(schema).expect("the schema can be used");
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{value:#}");
        value
    };
    ended.out.lines().map(line).collect()
}

/// The targets of these events, in order.
fn of(lines: &[Value], event: &str) -> Vec<String> {
    let these = lines.iter().filter(|line| line["event"] == event);
    these.map(|line| line["target"].as_str().expect("a target").to_owned()).collect()
}

fn summary(lines: &[Value]) -> &Value {
    let last = lines.last().expect("a line");
    assert_eq!(last["event"], "summary", "{last}");
    last
}

fn applied(server: &Server, database: &str, ledger: &str) -> usize {
    let there = value(server, database, &format!("SELECT to_regclass('\"{ledger}\".__drizzle_migrations')"));
    match there.is_empty() {
        true => 0,
        false => sql(server, database, &format!("SELECT FROM \"{ledger}\".__drizzle_migrations")).len(),
    }
}

/// Databases, or schemas of them, in which something of a run is at work at the same time, at the most.
fn most_at_once(server: &Server, what: &str, work: impl FnOnce() -> Ended) -> (usize, Ended) {
    let over = AtomicBool::new(false);
    let target = server.target("postgres");
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            wait(async {
                let session = pg::connect(&target).await.expect("a connection");
                let query = format!(
                    "SELECT count(DISTINCT {what}) FROM pg_stat_activity WHERE application_name LIKE 'brolly migrate %'"
                );
                let mut most = 0;
                while !over.load(Ordering::Relaxed) {
                    let now = session.value(&query).await.expect("it answers").and_then(|n| n.parse().ok());
                    most = most.max(now.unwrap_or(0));
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                most
            })
        });
        let ended = work();
        over.store(true, Ordering::Relaxed);
        (looking.join().expect("it looked"), ended)
    })
}

/// drizzle-orm's own migrator finds nothing to do.
fn drizzle_agrees(folder: &Folder, url: &str, ledger: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kit/migrate.mjs");
    let mut command = Command::new("node");
    command.arg(script).arg("stable").arg(folder.at("drizzle")).args([url, ledger]);
    let done = command.output().expect("node starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn all_databases_are_done_a_few_at_once_and_the_canary_first() {
    let server = server(17);
    let folder = project(&[CREATE, SLEEP, INDEX]);
    let names = databases(&server, &folder, 22);
    let schema = report::migrate_schema();
    migrate(&folder, &server, &["--check"])
        .complains(1, &["3 migrations are pending in 22 targets: t00, t01", "and 2 more", "0002_index"])
        .says(1, &["22 targets: 22 pending"]);
    migrate(&folder, &server, &["--dry-run"])
        .says(0, &["in t00, t01", "ALTER TABLE posts", "outside of a transaction"]);
    assert_eq!(applied(&server, "t00", "drizzle"), 0);

    let (most, ended) = most_at_once(&server, "datname", || {
        migrate(&folder, &server, &["--at-once", "4", "--format", "json"])
    });
    assert_eq!(ended.code, 0, "{ended}");
    assert!((2..=4).contains(&most), "{most} at once");
    let told = lines(&ended, &schema);
    assert_eq!((&summary(&told)["done"], &summary(&told)["failed"]), (&json!(22), &json!(0)));
    let begun = of(&told, "begins");
    assert_eq!(begun[0], "t00");
    let at = |event: &str, target: &str| {
        told.iter().position(|line| line["event"] == event && line["target"] == target).expect("it is told")
    };
    assert!(at("end", "t00") < at("begins", &begun[1]), "the canary is not alone");
    for name in &names {
        assert_eq!(applied(&server, name, "drizzle"), 3, "{name}");
    }
    let rows = "SELECT hash, created_at FROM drizzle.__drizzle_migrations ORDER BY id";
    let before = sql(&server, "t07", rows);
    drizzle_agrees(&folder, &server.url("t07"), "drizzle");
    assert_eq!(sql(&server, "t07", rows), before);
    migrate(&folder, &server, &["--check"]).says(0, &["22 targets: 22 done", "nothing to do"]);
    migrate(&folder, &server, &[]).says(0, &["22 targets: 22 done", "nothing to do  t00, t01"]);
}

#[test]
fn one_that_fails_keeps_others_from_being_begun_and_the_next_run_goes_on() {
    let server = server(16);
    let folder = project(&[CREATE, INDEX]);
    let names = databases(&server, &folder, 8);
    sql(&server, "t03", "CREATE TABLE posts (id int)");
    let ended = migrate(&folder, &server, &["--at-once", "1"]);
    ended.says(
        1,
        &[
            "8 targets: 3 done, 1 failed, 4 not started",
            "done",
            "t00, t01, t02",
            "not started",
            "t04",
            "failed",
            "t03: relation \"posts\"",
        ],
    );
    ended.complains(
        1,
        &["t00: 2 migrations applied", "t03: FAILED: drizzle/0000_create.sql:3, statement 2", "(42P07)"],
    );
    let done: Vec<usize> = names.iter().map(|name| applied(&server, name, "drizzle")).collect();
    assert_eq!(done, [2, 2, 2, 0, 0, 0, 0, 0]);

    migrate(&folder, &server, &["--at-once", "2", "--stop-after", "2"])
        .says(1, &["8 targets: 7 done, 1 failed", "nothing to do", "t00, t01, t02", "failed", "t03"]);
    sql(&server, "t03", "DROP TABLE posts");
    migrate(&folder, &server, &[]).says(0, &["8 targets: 8 done", "done           t03"]);
    for name in &names {
        assert_eq!(applied(&server, name, "drizzle"), 2, "{name}");
    }
}

#[test]
fn nothing_is_begun_after_a_canary_that_failed_or_a_database_that_is_not_there() {
    let server = server(15);
    let folder = project(&[CREATE]);
    let names = databases(&server, &folder, 4);
    let text = folder.read("targets.json");
    folder.write("targets.json", text.replace(r#"{"name":"t02","#, r#"{"canary":true,"name":"t02","#));
    sql(&server, "t02", "CREATE TABLE posts (id int)");
    migrate(&folder, &server, &["--stop-after", "9"]).says(
        1,
        &["4 targets: 1 failed, 3 not started", "not started    t00, t01, t03", "t02: relation \"posts\""],
    );
    sql(&server, "t02", "DROP TABLE posts");
    sql(&server, "postgres", "DROP DATABASE t01");
    migrate(&folder, &server, &[])
        .says(1, &["4 targets: 1 failed, 3 not started", "t01: "])
        .complains(1, &["t01: FAILED: "]);
    assert!(names.iter().filter(|name| *name != "t01").all(|name| applied(&server, name, "drizzle") == 0));
    migrate(&folder, &server, &["--stop-after", "2"]).says(1, &["4 targets: 3 done, 1 failed"]);
}

#[test]
fn the_file_may_be_lines_on_standard_input_and_is_told_where_it_is_wrong() {
    let server = server(17);
    let folder = project(&[CREATE]);
    databases(&server, &folder, 2);
    let mut child = Command::new(env!("CARGO_BIN_EXE_brolly"))
        .args(["migrate", "--targets", "-"])
        .current_dir(folder.path())
        .env_clear()
        .env("DATABASE_URL", server.url("postgres"))
        .env("ONE", server.url("t01"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("brolly starts");
    child.stdin.take().expect("it is piped").write_all(b"t00\none env:ONE # the second\n").expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && out.contains("2 targets: 2 done"), "{out}");
    assert_eq!((applied(&server, "t00", "drizzle"), applied(&server, "t01", "drizzle")), (1, 1));

    folder.write("targets.json", "{ \"targets\": [\n  { \"name\": \"a\", \"url\": \"env:NONE\" },\n  { \"name\": \"a\", \"schema\": \"b\" } ] }");
    migrate(&folder, &server, &[]).complains(2, &["targets.json:3:", "two targets are called a"]);
    folder.write("targets.json", r#"{ "targets": [{ "name": "a", "url": "env:NONE" }] }"#);
    migrate(&folder, &server, &[]).complains(2, &["targets.json: a: there is no environment variable NONE"]);
    folder.write("targets.json", r#"{ "targets": [{ "name": "a", "schema": "gone" }] }"#);
    migrate(&folder, &server, &[]).complains(1, &["a: FAILED: there is no schema gone"]);
    let names: BTreeSet<String> = sql(&server, "postgres", "SELECT nspname FROM pg_namespace")
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    assert!(!names.contains("gone"));
}

#[test]
fn an_error_of_lint_is_told_once_and_keeps_all_of_them_from_being_run() {
    let server = server(16);
    let folder = project(&[CREATE]);
    databases(&server, &folder, 3);
    migrate(&folder, &server, &[]).says(0, &["3 targets: 3 done"]);
    folder.journal("drizzle", &[CREATE, ("0001_drop", "ALTER TABLE users DROP COLUMN nick;\n")]);
    let ended = migrate(&folder, &server, &[]);
    ended.says(1, &["3 targets: 3 not started"]);
    ended.complains(1, &["in t00, t01, t02:", "error[drop-column]", "nothing was run: 1 error of lint"]);
    assert_eq!(ended.err.matches("error[drop-column]").count(), 1, "{ended}");
    migrate(&folder, &server, &["--allow", "nobody's here"]).says(0, &["3 targets: 3 done"]);
    let noted = "SELECT reason FROM drizzle.__brolly_allowed";
    assert_eq!(value(&server, "t02", noted), "nobody's here");
}
