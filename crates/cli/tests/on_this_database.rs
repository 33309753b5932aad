//! `brolly verify --on-this-database`: a database of the user's is migrated as Drizzle would do it, once
//! that is agreed to, and left alone in all other cases.

#![allow(clippy::disallowed_methods, reason = "tests start programs and read their files")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Row, Server};
use run::{Ended, Folder, config, folder};
use serde_json::Value;
use servers::{server, wait};
use std::path::{Path, PathBuf};
use std::process::Command;

const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id serial PRIMARY KEY, name text, nick text);\n--> statement-breakpoint\n\
     CREATE TABLE posts (id serial PRIMARY KEY, user_id int REFERENCES users (id));\n",
);
const DROP: (&str, &str) = ("0001_drop", "ALTER TABLE users DROP COLUMN nick;\n");
const INDEX: (&str, &str) = ("0002_index", "CREATE INDEX users_name ON users (name);\n");

/// A project with these migrations, and a database that has run the first of them and holds rows.
fn at_first(server: &Server, migrations: &[(&str, &str)]) -> Folder {
    let folder = project(&migrations[..1]);
    brolly(&folder, server, &["--yes"]).says(0, &["committed after"]);
    sql(server, "insert into users (name, nick) values ('a', 'b'), ('c', 'c')");
    folder.journal("drizzle", migrations);
    folder
}

fn project(migrations: &[(&str, &str)]) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", migrations);
    folder
}

fn brolly(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    let url = server.url("postgres");
    let args = [&["verify", "--database-url", &url, "--on-this-database"], args].concat();
    folder.brolly(&args)
}

fn sql(server: &Server, text: &str) -> Vec<Row> {
    wait(async { server.connect().await.expect("a connection").rows(text).await.expect("it works") })
}

/// All that a migration or a query could leave behind.
fn state(server: &Server) -> Vec<Vec<Row>> {
    let all = [
        "select hash, created_at from drizzle.__drizzle_migrations order by id",
        "select * from users order by id",
        "select last_value, is_called from users_id_seq",
        "select attrelid::regclass, attname from pg_attribute where attrelid > 16000 order by attrelid, attnum",
        "select datname from pg_database order by 1",
    ];
    all.iter().map(|text| sql(server, text)).collect()
}

/// What drizzle-orm itself reads from a folder, and would write into the ledger.
fn drizzles_rows(line: &str, folder: &Path, fields: &str) -> Vec<Row> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kit").join(line);
    let migrator: PathBuf = root.join("node_modules/drizzle-orm/migrator.js");
    let script = format!(
        "const {{ readMigrationFiles }} = await import({:?});\
         const rows = readMigrationFiles({{ migrationsFolder: {:?} }});\
         console.log(JSON.stringify(rows.map((m) => {fields})));",
        migrator.canonicalize().expect("run bin/prepare test"),
        folder
    );
    let done =
        Command::new("node").args(["--input-type=module", "-e", &script]).output().expect("node starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let rows: Vec<Vec<String>> = serde_json::from_slice(&done.stdout).expect("JSON");
    rows.into_iter().map(|row| row.into_iter().map(Some).collect()).collect()
}

#[test]
fn nothing_is_run_until_it_is_agreed_to() {
    let server = server(17);
    let folder = at_first(&server, &[CREATE, DROP, INDEX]);
    let before = state(&server);
    let ended = brolly(&folder, &server, &[]);
    ended.complains(
        2,
        &[
            "To be run on database postgres on",
            "PostgreSQL 17",
            "as role postgres",
            "BEGIN;",
            "create table if not exists \"drizzle\".\"__drizzle_migrations\"",
            "-- 0001_drop",
            "ALTER TABLE users DROP COLUMN nick;",
            "insert into \"drizzle\".\"__drizzle_migrations\" (hash, created_at)",
            "-- 0002_index",
            "CREATE INDEX users_name ON users (name);",
            "insert into",
            "COMMIT;",
            "EXPLAIN",
            "nothing was run",
            "--yes",
        ],
    );
    assert!(!ended.err.contains("CREATE TABLE users"), "that has run: {ended}");
    assert_eq!(ended.out, "");
    assert_eq!(state(&server), before);
}

