//! Every pair of types in `type_changes.txt`, which says what real servers did with it.

use drizzle::{MemoryFiles, load_sql_files};
use facts::{Analysis, Certainty, Facts, Options, PendingSet, analyze};
use std::fmt::Write;

const SERVERS: &str = include_str!("type_changes.txt");

const TYPES: &str = "CREATE TYPE mood AS ENUM ('1', 'sad');
CREATE DOMAIN dplain AS varchar(50);
CREATE DOMAIN dcheck AS text CHECK (VALUE <> 'zz');
CREATE DOMAIN dint AS int;
CREATE DOMAIN dnn AS int NOT NULL;
";

/// One type change, and what the servers did without USING and with it.
struct Case<'a> {
    from: &'a str,
    to: &'a str,
    utc: [&'a str; 2],
    berlin: [&'a str; 2],
}

fn cases() -> Vec<Case<'static>> {
    let mut cases = Vec::new();
    let mut from = "";
    for line in SERVERS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let Some(line) = line.strip_prefix("  ") else {
            from = line;
            continue;
        };
        let (words, targets) = line.split_once(": ").expect("words, then types");
        let words: Vec<&str> = words.split(' ').collect();
        let utc = [words[0], words[1]];
        let berlin = if words.len() == 4 { [words[2], words[3]] } else { utc };
        cases.extend(targets.split("; ").map(|to| Case { from, to, utc, berlin }));
    }
    cases
}

/// Each change is a migration that is rolled back, so that the next one finds the table as it was.
fn judge(cases: &[Case<'_>], using: bool, time_zone: &str) -> Analysis {
    let mut files = MemoryFiles::default();
    let mut tables: Vec<&str> = cases.iter().map(|case| case.from).collect();
    tables.dedup();
    let mut schema = TYPES.to_owned();
    for (n, ty) in tables.iter().enumerate() {
        let _ = writeln!(schema, "CREATE TABLE t{n} (c {ty}); CREATE INDEX ON t{n} (c);");
    }
    files.insert("schema.sql", schema);
    let mut paths = vec!["schema.sql".to_owned()];
    for (n, case) in cases.iter().enumerate() {
        let table = tables.iter().position(|ty| *ty == case.from).expect("every type has a table");
        let using = if using { format!(" USING c::{}", case.to) } else { String::new() };
        let path = format!("change_{n:04}.sql");
        files.insert(&path, format!("ALTER TABLE t{table} ALTER c TYPE {}{using}; ROLLBACK;", case.to));
        paths.push(path);
    }
    let (project, problems) = load_sql_files(&files, &paths);
    assert!(problems.is_empty(), "{problems:?}");
    let set = |n| PendingSet { migrations: vec![n], ..PendingSet::default() };
    let sets: Vec<PendingSet> = (1..paths.len()).map(set).collect();
    analyze(&project, &sets, &Options { time_zone: time_zone.to_owned(), ..Options::default() })
}

/// Whether the facts say what the servers did; a value that was not tried may raise more.
fn agrees(facts: &Facts, servers: &str) -> bool {
    let (what, errors) = servers.split_once('/').unwrap_or((servers, ""));
    let refused = facts.failures.iter().find(|failure| failure.certainty == Certainty::Always);
    let done = match (facts.rewrites.is_empty(), facts.scans.is_empty()) {
        (false, _) => "rewrite",
        (true, false) => "reindex",
        (true, true) => "keep",
    };
    let raised = |error: &str| facts.failures.iter().any(|failure| failure.sqlstate == error);
    facts.unknown.is_empty()
        && refused.map_or(done, |refused| refused.sqlstate) == what
        && errors.split('/').filter(|error| !error.is_empty()).all(raised)
        && (what != "keep" || facts.failures.is_empty())
}

#[test]
fn type_changes_do_what_the_servers_did() {
    let cases = cases();
    assert!(cases.len() > 2000, "{} cases", cases.len());
    let mut wrong = String::new();
    for (using, zone) in [(false, "UTC"), (true, "UTC"), (false, "Europe/Berlin"), (true, "Europe/Berlin")] {
        let analysis = judge(&cases, using, zone);
        let changes: Vec<_> = analysis.steps.iter().filter(|step| step.index == 0).collect();
        assert_eq!(changes.len(), cases.len());
        for (case, step) in cases.iter().zip(changes) {
            let servers = if zone == "UTC" { case.utc } else { case.berlin }[usize::from(using)];
            if !agrees(&step.facts, servers) {
                let Case { from, to, .. } = case;
                let facts = &step.facts;
                let _ = writeln!(
                    wrong,
                    "{from} to {to}, USING {using}, {zone}: servers {servers}; rewrites {}, scans {}, fails {:?}",
                    facts.rewrites.len(),
                    facts.scans.len(),
                    facts.failures.iter().map(|failure| failure.sqlstate).collect::<Vec<_>>(),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
