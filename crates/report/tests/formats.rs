//! Each format drawn once, as it would be seen.

use report::{HumanOptions, Run, github, human, json};
use source::{Diagnostic, Evidence, Group, Label, Remedy, Severity, SourceFile, Span};
use std::sync::Arc;

fn at(file: &Arc<SourceFile>, needle: &str, text: &str) -> Label {
    let start = file.text.find(needle).unwrap_or(0);
    Label { file: file.clone(), span: Span::new(start, start + needle.len()), text: text.to_owned() }
}

fn finding() -> Diagnostic {
    let sql = SourceFile::new(
        "drizzle/0002_drop.sql",
        "-- tidy up: 100%\nALTER TABLE \"users\" DROP COLUMN \"nickname\";\n",
    );
    let ts = SourceFile::new(
        "src/schema.ts",
        "export const users = pgTable(\"users\", {\n  nickname: text(),\n});\n",
    );
    Diagnostic {
        rule: "drop-column",
        group: Group::BreaksOldApp,
        severity: Severity::Error,
        what: "drops `users.nickname`, which the deployed app still declares".to_owned(),
        why: vec![
            "predicted: its select, insert and returning name the column and fail with 42703".to_owned(),
        ],
        remedy: Remedy {
            text: "Deploy the app without the field first.".to_owned(),
            code: Some("ALTER TABLE \"users\" DROP COLUMN \"nickname\";\n".to_owned()),
        },
        evidence: Evidence::Predicted,
        primary: at(&sql, "\"nickname\"", "dropped here"),
        secondary: vec![at(&ts, "nickname", "declared here")],
        migration: Some("0002_drop".to_owned()),
        statement: Some(0),
        relation: Some("public.users".to_owned()),
        accepted: None,
    }
}

fn run() -> Run {
    Run {
        version: "0.1.0".to_owned(),
        selection: "2 migrations since origin/main".to_owned(),
        migrations: vec!["0001_add".to_owned(), "0002_drop".to_owned()],
        postgres: 16,
        fail_on: Some(Severity::Error),
        unnoticed: Vec::new(),
    }
}

#[test]
fn drawn_for_people() {
    let text = human(&[finding()], &run(), &HumanOptions::default());
    let expected = "\
error[drop-column]: drops `users.nickname`, which the deployed app still declares
 --> drizzle/0002_drop.sql:2:33
  |
2 | ALTER TABLE \"users\" DROP COLUMN \"nickname\";
  |                                 ^^^^^^^^^^ dropped here
  |
 ::: src/schema.ts:2:3
  |
2 |   nickname: text(),
  |   -------- declared here
  |
  = note: predicted: its select, insert and returning name the column and fail with 42703
help: Deploy the app without the field first.

    ALTER TABLE \"users\" DROP COLUMN \"nickname\";

1 error in 1 of 2 migrations
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn nothing_is_drawn_when_clean() {
    assert_eq!(human(&[], &run(), &HumanOptions::default()), "");
}

#[test]
fn github_commands() {
    let text = github(&[finding()]);
    let expected = "::error file=drizzle/0002_drop.sql,line=2,col=33,endLine=2,endColumn=43,title=brolly drop-column\
::drops `users.nickname`, which the deployed app still declares%0A- predicted: its select, insert and returning \
name the column and fail with 42703%0A%0ADeploy the app without the field first.%0A%0AALTER TABLE \"users\" DROP COLUMN \
\"nickname\";\n";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn json_holds_every_field() {
    let text = json(&[finding()], &run());
    let value: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    assert_eq!(value["version"], 1);
    assert_eq!(value["summary"]["errors"], 1);
    assert_eq!(value["summary"]["migrationsWithFindings"], 1);
    let finding = &value["findings"][0];
    assert_eq!(finding["group"], "breaks-old-app");
    assert_eq!((&finding["line"], &finding["column"]), (&2.into(), &33.into()));
    assert_eq!((&finding["endLine"], &finding["endColumn"]), (&2.into(), &43.into()));
    assert_eq!(finding["related"][0]["file"], "src/schema.ts");
    // The schema describes every field that is written.
    let described = &report::lint_schema()["$defs"]["Finding"]["properties"];
    for (key, _) in finding.as_object().expect("an object") {
        assert!(described[key]["description"].is_string() || described[key]["$ref"].is_string(), "`{key}`");
    }
}
