//! Every file of `cases` is parsed and shown: what each statement became, with the text of every
//! span in place of its numbers. The expected output stands beside it as a snapshot.

use sql::{parse, routine_body};

/// `value` as `{:?}` shows it, with the text that spans cover, and without what is empty.
fn shown(value: &impl std::fmt::Debug, text: &str) -> String {
    const EMPTY: &[&str] = &[
        " columns: [],",
        " functions: [],",
        " literals: [],",
        " types: [],",
        " queries: [],",
        " queries: []",
        " proves_not_null: [],",
        " pins: []",
        " modifiers: [],",
        " dimensions: 0,",
        " set_of: false,",
        " serial: false,",
        " schema: None,",
        " constraints: [],",
        " collation: None,",
        " not_valid: false,",
        " beside: None,",
        " not_enforced: false,",
        " deferrable: false,",
        " qualifier: [],",
        " like: [],",
        " parents: [],",
        " partition: None,",
        " partition_by: None,",
        " of_type: None,",
        " target: None,",
        " reads: [],",
        " opaque_sources: false,",
        " output: [],",
        " filter: None,",
        " sets: [],",
        " inserts_query: false,",
        " value_rows: 0,",
        " on_conflict: None,",
        " locks_rows: false,",
        " limited: false,",
        " alias: None,",
        " only: false,",
        " if_exists: false,",
        " if_not_exists: false,",
        " foreign: false,",
        " uses: Uses { },",
        " persistence: Permanent,",
        " cast: None,",
        " cast: None",
        " uses: Uses {},",
    ];
    let debug = format!("{value:?}");
    let mut out = String::new();
    let mut rest = debug.as_str();
    while let Some((before, after)) = rest.split_once("Span { start: ") {
        let (numbers, behind) = after.split_once(" }").expect("a span ends");
        let (start, end) = numbers.split_once(", end: ").expect("a span has an end");
        let place = start.parse().expect("a number")..end.parse().expect("a number");
        out.push_str(before);
        out.push('«');
        out.push_str(text.get(place).expect("a span lies in the text"));
        out.push('»');
        rest = behind;
    }
    out.push_str(rest);
    for empty in EMPTY {
        out = out.replace(empty, "");
    }
    out
}

fn statements(name: &str, text: &str) {
    let parsed = parse(text, 0);
    let mut out = String::new();
    for statement in &parsed.statements {
        out.push_str(&format!("{}\n    {}\n", statement.span.of(text), shown(&statement.stmt, text)));
    }
    for error in &parsed.errors {
        out.push_str(&format!("ERROR {}\n", shown(error, text)));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "cases", omit_expression => true }, {
        insta::assert_snapshot!(name, out);
    });
}

fn body(name: &str, text: &str) {
    let body = routine_body(text, 0);
    let mut out = String::new();
    for found in &body.statements {
        let statement = &found.statement;
        out.push_str(&format!(
            "{}\n    conditional {:?}, repeated {}, dynamic {}, catches {:?}\n    {}\n",
            statement.span.of(text),
            found.conditional,
            found.repeated,
            found.dynamic,
            found.catches,
            shown(&statement.stmt, text)
        ));
    }
    for (span, reason) in &body.unknown {
        out.push_str(&format!("UNKNOWN {} ({reason})\n", span.of(text)));
    }
    for error in &body.errors {
        out.push_str(&format!("ERROR {}\n", shown(error, text)));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "cases", omit_expression => true }, {
        insta::assert_snapshot!(name, out);
    });
}

#[test]
fn create() {
    statements("create", include_str!("cases/create.sql"));
}

#[test]
fn alter() {
    statements("alter", include_str!("cases/alter.sql"));
}

#[test]
fn objects() {
    statements("objects", include_str!("cases/objects.sql"));
}

#[test]
fn query() {
    statements("query", include_str!("cases/query.sql"));
}

#[test]
fn utility() {
    statements("utility", include_str!("cases/utility.sql"));
}

#[test]
fn drizzle() {
    statements("drizzle", include_str!("cases/drizzle.sql"));
}

#[test]
fn broken() {
    statements("broken", include_str!("cases/broken.sql"));
}

#[test]
fn bodies() {
    body("body", include_str!("cases/body.sql"));
}
