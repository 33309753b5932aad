//! `brolly migrate` on real servers: what it runs, what it leaves in the ledger, how it asks for locks, and
//! drizzle-orm's own migrators before and after it.

#![allow(clippy::disallowed_methods, reason = "tests start programs and read their files")]

mod kit;
mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use kit::Line;
use pg::{Row, Server};
use run::{Ended, Folder, config, folder};
use servers::{MAJORS, server, wait};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id serial PRIMARY KEY, name text, nick text);\n--> statement-breakpoint\n\
     CREATE TABLE posts (id serial PRIMARY KEY, user_id int REFERENCES users (id));\n",
);
const ADD: (&str, &str) = ("0001_add", "ALTER TABLE users ADD COLUMN age int;\n");
const INDEX: (&str, &str) = (
    "0002_index",
    "ALTER TABLE posts ADD COLUMN title text;\n--> statement-breakpoint\n\
     CREATE INDEX CONCURRENTLY users_name ON users (name);\n--> statement-breakpoint\n\
     ALTER TABLE posts ADD COLUMN body text;\n",
);
const LEDGER: &str = "select hash, created_at from drizzle.__drizzle_migrations order by id";

fn project(migrations: &[(&str, &str)]) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", migrations);
    folder
}

fn brolly(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    migrate(folder, &server.url("postgres"), args)
}

fn migrate(folder: &Folder, url: &str, args: &[&str]) -> Ended {
    folder.brolly(&[&["migrate", "--database-url", url], args].concat())
}

fn sql(server: &Server, text: &str) -> Vec<Row> {
    wait(async { server.connect().await.expect("a connection").rows(text).await.expect("it works") })
}

fn value(server: &Server, text: &str) -> String {
    sql(server, text).into_iter().flatten().flatten().next().unwrap_or_default()
}

/// drizzle-orm's own migrator.
fn drizzle_orm(line: Line, folder: &Folder, server: &Server) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kit/migrate.mjs");
    let line = if line == Line::Stable { "stable" } else { "v1" };
    let done = Command::new("node")
        .arg(script)
        .arg(line)
        .arg(folder.at("drizzle"))
        .arg(server.url("postgres"))
        .output()
        .expect("node starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn what_is_pending_is_run_and_noted_as_drizzle_would() {
    for major in MAJORS {
        let server = server(major);
        let folder = project(&[CREATE, ADD, INDEX]);
        brolly(&folder, &server, &[]).says(0, &["3 migrations applied"]).complains(
            0,
            &[
                "3 migrations are pending",
                "0000_create",
                "0002_index (3 of 3)",
                "CREATE INDEX CONCURRENTLY",
                "is done",
            ],
        );
        let rows = sql(&server, LEDGER);
        assert_eq!(rows.len(), 3);
        assert_eq!(value(&server, "select count(*) from drizzle.__brolly_statements"), "0");
        assert_eq!(
            value(&server, "select indisvalid from pg_index where indexrelid = 'users_name'::regclass"),
            "t"
        );
        brolly(&folder, &server, &[]).says(0, &["nothing was run"]).complains(0, &["nothing is pending"]);
        brolly(&folder, &server, &["--check"]).says(0, &[]);
        assert_eq!(sql(&server, LEDGER), rows);
    }
}

