//! `brolly.json` and allowing comments, as far as they change what is said and how it ends.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod run;

use run::{Folder, folder};
use serde_json::Value;

const CREATE: &str = "CREATE TABLE users (id int PRIMARY KEY, nick text, age int);\n";
const DROP: &str = "ALTER TABLE users DROP COLUMN nick;\n";
const INDEX: &str = "CREATE INDEX users_age ON users (age);\n";

fn project() -> Folder {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_drop", DROP), ("0002_index", INDEX)]);
    folder
}

/// Rule, severity and reason of each finding of a migration.
fn findings(folder: &Folder, migration: &str) -> Vec<(String, String, String)> {
    let ended = folder.brolly(&["lint", "--all", "--format", "json"]);
    let json: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("no JSON: {ended}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    json["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|finding| finding["migration"] == migration && finding["rule"] != "missing-snapshot")
        .map(|finding| (text(&finding["rule"]), text(&finding["severity"]), text(&finding["accepted"])))
        .collect()
}

fn has(folder: &Folder, migration: &str, rule: &str, severity: &str) -> bool {
    findings(folder, migration).iter().any(|(r, s, _)| r == rule && s == severity)
}

#[test]
fn rules_get_the_weight_that_is_set() {
    let folder = project();
    folder.write("brolly.json", r#"{"rules": {"drop-column": "warning", "index-blocks-writes": "off"}}"#);
    assert!(has(&folder, "0001_drop", "drop-column", "warning"));
    assert!(!has(&folder, "0002_index", "index-blocks-writes", "error"));
    assert_eq!(folder.brolly(&["lint", "--all"]).code, 0);
    assert_eq!(folder.brolly(&["lint", "--all", "--fail-on", "warning"]).code, 1);
}

#[test]
fn waits_on_small_tables_are_notes_unless_they_are_busy() {
    let folder = project();
    folder.write("brolly.json", r#"{"tables": {"users": {"rows": 1000}}}"#);
    assert!(has(&folder, "0002_index", "index-blocks-writes", "info"));
    folder
        .brolly(&["lint", "drizzle/0002_index.sql"])
        .says(0, &["`users` is set down as small (about 1000 rows)"]);
    folder.write("brolly.json", r#"{"tables": {"users": {"rows": 1000}}, "busyTables": ["public.users"]}"#);
    assert!(has(&folder, "0002_index", "index-blocks-writes", "error"));
    folder.write("brolly.json", r#"{"tables": {"users": {"rows": 1000}}, "smallTableRows": 10}"#);
    assert!(has(&folder, "0002_index", "index-blocks-writes", "error"));
}

#[test]
fn a_runner_that_leaves_the_transaction_may_build_concurrently() {
    let folder = folder();
    folder.journal(
        "drizzle",
        &[("0000_create", CREATE), ("0001_index", "CREATE INDEX CONCURRENTLY users_age ON users (age);\n")],
    );
    assert!(has(&folder, "0001_index", "concurrently-in-transaction", "error"));
    folder.write("brolly.json", r#"{"runner": "outside-transaction"}"#);
    assert!(!has(&folder, "0001_index", "concurrently-in-transaction", "error"));
}

#[test]
fn the_server_is_set_and_flags_go_first() {
    let folder = project();
    folder.write("brolly.json", r#"{"postgres": 14}"#);
    let postgres = |args: &[&str]| {
        let all = [&["lint", "--all", "--format", "json"], args].concat();
        let json: Value = serde_json::from_str(&folder.brolly(&all).out).expect("it is JSON");
        json["selection"]["postgres"].clone()
    };
    assert_eq!(postgres(&[]), 14);
    assert_eq!(postgres(&["--pg", "17"]), 17);
}

#[test]
fn what_is_old_or_ignored_is_not_judged() {
    let folder = project();
    folder.write("brolly.json", r#"{"baseline": "0001_drop"}"#);
    assert!(findings(&folder, "0001_drop").is_empty());
    assert!(has(&folder, "0002_index", "index-blocks-writes", "error"));
    folder.brolly(&["lint", "--all"]).says(1, &["none up to the baseline 0001_drop"]);
    // Named, it is judged all the same.
    folder.brolly(&["lint", "drizzle/0001_drop.sql"]).says(1, &["error[drop-column]"]);
    folder.write("brolly.json", r#"{"ignore": ["drizzle/0001_*", "**/0002_index.sql"]}"#);
    folder.brolly(&["lint", "--all"]).says(0, &["2 ignored by brolly.json"]);
    folder.write("brolly.json", r#"{"baseline": "0001_drpo"}"#);
    folder
        .brolly(&["lint", "--all"])
        .complains(2, &["no migration is called `0001_drpo`", "did you mean `0001_drop`?"]);
}

#[test]
fn the_nearest_file_counts_up_to_the_repository() {
    let folder = folder();
    folder.write("brolly.json", r#"{"rules": {"drop-column": "off"}}"#);
    folder.journal("repo/app/drizzle", &[("0000_create", CREATE), ("0001_drop", DROP)]);
    folder.write("repo/.git/HEAD", "");
    let named = "repo/app/drizzle/0001_drop.sql";
    folder.brolly(&["lint", named]).says(1, &["error[drop-column]"]);
    folder.write("repo/brolly.json", r#"{"rules": {"drop-column": "info"}}"#);
    folder.brolly(&["lint", named]).says(0, &["note[drop-column]"]);
    folder.write("repo/app/brolly.json", r#"{"rules": {"drop-column": "warning"}, "failOn": "warning"}"#);
    folder.brolly(&["lint", named]).says(1, &["warning[drop-column]"]);
    folder.brolly(&["lint", named, "--settings", "brolly.json"]).lacks("drop-column");
    folder.brolly(&["lint", named, "--settings", "no.json"]).complains(2, &["no settings file `no.json`"]);
}

#[test]
fn broken_settings_are_said_with_their_place() {
    let folder = project();
    folder.write("brolly.json", "{\n  \"rule\": {},\n  \"rules\": {\"drop-colum\": \"off\"}\n}\n");
    folder.brolly(&["lint", "--all"]).complains(
        2,
        &[
            "brolly.json:2:3: there is no setting `rule`",
            "Did you mean `rules`?",
            "brolly.json:3:13: there is no rule `drop-colum`",
            "Did you mean `drop-column`?",
        ],
    );
}

#[test]
fn comments_accept_and_leave_a_trace() {
    let folder = folder();
    folder.journal(
        "drizzle",
        &[
            ("0000_create", CREATE),
            ("0001_drop", &format!("-- brolly-allow drop-column: nobody reads it\n{DROP}")),
            ("0002_index", &format!("-- brolly-maintenance-window: Sunday 3:00\n{INDEX}")),
        ],
    );
    let accepted = |migration: &str, rule: &str| {
        findings(&folder, migration).into_iter().find(|(r, ..)| r == rule).expect("it is there").2
    };
    assert_eq!(accepted("0001_drop", "drop-column"), "nobody reads it");
    assert_eq!(accepted("0002_index", "index-blocks-writes"), "Sunday 3:00");
    let ended = folder.brolly(&["lint", "drizzle/0001_drop.sql"]);
    ended.says(
        0,
        &["accepted[drop-column]: drops `users.nick`", "= note: accepted: nobody reads it", "1 accepted"],
    );
    ended.lacks("help: Remove the field");
    let sarif: Value =
        serde_json::from_str(&folder.brolly(&["lint", "--all", "--format", "sarif"]).out).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    assert!(results.iter().any(|r| r["suppressions"][0]["justification"] == "nobody reads it"));
}

#[test]
fn a_comment_without_effect_or_reason_is_a_finding() {
    let folder = folder();
    let unused = "-- brolly-allow drop-table: no\n";
    let unknown = "-- brolly-allow-file drop-colum: no\n";
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_drop", &format!("{unused}{unknown}{DROP}"))]);
    let ended = folder.brolly(&["lint", "drizzle/0001_drop.sql"]);
    ended.says(
        1,
        &["warning[unused-ignore]: allows `drop-colum`, which is no rule", "Did you mean `drop-column`?"],
    );
    ended.says(1, &["allows `drop-table`, which the next statement has no finding of"]);
    folder.write("drizzle/0001_drop.sql", format!("-- brolly-allow drop-column\n{DROP}"));
    folder
        .brolly(&["lint", "drizzle/0001_drop.sql"])
        .says(1, &["error[drop-column]"])
        .says(1, &["error[ignore-without-reason]"]);
    let older =
        "-- drizzle-migration-linter: allow-breaking\n-- drizzle-migration-linter: reason=all read it\n";
    folder.write("drizzle/0001_drop.sql", format!("{older}{DROP}"));
    folder.brolly(&["lint", "drizzle/0001_drop.sql"]).says(0, &["accepted: all read it"]);
}

#[test]
fn every_format_is_written_to_a_file_where_one_is_named() {
    let folder = project();
    for (format, start) in [
        ("human", "all 3 migrations"),
        ("json", "{"),
        ("github", "::"),
        ("sarif", "{"),
        ("gitlab", "["),
        ("junit", "<?xml"),
        ("markdown", "### "),
    ] {
        let ended = folder.brolly(&["lint", "--all", "--format", format, "--output", "out/report"]);
        assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{format}: {ended}");
        ended.complains(1, &["error"]);
        let written = std::fs::read_to_string(folder.at("out/report")).expect("it is written");
        assert!(written.starts_with(start), "{format}: {written}");
    }
    let ended = folder.brolly(&["lint", "--all", "--output", "brolly.d/../drizzle"]);
    ended.complains(2, &["can't be written"]);
}

#[test]
fn one_run_writes_several_formats() {
    let folder = project();
    let also = ["--also", "sarif=out/a.sarif", "--also", "human=b.txt", "--also", "junit=c.xml"];
    let ended = folder.brolly(&[&["lint", "--all", "--format", "github"], &also[..]].concat());
    ended.says(1, &["::error "]);
    for (path, start) in [("out/a.sarif", "{"), ("b.txt", "all 3 migrations"), ("c.xml", "<?xml")] {
        assert!(folder.read(path).starts_with(start), "{path}");
    }
    folder
        .brolly(&["lint", "--also", "xml=a.xml"])
        .complains(2, &["`xml` is no format: there are human, json"]);
    folder
        .brolly(&["lint", "--also", "sarif"])
        .complains(2, &["write FORMAT=FILE, as in sarif=brolly.sarif"]);
    folder.brolly(&["lint", "--all", "--also", "json=drizzle"]).complains(2, &["drizzle can't be written"]);
}

#[test]
fn the_role_of_the_app_decides_about_privileges_and_policies() {
    let folder = folder();
    folder.write("a.sql", "CREATE TABLE t (id int PRIMARY KEY);\nCREATE TABLE u (id int PRIMARY KEY);\n");
    folder.write(
        "b.sql",
        "REVOKE SELECT ON t FROM reporting;\nALTER TABLE u ENABLE ROW LEVEL SECURITY;\n\
         CREATE POLICY p ON u TO reporting USING (true);\n",
    );
    let rules = |role: &str| {
        folder.write("brolly.json", format!("{{ \"appRole\": \"{role}\" }}"));
        folder.brolly(&["lint", ".", "--all", "--settings", "brolly.json"]).rules()
    };
    let of_reporting = rules("reporting");
    assert!(of_reporting.iter().any(|rule| rule == "revoke-privilege"), "{of_reporting:?}");
    assert!(!of_reporting.iter().any(|rule| rule == "rls-hides-rows"), "{of_reporting:?}");
    let of_app = rules("app");
    assert!(!of_app.iter().any(|rule| rule == "revoke-privilege"), "{of_app:?}");
    assert!(of_app.iter().any(|rule| rule == "rls-hides-rows"), "{of_app:?}");
}
