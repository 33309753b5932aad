//! `brolly rules` and `brolly explain`.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod run;

use run::{Folder, folder};
use serde_json::Value;

fn project() -> Folder {
    let folder = folder();
    folder.journal(
        "drizzle",
        &[
            ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, nick text, age int);\nCREATE TABLE pets (id int PRIMARY KEY);\n"),
            (
                "0001_change",
                "CREATE INDEX users_age ON users (age);\n--> statement-breakpoint\n\
                 ALTER TABLE pets ADD COLUMN name text;\n--> statement-breakpoint\nCOMMIT;\n\
                 --> statement-breakpoint\nALTER TABLE users DROP COLUMN nick;\n",
            ),
        ],
    );
    folder
}

#[test]
fn a_migration_is_explained_as_a_timeline() {
    let folder = project();
    for name in ["0001_change", "drizzle/0001_change.sql"] {
        let ended = folder.brolly(&["explain", name]);
        ended.says(
            0,
            &[
                "0001_change\n    BEGIN\n",
                "  1 | CREATE INDEX users_age ON users (age)",
                "    |   locks   SHARE on users (until the commit behind statement 3)",
                "    |   waits   writes of users; reads go on",
                "    |   grows   reads all of users",
                "  2 | ALTER TABLE pets ADD COLUMN name text",
                "    |   locks   SHARE on users, since statement 1 (until the commit behind statement 3)",
                "    |           ACCESS EXCLUSIVE on pets",
                "    |   waits   reads and writes of pets",
                "    |   waits   writes of users; reads go on",
                "  3 | COMMIT",
                "    COMMIT  frees users, pets",
                "  4   ALTER TABLE users DROP COLUMN nick",
                "outside of any transaction: freed when it ends",
                "breaks  the deployed app, from the commit on:",
                "42703; column nick",
            ],
        );
        ended.lacks("0000_create").lacks("\u{1b}[");
    }
    folder
        .brolly(&["explain", "0001_change", "--color", "always"])
        .says(0, &["\u{1b}[31mreads and writes of pets"]);
}

#[test]
fn a_timeline_is_json_too() {
    let ended = project().brolly(&["explain", "0001_change", "--format", "json", "--pg", "15"]);
    let json: Value = serde_json::from_str(&ended.out).expect("it is JSON");
    assert_eq!((&json["version"], &json["postgres"]), (&1.into(), &15.into()));
    let second = &json["statements"][1];
    assert_eq!(second["locks"].as_array().map(Vec::len), Some(2));
    assert_eq!((&second["until"], &second["commits"]), (&2.into(), &false.into()));
    assert_eq!(second["readsWait"], serde_json::json!(["public.pets"]));
    assert_eq!(json["statements"][3]["breaksOldApp"][0]["sqlstate"], "42703");
    // JSON.md names every field that is written.
    let page = include_str!("../../report/JSON.md");
    for key in second.as_object().expect("an object").keys() {
        assert!(page.contains(&format!("`{key}`")), "JSON.md does not describe `{key}`");
    }
}

#[test]
fn recipes_are_explained_and_go_with_the_rule_of_their_name() {
    let folder = project();
    folder.brolly(&["explain", "set-not-null"]).says(0, &["# set-not-null\n", "VALIDATE", "### "]);
    folder
        .brolly(&["explain", "drop-column"])
        .says(0, &["# drop-column\n", "# The safe path of drop-column\n"]);
    let json: Value =
        serde_json::from_str(&folder.brolly(&["explain", "set-not-null", "--format", "json"]).out)
            .expect("it is JSON");
    assert_eq!(json["name"], "set-not-null");
    folder.brolly(&["explain", "set-not-nul"]).complains(2, &["did you mean `set-not-null`?"]);
}

#[test]
fn what_is_neither_rule_nor_migration_is_said() {
    let folder = project();
    folder
        .brolly(&["explain", "drop-colum"])
        .complains(2, &["`drop-colum` is neither", "did you mean `drop-column`?"]);
    folder.brolly(&["explain", "drizzle/gone.sql"]).complains(2, &["there is no `drizzle/gone.sql`"]);
}

#[test]
fn rules_are_listed() {
    let folder = folder();
    folder
        .brolly(&["rules"])
        .says(0, &["Breaks the deployed app", "drop-column", "Journal, snapshots and files"]);
    folder
        .brolly(&["rules", "--format", "markdown"])
        .says(0, &["# Rules", "## Breaks", "| `drop-column` | error |"]);
    let json: Value =
        serde_json::from_str(&folder.brolly(&["rules", "--format", "json"]).out).expect("it is JSON");
    let rules = json["rules"].as_array().expect("a list");
    assert!(rules.iter().any(|rule| rule["name"] == "unused-ignore" && rule["page"].is_string()));
    assert!(rules.iter().any(|rule| rule["name"] == "missing-snapshot" && rule["page"].is_null()));
}
