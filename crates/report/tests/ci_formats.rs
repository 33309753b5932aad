//! The formats that CI services read: their shape, and that findings keep their names when lines move.

use report::{RuleDoc, Run, gitlab, junit, markdown, sarif};
use serde_json::Value;
use source::{Diagnostic, Evidence, Group, Label, Remedy, RuleMeta, Severity, SourceFile, Span};

const META: RuleMeta = RuleMeta {
    name: "drop-column",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a column goes away",
};
const DOC: RuleDoc<'static> = RuleDoc { meta: &META, page: "# drop-column\n\nIt is gone.\n" };

/// A finding on the last `"nick"` of a text.
fn finding(text: &str, accepted: Option<&str>) -> Diagnostic {
    let file = SourceFile::new("drizzle/0002 drop.sql", text);
    let at = text.rfind("\"nick\"").unwrap_or(0);
    let label = |text: &str| Label { file: file.clone(), span: Span::new(at, at + 6), text: text.to_owned() };
    Diagnostic {
        rule: "drop-column",
        group: META.group,
        severity: META.severity,
        what: "drops `users.nick` <now> & forever".to_owned(),
        why: vec!["selects fail with 42703".to_owned()],
        remedy: Remedy { text: "Wait.".to_owned(), code: Some("SELECT 1;\n".to_owned()) },
        evidence: Evidence::Predicted,
        primary: label(""),
        secondary: vec![label("here too")],
        migration: Some("0002 drop".to_owned()),
        statement: Some(0),
        relation: Some("public.users".to_owned()),
        accepted: accepted.map(str::to_owned),
    }
}

fn run() -> Run {
    Run {
        version: "0.1.0".to_owned(),
        selection: "all 2 migrations (--all)".to_owned(),
        migrations: vec!["0001_add".to_owned(), "0002 drop".to_owned()],
        postgres: 16,
        fail_on: Some(Severity::Error),
        unnoticed: Vec::new(),
    }
}

const SQL: &str = "ALTER TABLE \"users\" DROP COLUMN \"nick\";\n";

fn log(findings: &[Diagnostic]) -> Value {
    serde_json::from_str(&sarif(findings, &run(), &[DOC])).expect("it is JSON")
}