#[test]
fn drizzles_migrators_run_before_and_after_it() {
    for line in [Line::Stable, Line::V1] {
        let one = r#"import { pgTable, serial, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { id: serial().primaryKey(), name: text() });
"#;
        let two = one.replace("name: text()", "name: text(), age: text()");
        let three = two.replace("age: text()", "age: text(), nick: text()");
        let (server, theirs) = (server(17), server(17));
        let mut folder = Folder::from(kit::generate(line, &[one]).into_dir());
        drizzle_orm(line, &folder, &server);
        drizzle_orm(line, &folder, &theirs);
        brolly(&folder, &server, &[]).says(0, &["nothing was run"]);

        folder = Folder::from(kit::generate(line, &[one, &two]).into_dir());
        // The history was made again: its times and names are others.
        for server in [&server, &theirs] {
            sql(server, "drop schema drizzle cascade; drop table users");
            drizzle_orm(line, &folder, server);
        }
        folder = Folder::from(kit::generate(line, &[one, &two, &three]).into_dir());
        for server in [&server, &theirs] {
            sql(server, "drop schema drizzle cascade; drop table users");
        }
        brolly(&folder, &server, &[]).says(0, &["3 migrations applied"]);
        drizzle_orm(line, &folder, &theirs);
        let columns =
            if line == Line::Stable { "id, hash, created_at" } else { "id, hash, created_at, name" };
        let rows = format!("select {columns} from drizzle.__drizzle_migrations order by id");
        assert_eq!(sql(&server, &rows), sql(&theirs, &rows), "{line:?}");
        // Nothing is left for it.
        drizzle_orm(line, &folder, &server);
        assert_eq!(sql(&server, &rows), sql(&theirs, &rows), "{line:?}");
        assert_eq!(
            value(
                &server,
                "select count(*) from pg_attribute where attrelid = 'users'::regclass and attnum > 0"
            ),
            "4"
        );
    }
}

#[test]
fn an_error_of_lint_stops_it_unless_a_reason_is_given() {
    let server = server(16);
    let folder = project(&[CREATE]);
    brolly(&folder, &server, &[]).says(0, &["1 migration applied"]);
    sql(&server, "insert into users (name, nick) values ('a', 'b')");
    folder.journal("drizzle", &[CREATE, ("0001_drop", "ALTER TABLE users DROP COLUMN nick;\n")]);
    brolly(&folder, &server, &[])
        .complains(1, &["error[drop-column]", "nothing was run: 1 error of lint", "--allow REASON"]);
    assert_eq!(value(&server, "select count(*) from drizzle.__drizzle_migrations"), "1");
    brolly(&folder, &server, &["--allow", "nobody's here"]).says(0, &["1 migration applied"]);
    let noted = sql(&server, "select migrations, reason, by from drizzle.__brolly_allowed");
    let expected = ["{0001_drop}", "nobody's here", "postgres"].map(|text| Some(text.to_owned()));
    assert_eq!(noted, [expected.to_vec()]);
}

/// Whether a table is written anew can hang on it.
#[test]
fn the_time_zone_of_the_database_is_asked() {
    let server = server(16);
    let folder = project(&[("0000_create", "CREATE TABLE visits (id int PRIMARY KEY, at timestamp);\n")]);
    brolly(&folder, &server, &[]).says(0, &["1 migration applied"]);
    let retype = ("0001_retype", "ALTER TABLE visits ALTER COLUMN at TYPE timestamptz;\n");
    folder.journal(
        "drizzle",
        &[("0000_create", "CREATE TABLE visits (id int PRIMARY KEY, at timestamp);\n"), retype],
    );
    sql(&server, "alter database postgres set timezone = 'Europe/Berlin'");
    for flags in [&[][..], &["--time-zone", "UTC"]] {
        brolly(&folder, &server, flags)
            .complains(1, &["rewrite-under-lock", "judged for TimeZone Europe/Berlin"]);
    }
    folder.brolly(&["preflight", "--database-url", &server.url("postgres")]).says(0, &["for visits"]);
    sql(&server, "alter database postgres set timezone = 'Etc/UTC'");
    let file = "select pg_relation_filenode('visits')";
    let before = value(&server, file);
    brolly(&folder, &server, &[]).says(0, &["1 migration applied"]);
    assert_eq!(value(&server, file), before);
}

