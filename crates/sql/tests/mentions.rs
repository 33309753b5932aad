//! What texts that applications send name. Each block of `cases/mentions.txt` is a text and, behind
//! `>`, what it names: one line for each relation, then one for each column.

use sql::{ColumnMention, Mention, Mentions, mentions};

fn relation((schema, name): &(Option<String>, String)) -> String {
    schema.iter().chain([name]).cloned().collect::<Vec<_>>().join(".")
}

/// `filter users|orders.email ?`: one of two relations, or something else.
fn shown(found: &Mentions) -> Vec<String> {
    if !found.parsed {
        return vec!["unparsed".to_owned()];
    }
    let mut lines = Vec::new();
    if !found.statements {
        lines.push("piece".to_owned());
    }
    for Mention { schema, name, role, .. } in &found.relations {
        let role = format!("{role:?}").to_lowercase();
        lines.push(format!("{role} {}", relation(&(schema.clone(), name.clone()))));
    }
    for ColumnMention { candidates, column, role, elsewhere, .. } in &found.columns {
        let role = format!("{role:?}").to_lowercase();
        let relations: Vec<String> = candidates.iter().map(relation).collect();
        let mark = if *elsewhere { " ?" } else { "" };
        lines.push(format!("{role} {}.{}{mark}", relations.join("|"), column.as_deref().unwrap_or("*")));
    }
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    lines
}

/// A span covers the name, or the star, or the row that stands for all columns.
fn check_spans(text: &str, found: &Mentions) {
    let fits = |written: &str, name: &str| {
        written.eq_ignore_ascii_case(name) || written == format!("\"{}\"", name.replace('"', "\"\""))
    };
    for mention in &found.relations {
        let written = mention.span.of(text);
        let last = written.rsplit('.').next().unwrap_or_default().trim();
        assert!(fits(last, &mention.name), "{text}\n{written:?} is no {mention:?}");
    }
    for mention in &found.columns {
        let written = mention.span.of(text);
        let good = mention.column.as_ref().is_none_or(|name| fits(written, name));
        assert!(good && !written.is_empty(), "{text}\n{written:?} is no {mention:?}");
    }
}

#[test]
fn texts_name_relations_and_columns() {
    let cases = include_str!("cases/mentions.txt");
    let mut wrong = Vec::new();
    let mut count = 0;
    for block in cases.split("\n\n") {
        let lines = || block.lines().filter(|line| !line.starts_with('#'));
        let text: Vec<&str> = lines().filter(|line| !line.starts_with("> ")).collect();
        let text = text.join("\n");
        let expected: Vec<&str> = lines().filter_map(|line| line.strip_prefix("> ")).collect();
        if text.trim().is_empty() {
            continue;
        }
        count += 1;
        let found = mentions(&text);
        check_spans(&text, &found);
        let got = shown(&found);
        if got != expected {
            wrong.push(format!("{text}\n> {}", got.join("\n> ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(count >= 60, "only {count} texts");
}

#[test]
fn any_text_ends_soon() {
    let long = |piece: &str, times: usize| piece.repeat(times);
    let joins = format!("SELECT x FROM a {}", long("JOIN b USING (x) ", 3000));
    let nested = format!("SELECT 1 FROM {} t{}", long("a JOIN ", 3000), long(" ON x = 1", 3000));
    let doubled: String =
        (1..60).map(|i| format!(", c{i} AS (SELECT * FROM c{0} a, c{0} b)", i - 1)).collect();
    let texts = [
        joins,
        nested,
        format!("WITH c0 AS (SELECT * FROM users){doubled} SELECT email FROM c59"),
        format!("SELECT {}1 FROM {}z", long("a, ", 20_000), long("t, ", 20_000)),
        format!("SELECT {}1", long("NOT ", 5_000)),
        format!("SELECT 1{}", long(" + 1", 20_000)),
        format!("SELECT 1{}", long(" UNION SELECT a FROM b", 5_000)),
        long("(", 5_000),
        long("a AND ", 5_000),
        format!("{}x{}", long("EXISTS (SELECT 1 FROM a WHERE ", 90), long(")", 90)),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let found = mentions(&text);
        let short: String = text.chars().take(60).collect();
        assert!(start.elapsed().as_secs() < 10, "{short}");
        assert!(found.columns.len() <= text.len() && found.parsed | found.columns.is_empty(), "{short}");
    }
    assert_eq!(mentions(""), Mentions { parsed: true, ..Mentions::default() });
}

proptest::proptest! {
    /// Whatever is sent, spans lie in the text, and nothing is said of what was not read.
    #[test]
    fn spans_lie_in_the_text(text in "([a-z\"$1]{1,3}|[ .,()*=;']|SELECT |FROM |WHERE |JOIN |USING |é|ORDER BY |AS ){0,40}") {
        let found = mentions(&text);
        let spans = found.relations.iter().map(|m| m.span).chain(found.columns.iter().map(|m| m.span));
        for span in spans {
            proptest::prop_assert!(!span.of(&text).is_empty(), "{:?} {:?}", text, found);
        }
        proptest::prop_assert!(found.parsed || found == Mentions::default());
    }
}
