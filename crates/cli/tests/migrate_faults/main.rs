//! `brolly migrate` where something is wrong, or in the way: it says what, leaves what can be gone on from, and
//! goes on.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

#[path = "../../../../tests/servers/clock.rs"]
mod clock;
mod clocks;
mod cut;
mod deadlock;
mod gates;
#[path = "../../../../tests/servers/hand.rs"]
mod hand;
mod readers;
#[path = "../../../../tests/servers/replica.rs"]
mod replica;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../../../tests/servers/servers.rs"]
mod servers;
mod standby;
mod streaming;

use pg::{Server, Setup};
use run::{Ended, Folder, config, folder};
use servers::{binaries, server, setup, wait};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CREATE: (&str, &str) = ("0000_create", "CREATE TABLE users (id serial PRIMARY KEY, name text);\n");
const ADD: (&str, &str) = ("0001_add", "ALTER TABLE users ADD COLUMN age int;\n");

fn project(migrations: &[(&str, &str)]) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", migrations);
    folder
}

fn migrate(folder: &Folder, url: &str, args: &[&str]) -> Ended {
    folder.brolly(&[&["migrate", "--database-url", url], args].concat())
}

fn sql(server: &Server, text: &str) -> Option<String> {
    let work = async { server.connect().await.expect("a connection").rows(text).await };
    wait(work).unwrap_or_else(|error| panic!("{text}: {error}")).into_iter().flatten().flatten().next()
}

#[test]
fn a_journal_that_cannot_be_read_is_not_an_empty_one() {
    let server = server(14);
    let folder = project(&[CREATE, ADD]);
    folder.write("drizzle/meta/_journal.json", "{");
    let url = server.url("postgres");
    let all: [&[&str]; 5] =
        [&["migrate"], &["migrate", "--check"], &["preflight"], &["ledger", "list"], &["rollback", "--run"]];
    for args in all {
        folder
            .brolly(&[args, &["--database-url", &url]].concat())
            .complains(2, &["drizzle/meta/_journal.json:1:", "not valid JSON"]);
    }
    assert_eq!(
        sql(&server, "SELECT count(*) FROM pg_namespace WHERE nspname = 'drizzle'").as_deref(),
        Some("0")
    );
}

#[test]
fn passwords_are_never_said() {
    let folder = project(&[CREATE]);
    let ended = migrate(&folder, "postgres://me:sesame@127.0.0.1:1/shop", &[]);
    ended.complains(2, &["cannot connect to 127.0.0.1:1"]);
    assert!(!ended.err.contains("sesame") && !ended.out.contains("sesame"), "{ended}");
    let ended = folder.brolly(&["migrate"]);
    ended.complains(2, &["no database is named", "DATABASE_URL"]);
    folder
        .write(".env", "# for drizzle-kit\nexport DATABASE_URL=\"postgres://me:sesame@127.0.0.1:1/shop\"\n");
    let ended = folder.brolly(&["migrate"]);
    ended.complains(2, &["cannot connect to 127.0.0.1:1"]);
    assert!(!ended.err.contains("sesame"), "{ended}");
}

/// drizzle-kit would take that one, whatever `DATABASE_URL` holds.
#[test]
fn the_database_of_the_config_goes_first() {
    let folder = project(&[CREATE]);
    let env = "DATABASE_URL=postgres://me:sesame@127.0.0.1:1/shop\nDB_PASSWORD=se@same\n";
    folder.write(".env", env);
    let takes = |credentials: &str| {
        let base = config("./drizzle").replace("};", &format!(", dbCredentials: {{ {credentials} }} }};"));
        folder.write("drizzle.config.ts", format!("config({{ path: '.env.local' }});\n{base}"));
    };
    takes("url: process.env.MIGRATION_URL!");
    let ended = folder.brolly(&["migrate"]);
    ended.complains(2, &["drizzle.config.ts takes the database from MIGRATION_URL, which is not set"]);
    folder.write(".env.local", "MIGRATION_URL=postgres://me:sesame@127.0.0.1:2/shop\n");
    folder.brolly(&["migrate"]).complains(2, &["cannot connect to 127.0.0.1:2"]);
    let named = &["migrate", "--database-url-env", "DATABASE_URL"];
    folder.brolly(named).complains(2, &["cannot connect to 127.0.0.1:1"]);
    takes(
        "host: '127.0.0.1', port: 3, user: 'me', password: process.env.DB_PASSWORD, database: 'shop', ssl: true",
    );
    let ended = folder.brolly(&["migrate"]);
    ended.complains(2, &["cannot connect to 127.0.0.1:3"]);
    assert!(!ended.err.contains("same"), "{ended}");
    takes("url: await secret()");
    folder.brolly(&["migrate"]).complains(2, &["cannot connect to 127.0.0.1:1"]);
    folder.write(".env", "");
    let said =
        "`dbCredentials` of drizzle.config.ts can't be worked out, since it depends on something awaited";
    folder.brolly(&["migrate"]).complains(2, &["no database is named", said]);
}