#[test]
fn agreed_to_it_is_migrated_as_drizzle_does_it_and_looked_at() {
    let server = server(16);
    let folder = at_first(&server, &[CREATE, DROP, INDEX]);
    let rows = sql(&server, "select id, name from users order by id");
    let ended = brolly(&folder, &server, &["--yes"]);
    ended.says(
        1,
        &[
            "2 of 3 migrations, pending in postgres on",
            "migrated: database postgres, PostgreSQL 16",
            "0001_drop",
            "ACCESS EXCLUSIVE on users (reads and writes wait)",
            "0002_index",
            "committed after",
            "planned and not run",
            "old app",
            "42703 column \"nick\" does not exist",
            "a second run: nothing is pending",
            "predicted and observed agree",
        ],
    );
    ended.lacks("everything on an empty database");
    let expected = drizzles_rows("stable", &folder.at("drizzle"), "[m.hash, String(m.folderMillis)]");
    let ledger = "select hash, created_at from drizzle.__drizzle_migrations order by id";
    assert_eq!(sql(&server, ledger), expected);
    // No rows came, none changed, and the queries of the apps moved no sequence.
    assert_eq!(sql(&server, "select id, name from users order by id"), rows);
    assert_eq!(sql(&server, "select last_value::text from users_id_seq"), [[Some("2".to_owned())]]);
    assert_eq!(sql(&server, "select count(*)::text from posts"), [[Some("0".to_owned())]]);

    brolly(&folder, &server, &["--yes"]).complains(0, &["nothing is pending in postgres on"]);
    assert_eq!(sql(&server, ledger), expected);
}

#[test]
fn the_ledger_of_v1_is_written_as_its_migrator_does() {
    let server = server(18);
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle"));
    folder.write("drizzle/20240101000000_one/migration.sql", "CREATE TABLE a (id int);\r\n");
    brolly(&folder, &server, &["--yes"]).says(0, &["committed after"]);
    folder.write("drizzle/20240202030405_two/migration.sql", "ALTER TABLE a ADD COLUMN x int;");
    let ended = brolly(&folder, &server, &["--yes", "--format", "json"]);
    assert_eq!(ended.code, 0, "{ended}");
    let set = &serde_json::from_str::<Value>(&ended.out).expect("it is JSON")["sets"][0];
    assert_eq!((set["database"].as_str(), &set["fresh"]), (Some("postgres"), &Value::Null));
    assert_eq!(set["migrations"], serde_json::json!(["20240202030405_two"]));
    assert_eq!(set["statements"][0]["observed"]["locks"][0]["mode"], "AccessExclusive");
    assert_eq!(
        sql(&server, "select hash, created_at, name from drizzle.__drizzle_migrations order by id"),
        drizzles_rows("v1", &folder.at("drizzle"), "[m.hash, String(m.folderMillis), m.name]")
    );
}

#[test]
fn a_set_that_fails_leaves_the_database_untouched() {
    let server = server(15);
    let fails = ("0002_fails", "UPDATE users SET name = 'x';\nALTER TABLE users ADD CHECK (name <> 'x');\n");
    let folder = at_first(&server, &[CREATE, DROP, fails]);
    let before = state(&server);
    brolly(&folder, &server, &["--yes"]).says(
        1,
        &[
            "ALTER TABLE users DROP COLUMN nick",
            "FAILS 23514",
            "rolled back",
            "still pending: 0001_drop, 0002_fails",
        ],
    );
    assert_eq!(state(&server), before);

    // Without a ledger before, there is none after.
    sql(&server, "drop schema drizzle cascade; drop table posts, users");
    let folder = project(&[("0000_fails", "CREATE TABLE t (id int);\nSELECT 1 / 0;\n")]);
    brolly(&folder, &server, &["--yes"]).says(1, &["FAILS 22012", "still pending: 0000_fails"]);
    let left = sql(&server, "select nspname from pg_namespace where nspname = 'drizzle'");
    assert_eq!((left, sql(&server, "select relname from pg_class where relname = 't'")), (vec![], vec![]));
}

