//! `brolly verify`: migrations really run, on throwaway servers and in scratch databases.

#![allow(clippy::disallowed_methods, reason = "tests start programs and read their files")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use run::{Ended, Folder, config, folder};
use serde_json::Value;
use servers::{server, wait};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id int PRIMARY KEY, name text, nick text);\n--> statement-breakpoint\n\
     CREATE TABLE posts (id serial PRIMARY KEY, user_id int REFERENCES users (id));\n",
);

/// A repository whose branch adds one migration to the main branch's first.
fn branch(sql: &str) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[CREATE]).commit(".", "first");
    folder.git(".", &["checkout", "-q", "-b", "topic"]);
    folder.journal("drizzle", &[CREATE, ("0001_next", sql)]).commit(".", "second");
    folder
}

/// Finds the servers of the tests, and nothing else.
fn brolly(folder: &Folder, args: &[&str]) -> Ended {
    let (servers, cache) = (servers(), servers::cache());
    let places =
        [("BROLLY_POSTGRES", servers.as_str()), ("BROLLY_CACHE", cache.to_str().expect("a path in UTF-8"))];
    folder.brolly_in(".", args, &places)
}

fn servers() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/node_modules").display().to_string()
}

#[test]
fn a_dropped_column_breaks_the_old_app_and_every_prediction_holds() {
    let folder = branch("ALTER TABLE users DROP COLUMN nick;\n");
    let ended = brolly(&folder, &["verify", "--base", "main", "--pg", "17"]);
    ended.says(
        1,
        &[
            "1 of 2 migrations is new against main",
            "on PostgreSQL 17",
            "ALTER TABLE users DROP COLUMN nick",
            "ACCESS EXCLUSIVE on users (reads and writes wait)",
            "committed after",
            "42703 column \"nick\" does not exist",
            "select(), relational query",
            "everything on an empty database: applied in",
            "a second run: nothing is pending",
            "predicted and observed agree",
        ],
    );
    ended.lacks("mistake of brolly's");
}

