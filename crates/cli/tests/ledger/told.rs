//! What machines are told: each line is one that the schema knows, and the last one is the end; and what people are told
//! before anything runs.

use super::{Room, server};
use crate::run::Ended;
use serde_json::Value;

/// The lines, held against a schema.
fn lines(ended: &Ended, schema: &Value) -> Vec<Value> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let line = |text: &str| {
        let line: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {ended}"));
        assert!(validator.is_valid(&line), "{line:#}");
        line
    };
    ended.out.lines().map(line).collect()
}

#[test]
fn the_last_line_is_the_end() {
    let server = server(16);
    let room = Room::new(&server, "ends");
    let schema = report::migrate_schema();
    let json = |args: &[&str]| room.brolly(&[&["migrate", "--format", "json"], args].concat());
    let ends = |ended: &Ended, code: i32, message: Option<&str>| {
        assert_eq!(ended.code, code, "{ended}");
        let told = lines(ended, &schema);
        let ends = told.iter().filter(|line| line["event"] == "end").count();
        let last = told.last().expect("a line");
        assert_eq!((ends, &last["event"]), (1, &Value::from("end")), "{ended}");
        let said = last["failed"]["message"].as_str();
        assert_eq!(said.is_some(), message.is_some(), "{ended}");
        assert!(said.unwrap_or_default().contains(message.unwrap_or_default()), "{ended}");
    };
    for nothing in [json(&[]), json(&["--check"]), json(&["--dry-run"])] {
        ends(&nothing, 0, None);
    }
    room.rows("insert into users (email, n) values ('a', 1)");
    room.holds(&[("0001_b", "ALTER TABLE users DROP COLUMN n;\n"), ("0002_c", "SELECT 1;\n")]);
    ends(&json(&["--check"]), 1, None);
    ends(&json(&["--dry-run", "--allow", "test"]), 0, None);
    ends(&json(&["--dry-run"]), 1, Some("nothing was run: 1 error of lint"));
    ends(&json(&[]), 1, Some("nothing was run: 1 error of lint"));
    room.brolly(&["ledger", "mark", "0002_c", "--yes"]);
    ends(&json(&[]), 2, Some("0001_b did not run, and Drizzle would never run it"));
    // What it runs in spite of is told before it runs.
    room.brolly(&["migrate", "--skipped", "run", "--allow", "test"])
        .complains(0, &["error[drop-column]", "0001_b (1 of 1)", "0001_b is done"]);

    let listed = room.brolly(&["ledger", "list", "--format", "json"]);
    assert_eq!(lines(&listed, &report::ledger_schema()).len(), 3, "{listed}");
    let nowhere =
        room.folder.brolly(&["migrate", "--format", "json", "--database-url", "postgres://127.0.0.1:1/x"]);
    ends(&nowhere, 2, Some("cannot connect to 127.0.0.1:1"));
}

#[test]
fn what_the_server_says_beside_its_sentence_is_told() {
    let server = server(18);
    let room = Room::new(&server, "details");
    room.rows("insert into users (email) values ('a'), ('a')");
    room.holds(&[("0001_b", "ALTER TABLE users ADD CONSTRAINT once UNIQUE (email);\n")]);
    let run = |args: &[&str]| room.brolly(&[&["migrate", "--allow", "test"], args].concat());
    run(&[]).complains(2, &["(23505)", "detail: Key (email)=(a) is duplicated."]);
    let told = lines(&run(&["--format", "json"]), &report::migrate_schema());
    let failed = &told.last().expect("a line")["failed"];
    assert_eq!(failed["detail"], "Key (email)=(a) is duplicated.");
    assert_eq!(failed["message"], "could not create unique index \"once\"");
}

#[test]
fn a_transaction_that_the_file_opens_is_an_error_though_others_ran_outside() {
    let server = server(17);
    let room = Room::new(&server, "vacuum");
    let index = ("0001_i", "CREATE INDEX CONCURRENTLY i ON users(n);\n");
    room.holds(&[index]).migrate().says(0, &["1 migration applied"]);
    room.holds(&[
        index,
        ("0002_v", "BEGIN;\n--> statement-breakpoint\nVACUUM users;\n--> statement-breakpoint\nCOMMIT;\n"),
    ]);
    room.migrate()
        .complains(1, &["error[concurrently-in-transaction]", "the file has opened one", "1 error of lint"]);
}
