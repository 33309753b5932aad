//! How formats show lines of the deployed code, and what goes without anybody noticing.

use report::{HumanOptions, Run, Unnoticed, github, gitlab, human, json, junit, markdown, sarif};
use serde_json::Value;
use source::{Diagnostic, Evidence, Group, Label, Remedy, Severity, SourceFile, Span};
use std::sync::Arc;

fn at(file: &Arc<SourceFile>, needle: &str, text: &str) -> Label {
    let start = file.text.find(needle).expect("it is there");
    Label { file: file.clone(), span: Span::new(start, start + needle.len()), text: text.to_owned() }
}

/// A finding that cites the same file of two versions.
fn finding() -> Diagnostic {
    let sql = SourceFile::new("drizzle/0002_drop.sql", "ALTER TABLE \"users\" DROP COLUMN \"nickname\";\n");
    let query = "export const all = () => db.select().from(users);\n";
    let old = SourceFile::at("src/users.ts", format!("// once\n{query}"), Some("8d2e11c".to_owned()));
    let new = SourceFile::at("src/users.ts", query, Some("3c1f9a2".to_owned()));
    Diagnostic {
        rule: "drop-column",
        group: Group::BreaksOldApp,
        severity: Severity::Error,
        what: "drops `users.nickname`, which the deployed app still names".to_owned(),
        why: Vec::new(),
        remedy: Remedy::default(),
        evidence: Evidence::Predicted,
        primary: at(&sql, "\"nickname\"", ""),
        secondary: vec![at(&new, "select", "v2.41: a select"), at(&old, "select", "v2.40: a select")],
        migration: Some("0002_drop".to_owned()),
        statement: Some(0),
        relation: Some("public.users".to_owned()),
        accepted: None,
    }
}

fn run() -> Run {
    let unnoticed = Unnoticed {
        migration: "0002_drop".to_owned(),
        relation: "public.users".to_owned(),
        column: Some("full_name".to_owned()),
        versions: vec!["v2.40 (8d2e11c)".to_owned(), "v2.41 (3c1f9a2)".to_owned()],
        since: Some("51b2c33".to_owned()),
    };
    Run { migrations: vec!["0002_drop".to_owned()], unnoticed: vec![unnoticed], ..Run::default() }
}

const UNNOTICED: &str = "no code at v2.40 (8d2e11c) or v2.41 (3c1f9a2) names users.full_name since 51b2c33";

#[test]
fn people_see_the_lines_and_their_commits() {
    let text = human(&[finding()], &run(), &HumanOptions::default());
    let expected = format!(
        "\
error[drop-column]: drops `users.nickname`, which the deployed app still names
 --> drizzle/0002_drop.sql:1:33
  |
1 | ALTER TABLE \"users\" DROP COLUMN \"nickname\";
  |                                 ^^^^^^^^^^
  |
 ::: src/users.ts at 3c1f9a2:1:29
  |
1 | export const all = () => db.select().from(users);
  |                             ------ v2.41: a select
  |
 ::: src/users.ts at 8d2e11c:2:29
  |
2 | export const all = () => db.select().from(users);
  |                             ------ v2.40: a select

{UNNOTICED}
1 error in 1 of 1 migration
"
    );
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn programs_get_path_and_commit_apart() {
    let value: Value = serde_json::from_str(&json(&[finding()], &run())).expect("valid JSON");
    let related = &value["findings"][0]["related"][0];
    assert_eq!((&related["file"], &related["commit"]), (&"src/users.ts".into(), &"3c1f9a2".into()));
    assert_eq!(value["findings"][0].get("commit"), None, "the migration is the file of now");
    assert_eq!(value["unnoticed"][0]["column"], "full_name");
    assert_eq!(value["unnoticed"][0]["since"], "51b2c33");

    let value: Value = serde_json::from_str(&sarif(&[finding()], &run(), &[])).expect("valid JSON");
    let related = &value["runs"][0]["results"][0]["relatedLocations"][0];
    assert_eq!(related["physicalLocation"]["artifactLocation"]["uri"], "src/users.ts");
    assert_eq!(related["message"]["text"], "v2.41: a select (as of 3c1f9a2)");
}

#[test]
fn formats_without_more_places_name_them_in_words() {
    let line = "src/users.ts:2 at 8d2e11c: v2.40: a select";
    for text in [gitlab(&[finding()]), junit(&[finding()], &run()), github(&[finding()])] {
        assert!(text.replace("%3A", ":").contains(line), "{text}");
    }
    let text = markdown(&[finding()], &run());
    assert!(text.contains(line), "{text}");
    assert!(text.contains(&UNNOTICED.replace('_', "\\_")), "{text}");
}
