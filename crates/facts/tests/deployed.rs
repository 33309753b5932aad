//! The cases of `deployed.txt`: a migration, the code of each deployed version, and what breaks by which
//! line of it.
//!
//! `## title` begins a case. Its blocks begin with `---`: `--- sql` the migration, `--- v1 src/a.ts` a
//! file of the deployed version v1, `--- new src/a.ts` one of the app to come, `--- snapshot` the columns
//! of tables that only the snapshot of each version has (`table: column type, ..`), `--- expected` what is
//! found. The case `base` holds the history, and the files of every version that has no other of that name.

use code::{MemoryTree, Request, Tree};
use drizzle::{MemoryFiles, load_sql_files};
use facts::{App, Break, CodeVersion, Options, PendingSet, analyze};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

type Blocks = Vec<(String, String)>;

#[test]
fn what_the_deployed_code_decides() {
    let cases = cases(include_str!("deployed.txt"));
    let (_, base) = &cases[0];
    let mut wrong = String::new();
    for (title, blocks) in &cases[1..] {
        let expected = block(blocks, "expected").trim();
        let found = found(base, blocks);
        if found.trim() != expected {
            let _ = writeln!(wrong, "## {title}\nexpected:\n{expected}\nfound:\n{}\n", found.trim());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn cases(text: &str) -> Vec<(String, Blocks)> {
    let mut cases: Vec<(String, Blocks)> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            cases.push((title.to_owned(), Vec::new()));
        } else if let Some((_, blocks)) = cases.last_mut() {
            match (line.strip_prefix("--- "), blocks.last_mut()) {
                (Some(name), _) => blocks.push((name.to_owned(), String::new())),
                (None, Some((_, text))) => text.extend([line, "\n"]),
                (None, None) => {}
            }
        }
    }
    cases
}

fn block<'a>(blocks: &'a Blocks, name: &str) -> &'a str {
    blocks.iter().find(|(other, _)| other == name).map_or("", |(_, text)| text)
}

fn found(base: &Blocks, blocks: &Blocks) -> String {
    let mut versions: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (name, text) in blocks {
        if let Some((version, path)) = name.split_once(' ') {
            versions.entry(version).or_default().insert(path, text);
        }
    }
    let snapshot = snapshot(block(blocks, "snapshot"));
    let app = |version: &str, files: &BTreeMap<&str, &str>| {
        let mut all: BTreeMap<&str, &str> = BTreeMap::new();
        all.extend(base.iter().filter_map(|(name, text)| Some((name.strip_prefix("all ")?, text.as_str()))));
        all.extend(files);
        let tree = MemoryTree::new(all);
        let schema = vec!["src/schema.ts".to_owned()];
        let code = code::read(&tree, &Request { schema: &schema, ..Request::default() });
        let tree: Arc<dyn Tree + Send + Sync> = Arc::new(tree);
        let version = CodeVersion { name: version.to_owned(), commit: Some("3c1f9a2".to_owned()) };
        Arc::new(App::of_code(&code, snapshot.as_ref(), version, tree))
    };
    let new_app = versions.get("new").map(|files| app("new", files));
    let old = versions.iter().filter(|(version, _)| **version != "new");
    let old_apps = old.map(|(version, files)| app(version, files)).collect();
    let files = MemoryFiles::new([("0.sql", block(base, "sql")), ("1.sql", block(blocks, "sql"))]);
    let (project, _) = load_sql_files(&files, &["0.sql".to_owned(), "1.sql".to_owned()]);
    let set = PendingSet { migrations: vec![1], old_apps, new_app };
    let analysis = analyze(&project, &[set], &Options::default());
    let mut out = String::new();
    for step in &analysis.steps {
        let facts = &step.facts;
        facts.breaks_old_app.iter().for_each(|one| tell("breaks", one, &mut out));
        facts.may_break_old_app.iter().for_each(|one| tell("may break", one, &mut out));
        facts.breaks_new_app.iter().for_each(|one| tell("new breaks", one, &mut out));
        for one in &facts.unnoticed {
            let column = one.column.as_deref().map(|column| format!(".{column}")).unwrap_or_default();
            let _ = writeln!(out, "unnoticed {}{column} in {}", one.relation, one.versions.join(", "));
        }
    }
    out
}

fn tell(word: &str, one: &Break, out: &mut String) {
    let column = one.column.as_deref().map(|column| format!(".{column}")).unwrap_or_default();
    let short = |version: &str| version.split(' ').next().unwrap_or_default().to_owned();
    let uses: Vec<String> = one
        .uses
        .iter()
        .map(|cited| {
            let place = &cited.found.place;
            format!("{}:{} {}", place.file, place.line, short(&cited.version))
        })
        .collect();
    let code = one.sqlstate.unwrap_or("in silence");
    let _ = write!(out, "{word} {:?} {}{column} {code}", one.operation, one.relation);
    let _ = match uses.is_empty() {
        true => writeln!(out, ": {}", one.reason),
        false => writeln!(out, " by {}", uses.join(", ")),
    };
}

/// A snapshot in which each line is a table.
fn snapshot(text: &str) -> Option<drizzle::Snapshot> {
    let mut snapshot = drizzle::Snapshot::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (table, columns) = line.split_once(": ").expect("a table and its columns");
        let column = |text: &str| {
            let (name, sql_type) = text.trim().split_once(' ').expect("a name and a type");
            drizzle::Column {
                name: name.to_owned(),
                sql_type: sql_type.to_owned(),
                ..drizzle::Column::default()
            }
        };
        let columns = columns.split(", ").map(column).collect();
        let table = drizzle::QName::new("public", table);
        snapshot.tables.insert(table, drizzle::Table { columns, ..drizzle::Table::default() });
    }
    (!snapshot.tables.is_empty()).then_some(snapshot)
}