#[test]
fn a_database_that_takes_no_writes_is_left_alone() {
    let server = server(17);
    let folder = project(&[CREATE]);
    sql(&server, "alter database postgres set default_transaction_read_only = on");
    let url = server.url("postgres");
    migrate(&folder, &url, &[])
        .complains(2, &["read-only", "nothing was run: something has to be mended first"]);
    migrate(&folder, &url, &["--skip-preflight"])
        .complains(2, &["read-only: nothing was run", "name the primary"]);
}

#[test]
fn the_ledger_of_the_other_line_is_not_written_to() {
    let server = server(16);
    sql(
        &server,
        "create schema drizzle; create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)",
    );
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle"));
    folder.write("drizzle/20250101000000_one/migration.sql", "CREATE TABLE one (id int);\n");
    folder.write("drizzle/20250101000000_one/snapshot.json", "{}");
    migrate(&folder, &server.url("postgres"), &[])
        .complains(2, &["the ledger drizzle.__drizzle_migrations is that of drizzle-orm 0.x"]);
    assert_eq!(sql(&server, "select to_regclass('one')"), None);
}

#[test]
fn a_statement_that_somebody_cancels_is_run_again_by_the_next_run() {
    let server = server(15);
    let slow = ("0001_slow", "CREATE TABLE slow (id int);\n--> statement-breakpoint\nSELECT pg_sleep(20);\n");
    let folder = project(&[CREATE, slow]);
    let (url, target) = (server.url("postgres"), server.target("postgres"));
    let ended = std::thread::scope(|scope| {
        let running = scope.spawn(|| migrate(&folder, &url, &[]));
        wait(async {
            let other = pg::connect(&target).await.expect("a connection");
            let cancel = "select pg_cancel_backend(pid) from pg_stat_activity where query = 'SELECT pg_sleep(20);' \
                          or query = 'SELECT pg_sleep(20)'";
            let start = Instant::now();
            while other.rows(cancel).await.expect("it answers").is_empty() {
                assert!(start.elapsed() < Duration::from_secs(15), "nothing to cancel");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        running.join().expect("it ran")
    });
    ended.complains(2, &["0001_slow.sql:3, statement 2 of 0001_slow", "(57014)"]);
    assert_eq!(sql(&server, "select to_regclass('slow')"), None);
    folder.journal("drizzle", &[CREATE, ("0001_slow", "CREATE TABLE slow (id int);\n")]);
    migrate(&folder, &url, &[]).says(0, &["1 migration applied"]);
}

#[test]
fn an_interrupted_run_leaves_no_session_behind() {
    let server = server(18);
    let slow = (
        "0001_slow",
        "ALTER TABLE users ADD COLUMN age int;\n--> statement-breakpoint\nSELECT pg_sleep(30);\n",
    );
    let folder = project(&[CREATE, slow]);
    let url = server.url("postgres");
    let mut child = Command::new(env!("CARGO_BIN_EXE_brolly"))
        .args(["migrate", "--database-url", &url])
        .current_dir(folder.path())
        .env_clear()
        .stderr(Stdio::null())
        .spawn()
        .expect("brolly starts");
    let start = Instant::now();
    let sleeping =
        "select 1 from pg_stat_activity where query like 'SELECT pg_sleep(30)%' and state = 'active'";
    while sql(&server, sleeping).is_none() {
        assert!(start.elapsed() < Duration::from_secs(15), "it does not run");
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts");
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(130));
    assert_eq!(sql(&server, sleeping), None, "the statement goes on");
    assert_eq!(
        sql(&server, "select count(*) from pg_locks where relation = 'users'::regclass").as_deref(),
        Some("0")
    );
}

#[test]
fn a_deadlock_is_tried_again() {
    let server = server(16);
    let both = "ALTER TABLE users ADD COLUMN age int;\n--> statement-breakpoint\nSELECT pg_sleep(1);\n\
                --> statement-breakpoint\nALTER TABLE posts ADD COLUMN age int;\n";
    let posts = ("0001_posts", "CREATE TABLE posts (id int);\n");
    let folder = project(&[CREATE, posts]);
    let (url, target) = (server.url("postgres"), server.target("postgres"));
    migrate(&folder, &url, &[]).says(0, &["2 migrations applied"]);
    folder.journal("drizzle", &[CREATE, posts, ("0002_both", both)]);
    let ended = std::thread::scope(|scope| {
        let running = scope.spawn(|| migrate(&folder, &url, &["--lock-wait", "3s"]));
        wait(async {
            // Posts first, then users, while the migration sleeps between the two.
            let (other, look) =
                (pg::connect(&target).await.expect("one"), pg::connect(&target).await.expect("two"));
            let start = Instant::now();
            let sleeping =
                "select 1 from pg_stat_activity where query like 'SELECT pg_sleep(1)%' and state = 'active'";
            while look.rows(sleeping).await.expect("it answers").is_empty() {
                assert!(start.elapsed() < Duration::from_secs(15), "it does not run");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            other.batch("begin; lock table posts").await.expect("it is free");
            let _ = other.batch("select * from users").await;
            let _ = other.batch("rollback").await;
        });
        running.join().expect("it ran")
    });
    ended.says(0, &["1 migration applied"]);
    assert_eq!(sql(&server, "select count(*) from pg_attribute where attname = 'age'").as_deref(), Some("2"));
}

#[test]
fn behind_an_autovacuum_it_is_done_within_two_seconds_on_13() {
    behind_an_autovacuum_it_is_done_within_two_seconds(13);
}

#[test]
fn behind_an_autovacuum_it_is_done_within_two_seconds_on_16() {
    behind_an_autovacuum_it_is_done_within_two_seconds(16);
}

#[test]
fn behind_an_autovacuum_it_is_done_within_two_seconds_on_18() {
    behind_an_autovacuum_it_is_done_within_two_seconds(18);
}

fn behind_an_autovacuum_it_is_done_within_two_seconds(major: u16) {
    let settings = [("autovacuum", "on"), ("autovacuum_naptime", "1s")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let server = Server::start_with(&binaries(major), &Setup { settings, ..setup() }).expect("a server");
    let folder = project(&[CREATE]);
    let url = server.url("postgres");
    migrate(&folder, &url, &[]).says(0, &["1 migration applied"]);
    sql(
        &server,
        "alter table users set (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, \
         autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)",
    );
    sql(&server, "insert into users (name) select repeat('x', 500) from generate_series(1, 20000)");
    sql(&server, "delete from users where id % 2 = 0");
    let vacuuming = "select 1 from pg_stat_progress_vacuum where relid = 'users'::regclass";
    let start = Instant::now();
    while sql(&server, vacuuming).is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "no autovacuum came");
        std::thread::sleep(Duration::from_millis(50));
    }
    folder.journal("drizzle", &[CREATE, ADD]);
    let start = Instant::now();
    let ended = migrate(&folder, &url, &[]);
    let took = start.elapsed();
    ended.says(0, &["1 migration applied"]);
    assert!(
        took < Duration::from_millis(2_500),
        "it took {took:?}, the start of the program with it\n{ended}"
    );
}