#[test]
fn it_shows_what_it_would_run() {
    let server = server(16);
    let folder = project(&[CREATE]);
    brolly(&folder, &server, &[]).says(0, &[]);
    folder.journal("drizzle", &[CREATE, ADD, INDEX]);
    brolly(&folder, &server, &["--dry-run"]).says(
        0,
        &[
            "0001_add",
            "in one transaction",
            "ALTER TABLE users ADD COLUMN age int",
            "-- ACCESS EXCLUSIVE on users (reads and writes wait)",
            "0002_index",
            "outside of a transaction",
            "CREATE INDEX CONCURRENTLY users_name",
            "-- reads all of users",
            "in one transaction",
            "body text",
        ],
    );
    brolly(&folder, &server, &["--check"]).complains(1, &["2 migrations are pending"]);
    assert_eq!(value(&server, "select count(*) from drizzle.__drizzle_migrations"), "1");
}

#[test]
fn a_statement_that_fails_is_named_and_what_was_done_before_stays() {
    let server = server(16);
    let bad = ("0001_bad", "ALTER TABLE users ADD COLUMN age int;\n--> statement-breakpoint\nSELECT 1/0;\n");
    let folder = project(&[CREATE, bad]);
    brolly(&folder, &server, &[])
        .complains(2, &["drizzle/0001_bad.sql:3, statement 2 of 0001_bad: division by zero (22012)"]);
    assert_eq!(value(&server, "select count(*) from drizzle.__drizzle_migrations"), "1");
    assert_eq!(
        value(
            &server,
            "select count(*) from pg_attribute where attrelid = 'users'::regclass and attname = 'age'"
        ),
        "0"
    );
}

#[test]
fn an_invalid_index_is_dropped_and_built_anew() {
    for major in [13, 18] {
        let server = server(major);
        let folder = project(&[CREATE]);
        brolly(&folder, &server, &[]).says(0, &[]);
        sql(&server, "insert into users (name) values ('a'), ('a')");
        let unique = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_name ON users (name);\n";
        folder.journal("drizzle", &[CREATE, ("0001_unique", unique)]);
        brolly(&folder, &server, &["--allow", "test"])
            .complains(2, &["what is left of it is dropped", "statement 1 of 0001_unique", "(23505)"]);
        assert_eq!(value(&server, "select count(*) from pg_index where not indisvalid"), "0");
        // Somebody builds it by hand, and fails.
        wait(async {
            let session = server.connect().await.expect("a connection");
            session.batch(unique).await.expect_err("there are duplicates");
        });
        assert_eq!(value(&server, "select count(*) from pg_index where not indisvalid"), "1");
        sql(&server, "delete from users where id = 2");
        brolly(&folder, &server, &["--allow", "test"])
            .complains(0, &["index users_name is invalid", "dropped and built anew"]);
        assert_eq!(value(&server, "select count(*) from pg_index where not indisvalid"), "0");
        assert_eq!(value(&server, "select count(*) from pg_class where relname = 'users_name'"), "1");
    }
}

#[test]
fn readers_never_queue_up_behind_it_for_longer_than_a_try_on_13() {
    readers_never_queue_up_behind_it_for_longer_than_a_try(13);
}

#[test]
fn readers_never_queue_up_behind_it_for_longer_than_a_try_on_18() {
    readers_never_queue_up_behind_it_for_longer_than_a_try(18);
}

