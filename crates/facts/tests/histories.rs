//! Every file of `cases` is a small history; what is known about each of its statements stands
//! beside it as a snapshot.
//!
//! `-- migration: TAG` begins a migration. `-- together` before one puts it into the pending set of
//! the migration before it; otherwise each is deployed on its own, and the old app is the schema
//! that it meets. `-- pg: N` in the first lines chooses the version, `-- runner: brolly` who runs them.

use drizzle::{MemoryFiles, load_sql_files};
use facts::{Analysis, Options, PendingSet, Runner, Step, Version, analyze};
use std::fmt::Write;

fn history(text: &str) -> Analysis {
    let pg = text
        .lines()
        .find_map(|line| line.strip_prefix("-- pg: "))
        .map_or(16, |n| n.parse().expect("a version"));
    let mut files = MemoryFiles::default();
    let (mut paths, mut sets): (Vec<String>, Vec<PendingSet>) = (Vec::new(), Vec::new());
    for part in text.split("-- migration: ").skip(1) {
        let (tag, sql) = part.split_once('\n').expect("a tag has a line of its own");
        let together = text.contains(&format!("-- together\n-- migration: {tag}\n"));
        let path = format!("{tag}.sql");
        files.insert(&path, sql.replace("-- together\n", ""));
        match sets.last_mut().filter(|_| together) {
            Some(set) => set.migrations.push(paths.len()),
            None => sets.push(PendingSet { migrations: vec![paths.len()], ..PendingSet::default() }),
        }
        paths.push(path);
    }
    let (project, problems) = load_sql_files(&files, &paths);
    assert!(problems.is_empty(), "{problems:?}");
    let runner = if text.starts_with("-- runner: brolly") { Runner::Brolly } else { Runner::Drizzle };
    analyze(&project, &sets, &Options { version: Version(pg), runner, ..Options::default() })
}

fn shown(step: &Step) -> String {
    let mut out = String::new();
    let sql = step.span.of(&step.file.text).split_whitespace().collect::<Vec<_>>().join(" ");
    let transaction = step.transaction.map_or("alone".to_owned(), |n| format!("in transaction {n}"));
    let _ = writeln!(
        out,
        "{} {} {transaction}: {}",
        step.tag,
        step.index,
        sql.chars().take(110).collect::<String>()
    );
    let maybe = |conditional: bool| if conditional { ", perhaps" } else { "" };
    let new = |new: bool| if new { ", new" } else { "" };
    for lock in &step.facts.locks {
        let _ = writeln!(
            out,
            "    lock {} {:?}{}{}",
            lock.relation,
            lock.mode,
            new(lock.new),
            maybe(lock.conditional)
        );
    }
    for cost in &step.facts.rewrites {
        let _ = writeln!(
            out,
            "    rewrite {} {:?}{}{}",
            cost.relation,
            cost.cause,
            new(cost.new),
            maybe(cost.conditional)
        );
    }
    for cost in &step.facts.scans {
        let _ = writeln!(
            out,
            "    scan {} {:?}{}{}",
            cost.relation,
            cost.cause,
            new(cost.new),
            maybe(cost.conditional)
        );
    }
    for failure in &step.facts.failures {
        let _ = writeln!(out, "    fails {} {:?}: {}", failure.sqlstate, failure.certainty, failure.when);
    }
    for found in &step.facts.breaks_old_app {
        let code = found.sqlstate.unwrap_or("in silence");
        let _ = writeln!(out, "    breaks old {:?} {code}: {}", found.operation, found.reason);
    }
    for found in &step.facts.may_break_old_app {
        let code = found.sqlstate.unwrap_or("in silence");
        let _ = writeln!(out, "    may break old {:?} {code}: {}", found.operation, found.reason);
    }
    for write in &step.facts.writes {
        let whole = if write.whole { " all rows of" } else { "" };
        let _ = writeln!(out, "    writes{whole} {} {:?}{}", write.relation, write.operation, new(write.new));
    }
    for why in &step.facts.unknown {
        let _ = writeln!(out, "    unknown: {why}");
    }
    out
}

fn check(name: &str, text: &str) {
    let analysis = history(text);
    let shown: String = analysis.steps.iter().map(shown).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("cases");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

macro_rules! cases {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name), include_str!(concat!("cases/", stringify!($name), ".sql")));
        }
    )*};
}

cases! { transactions code not_null enums old_app renames relations versions outside apart }
