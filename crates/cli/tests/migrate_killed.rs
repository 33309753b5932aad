//! `brolly migrate`, killed: at every thing that it tells of and moments later, and its server's process with
//! it. Whatever the moment, the next run finishes, each statement has its effect once, and no invalid index
//! is left.

#![allow(clippy::disallowed_methods, reason = "tests start programs and read what they say")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Row, Server};
use run::{Folder, config, folder};
use servers::{server, wait};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const BREAK: &str = "\n--> statement-breakpoint\n";

/// What a run may consist of: transactions, statements that can't run in one, blocks that end theirs, and
/// rows in `log` that would show what ran twice.
fn migrations() -> Vec<(&'static str, String)> {
    let first = [
        "CREATE TABLE users (id serial PRIMARY KEY, name text, email text, age int);",
        "CREATE TABLE log (n int);",
        "INSERT INTO users (name, email) SELECT 'n' || n, 'e' || n FROM generate_series(1, 20000) n;",
        "INSERT INTO log VALUES (0);",
    ];
    let second = [
        "INSERT INTO log VALUES (1);",
        "ALTER TABLE users ADD COLUMN nick text;",
        "CREATE INDEX CONCURRENTLY users_name ON users (name);",
        "INSERT INTO log VALUES (2);",
        "CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);",
        "ALTER TABLE users ADD CONSTRAINT users_email UNIQUE USING INDEX users_email;",
    ];
    let third = [
        "SET work_mem = '5MB';",
        "COMMIT;",
        "INSERT INTO log VALUES (3);",
        "DO $$ BEGIN FOR n IN 0..3 LOOP UPDATE users SET age = n WHERE id % 4 = n AND age IS NULL; COMMIT; END LOOP; END $$;",
        "REINDEX INDEX CONCURRENTLY users_name;",
        "INSERT INTO log SELECT CASE current_setting('work_mem') WHEN '5MB' THEN 4 ELSE -4 END;",
        "DROP INDEX CONCURRENTLY users_name;",
        "BEGIN;",
        "INSERT INTO log VALUES (5);",
        "ALTER TABLE users DROP COLUMN nick;",
        "COMMIT;",
        "VACUUM users;",
    ];
    let fourth = ["CREATE TABLE last (id int);", "INSERT INTO log VALUES (6);"];
    let all: [(&str, &[&str]); 4] =
        [("0000_create", &first), ("0001_index", &second), ("0002_commit", &third), ("0003_last", &fourth)];
    all.map(|(tag, statements)| (tag, statements.join(BREAK))).to_vec()
}

fn project() -> Folder {
    let folder = folder();
    let migrations = migrations();
    let migrations: Vec<(&str, &str)> = migrations.iter().map(|(tag, text)| (*tag, text.as_str())).collect();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &migrations);
    folder
}

fn start(folder: &Folder, url: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_brolly"))
        .args(["migrate", "--database-url", url, "--allow", "test", "--format", "json"])
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("brolly starts")
}

/// Starts a run, and hands it over once it has told this many things. False where it ended before.
fn after(child: &mut Child, lines: usize) -> bool {
    let out = child.stdout.take().expect("it is piped");
    let mut read = BufReader::new(out).lines();
    let told = read.by_ref().take(lines).filter(Result::is_ok).count();
    // What is not read would stop it.
    std::thread::spawn(move || read.for_each(drop));
    told == lines
}

