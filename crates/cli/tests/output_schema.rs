//! What `lint --format json` and `facts` print, against the JSON Schemas of it: nothing is missing, nothing is of
//! another type, and nothing is printed that the schemas don't describe.

mod run;

use run::{Folder, config, folder};
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

fn example() -> Folder {
    let folder = folder();
    folder.copy("examples/shop", ".").commit(".", "the app");
    folder
}

/// Two releases, and a migration that drops what the code of `v1` names and that of `v2` does not know.
fn released() -> Folder {
    let schema = |columns: &str| {
        format!(
            "import {{ pgTable, integer, text }} from 'drizzle-orm/pg-core';\n\
             export const users = pgTable('users', {{ id: integer('id').primaryKey(), {columns} }});\n"
        )
    };
    let create = ("0000_create", "CREATE TABLE \"users\" (\"id\" integer PRIMARY KEY, \"name\" text);\n");
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[create]);
    folder.write("schema.ts", schema("name: text('name')"));
    folder.write(
        "users.ts",
        "import { drizzle } from 'drizzle-orm/node-postgres';\nimport { users } from './schema';\n\
         export const names = () => drizzle().select({ name: users.name }).from(users);\n",
    );
    folder.commit(".", "Show names").git(".", &["tag", "v1"]);
    folder.write("schema.ts", schema("")).write("users.ts", "");
    folder.commit(".", "Forget names").git(".", &["tag", "v2"]);
    folder.journal("drizzle", &[create, ("0001_drop", "ALTER TABLE \"users\" DROP COLUMN \"name\";\n")]);
    folder
}

#[test]
fn lint_prints_what_its_schema_says() {
    let schema = report::lint_schema();
    let report = lint(&example(), &["--all"]);
    check(&schema, &report);
    let findings = report["findings"].as_array().expect("a list");
    assert!(findings.len() > 20, "{}", findings.len());

    let folder = released();
    let report = lint(&folder, &["--deployed", "v1"]);
    check(&schema, &report);
    let findings = report["findings"].as_array().expect("a list");
    let mut related = findings.iter().flat_map(|finding| finding["related"].as_array().expect("a list"));
    assert!(related.any(|place| place["commit"].is_string()), "no line of the deployed code: {report:#}");
    let report = lint(&folder, &["--deployed", "v2"]);
    check(&schema, &report);
    assert!(report["unnoticed"][0]["since"].is_string(), "{report:#}");

    let allowed =
        "-- brolly-allow drop-column: nobody reads it\nALTER TABLE \"users\" DROP COLUMN \"name\";\n";
    folder.write("drizzle/0001_drop.sql", allowed);
    let report = lint(&folder, &["--deployed", "v1"]);
    check(&schema, &report);
    assert_ne!(report["summary"]["accepted"], 0, "{report:#}");
}

#[test]
fn facts_print_what_their_schema_says() {
    let schema = report::facts_schema();
    let of_example = facts(&example(), &[]);
    let folder = released();
    let of_code = facts(&folder, &["--base", "HEAD", "--deployed", "v1"]);
    let unnoticed = facts(&folder, &["--base", "HEAD", "--deployed", "v2"]);
    let statements = [of_example, of_code, unnoticed].concat();
    statements.iter().for_each(|statement| check(&schema, statement));
    let all = |field: &str| -> Vec<&Value> {
        statements.iter().flat_map(|one| one[field].as_array().into_iter().flatten()).collect()
    };
    let fields =
        ["locks", "rewrites", "scans", "may_fail", "breaks_old_app", "breaks_new_app", "unnoticed", "writes"];
    fields.iter().for_each(|field| assert!(!all(field).is_empty(), "nothing in `{field}`"));
    assert!(all("breaks_old_app").iter().any(|one| one["uses"][0]["role"].is_string()), "no uses");
}

#[test]
fn what_differs_is_noticed() {
    let folder = example();
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
