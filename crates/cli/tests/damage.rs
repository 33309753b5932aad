//! Files that are broken in every way: said with file and position, and the rest is still judged.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod run;

use run::{config, folder};

const CREATE: (&str, &str) = ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, nick text);\n");
const DROP: (&str, &str) = ("0001_drop", "ALTER TABLE users DROP COLUMN nick;\n");

#[test]
fn broken_sql_is_one_finding_and_the_next_statement_is_judged() {
    let folder = folder();
    let broken =
        "CREATE TABEL oops (id int);\n--> statement-breakpoint\nALTER TABLE users DROP COLUMN nick;\n";
    folder.journal("drizzle", &[CREATE, ("0001_broken", broken)]);
    let ended = folder.brolly(&["lint", "--all"]);
    ended.says(1, &["error[syntax-error]", "drizzle/0001_broken.sql:1:8"]);
    ended.says(1, &["error[drop-column]", "drizzle/0001_broken.sql:3:"]);
    let facts = folder.brolly(&["facts", "drizzle"]);
    assert_eq!(facts.out.lines().count(), 3, "{facts}");
    facts.says(0, &[r#""migration":"0001_broken","statement":0"#, "42601", r#""statement":1"#, "42703"]);
}

#[test]
fn a_truncated_journal_keeps_what_can_be_read() {
    let folder = folder();
    folder.journal("drizzle", &[CREATE, DROP, ("0002_more", "select 1;")]);
    let journal = std::fs::read_to_string(folder.at("drizzle/meta/_journal.json")).expect("it is there");
    let cut = journal.find("0002_more").expect("the last entry");
    folder.write("drizzle/meta/_journal.json", &journal[..cut]);
    let ended = folder.brolly(&["lint", "--all"]);
    ended.says(1, &["error[broken-journal]", "drizzle/meta/_journal.json:3:", "error[drop-column]"]);
    folder.write("drizzle/meta/_journal.json", "");
    folder.brolly(&["lint", "--all"]).says(1, &["error[broken-journal]", "drizzle/meta/_journal.json"]);
    folder.write("drizzle/meta/_journal.json", "<<<<<<< HEAD\n");
    folder.brolly(&["lint", "--all"]).says(1, &["error[broken-journal]"]);
}

#[test]
fn missing_files_are_named_and_the_others_judged() {
    let folder = folder();
    folder.journal("drizzle", &[CREATE, ("0001_gone", ""), ("0002_drop", DROP.1)]);
    std::fs::remove_file(folder.at("drizzle/0001_gone.sql")).expect("it is there");
    let ended = folder.brolly(&["lint", "--all"]);
    ended.says(1, &["error[missing-sql-file]", "drizzle/meta/_journal.json:2:", "error[drop-column]"]);
}

#[test]
fn line_ends_and_marks_of_windows_change_no_finding() {
    let folder = folder();
    let sql = "-- a comment\r\n\r\nALTER TABLE users\r\n  DROP COLUMN nick;\r\n--> statement-breakpoint\r\nselect 1;\r\n";
    folder.journal("drizzle", &[CREATE, ("0001_drop", sql)]);
    folder.brolly(&["lint", "--all"]).says(1, &["error[drop-column]", "drizzle/0001_drop.sql:4:15"]);
    folder.write("drizzle/0001_drop.sql", format!("\u{feff}{sql}"));
    let ended = folder.brolly(&["lint", "--all"]);
    assert_eq!(ended.code, 1, "{ended}");
    let rules = ended.rules();
    assert!(rules.iter().any(|rule| rule == "unreadable-file"), "{ended}");
    ended.says(1, &["error[drop-column]", "drizzle/0001_drop.sql:4:15"]);
}

#[test]
fn bytes_that_are_no_utf8_are_shown_where_they_are() {
    let folder = folder();
    let mut sql = b"-- caf\xe9\n".to_vec();
    sql.extend_from_slice(DROP.1.as_bytes());
    folder.journal("drizzle", &[CREATE, ("0001_drop", "")]).write("drizzle/0001_drop.sql", sql);
    let ended = folder.brolly(&["lint", "--all"]);
    ended.says(1, &["error[drop-column]", "drizzle/0001_drop.sql:2:"]);
    ended.says(1, &["warning[unreadable-file]", "drizzle/0001_drop.sql:1:7"]);
    folder.write("drizzle/0001_drop.sql", [0xff, 0xfe, b'a', 0]);
    folder.brolly(&["lint", "--all"]).says(1, &["UTF-16"]);
    folder.write("drizzle/0001_drop.sql", [0, 0xff, 0xc3, 0x28, 0]);
    assert_ne!(folder.brolly(&["lint", "--all"]).code, 101);
}

#[test]
fn a_broken_snapshot_leaves_the_replayed_schema() {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[CREATE, DROP]);
    folder.write("drizzle/meta/0000_snapshot.json", "{\"version\": \"7\", \"id\": ");
    folder.commit(".", "first");
    let index = ("0002_drop", "ALTER TABLE users DROP COLUMN id;");
    folder.journal("drizzle", &[CREATE, DROP, index]);
    folder
        .brolly(&["lint"])
        .says(1, &["1 of 3 migrations is new", "error[drop-column]", "the replayed history"]);
    let ended = folder.brolly(&["lint", "--all"]);
    ended.says(1, &["broken-snapshot", "drizzle/meta/0000_snapshot.json:1:"]);
    ended.says(1, &["error[drop-column]"]);
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_said() {
    let folder = folder();
    folder.journal("drizzle", &[CREATE, DROP]);
    std::fs::remove_file(folder.at("drizzle/0000_create.sql")).expect("it is there");
    std::fs::create_dir(folder.at("drizzle/0000_create.sql")).expect("folders can be made");
    folder.brolly(&["lint", "--all"]).says(1, &["unreadable-file", "drizzle/0000_create.sql"]);
}

#[test]
fn a_project_that_can_not_be_judged_leaves_the_others_and_makes_the_exit_code_2() {
    let folder = folder();
    folder.write("a/drizzle.config.ts", "export default { dialect: 'postgresql', out: f() };");
    folder.write("b/drizzle.config.ts", config("./drizzle")).journal("b/drizzle", &[CREATE, DROP]);
    folder.brolly(&["lint", "--all"]).says(2, &["unreadable-config", "b/drizzle/0001_drop.sql"]);
}
