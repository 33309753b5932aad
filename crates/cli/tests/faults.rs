//! What goes wrong in the middle of `verify` and `rehearse` on a server of the user's: it is said, nothing
//! is left behind, and the user's database is as it was.

#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests start programs, look at files, and say why they skip"
)]

#[path = "../../../tests/servers/hand.rs"]
mod hand;
mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use hand::Disk;
use pg::{Connection, Server};
use run::{Ended, Folder, config, folder};
use servers::{server, wait};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Rows come at once; a query of the app that updates takes long, and a DELETE is quick.
const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id int PRIMARY KEY, name text);\n\
     CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(4); RETURN NEW; END';\n\
     CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow();\n",
);

const QUICK: (&str, &str) = ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, name text);\n");

/// A repository whose branch adds one migration to the main branch's first.
fn branch(first: (&str, &str), sql: &str) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[first]).commit(".", "first");
    folder.git(".", &["checkout", "-q", "-b", "topic"]);
    folder.journal("drizzle", &[first, ("0001_next", sql)]).commit(".", "second");
    folder
}

/// A server with something of the user's on it.
fn with_something(major: u16) -> Server {
    let server = server(major);
    sql(&server, "create table theirs (id int); insert into theirs values (1), (2)");
    server
}

fn sql(server: &Server, text: &str) -> Vec<pg::Row> {
    wait(async { server.connect().await.expect("a connection").rows(text).await.expect("it works") })
}

/// Everything of the user's, and all databases.
fn state(server: &Server) -> Vec<pg::Row> {
    sql(
        server,
        "select datname from pg_database union all select relname from pg_class where oid > 16000 \
         union all select id::text from theirs union all select rolname from pg_roles order by 1",
    )
}

/// Waits until the state is this one again: what is cut off is cleared a moment later.
#[track_caller]
fn is_again(server: &Server, before: &[pg::Row]) {
    let start = Instant::now();
    let brollies = "select pid from pg_stat_activity where application_name like 'brolly %'";
    while state(server) != before || !sql(server, brollies).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} instead of {before:?}", state(server));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn started(folder: &Folder, server: &Server, args: &[&str]) -> Child {
    let url = server.url("postgres");
    let mut command = Command::new(env!("CARGO_BIN_EXE_brolly"));
    command.args(args).args(["--database-url", &url]).current_dir(folder.path()).env("HOME", folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("brolly starts")
}

fn ended(child: Child) -> Ended {
    let done = child.wait_with_output().expect("it ends");
    Ended {
        code: done.status.code().expect("brolly ends by itself"),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

/// Waits until a statement like this runs, and gives the process that serves it.
fn running(server: &Server, child: &mut Child, like: &str) -> String {
    let query = format!(
        "select pid from pg_stat_activity where {like} and pid <> pg_backend_pid() and \
         (datname like 'brolly_scratch%' or application_name = 'brolly verify')"
    );
    let start = Instant::now();
    loop {
        let found = wait(async {
            let connection: Connection = server.connect().await.expect("a connection");
            connection.value(&query).await.expect("an answer")
        });
        match found {
            Some(pid) => return pid,
            None if start.elapsed() > Duration::from_secs(60) => panic!("nothing like {like} ran"),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
        assert!(child.try_wait().expect("a child").is_none(), "it ended before {like}");
    }
}

fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success(), "it runs still");
}

#[test]
fn ctrl_c_at_any_moment_leaves_nothing_behind() {
    let server = with_something(17);
    let before = state(&server);
    let folder = branch(CREATE, "SELECT pg_sleep(30);\nALTER TABLE users ADD COLUMN city text;\n");
    let moments = [
        ("the start", "3", "true"),
        ("filling", "users=3000000", "state = 'active' and query ilike '%insert%'"),
        (
            "the queries",
            "3",
            "state = 'active' and wait_event = 'PgSleep' and query like 'update \"users\"%'",
        ),
        ("applying", "0", "state = 'active' and query like '%pg_sleep(30)%' and wait_event = 'PgSleep'"),
    ];
    for (moment, rows, like) in moments {
        let mut child = started(&folder, &server, &["verify", "--base", "main", "--rows", rows]);
        running(&server, &mut child, like);
        let start = Instant::now();
        interrupt(&child);
        ended(child).complains(130, &["interrupted (Ctrl-C)"]);
        assert!(start.elapsed() < Duration::from_secs(8), "{moment}: {:?}", start.elapsed());
        is_again(&server, &before);
    }
    let folder = branch(QUICK, "SELECT pg_sleep(30);\n");
    let mut child = started(&folder, &server, &["rehearse", "--base", "main", "--rows", "10"]);
    running(&server, &mut child, "state = 'active' and query like '%pg_sleep(30)%'");
    interrupt(&child);
    ended(child).complains(130, &["interrupted (Ctrl-C)"]);
    is_again(&server, &before);
}

#[test]
fn a_connection_that_is_cut_is_said_and_nothing_is_left_behind() {
    let server = with_something(16);
    let before = state(&server);
    let folder = branch(QUICK, "SELECT pg_sleep(30);\n");
    for (command, rows) in [("verify", "0"), ("rehearse", "10")] {
        let mut child = started(&folder, &server, &[command, "--base", "main", "--rows", rows]);
        let pid = running(&server, &mut child, "state = 'active' and query like '%pg_sleep(30)%'");
        sql(&server, &format!("select pg_terminate_backend({pid})"));
        ended(child).complains(2, &["terminating connection due to administrator command"]);
        is_again(&server, &before);
    }
}

#[test]
fn a_database_that_is_migrated_is_as_it_was_where_that_is_cut_short() {
    let server = with_something(18);
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[CREATE]);
    let args = ["verify", "--on-this-database", "--yes"];
    ended(started(&folder, &server, &args)).says(0, &["committed after"]);
    let (before, ledger) = (state(&server), "select * from drizzle.__drizzle_migrations");
    let rows = sql(&server, ledger);
    folder.journal("drizzle", &[CREATE, ("0001_next", "DROP TABLE theirs;\nSELECT pg_sleep(30);\n")]);
    let like = "state = 'active' and query like '%pg_sleep(30)%'";

    let mut child = started(&folder, &server, &args);
    running(&server, &mut child, like);
    let start = Instant::now();
    interrupt(&child);
    let said = ["interrupted (Ctrl-C)", "the ledger holds what it held before; what was open is rolled back"];
    ended(child).complains(130, &said);
    is_again(&server, &before);
    // The look waits for the lock on that table, as anybody would.
    assert!(start.elapsed() < Duration::from_secs(10), "the statement went on, and kept its locks");
    assert_eq!(sql(&server, ledger), rows);

    let mut child = started(&folder, &server, &args);
    let pid = running(&server, &mut child, like);
    sql(&server, &format!("select pg_terminate_backend({pid})"));
    ended(child).complains(2, &["terminating connection", "the ledger holds what it held before"]);
    is_again(&server, &before);
    assert_eq!(sql(&server, ledger), rows);
}

