//! What is half run: migrations and ways back that died, what is told of them, and what waits until they are at their end.

use super::{Room, server};
use std::path::Path;
use std::process::Command;

const BREAK: &str = "\n--> statement-breakpoint\n";

fn file(statements: &[&str]) -> String {
    statements.join(BREAK)
}

#[test]
fn a_way_back_leaves_nothing_that_the_next_run_takes_for_done() {
    for major in [13, 18] {
        let server = server(major);
        let room = Room::new(&server, "noted");
        let text = file(&[
            "ALTER TABLE users ADD COLUMN IF NOT EXISTS nick varchar(40);\nCOMMIT;",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS nick_idx ON users(nick);",
            "SELECT count(*) FROM missing;",
        ]);
        room.holds(&[("0001_b", &text)]).migrate().complains(2, &["statement 4 of 0001_b", "(42P01)"]);
        room.brolly(&["ledger"]).says(0, &["pending  0001_b; half run: statements 1, 3 of it are done"]);
        room.brolly(&["migrate", "--dry-run"]).says(
            0,
            &[
                "ADD COLUMN IF NOT EXISTS nick",
                "-- done by an earlier run",
                "nick_idx",
                "-- done by an earlier run",
            ],
        );
        room.rows("create table missing ()");
        // Drizzle's own migrator brings it to its end.
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kit/migrate.mjs");
        let drizzle = Command::new("node")
            .arg(script)
            .arg("stable")
            .arg(room.folder.at("drizzle"))
            .arg(room.url())
            .output();
        let drizzle = drizzle.expect("node starts");
        assert!(drizzle.status.success(), "{}", String::from_utf8_lossy(&drizzle.stderr));
        room.back(&[]).says(0, &["0001_b is taken back"]);
        assert_eq!(room.users(), "id,email,n");
        room.migrate().says(0, &["1 migration applied"]);
        assert_eq!(room.users(), "id,email,n,nick nick_idx");
    }
}

#[test]
fn nothing_is_taken_back_while_a_migration_is_half_run() {
    let server = server(16);
    let room = Room::new(&server, "half");
    let half = file(&[
        "CREATE INDEX CONCURRENTLY half_idx ON users(nick);",
        "ALTER TABLE missing ADD COLUMN x int;",
    ]);
    let nick = ("0001_b", "ALTER TABLE users ADD COLUMN nick varchar(40);\n");
    room.holds(&[nick, ("0002_c", &half)]);
    room.brolly(&["migrate", "--allow", "test"]).complains(2, &["0002_c", "(42P01)"]);
    room.back(&["drizzle/0001_b.sql"]).complains(
        2,
        &["0002_c is half run (statement 1 of it is done)", "brolly migrate", "brolly ledger forget 0002_c"],
    );
    assert_eq!(room.users(), "id,email,n,nick half_idx");
    // Undone by hand, and said so.
    room.rows("drop index half_idx");
    room.brolly(&["ledger", "forget", "0002_c", "--yes"])
        .complains(0, &["0002_c was half run: what it did is forgotten"])
        .says(0, &["1 change to the ledger"]);
    room.back(&["drizzle/0001_b.sql"]).says(0, &["0001_b is taken back"]);
    room.rows("create table missing ()");
    room.brolly(&["migrate", "--allow", "test"]).says(0, &["2 migrations applied"]);
    assert_eq!(room.users(), "id,email,n,nick half_idx");
}

#[test]
fn nothing_is_migrated_while_a_way_back_is_half_run() {
    let server = server(17);
    let room = Room::new(&server, "back");
    let text = file(&[
        "ALTER TABLE users ADD COLUMN nick text;",
        "CREATE INDEX CONCURRENTLY nick_idx ON users(nick);",
    ]);
    room.holds(&[("0001_b", &text)]).migrate().says(0, &["1 migration applied"]);
    room.rows("create view v as select nick from users");
    // With the server's words, all of them.
    room.back(&[]).complains(
        2,
        &[
            "cannot drop column nick of table users because other objects depend on it (2BP01)",
            "detail: view v depends on column nick of table users",
            "hint: Use DROP ... CASCADE",
        ],
    );
    assert_eq!(room.users(), "id,email,n,nick");
    room.holds(&[("0001_b", &text), ("0002_c", "CREATE TABLE c (id int);\n")]);
    let half = "the way back of 0001_b is half run (statement 1 of it is done)";
    room.migrate().complains(
        2,
        &[
            "0001_b: its way back is half run",
            half,
            "rollback --run drizzle/0001_b.sql",
            "ledger mark 0001_b",
        ],
    );
    room.brolly(&["migrate", "--check"])
        .complains(1, &["0001_b: its way back is half run: statement 1 of it is done"]);
    room.brolly(&["ledger"]).says(
        0,
        &["applied  0001_b; its way back is half run: statement 1 of it is done", "pending  0002_c"],
    );
    room.brolly(&["ledger", "--format", "json"])
        .says(0, &[r#"{"migration":"0001_b","state":"applied","taken_back":[1]}"#]);
    assert_eq!(room.line("select to_regclass('c')"), "-");
    // Put back by hand, and said so.
    room.rows("create index nick_idx on users (nick)");
    room.brolly(&["ledger", "mark", "0001_b", "--yes"]).complains(0, &["0001_b stays noted as run"]);
    room.migrate().says(0, &["1 migration applied"]);
    // It begins at its start again.
    room.rows("drop view v");
    room.back(&["--last", "2"]).says(0, &["0002_c is taken back", "0001_b is taken back"]);
    assert_eq!(room.users(), "id,email,n");
    assert_eq!(room.line("select count(*) from drizzle.__brolly_statements"), "0");
}

#[test]
fn settings_by_a_call_count_for_what_is_left() {
    let server = server(15);
    let room = Room::new(&server, "settings");
    room.rows("create schema app");
    let text = file(&[
        "SELECT pg_catalog.set_config('search_path', 'app', false);\nCOMMIT;",
        "VACUUM public.users;",
        "INSERT INTO public.missing VALUES (1);",
        "CREATE TABLE there (id int);",
    ]);
    room.holds(&[("0001_app", &text)]);
    room.brolly(&["migrate", "--allow", "test"]).complains(2, &["(42P01)"]);
    room.rows("create table missing (id int)");
    room.brolly(&["migrate", "--allow", "test"]).says(0, &["1 migration applied"]);
    assert_eq!(room.line("select to_regclass('app.there'), to_regclass('public.there')"), "app.there -");
}