fn sql(server: &Server, database: &str, text: &str) -> Vec<Row> {
    wait(async {
        let session = pg::connect(&server.target(database)).await.expect("a connection");
        let rows = session.rows(text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        session.close().await;
        rows
    })
}

/// What runs of [`migrations`] leave in rows.
const ROWS: &[&str] = &[
    "select count(*) from drizzle.__brolly_statements",
    "select n, count(*) from log group by n order by n",
    "select age, count(*) from users group by age order by age",
];

/// All that a run leaves, but for brolly's own tables, with what these ask for.
fn state(server: &Server, database: &str, rows: &[&str]) -> Vec<Vec<Row>> {
    let all = [
        "select hash, created_at from drizzle.__drizzle_migrations order by id",
        "select c.relname, i.indisvalid, pg_get_indexdef(c.oid) from pg_index i join pg_class c on c.oid = i.indexrelid \
         where c.relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace) and c.relname !~ '^__brolly' order by 1",
        "select attrelid::regclass, attname, format_type(atttypid, atttypmod) from pg_attribute a \
         join pg_class c on c.oid = a.attrelid where c.relnamespace <> 'pg_catalog'::regnamespace \
         and c.relname !~ '^__brolly' and c.relkind in ('r', 'p', 'v', 'm', 'S') and attnum > 0 and not attisdropped order by 1, 2",
        "select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace <> 'pg_catalog'::regnamespace \
         and conname !~ '^__brolly' \
         order by 1, 2",
        "select t.typname, e.enumlabel from pg_enum e join pg_type t on t.oid = e.enumtypid order by 1, e.enumsortorder",
        "select polname, polrelid::regclass from pg_policy order by 1, 2",
    ];
    all.iter().chain(rows).map(|text| sql(server, database, text)).collect()
}

/// Takes a database away, and the roles that its migrations have made.
fn clear(server: &Server, database: &str) {
    sql(server, "postgres", &format!("drop database {database} with (force)"));
    let made =
        "select quote_ident(rolname) from pg_roles where rolname <> current_user and rolname !~ '^pg_'";
    for role in sql(server, "postgres", made).into_iter().flatten().flatten() {
        sql(server, "postgres", &format!("drop role {role}"));
    }
}

/// Ends a run in some way.
type Kill = dyn Fn(&Server, &str, &mut Child);

/// Kills runs of a folder at every line that they tell, and moments after it; the next run has to finish.
fn killed(server: &Server, folder: &Folder, rows: &[&str], delays: &[u64], kill: &Kill) -> usize {
    let url = |database: &str| server.url(database);
    let run = |database: &str| {
        sql(server, "postgres", &format!("create database {database}"));
        folder.brolly(&["migrate", "--database-url", &url(database), "--allow", "test", "--format", "json"])
    };
    let whole = run("whole");
    assert_eq!(whole.code, 0, "{whole}");
    let expected = state(server, "whole", rows);
    clear(server, "whole");
    let lines = whole.out.lines().filter(|line| !line.contains("\"building\"")).count();

    let mut kills = 0;
    for line in 1..lines {
        for delay in delays {
            let database = format!("at_{line}_{delay}");
            sql(server, "postgres", &format!("create database {database}"));
            let mut child = start(folder, &url(&database));
            if after(&mut child, line) {
                std::thread::sleep(Duration::from_millis(*delay));
                kill(server, &database, &mut child);
                kills += 1;
            }
            child.wait().expect("it ends");
            // The program is gone, and its sessions may be at work still.
            let again = folder.brolly(&["migrate", "--database-url", &url(&database), "--allow", "test"]);
            assert_eq!(again.code, 0, "killed after line {line} and {delay} ms:\n{again}");
            assert_eq!(
                state(server, &database, rows),
                expected,
                "killed after line {line} and {delay} ms:\n{again}"
            );
            clear(server, &database);
        }
    }
    kills
}

fn program(_: &Server, _: &str, child: &mut Child) {
    child.kill().expect("it can be killed");
}

/// The process of the server that runs the statements: all others end with it, and the server recovers.
fn server_process(server: &Server, database: &str, child: &mut Child) {
    let query = format!(
        "select pid from pg_stat_activity where datname = '{database}' and application_name like 'brolly migrate %' \
         order by query_start desc limit 1"
    );
    wait(async {
        let other = pg::connect(&server.target("postgres")).await.expect("a connection");
        let Some(pid) = other.value(&query).await.expect("it answers") else { return };
        let done = Command::new("kill").args(["-9", &pid]).status().expect("kill starts");
        // Gone with the others, and the server recovers; unless the process was at its end anyway.
        let mut looks = 0;
        while done.success() && looks < 200 && other.value("select 1").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
            looks += 1;
        }
    });
    child.wait().expect("it notices");
    recovered(server);
}

fn recovered(server: &Server) {
    for _ in 0..200 {
        let up = wait(async {
            let session = pg::connect(&server.target("postgres")).await.ok()?;
            session.value("select 1").await.ok()
        });
        if up.is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the server did not come back");
}

#[test]
fn the_program_may_be_killed_at_any_moment() {
    let kills = killed(&server(17), &project(), ROWS, &[0, 4, 15], &program);
    assert!(kills > 60, "{kills} kills");
}

#[test]
fn the_program_may_be_killed_at_any_moment_on_the_oldest_server() {
    let kills = killed(&server(13), &project(), ROWS, &[1, 9], &program);
    assert!(kills > 40, "{kills} kills");
}

#[test]
fn the_server_may_be_killed_at_any_moment() {
    let kills = killed(&server(16), &project(), ROWS, &[0, 7], &server_process);
    assert!(kills > 40, "{kills} kills");
}

/// Histories that drizzle-kit made, of each kind of snapshot.
#[test]
fn runs_of_fixtures_may_be_killed() {
    let (newest, older) = (server(18), server(15));
    let made = ["v5-kit0.20.18", "v7-kit0.31.11", "v8-kit1.0.0-rc.4", "v9-kit1.0.0-rc.5"];
    let mut kills = 0;
    for name in made {
        let folder = folder();
        folder.write("drizzle.config.ts", config("./drizzle"));
        folder.copy(&format!("crates/drizzle/tests/fixtures/{name}"), "drizzle");
        kills += killed(&newest, &folder, &[], &[2], &program);
        if name.starts_with("v7-kit") {
            kills += killed(&older, &folder, &[], &[2], &server_process);
        }
    }
    assert!(kills > 40, "{kills} kills");
}