/// What the schema of SARIF 2.1.0 demands of the parts that are written.
#[test]
fn sarif_has_the_shape_of_its_schema() {
    let log = log(&[finding(SQL, None), finding(SQL, Some("nobody reads it"))]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
    let driver = &run["tool"]["driver"];
    assert_eq!((&driver["name"], &driver["rules"][0]["id"]), (&"brolly".into(), &"drop-column".into()));
    assert_eq!(driver["rules"][0]["help"]["markdown"], DOC.page);
    assert_eq!(driver["rules"][0]["defaultConfiguration"]["level"], "error");
    let results = run["results"].as_array().expect("a list");
    let mut names = Vec::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(driver["rules"][index]["id"], result["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().expect("a level")));
        assert!(result["message"]["text"].is_string());
        for place in [&result["locations"][0], &result["relatedLocations"][0]] {
            let place = &place["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "drizzle/0002%20drop.sql");
            assert_eq!(
                (&place["region"]["startLine"], &place["region"]["startColumn"]),
                (&1.into(), &33.into())
            );
            assert_eq!((&place["region"]["endLine"], &place["region"]["endColumn"]), (&1.into(), &39.into()));
        }
        assert!(result["relatedLocations"][0]["message"]["text"].is_string());
        let prints = result["partialFingerprints"].as_object().expect("an object");
        assert!(!prints.is_empty() && prints.values().all(Value::is_string));
        names.push(prints.values().next().cloned());
    }
    assert_ne!(names[0], names[1]);
    assert_eq!(results[0]["suppressions"], serde_json::json!([]));
    assert_eq!(
        results[1]["suppressions"][0],
        serde_json::json!({ "kind": "inSource", "status": "accepted", "justification": "nobody reads it" })
    );
}

#[test]
fn fingerprints_follow_the_statement_and_not_the_line() {
    let print = |text: &str| {
        let log = log(&[finding(text, None)]);
        log["runs"][0]["results"][0]["partialFingerprints"]["brollyFinding/v1"].clone()
    };
    let first = print(SQL);
    let moved = "SELECT ';';\n-- a comment;\n\nALTER TABLE \"users\"\n  DROP COLUMN /* now */ \"nick\";";
    assert_eq!(print(moved), first);
    let chunks = "SELECT 1\n--> statement-breakpoint\nALTER TABLE \"users\" DROP COLUMN \"nick\"";
    assert_eq!(print(chunks), first);
    assert_ne!(print("ALTER TABLE \"users\" DROP COLUMN IF EXISTS \"nick\";"), first);
}

#[test]
fn gitlab_gets_a_list_with_what_it_asks_for() {
    let list: Value =
        serde_json::from_str(&gitlab(&[finding(SQL, None), finding(SQL, Some("ok"))])).expect("it is JSON");
    for issue in list.as_array().expect("a list") {
        for key in ["description", "check_name", "fingerprint"] {
            assert!(issue[key].is_string(), "{key}");
        }
        assert_eq!(issue["location"]["path"], "drizzle/0002 drop.sql");
        assert_eq!(issue["location"]["lines"]["begin"], 1);
    }
    assert_eq!((&list[0]["severity"], &list[1]["severity"]), (&"critical".into(), &"info".into()));
    assert_ne!(list[0]["fingerprint"], list[1]["fingerprint"]);
    assert_eq!(gitlab(&[]), "[]\n");
}

#[test]
fn junit_is_a_suite_a_migration() {
    let text = junit(&[finding(SQL, None), finding(SQL, Some("ok"))], &run());
    for piece in [
        "<testsuites name=\"brolly\" tests=\"3\" failures=\"1\" errors=\"0\">",
        "<testsuite name=\"0001_add\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">",
        "<testcase classname=\"0001_add\" name=\"no findings\"/>",
        "<testsuite name=\"0002 drop\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\">",
        "<failure type=\"error\" message=\"drops `users.nick` &lt;now&gt; &amp; forever\">",
        "<skipped message=\"accepted: ok\"/>",
    ] {
        assert!(text.contains(piece), "{piece} is not in\n{text}");
    }
}

#[test]
fn markdown_says_the_verdict_first() {
    let text = markdown(&[finding(SQL, Some("nobody reads it")), finding(SQL, None)], &run());
    let expected = "\
### ❌ Can't be rolled out like this: 1 error, 1 accepted in 1 of 2 migrations

All 2 migrations (--all)

#### Breaks the deployed app

<details><summary>❌ drops <code>users.nick</code> &lt;now&gt; &amp; forever <code>drop-column</code> \n\
drizzle/0002 drop.sql:1</summary>

**error**: drops `users.nick` &lt;now&gt; & forever

```sql
ALTER TABLE \"users\" DROP COLUMN \"nick\";
```

- selects fail with 42703

Wait.

```sql
SELECT 1;
```

</details>


<details><summary>Accepted: 1</summary>

- `drop-column` in `drizzle/0002 drop.sql:1`: drops `users.nick` &lt;now&gt; & forever<br>accepted: nobody reads it

</details>

<sub>brolly 0.1.0, for PostgreSQL 16</sub>
";
    assert_eq!(text, expected, "\n{text}");
    assert!(markdown(&[], &run()).starts_with("### ✅ Can be rolled out: no findings in 2 migrations\n"));
}

#[test]
fn markdown_fits_into_a_comment() {
    let note = || Diagnostic { severity: Severity::Info, ..finding(SQL, None) };
    let many = |errors: usize, notes: usize, accepted: usize| {
        let errors = std::iter::repeat_with(|| finding(SQL, None)).take(errors);
        let notes = std::iter::repeat_with(note).take(notes);
        let accepted = std::iter::repeat_with(|| finding(SQL, Some("so"))).take(accepted);
        let text = markdown(&errors.chain(notes).chain(accepted).collect::<Vec<_>>(), &run());
        assert!(text.len() <= 65_000, "{}", text.len());
        assert!(text.starts_with("### ❌"), "the verdict is there");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        (text.matches("<details>").count(), text)
    };
    let (details, text) = many(1, 5, 0);
    assert_eq!(details, 6);
    assert!(!text.contains("Too much"));
    let (details, text) = many(20, 300, 0);
    assert_eq!(details, 20, "errors keep their details");
    assert!(text.contains("- ℹ️ drops `users.nick`") && text.contains("Too much for a comment"));
    let (details, text) = many(400, 0, 0);
    assert_eq!(details, 0);
    assert!(text.contains("- ❌ drops `users.nick`") && text.contains("`brolly lint` shows them."));
    assert!(
        many(10_000, 0, 0).1.ends_with("The rest does not fit into a comment: `brolly lint` shows it.\n")
    );
    assert!(
        many(1, 0, 10_000).1.ends_with("The rest does not fit into a comment: `brolly lint` shows it.\n")
    );
}
