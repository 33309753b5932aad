//! A database that is several deploys behind: it is migrated up to what can't run there yet, and on where what came
//! before was all that it waited for.

use crate::servers::server;
use crate::{CREATE, migrate, project, sql};

const NAME: &str = "0001_nick.users_nick";
const FILE: &str = "-- brolly backfill\n-- table: \"users\"\n-- key: \"id\"\n-- set: \"nick\" = \"name\"\n\
                    -- where: \"nick\" IS NULL\n-- batch: 100\nDO $brolly$ ..\n";
const NICK: (&str, &str) =
    ("0001_nick", "ALTER TABLE users ADD COLUMN nick text, ADD COLUMN kind text DEFAULT 'a';\n");
/// Holds as soon as its column is there, which it is not when the run begins.
const KIND: (&str, &str) = (
    "0002_kind",
    "-- needs: no row of users where kind IS NULL\nALTER TABLE users ADD CONSTRAINT kinds CHECK (kind IS NOT NULL) NOT VALID;\n",
);
const MORE: (&str, &str) = ("0004_more", "ALTER TABLE users ADD COLUMN more int;\n");

#[test]
fn it_runs_up_to_what_waits_for_rows() {
    let server = server(15);
    let folder = project(&[CREATE]);
    let url = server.url("postgres");
    migrate(&folder, &url, &[]).says(0, &[]);
    sql(&server, "INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 10) i");
    let named = format!(
        "-- needs: backfill {NAME} is finished\nALTER TABLE users ADD CONSTRAINT named CHECK (nick IS NOT NULL) NOT VALID;\n"
    );
    folder.journal("drizzle", &[CREATE, NICK, KIND, ("0003_named", &named), MORE]);
    folder.write(&format!("drizzle/backfills/{NAME}.sql"), FILE);
    let tags = "SELECT count(*) FROM drizzle.__drizzle_migrations";

    migrate(&folder, &url, &["--dry-run"])
        .says(0, &[&format!("0003_named\n  once backfill {NAME} is finished\n  in one transaction")]);
    let ended = migrate(&folder, &url, &["--format", "json"]);
    let last: serde_json::Value =
        serde_json::from_str(ended.out.lines().last().expect("a line")).expect("it is JSON");
    assert_eq!(
        (ended.code, &last["migrated"], &last["by_others"]),
        (2, &serde_json::json!(["0001_nick", "0002_kind"]), &serde_json::json!([])),
        "{ended}"
    );
    let why = last["failed"]["message"].as_str().expect("a text");
    assert!(
        why.starts_with("0003_named can't run yet: ") && why.contains("what comes before it is migrated"),
        "{why}"
    );
    assert_eq!(sql(&server, tags).as_deref(), Some("3"));

    // Now it is the first that is pending.
    migrate(&folder, &url, &[])
        .complains(2, &["nothing was run: 0003_named can't run yet: 10 rows are left"]);
    folder.brolly(&["backfill", "--database-url", &url]).says(0, &["none is left"]);
    migrate(&folder, &url, &[]).says(0, &["2 migrations applied"]);
    assert_eq!(sql(&server, tags).as_deref(), Some("5"));
}

#[test]
fn a_run_that_fails_says_what_it_did_before() {
    let server = server(15);
    let folder = project(&[CREATE, ("0001_wrong", "ALTER TABLE users ADD COLUMN a int DEFAULT 1 / 0;\n")]);
    let args = ["--allow", "a test", "--format", "json"];
    let ended = migrate(&folder, &server.url("postgres"), &args);
    let last: serde_json::Value =
        serde_json::from_str(ended.out.lines().last().expect("a line")).expect("it is JSON");
    assert_eq!((ended.code, &last["migrated"]), (2, &serde_json::json!(["0000_create"])), "{ended}");
    assert_eq!(last["failed"]["sqlstate"], "22012", "{ended}");
}