#[test]
fn a_full_disk_is_said_and_nothing_is_left_behind() {
    let Some(disk) = Disk::new("20m") else { return };
    let server = with_something(17);
    // Tables come to lie on the small disk, so that the server itself lives on.
    let place = disk.tables(&server);
    sql(&server, &format!("create tablespace small location '{}'", place.display()));
    sql(&server, "alter role postgres set default_tablespace = 'small'");
    let before = state(&server);
    let big = "CREATE TABLE big AS SELECT repeat('x', 100) AS x FROM generate_series(1, 1000000);\n";
    for (sql, rows) in [("SELECT 1;\n", "users=1000000"), (big, "3")] {
        let folder = branch(QUICK, sql);
        for command in ["verify", "rehearse"] {
            let child = started(&folder, &server, &[command, "--base", "main", "--rows", rows]);
            ended(child).complains(2, &["53100", "No space left on device", "free some room on its disk"]);
            is_again(&server, &before);
        }
    }
}

#[test]
fn rehearse_needs_the_right_to_make_a_database_and_takes_an_app_role_on_servers_of_its_own() {
    let server = with_something(15);
    sql(&server, "create role weak login");
    let before = state(&server);
    let folder = branch(QUICK, "ALTER TABLE users ADD COLUMN city text;\n");
    let url = server.url("postgres");
    let weak = url.replace("user=postgres", "user=weak");
    let rehearse =
        |url: &str| folder.brolly(&["rehearse", "--base", "main", "--rows", "10", "--database-url", url]);
    rehearse(&weak).complains(2, &["role weak may not create a scratch database", "CREATEDB"]);
    assert_eq!(state(&server), before);
    rehearse(&url).says(0, &["on PostgreSQL 15", "committed after", "within limits"]);
    is_again(&server, &before);
    // A role of the project is none of this server's: it is neither made nor taken here.
    folder.write("brolly.json", r#"{ "appRole": "app" }"#);
    rehearse(&url)
        .says(0, &["committed after", "within limits"])
        .complains(0, &["not asked in role app (appRole): this server is not brolly's own"]);
    is_again(&server, &before);
}

#[test]
fn the_app_asks_in_its_role_on_servers_of_our_own() {
    let rights =
        ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, name text);\nGRANT ALL ON users TO app;\n");
    let folder = branch(rights, "REVOKE UPDATE ON users FROM app;\n");
    folder.write("brolly.json", r#"{ "appRole": "app" }"#);
    let run = |command: &str| {
        let bin = servers::binaries(16).dir;
        folder.brolly(&[
            command,
            "--base",
            "main",
            "--pg",
            "16",
            "--rows",
            "5",
            "--pg-bin",
            &bin.to_string_lossy(),
        ])
    };
    run("verify")
        .says(1, &["old app", "42501 permission denied for table users", "predicted and observed agree"]);
    run("rehearse").says(1, &["STATEMENTS OF THE OLD APP THAT FAILED", "users: 42501"]);
    // What one may do that no migration names is not known here.
    folder.write("brolly.json", r#"{ "appRole": "other" }"#);
    for command in ["verify", "rehearse"] {
        run(command).complains(0, &["not asked in role other (appRole): no migration names it"]);
    }
}