#[test]
fn what_runs_outside_of_the_transaction_is_shown_as_such_and_looked_at() {
    let server = server(17);
    let concurrently = (
        "0001_index",
        "COMMIT;\n--> statement-breakpoint\nCREATE INDEX CONCURRENTLY users_name ON users (name);\n",
    );
    let folder = at_first(&server, &[CREATE, concurrently]);
    let ended = brolly(&folder, &server, &["--yes"]);
    ended.complains(
        0,
        &[
            "BEGIN;",
            "-- 0001_index",
            "COMMIT;",
            "-- outside of a transaction:",
            "CREATE INDEX",
            "insert into",
        ],
    );
    ended.says(
        0,
        &["seen from a second session", "committed", "nothing is pending", "predicted and observed agree"],
    );
    let expected = drizzles_rows("stable", &folder.at("drizzle"), "[m.hash, String(m.folderMillis)]");
    assert_eq!(
        sql(&server, "select hash, created_at from drizzle.__drizzle_migrations order by id"),
        expected
    );
    assert_eq!(
        sql(&server, "select indisvalid from pg_index where indexrelid = 'users_name'::regclass").len(),
        1
    );
}

#[test]
fn a_ledger_that_contradicts_the_folder_is_refused() {
    let server = server(14);
    let folder = at_first(&server, &[CREATE, DROP]);
    let before = state(&server);
    let edited = (CREATE.0, "CREATE TABLE users (id bigserial PRIMARY KEY);\n");
    folder.journal("drizzle", &[edited, DROP]);
    brolly(&folder, &server, &["--yes"]).complains(
        2,
        &[
            "the ledger drizzle.__drizzle_migrations and drizzle disagree",
            "0000_create was edited",
            "nothing was run",
        ],
    );
    folder.journal("drizzle", &[CREATE, DROP]);
    sql(&server, "insert into drizzle.__drizzle_migrations (hash, created_at) values ('elsewhere', 999)");
    brolly(&folder, &server, &["--yes"])
        .complains(2, &["it holds a migration of 999 (created_at), which is not in the folder"]);
    sql(&server, "delete from drizzle.__drizzle_migrations where hash = 'elsewhere'");
    assert_eq!(state(&server), before);

    // Line ends of a checkout are no edit.
    folder.journal("drizzle", &[(CREATE.0, &CREATE.1.replace('\n', "\r\n")), DROP]);
    brolly(&folder, &server, &["--yes"]).says(1, &["committed after"]);
}

#[test]
fn what_can_be_meant_in_two_ways_is_refused() {
    let server = server(13);
    let folder = at_first(&server, &[CREATE, DROP]);
    brolly(&folder, &server, &["--yes", "drizzle/0001_drop.sql"])
        .complains(2, &["name no files", "nothing was run"]);
    brolly(&folder, &server, &["--rows", "5"]).complains(2, &["cannot be used with"]);
    folder.brolly(&["verify", "--on-this-database"]).complains(2, &["--database-url"]);
    folder.brolly(&["verify", "--yes"]).complains(2, &["--on-this-database"]);
    std::fs::remove_file(folder.at("drizzle/0001_drop.sql")).expect("it is there");
    brolly(&folder, &server, &["--yes"]).complains(2, &["0001_drop.sql", "nothing was run"]);
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_it_is_asked() {
    let server = server(17);
    let folder = at_first(&server, &[CREATE, DROP]);
    let before = state(&server);
    let answered = |answer: &str| {
        let command = format!(
            "{} verify --on-this-database --database-url {:?}",
            env!("CARGO_BIN_EXE_brolly"),
            server.url("postgres")
        );
        // `script` of util-linux is the terminal.
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).current_dir(folder.path());
        let mut child = script
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("script starts");
        std::io::Write::write_all(&mut child.stdin.take().expect("an input"), answer.as_bytes())
            .expect("it reads");
        let done = child.wait_with_output().expect("it ends");
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (code, said) = answered("n\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("Run this? [y/N]") && said.contains("nothing was run"), "{said}");
    assert_eq!(state(&server), before);
    let (code, said) = answered("y\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("committed after"), "{said}");
}
