//! `brolly rollback`: which migrations, what is printed, and which files are written.

mod run;

use run::{Folder, folder};
use serde_json::Value;

const CREATE: &str = "\
CREATE TABLE \"users\" (\"id\" serial PRIMARY KEY, \"name\" text NOT NULL, \"nickname\" varchar(40) DEFAULT 'x');
--> statement-breakpoint
CREATE INDEX \"users_nickname\" ON \"users\" (\"nickname\");
";

const DROP: &str = "ALTER TABLE \"users\" DROP COLUMN \"nickname\";\n--> statement-breakpoint\n\
    UPDATE \"users\" SET \"name\" = lower(\"name\");\n";

fn project() -> Folder {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_drop_nickname", DROP)]);
    folder
}

const BACK: &str = "\
BEGIN;

-- lost: the values of users.nickname: rows get its default
ALTER TABLE \"users\" ADD COLUMN \"nickname\" varchar(40) DEFAULT 'x';

CREATE INDEX \"users_nickname\" ON \"users\" USING btree (\"nickname\");

COMMIT;
";

#[test]
fn the_way_back_of_one_migration() {
    let folder = project();
    let ended = folder.brolly(&["rollback", "drizzle/0001_drop_nickname.sql"]);
    ended.says(
        0,
        &[
            "-- brolly rollback of 0001_drop_nickname\n-- as written: ",
            "-- not reversed: the rows that UPDATE changed in users\n",
            BACK,
            "-- Drizzle's ledger still says that it has run. Where it is to run again:\n\
             -- DELETE FROM \"drizzle\".\"__drizzle_migrations\" WHERE created_at = ",
        ],
    );
    ended.lacks("0000_create");
}

#[test]
fn files_are_written_and_what_somebody_changed_stays() {
    let folder = project();
    let path = "drizzle/rollbacks/0001_drop_nickname.sql";
    let ended = folder.brolly(&["rollback", "--all", "--write"]);
    ended.says(
        0,
        &[
            "drizzle/rollbacks/0000_create.sql: 1 statement\n  lost: the rows of users\n",
            "drizzle/rollbacks/0001_drop_nickname.sql: 2 statements\n",
            "  lost: the values of users.nickname: rows get its default\n",
            "  not reversed: the rows that UPDATE changed in users\n",
        ],
    );
    let written = folder.read(path);
    assert!(written.contains(BACK), "{written}");
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["2 statements, unchanged"]);

    // An older text of brolly's own goes, one of somebody's stays.
    folder.journal(
        "drizzle",
        &[("0000_create", CREATE), ("0001_drop_nickname", &DROP.replace("UPDATE", "--"))],
    );
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["0001_drop_nickname.sql: 2 statements\n"]);
    assert!(!folder.read(path).contains("UPDATE"));
    folder.write(path, format!("{}-- by hand\n", folder.read(path)));
    folder.brolly(&["rollback", "--all", "--write"]).says(1, &["kept, since it was changed by hand"]);
    assert!(folder.read(path).ends_with("-- by hand\n"));
    folder
        .brolly(&["rollback", "--all", "--write", "--force"])
        .says(0, &["0001_drop_nickname.sql: 2 statements\n"]);
    assert!(!folder.read(path).contains("by hand"));

    // The folder is no part of the history.
    folder.brolly(&["lint", "--all"]).lacks("rollbacks/").lacks("unjournaled-sql");
}

#[test]
fn in_the_layout_of_folders_too() {
    let folder = folder();
    folder.write("drizzle/20240101000000_create/migration.sql", CREATE);
    folder.write("drizzle/20240102000000_drop/migration.sql", DROP);
    let ended = folder.brolly(&["rollback", "--out", "drizzle", "--all", "--write"]);
    ended.says(
        0,
        &["drizzle/rollbacks/20240101000000_create.sql", "drizzle/rollbacks/20240102000000_drop.sql"],
    );
    let again = folder.brolly(&["rollback", "--out", "drizzle", "--all", "--write"]);
    again.says(0, &["20240101000000_create.sql: 1 statement, unchanged"]);
    folder.brolly(&["lint", "--out", "drizzle", "--all"]).lacks("rollbacks");
}

#[test]
fn as_json() {
    let folder = project();
    let ended = folder.brolly(&["rollback", "--all", "--format", "json"]);
    let document: Value = serde_json::from_str(&ended.out).expect("JSON");
    let schema = plan::reverse::schema();
    assert!(jsonschema::is_valid(&schema, &document), "{document:#}");
    let last = &document["rollbacks"][1];
    assert_eq!(last["migration"], "0001_drop_nickname");
    assert_eq!(last["path"], "drizzle/rollbacks/0001_drop_nickname.sql");
    assert_eq!(last["statements"][0]["notReversed"][0], "the rows that UPDATE changed in users");
    assert_eq!(last["statements"][0]["sql"], Value::Null);
    assert_eq!(last["statements"][1]["lost"][0], "the values of users.nickname: rows get its default");
}