#[test]
fn what_is_harmless_ends_with_zero_and_json_says_all_of_it() {
    let folder = branch("ALTER TABLE users ADD COLUMN city text;\n");
    let ended = brolly(
        &folder,
        &["verify", "--base", "main", "--format", "json", "--rows", "5", "--rows", "posts=2e3"],
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    let document: Value = serde_json::from_str(&ended.out).expect("it is JSON");
    let set = &document["sets"][0];
    assert_eq!(set["end"]["kind"], "committed");
    assert_eq!(set["statements"][0]["observed"]["locks"][0]["mode"], "AccessExclusive");
    assert_eq!(set["statements"][0]["disagreements"], serde_json::json!([]));
    assert_eq!(set["oldApp"]["broken"], serde_json::json!([]));
    let rows = |table: &str| {
        let all = set["rows"].as_array().expect("a list");
        all.iter().find(|one| one["relation"] == table).expect("the table")["rows"].clone()
    };
    assert_eq!((rows("public.users"), rows("public.posts")), (5.into(), 2000.into()));
}

#[test]
fn a_failure_on_rows_is_seen_with_its_code() {
    let folder = branch("ALTER TABLE users ALTER COLUMN nick SET NOT NULL;\nDROP TABLE posts;\n");
    brolly(&folder, &["verify", "--base", "main"]).says(
        1,
        &[
            "FAILS 23502: column \"nick\" of relation \"users\" contains null values",
            "FAILED: what is open is rolled back, 1 statement was not run",
            "the same on empty tables",
            "users read whole",
            "committed after",
            "predicted and observed agree",
        ],
    );
}

#[test]
fn concurrently_is_watched_from_a_second_session() {
    let folder =
        branch("COMMIT;\n--> statement-breakpoint\nCREATE INDEX CONCURRENTLY users_name ON users (name);\n");
    brolly(&folder, &["verify", "--base", "main"]).says(
        0,
        &[
            "SHARE UPDATE EXCLUSIVE on users",
            "seen from a second session",
            "a second run: nothing is pending",
            "predicted and observed agree",
        ],
    );
}

#[test]
fn a_broken_journal_is_told_and_the_rest_is_run() {
    let folder = branch("ALTER TABLE users ADD COLUMN city text;\n");
    let journal = std::fs::read_to_string(folder.at("drizzle/meta/_journal.json")).expect("a journal");
    folder.write("drizzle/meta/_journal.json", journal.trim_end().trim_end_matches('}'));
    let ended = brolly(&folder, &["verify", "--base", "main"]);
    ended.complains(2, &["_journal.json", "is not valid JSON"]);
    ended.says(2, &["ADD COLUMN city", "committed after"]);
}

#[test]
fn what_the_server_lacks_is_no_fault_of_the_migration() {
    let lacking = (
        "0000_lacking",
        "CREATE TABLE a (id int);\n--> statement-breakpoint\nCREATE TABLE b (v vector(3));\n",
    );
    let folder = folder();
    folder
        .write("drizzle.config.ts", config("./drizzle"))
        .journal("drizzle", &[lacking])
        .commit(".", "first");
    folder.git(".", &["checkout", "-q", "-b", "topic"]);
    let next = ("0001_next", "ALTER TABLE a ADD COLUMN x int;\n");
    folder.journal("drizzle", &[lacking, next]).commit(".", "second");
    brolly(&folder, &["verify", "--base", "main"]).says(
        0,
        &[
            "not applied here: CREATE TABLE b",
            "42704",
            "committed after",
            "not to be told here, 0000_lacking stops",
        ],
    );
}

#[test]
fn locks_are_held_from_the_statement_that_takes_them_until_the_commit() {
    let folder = branch(
        "CREATE INDEX users_name ON users (name);\nSELECT pg_sleep(0.2);\n\
         ALTER TABLE users ADD COLUMN city text;\nSELECT pg_sleep(0.1);\nCOMMIT;\n\
         --> statement-breakpoint\nALTER TABLE posts ADD COLUMN city text;\n",
    );
    let ended = brolly(&folder, &["verify", "--base", "main", "--format", "json"]);
    let document: Value = serde_json::from_str(&ended.out).expect("it is JSON");
    let held = document["sets"][0]["locksHeld"].as_array().expect("a list");
    let of = |relation: &str, mode: &str| {
        let one = held.iter().find(|one| one["relation"] == relation && one["mode"] == mode);
        let one = one.unwrap_or_else(|| panic!("no {mode} on {relation} in {held:?}"));
        (one["statement"].as_u64().expect("a number"), one["ms"].as_f64().expect("a number"))
    };
    let (share, strong) = (of("public.users", "Share"), of("public.users", "AccessExclusive"));
    let short = of("public.posts", "AccessExclusive");
    assert!(share.0 == 0 && share.1 > 300.0, "{held:?}");
    assert!(strong.0 == 2 && strong.1 > 100.0 && strong.1 < share.1 - 190.0, "{held:?}");
    assert!(short.0 == 5 && short.1 < share.1, "{held:?}");
    brolly(&folder, &["verify", "--base", "main"]).says(
        0,
        &[
            "committed after",
            "locks held until then:",
            "  posts: ACCESS EXCLUSIVE for ",
            " from ALTER TABLE posts ADD COLUMN city text",
            "  users: SHARE for ",
            " ms from CREATE INDEX users_name ON users (name)",
            "  users: ACCESS EXCLUSIVE for ",
        ],
    );
}

#[test]
fn nothing_new_is_nothing_to_do() {
    let folder = branch("SELECT 1;\n");
    brolly(&folder, &["verify", "--base", "topic"]).complains(0, &["nothing to verify"]);
}

#[test]
fn a_server_of_the_users_is_left_as_it_was() {
    let server = server(16);
    let databases = || {
        wait(async {
            let connection = server.connect().await.expect("a connection");
            connection.rows("select datname from pg_database order by 1").await.expect("a list")
        })
    };
    let before = databases();
    let folder = branch("ALTER TABLE users DROP COLUMN nick;\n");
    let url = server.url("postgres");
    brolly(&folder, &["verify", "--base", "main", "--database-url", &url])
        .says(1, &["on PostgreSQL 16", "predicted and observed agree"]);
    assert_eq!(databases(), before);

    wait(async {
        let connection = server.connect().await.expect("a connection");
        connection.batch("create role weak login").await.expect("a role");
    });
    let weak = url.replace("user=postgres", "user=weak");
    brolly(&folder, &["verify", "--base", "main", "--database-url", &weak])
        .complains(2, &["role weak may not create a scratch database", "CREATEDB"]);
    assert_eq!(databases(), before);
}

#[test]
fn what_is_missing_is_named_with_the_cure() {
    let folder = branch("SELECT 1;\n");
    let verify = |more: &[&str]| brolly(&folder, &[&["verify", "--base", "main"], more].concat());
    verify(&["--pg-bin", "/no/such/folder"]).complains(2, &["/no/such/folder holds no Postgres server"]);
    verify(&["--database-url", "postgres://me@localhost:1/x"]).complains(2, &["cannot connect to localhost"]);
    verify(&["--database-url", "nonsense"]).complains(2, &["the database URL can't be used"]);
    verify(&["--rows", "many"]).complains(2, &["--rows many is no amount of rows"]);
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_it_with_the_code_of_the_signal() {
    let folder = branch("CREATE INDEX users_name ON users (name);\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_brolly"))
        .args(["verify", "--base", "main", "--rows", "users=5e6"])
        .current_dir(folder.path())
        .env("BROLLY_POSTGRES", servers())
        .env("BROLLY_CACHE", servers::cache())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("brolly starts");
    std::thread::sleep(Duration::from_secs(2));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill is there").success(), "it runs still");
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(130));
}

const SHOP: (&str, &str) = (
    "0000_create",
    "CREATE TABLE \"users\" (\"id\" serial PRIMARY KEY, \"email\" text NOT NULL, \"nickname\" text);\n\
     --> statement-breakpoint\n\
     CREATE TABLE \"orders\" (\"id\" serial PRIMARY KEY, \"user_id\" integer REFERENCES \"users\" (\"id\"), \
     \"total\" integer NOT NULL, \"country\" text);\n",
);

