//! What is written, in each format, and how the program ends.

#![allow(clippy::disallowed_methods, reason = "tests start the program")]

mod run;

use run::{Folder, folder};
use serde_json::Value;
use std::process::{Command, Stdio};

fn project() -> Folder {
    let folder = folder();
    folder.journal(
        "drizzle",
        &[
            ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, nick text);\n"),
            ("0001_drop", "ALTER TABLE users DROP COLUMN nick;\n"),
        ],
    );
    folder
}

#[test]
fn json_is_one_document_with_the_selection_in_it() {
    let ended = project().brolly(&["lint", "--all", "--format", "json", "--pg", "17"]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""), "{ended}");
    let json: Value = serde_json::from_str(&ended.out).expect("it is JSON");
    assert_eq!(json["version"], 1);
    assert_eq!(json["selection"]["postgres"], 17);
    assert_eq!(json["selection"]["migrations"], serde_json::json!(["0000_create", "0001_drop"]));
    assert_eq!(json["selection"]["text"], "all 2 migrations, each as a deploy of its own (--all)");
    let findings = json["findings"].as_array().expect("a list");
    let drop = findings.iter().find(|finding| finding["rule"] == "drop-column").expect("it is found");
    assert_eq!(drop["severity"], "error");
    assert_eq!(drop["file"], "drizzle/0001_drop.sql");
    assert_eq!((&drop["line"], &drop["migration"]), (&Value::from(1), &Value::from("0001_drop")));
    assert_eq!(json["summary"]["errors"], Value::from(1));
}

#[test]
fn json_of_a_clean_run_is_a_document_too() {
    let folder = folder();
    folder.write("a.sql", "CREATE TABLE t (id int PRIMARY KEY);");
    let ended = folder.brolly(&["lint", "a.sql", "--format", "json"]);
    let json: Value = serde_json::from_str(&ended.out).expect("it is JSON");
    assert_eq!((ended.code, &json["findings"]), (0, &serde_json::json!([])));
}

#[test]
fn github_gets_annotations_on_the_output_and_the_selection_beside() {
    let ended = project().brolly(&["lint", "--all", "--format", "github"]);
    ended.says(1, &["::error file=drizzle/0001_drop.sql,line=1,", "title=brolly drop-column::"]);
    assert!(ended.out.lines().all(|line| line.starts_with("::")), "{ended}");
    ended.complains(1, &["all 2 migrations, each as a deploy of its own (--all)", "1 error"]);
}

#[test]
fn quiet_leaves_the_findings() {
    let ended = project().brolly(&["lint", "--all", "-q"]);
    ended.says(1, &["error[drop-column]"]).lacks("each as a deploy of its own");
}

#[test]
fn fail_on_moves_the_bar() {
    let folder = project();
    for (bar, code) in [("error", 1), ("warning", 1), ("info", 1), ("never", 0)] {
        assert_eq!(folder.brolly(&["lint", "--all", "--fail-on", bar]).code, code, "{bar}");
    }
    let folder = run::folder();
    folder.journal("drizzle", &[("0000_create", "CREATE TABLE users (id int PRIMARY KEY);\n")]);
    // A file that the journal lacks: a warning.
    folder.write("drizzle/0001_loose.sql", "SELECT 1;\n");
    for (bar, code) in [("error", 0), ("warning", 1), ("info", 1), ("never", 0)] {
        assert_eq!(folder.brolly(&["lint", "--all", "--fail-on", bar]).code, code, "{bar}");
    }
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let folder = project();
    folder.brolly(&["lint", "--all"]).lacks("\u{1b}[");
    folder.brolly(&["lint", "--all", "--color", "always"]).says(1, &["\u{1b}["]);
    folder.brolly(&["lint", "--all", "--color", "never"]).lacks("\u{1b}[");
    folder.brolly_in(".", &["lint", "--all"], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]).lacks("\u{1b}[");
}

#[test]
fn help_and_version() {
    let folder = folder();
    let version = format!("brolly {}\n", env!("CARGO_PKG_VERSION"));
    folder.brolly(&["--version"]).says(0, &[&version]);
    folder.brolly(&["--help"]).says(0, &["Usage: brolly", "lint", "facts", "Examples:", "Exit codes:"]);
    folder
        .brolly(&["lint", "--help"])
        .says(0, &["[PATHS]...", "--base <REF>", "--fail-on", "Examples:", "What is new:"]);
    folder.brolly(&["facts", "--help"]).says(0, &["--pg", "Examples:"]);
}

#[test]
fn rules_are_explained() {
    let folder = folder();
    folder.brolly(&["explain"]).says(0, &["drop-column", "error", "missing-snapshot", "warning"]);
    folder.brolly(&["explain", "drop-column"]).says(0, &["# drop-column"]);
    folder
        .brolly(&["explain", "missing-snapshot"])
        .says(0, &["# missing-snapshot", "A migration has no snapshot"]);
    folder
        .brolly(&["explain", "no-such"])
        .complains(2, &["`no-such` is neither a rule or recipe nor a migration", "brolly rules"]);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let folder = project();
    for args in [&["facts"][..], &["lint", "--all"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_brolly"))
            .args(args)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("brolly starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("brolly ends");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
        assert_ne!(ended.status.code(), Some(101));
    }
}

#[test]
fn facts_are_one_object_a_statement() {
    let ended = project().brolly(&["facts", "drizzle", "--format", "jsonl", "--pg", "13"]);
    let lines: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!((ended.code, ended.err.as_str(), lines.len()), (0, "", 2), "{ended}");
    let drop = &lines[1];
    assert_eq!((&drop["migration"], &drop["statement"]), (&Value::from("0001_drop"), &Value::from(0)));
    assert_eq!(drop["file"], "drizzle/0001_drop.sql");
    assert_eq!(drop["locks"][0]["relation"], "public.users");
    assert_eq!(drop["locks"][0]["mode"], "AccessExclusive");
    assert_eq!(drop["breaks_old_app"][0]["sqlstate"], "42703");
    for key in ["start", "end", "sql", "transaction", "rewrites", "scans", "may_fail", "unknown"] {
        assert!(drop.get(key).is_some(), "{key}");
    }
}

#[test]
fn facts_of_the_new_migrations_only() {
    let folder = project();
    folder.commit(".", "first");
    folder.write("drizzle/meta/_journal.json", {
        let journal = std::fs::read_to_string(folder.at("drizzle/meta/_journal.json")).expect("it is there");
        let entry = r#",{"idx":2,"version":"7","when":2000,"tag":"0002_new","breakpoints":true}]}"#;
        journal.replace("]}", entry)
    });
    folder.write(
        "drizzle/0002_new.sql",
        "ALTER TABLE users ADD COLUMN a int;\n--> statement-breakpoint\nselect 1;",
    );
    let ended = folder.brolly(&["facts", "--base", "main"]);
    assert_eq!(ended.out.lines().count(), 2, "{ended}");
    folder.brolly(&["facts", "drizzle/0001_drop.sql"]).says(0, &["0001_drop"]).lacks("0000_create");
    folder.brolly(&["facts", "--base", "gone"]).complains(2, &["the base gone (--base)"]);
}
