//! SARIF as the program writes it, against the JSON Schema that SARIF 2.1.0 is published with.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod run;

use run::{Ended, folder};
use serde_json::{Value, json};
use std::path::Path;

/// The schema, which comes with a package that tests/kit installs.
const SCHEMA: &str =
    "../../tests/kit/formats/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json";

/// The published schema, with what its errata have added since.
fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA);
    let text = std::fs::read_to_string(path).expect("the schema is there: run `bin/prepare test`");
    let mut schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    assert_eq!(schema["properties"]["version"]["enum"], json!(["2.1.0"]));
    let definitions = &mut schema["definitions"];
    definitions["region"]["anyOf"] = json!([{ "required": ["startLine"] }, { "required": ["charOffset"] }, { "required": ["byteOffset"] }]);
    // As published, the pattern has a bracket too many, and no engine reads it.
    for place in ["run", "toolComponent"] {
        definitions[place]["properties"]["language"]["pattern"] = json!("^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    }
    schema
}

fn problems(log: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema()).expect("the schema can be used");
    validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[track_caller]
fn check(ended: &Ended) -> Value {
    let log: Value = serde_json::from_str(&ended.out).expect("it is JSON");
    assert_eq!(problems(&log), Vec::<String>::new(), "{ended}");
    log
}

#[test]
fn all_findings_of_the_example_are_valid() {
    let folder = folder();
    folder.copy("examples/shop", "shop");
    let log = check(&folder.brolly(&["lint", "shop", "--all", "--format", "sarif"]));
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert!(results.len() > 20, "{}", results.len());
}

#[test]
fn accepted_findings_and_broken_files_are_valid() {
    let folder = folder();
    folder.journal(
        "drizzle ü",
        &[
            ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, nick text);\n"),
            (
                "0001_drop",
                "-- brolly-allow drop-column: nobody reads it\nALTER TABLE users DROP COLUMN nick;\n",
            ),
            ("0002_broken", "ALTER TABEL users;\nSELECT '\u{1f600}', 1 FROM;"),
            ("0003_gone", "SELECT 1;"),
        ],
    );
    std::fs::remove_file(folder.at("drizzle ü/0003_gone.sql")).expect("it was there");
    folder.write("drizzle ü/0009_stray.sql", b"SELECT '\xff';");
    let log = check(&folder.brolly(&["lint", "--all", "--format", "sarif"]));
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let accepted = results.iter().filter(|result| result["suppressions"][0]["status"] == "accepted");
    assert_eq!(accepted.count(), 1);
    for rule in ["syntax-error", "missing-sql-file", "unjournaled-sql"] {
        assert!(results.iter().any(|result| result["ruleId"] == rule), "{rule}");
    }
}

#[test]
fn a_clean_run_is_valid() {
    let folder = folder();
    folder.write("a.sql", "CREATE TABLE t (id int PRIMARY KEY);");
    let log = check(&folder.brolly(&["lint", "a.sql", "--format", "sarif"]));
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn the_schema_notices_what_is_wrong() {
    let result = |result: Value| json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "x" } }, "results": [result] }] });
    assert!(problems(&result(json!({ "message": { "text": "a" } }))).is_empty());
    for wrong in [
        json!({}),
        json!({ "message": { "text": "a" }, "level": "info" }),
        json!({ "message": { "text": "a" }, "line": 1 }),
        json!({ "message": { "text": "a" }, "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": "a b" }, "region": { "startLine": 0 } } }] }),
    ] {
        assert!(!problems(&result(wrong.clone())).is_empty(), "{wrong}");
    }
}