fn readers_never_queue_up_behind_it_for_longer_than_a_try(major: u16) {
    let server = server(major);
    let folder = project(&[CREATE]);
    brolly(&folder, &server, &[]).says(0, &[]);
    folder.journal("drizzle", &[CREATE, ADD]);
    let (long, url, target) = (Duration::from_secs(3), server.url("postgres"), server.target("postgres"));
    let ended = std::thread::scope(|scope| {
        let holding = scope.spawn(|| {
            wait(async {
                let reader = pg::connect(&target).await.expect("a connection");
                reader.batch("begin; select * from users").await.expect("it reads");
                tokio::time::sleep(long).await;
                reader.batch("commit").await.expect("it ends");
            });
        });
        std::thread::sleep(Duration::from_millis(300));
        let running = scope.spawn(|| migrate(&folder, &url, &["--lock-wait", "200ms"]));
        // A reader of the app, all the while.
        let slowest = wait(async {
            let reader = pg::connect(&target).await.expect("a connection");
            let (start, mut slowest) = (Instant::now(), Duration::ZERO);
            while start.elapsed() < long + Duration::from_secs(1) {
                let one = Instant::now();
                reader.batch("select * from users").await.expect("it reads");
                slowest = slowest.max(one.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            slowest
        });
        holding.join().expect("it held");
        assert!(slowest < Duration::from_millis(450), "a reader waited for {slowest:?}");
        running.join().expect("it ran")
    });
    ended
        .says(0, &["1 migration applied"])
        .complains(0, &["waits for: process", "ended after", "tried again"]);
}

#[test]
fn an_old_transaction_is_named_and_waited_for() {
    let server = server(16);
    let folder = project(&[CREATE]);
    brolly(&folder, &server, &[]).says(0, &[]);
    folder.journal("drizzle", &[CREATE, ADD]);
    let held = wait(async {
        let reader = pg::connect(&server.target("postgres").named("report")).await.expect("a connection");
        reader.batch("begin; select * from users").await.expect("it reads");
        tokio::time::sleep(Duration::from_millis(5_200)).await;
        let start = Instant::now();
        let ended = brolly(&folder, &server, &["--patience", "1s"]);
        assert!(start.elapsed() < Duration::from_secs(8));
        ended
    });
    held.complains(
        2,
        &[
            "no lock is asked for while older transactions hold the table",
            "(report), idle in transaction",
            "the lock was not to be had",
        ],
    );
    brolly(&folder, &server, &[]).says(0, &["1 migration applied"]);
}

#[test]
fn three_runs_at_once_apply_each_migration_once() {
    let server = server(16);
    let folder = project(&[CREATE, ADD, INDEX]);
    let url = server.url("postgres");
    let ended: Vec<Ended> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| migrate(&folder, &url, &[]))).collect();
        runs.into_iter().map(|run| run.join().expect("it ran")).collect()
    });
    for one in &ended {
        assert_eq!(one.code, 0, "{one}");
    }
    assert_eq!(value(&server, "select count(*) from drizzle.__drizzle_migrations"), "3");
    assert_eq!(value(&server, "select count(distinct hash) from drizzle.__drizzle_migrations"), "3");
}

#[test]
fn what_drizzle_skips_runs_where_that_is_said() {
    let server = server(16);
    let folder = project(&[CREATE, ADD, INDEX]);
    brolly(&folder, &server, &[]).says(0, &[]);
    sql(&server, "delete from drizzle.__drizzle_migrations where id = 2; alter table users drop column age");
    brolly(&folder, &server, &[])
        .complains(2, &["0001_add: skipped by Drizzle", "--skipped run", "nothing was run"]);
    brolly(&folder, &server, &["--skipped", "leave"]).says(0, &["nothing was run"]);
    brolly(&folder, &server, &["--skipped", "run"]).says(0, &["1 migration applied"]);
    brolly(&folder, &server, &[]).says(0, &["nothing was run"]);
}

#[test]
fn lint_and_verify_judge_by_its_transactions_where_it_is_the_runner() {
    let server = server(16);
    let folder = project(&[CREATE, ADD, INDEX]);
    let file = "drizzle/0002_index.sql";
    let lint = folder.brolly(&["lint", file]);
    assert!(lint.rules().contains(&"concurrently-in-transaction".to_owned()), "{lint}");
    folder.write("brolly.json", r#"{ "runner": "brolly" }"#);
    let lint = folder.brolly(&["lint", file]);
    for rule in ["concurrently-in-transaction", "no-lock-timeout"] {
        assert!(!lint.rules().contains(&rule.to_owned()), "{lint}");
    }
    let verified = folder.brolly(&["verify", file, "--database-url", &server.url("postgres")]);
    verified.says(0, &["CREATE INDEX CONCURRENTLY", "predicted and observed agree"]);
}
