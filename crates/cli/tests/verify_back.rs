//! `brolly verify` takes the files of ways back: up, down and up again, held against what they say.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::Server;
use run::{Ended, Folder, folder};
use serde_json::Value;
use servers::server;

const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, nick text);\n--> statement-breakpoint\n\
     CREATE INDEX users_nick ON users (nick);\n",
);
const ADD: (&str, &str) = (
    "0001_add",
    "ALTER TABLE users ADD COLUMN city text;\n--> statement-breakpoint\nCREATE INDEX users_name ON users (name);\n",
);
const ADD_BACK: &str = "drizzle/rollbacks/0001_add.sql";
const DROP_INDEX: &str = "DROP INDEX \"users_name\";";

/// A folder with these migrations after the first, and the ways back of them all.
fn project(migrations: &[(&str, &str)]) -> Folder {
    let folder = folder();
    folder.journal("drizzle", &[&[CREATE], migrations].concat());
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["drizzle/rollbacks/"]);
    folder
}

fn verify(folder: &Folder, server: &Server, tags: &[&str], more: &[&str]) -> Ended {
    let files: Vec<String> = tags.iter().map(|tag| format!("drizzle/{tag}.sql")).collect();
    let url = server.url("postgres");
    let mut args = vec!["verify", "--database-url", &url];
    args.extend(files.iter().map(String::as_str));
    args.extend(more);
    folder.brolly(&args)
}

fn edited(folder: &Folder, from: &str, to: &str) {
    let text = folder.read(ADD_BACK);
    assert!(text.contains(from), "{text}");
    folder.write(ADD_BACK, text.replace(from, to));
}

#[test]
fn a_way_back_that_leads_back() {
    for major in [13, 18] {
        let server = server(major);
        let drop = ("0002_drop", "ALTER TABLE users DROP COLUMN nick;\n");
        let folder = project(&[ADD, drop]);
        let ended = verify(&folder, &server, &["0001_add"], &[]);
        ended.says(0, &["way back of 0001_add: leads back, and the migration runs again\n", "agree"]);
        ended.lacks("as it says");
        // Both, the newer one first; what it loses it says.
        let ended = verify(&folder, &server, &["0001_add", "0002_drop"], &["--format", "json"]);
        let document: Value = serde_json::from_str(&ended.out).expect("it is JSON");
        let backs = &document["sets"][0]["rollbacks"];
        assert_eq!(
            (&backs[0]["migration"], &backs[0]["asSaid"]),
            (&"0001_add".into(), &Value::Array(vec![]))
        );
        assert_eq!(
            backs[1]["asSaid"],
            serde_json::json!(["the values of users.nick are not what they were"])
        );
        for back in [&backs[0], &backs[1]] {
            assert_eq!((&back["tried"], &back["wrong"]), (&true.into(), &Value::Array(vec![])), "{ended}");
        }
    }
}

#[test]
fn what_is_left_behind_is_named_unless_the_file_says_so() {
    for major in [13, 18] {
        let server = server(major);
        let folder = project(&[ADD]);
        edited(&folder, DROP_INDEX, "UPDATE users SET name = 'somebody';");
        let wrong = [
            "way back of 0001_add: WRONG, and drizzle/rollbacks/0001_add.sql does not say so:",
            "  index users.users_name, which stays\n",
            "  the values of users.name are not what they were\n",
            "  the migration does not run again: 42P07",
        ];
        verify(&folder, &server, &["0001_add"], &[]).says(1, &wrong);
        edited(
            &folder,
            "UPDATE users SET",
            "-- not reversed: users.users_name, it does no harm\n-- lost: the values of users.name\nUPDATE users SET",
        );
        verify(&folder, &server, &["0001_add"], &[]).says(
            0,
            &[
                "way back of 0001_add: leads back",
                "  as it says: index users.users_name, which stays\n",
                "  as it says: the values of users.name are not what they were\n",
                "  as it says: the migration does not run again: 42P07",
            ],
        );
    }
}

#[test]
fn a_way_back_that_fails() {
    for major in [13, 18] {
        let server = server(major);
        let last = ("0002_last", "ALTER TABLE users ADD COLUMN zip text;\n");
        let folder = project(&[ADD, last]);
        folder.write("drizzle/rollbacks/0002_last.sql", "DROP INDEX nowhere;\n");
        verify(&folder, &server, &["0001_add", "0002_last"], &[]).says(
            1,
            &[
                "way back of 0001_add: not tried, since a later migration was not taken back",
                "way back of 0002_last: WRONG",
                "  it fails: 42704 index \"nowhere\" does not exist",
            ],
        );
        std::fs::remove_file(folder.at("drizzle/rollbacks/0002_last.sql")).expect("it is there");
        let ended = verify(&folder, &server, &["0001_add", "0002_last"], &[]);
        ended.says(0, &["way back of 0001_add: not tried"]).lacks("0002_last: ");
    }
}

#[test]
fn a_way_back_that_rows_keep_from_running_as_it_says() {
    let loosen = (
        "0001_add",
        "ALTER TABLE users ALTER COLUMN name DROP NOT NULL;\n--> statement-breakpoint\nUPDATE users SET name = NULL;\n",
    );
    for major in [13, 18] {
        let server = server(major);
        let folder = project(&[loosen]);
        let back = "-- not reversed: the rows that UPDATE changed in users\n-- fails if: a row of users has no name\n\
                    ALTER TABLE users ALTER COLUMN name SET NOT NULL;\n";
        folder.write(ADD_BACK, back);
        let said = [
            "way back of 0001_add: leads back, and the migration runs again",
            "  as it says: it fails on these rows: 23502",
        ];
        verify(&folder, &server, &["0001_add"], &[]).says(0, &said);
        folder.write(ADD_BACK, back.replace("fails if", "note"));
        verify(&folder, &server, &["0001_add"], &[]).says(1, &["WRONG", "  it fails: 23502"]);
    }
}

#[test]
fn as_brolly_migrates_what_is_built_concurrently_goes_back_the_same_way() {
    let server = server(17);
    let folder = project(&[("0001_add", "CREATE INDEX CONCURRENTLY users_name ON users (name);\n")]);
    folder.write("brolly.json", r#"{ "runner": "brolly" }"#);
    assert!(folder.read(ADD_BACK).contains("DROP INDEX CONCURRENTLY"), "{}", folder.read(ADD_BACK));
    verify(&folder, &server, &["0001_add"], &[]).says(0, &["way back of 0001_add: leads back"]);
}