/// The schema of the shop's app, in which a word takes the place of another.
fn shop_schema(folder: &Folder, old: &str, new: &str) {
    let text = "import { bigint, integer, pgTable, serial, text } from 'drizzle-orm/pg-core';\n\n\
        export const users = pgTable('users', {\n  id: serial('id').primaryKey(),\n  \
        email: text('email').notNull(),\n  nickname: text('nickname'),\n});\n\n\
        export const orders = pgTable('orders', {\n  id: serial('id').primaryKey(),\n  \
        userId: integer('user_id').references(() => users.id),\n  \
        total: integer('total').notNull(),\n  country: text('country'),\n});\n";
    assert!(old.is_empty() || text.contains(old), "{old}");
    folder.write("src/schema.ts", if old.is_empty() { text.to_owned() } else { text.replace(old, new) });
}

/// A repository whose branch holds the path of a change of the shop, as `brolly fix` writes it.
fn on_a_path(change: &str, old: &str, new: &str) -> Folder {
    let folder = folder();
    folder.write(
        "drizzle.config.ts",
        "export default { dialect: 'postgresql', schema: './src/schema.ts', out: './drizzle' };\n",
    );
    shop_schema(&folder, "", "");
    folder.journal("drizzle", &[SHOP]).commit(".", "Start");
    folder.git(".", &["checkout", "-q", "-b", "topic"]);
    shop_schema(&folder, old, new);
    folder.journal("drizzle", &[SHOP, ("0001_change", change)]);
    folder.brolly(&["fix", "--base", "main", "--write"]).says(0, &["wrote"]);
    folder.commit(".", "Change");
    folder
}

#[test]
fn a_path_that_fix_wrote_holds_with_the_rows_that_its_heads_ask_for() {
    let unique = on_a_path(
        "ALTER TABLE \"users\" ADD CONSTRAINT \"users_email_unique\" UNIQUE(\"email\");\n",
        "email: text('email').notNull()",
        "email: text('email').notNull().unique('users_email_unique')",
    );
    let key = on_a_path(
        "ALTER TABLE \"orders\" ADD CONSTRAINT \"orders_total_fk\" FOREIGN KEY (\"total\") REFERENCES \"users\"(\"id\");\n",
        "",
        "",
    );
    for folder in [&unique, &key] {
        let ended = brolly(folder, &["verify", "--base", "main"]);
        ended.says(0, &["committed after", "all", "queries work", "predicted and observed agree"]);
        ended.lacks("fails-on-existing-rows");
    }
    // The next deploy, of which the branch before is the base.
    let required = on_a_path(
        "ALTER TABLE \"orders\" ALTER COLUMN \"country\" SET NOT NULL;\n",
        "country: text('country')",
        "country: text('country').notNull()",
    );
    brolly(&required, &["verify", "--base", "main"]).says(0, &["predicted and observed agree"]);
    for folder in [&required, &key] {
        folder.git(".", &["checkout", "-q", "main"]);
        folder.git(".", &["merge", "-q", "topic"]);
        folder.git(".", &["checkout", "-q", "-b", "next"]);
        let waiting = std::fs::read_dir(folder.at("drizzle/contract")).expect("what waits");
        let names = waiting.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
        let done: Vec<String> =
            names.flat_map(|name| ["--done".to_owned(), name.trim_end_matches(".sql").to_owned()]).collect();
        let mut args = vec!["contract", "--deployed", "main", "--write"];
        args.extend(done.iter().map(String::as_str));
        folder.brolly(&args).says(0, &["ready", "wrote"]);
        folder.commit(".", "Finish");
        let ended = brolly(folder, &["verify", "--base", "main"]);
        ended.says(0, &["committed after", "predicted and observed agree"]).lacks("fails-on-existing-rows");
    }
}

#[test]
fn the_new_app_is_asked_from_the_deploy_on_that_it_goes_out_with() {
    let folder = on_a_path(
        "ALTER TABLE \"orders\" ALTER COLUMN \"total\" SET DATA TYPE bigint;\n",
        "total: integer('total')",
        "total: bigint('total', { mode: 'number' })",
    );
    brolly(&folder, &["verify", "--base", "main"]).says(
        0,
        &[
            "new app on the new schema: all",
            "fail until what waits in contract/ has run, and work then",
            "orders: 22003",
            "predicted and observed agree",
        ],
    );
    let ended = brolly(&folder, &["verify", "--base", "main", "--format", "json"]);
    let document: Value = serde_json::from_str(&ended.out).expect("it is JSON");
    let set = &document["sets"][0];
    assert_eq!(set["newApp"]["broken"], serde_json::json!([]));
    assert_eq!(set["newAppUntilContract"][0]["sqlstate"], "22003", "{set}");
    // What no later deploy cures is told as before.
    std::fs::remove_dir_all(folder.at("drizzle/contract")).expect("it was there");
    brolly(&folder, &["verify", "--base", "main"]).says(1, &["queries break", "22003"]);
}
