//! What `lint --format json` and `facts` print, against the JSON Schemas of it: nothing is missing, nothing is of
//! another type, and nothing is printed that the schemas don't describe.

mod run;

use run::{Folder, folder};
use serde_json::{Value, json};

/// A schema that takes what it describes and nothing else. To users it takes more: fields may be added.
fn closed(schema: &Value) -> Value {
    let mut schema = schema.clone();
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.contains_key("properties") {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn problems(schema: &Value, printed: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&closed(schema)).expect("the schema can be used");
    validator.iter_errors(printed).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[track_caller]
fn check(schema: &Value, printed: &Value) {
    assert_eq!(problems(schema, printed), Vec::<String>::new(), "{printed:#}");
}

fn lint(folder: &Folder, args: &[&str]) -> Value {
    let ended = folder.brolly(&[&["lint", "--format", "json"], args].concat());
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended}"))
}

fn facts(folder: &Folder, args: &[&str]) -> Vec<Value> {
    let ended = folder.brolly(&[&["facts"], args].concat());
    ended.out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// The example, whose newest version is deployed: its code is read, and findings name its lines.
fn deployed() -> Folder {
    let folder = folder();
    folder.copy("examples/shop", ".").commit(".", "the app");
    folder
}

#[test]
fn lint_prints_what_its_schema_says() {
    let folder = deployed();
    let schema = report::lint_schema();
    let report = lint(&folder, &["--all", "--deployed", "HEAD"]);
    check(&schema, &report);
    let findings = report["findings"].as_array().expect("a list");
    assert!(findings.len() > 20, "{}", findings.len());
    let related = findings.iter().flat_map(|finding| finding["related"].as_array().expect("a list"));
    assert!(related.clone().any(|place| place["commit"].is_string()), "no line of the deployed code");

    folder.write(
        "drizzle/0007_drop_nickname.sql",
        "-- brolly-allow drop-column: nobody reads it\nALTER TABLE \"users\" DROP COLUMN \"nickname\";\n",
    );
    let report = lint(&folder, &["drizzle/0007_drop_nickname.sql"]);
    check(&schema, &report);
    assert_eq!(report["summary"]["accepted"], 1, "{report:#}");
}

#[test]
fn facts_print_what_their_schema_says() {
    let folder = deployed();
    let schema = report::facts_schema();
    let statements = facts(&folder, &["--deployed", "HEAD"]);
    statements.iter().for_each(|statement| check(&schema, statement));
    let all =
        |field: &str| statements.iter().flat_map(|one| one[field].as_array().into_iter().flatten()).count();
    for field in ["locks", "rewrites", "scans", "may_fail", "breaks_old_app", "breaks_new_app", "writes"] {
        assert!(all(field) > 0, "nothing in `{field}`");
    }
}

#[test]
fn what_differs_is_noticed() {
    let folder = deployed();
    let report = lint(&folder, &["drizzle/0007_drop_nickname.sql"]);
    let schema = report::lint_schema();
    for (path, wrong) in [
        ("/version", json!(2)),
        ("/findings/0/severity", json!("fatal")),
        ("/findings/0/line", json!("1")),
        ("/findings/0/remedy", json!({ "text": "no code" })),
        ("/summary", json!({})),
        ("/tool", json!({ "name": "brolly", "version": "1", "more": true })),
    ] {
        let mut report = report.clone();
        *report.pointer_mut(path).expect("it is there") = wrong;
        assert_ne!(problems(&schema, &report), Vec::<String>::new(), "{path}");
    }
}
