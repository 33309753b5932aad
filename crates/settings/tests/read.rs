//! What is read, and what is said about what can't be.

use settings::{Deployed, FailOn, Level, Runner, Settings, read};
use source::SourceFile;

const RULES: &[&str] = &["drop-column", "drop-table", "scan-under-lock"];

fn wrong(text: &str) -> Vec<String> {
    let file = SourceFile::new("brolly.json", text);
    let (_, wrong) = read(&file, RULES);
    let line = |d: &source::Diagnostic| {
        let at = file.position(d.primary.span.start);
        format!("{}:{} {} | {}", at.line, at.column, d.what, d.remedy.text)
    };
    wrong.iter().map(line).collect()
}

#[test]
fn every_key() {
    let text = r#"{
        "$schema": "x", "rules": {"drop-column": "warning", "drop-table": "off"}, "postgres": 17,
        "timeZone": "Europe/Berlin", "appRole": "app", "busyTables": ["orders"],
        "tables": {"public.users": {"rows": 1000}, "orders": {"rows": 5}, "big": {"rows": 1000000}},
        "smallTableRows": 50000, "stats": "brolly.stats.json", "busyWritesPerSecond": 50, "baseline": "0007_x", "ignore": ["drizzle/0001_*"],
        "runner": "outside-transaction", "failOn": "warning"
    }"#;
    let (settings, wrong) = read(&SourceFile::new("brolly.json", text), RULES);
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(settings.stats.as_deref(), Some("brolly.stats.json"));
    assert_eq!(settings.busy_writes_per_second, Some(50));
    assert_eq!(settings.rules["drop-column"], Level::Warning);
    assert_eq!(settings.rules["drop-table"].severity(), None);
    assert_eq!((settings.postgres, settings.time_zone.as_deref()), (Some(17), Some("Europe/Berlin")));
    assert_eq!((settings.runner, settings.fail_on), (Runner::OutsideTransaction, Some(FailOn::Warning)));
    assert_eq!((settings.baseline.as_deref(), settings.ignore.len()), (Some("0007_x"), 1));
    assert!(settings.busy_tables.contains("public.orders"));
    let small = settings.small_tables();
    assert_eq!(small.into_iter().collect::<Vec<_>>(), [("public.users".to_owned(), 1000)]);
    assert_eq!(read(&SourceFile::new("b", "{}"), RULES).0, Settings::default());
}

#[test]
fn the_deployed_versions() {
    let deployed = |text: &str| read(&SourceFile::new("brolly.json", text), RULES).0.deployed;
    let names =
        |names: &[&str]| Some(Deployed::References(names.iter().map(|name| (*name).to_owned()).collect()));
    assert_eq!(deployed(r#"{"deployed": "v2.41"}"#), names(&["v2.41"]));
    assert_eq!(deployed(r#"{"deployed": ["v2.41", "v2.40"]}"#), names(&["v2.41", "v2.40"]));
    assert_eq!(
        deployed(r#"{"deployed": {"command": "./bin/deployed-version"}}"#),
        Some(Deployed::Command("./bin/deployed-version".to_owned()))
    );
    assert_eq!(deployed("{}"), None);
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    for (text, expected) in [
        ("{\n  \"rule\": {}\n}", "2:3 there is no setting `rule` | Did you mean `rules`?"),
        (
            "{\"rules\": {\"drop-colum\": \"off\"}}",
            "1:12 there is no rule `drop-colum` | Did you mean `drop-column`?",
        ),
        (
            "{\"rules\": {\"drop-table\": \"warn\"}}",
            "1:26 `warn` is not one of \"error\", \"warning\", \"info\", \"off\"",
        ),
        ("{\"postgres\": 12}", "1:14 expected a major version of Postgres, 13 to 18, found 12"),
        ("{\"postgres\": \"16\"}", "1:14 expected a major version of Postgres, 13 to 18, found a string"),
        (
            "{\"tables\": {\"a\": {\"row\": 1}}}",
            "1:19 there is no setting of a table `row` | Did you mean `rows`?",
        ),
        ("{\"busyTables\": \"users\"}", "1:16 expected a list of strings, found a string"),
        ("{\"baseline\": null}", "1:14 expected a string, found null"),
        (
            "{\"runner\": \"drizle\"}",
            "1:12 `drizle` is not one of \"drizzle\", \"outside-transaction\", \"brolly\" | Did you mean `drizzle`?",
        ),
        ("{\"failOn\": \"error\", \"failOn\": \"info\"}", "1:21 `failOn` is set twice"),
        ("{\"a\": 1,}", "1:9 this is no JSON: expected a key in double quotes, found `}`"),
        ("", "1:1 this is no JSON: expected a value, found the end of the file"),
        ("[]", "1:1 expected an object of settings, found a list"),
        (
            "{\"deployed\": 2}",
            "1:14 expected a tag, branch or commit, a list of them, or {\"command\": \"..\"}",
        ),
        ("{\"deployed\": []}", "1:14 expected a tag, branch or commit, a list of them"),
        ("{\"deployed\": \" \"}", "1:14 expected a tag, branch or commit, a list of them"),
        ("{\"deployed\": [1]}", "1:15 expected a string, found 1"),
        ("{\"deployed\": {}}", "1:14 expected a tag, branch or commit, a list of them"),
        (
            "{\"deployed\": {\"command\": \"a\", \"comand\": \"b\"}}",
            "1:31 there is no setting of `deployed` `comand` | Did you mean `command`?",
        ),
        ("{\"smallTableRows\": 1.5}", "1:20 expected a whole number, found 1.5"),
    ] {
        let found = wrong(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:?}");
    }
}

#[test]
fn hostile_text_is_no_panic() {
    assert_eq!(wrong(&"[".repeat(1_000_000)).len(), 1);
    assert_eq!(wrong(&"{\"a\":".repeat(100_000)).len(), 1);
    for text in ["\"", "{\"é", "{\"a\\", "{\"\\ud800\": 1}", "{é}", "{\"a\":é}", "1e999", "-"] {
        assert!(!wrong(text).is_empty(), "{text}");
    }
}
