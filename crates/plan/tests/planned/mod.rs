//! Plans of two migrations, the second of which is pending, with apps that declare what the schema holds before and
//! after it.

#![allow(dead_code, reason = "not every test needs everything")]

use catalog::{Catalog, apply};
use drizzle::{MemoryFiles, Project, load_sql_files};
use facts::{App, Options, PendingSet, Version};
use linter::Weights;
use plan::{Plan, Request, plan};
use std::fmt::Write as _;
use std::sync::Arc;

pub fn planned_on(version: u8, schema: &str, migration: &str) -> Plan {
    let files = MemoryFiles::new([("m/0000_base.sql", schema), ("m/0001_next.sql", migration)]);
    let paths = ["m/0000_base.sql".to_owned(), "m/0001_next.sql".to_owned()];
    let (project, found) = load_sql_files(&files, &paths);
    assert_eq!(found.len(), 0, "{found:?}");
    let set =
        PendingSet { migrations: vec![1], old_apps: vec![app(&project, 1)], new_app: Some(app(&project, 2)) };
    let options = Options { version: Version(version), ..Options::default() };
    plan(Request {
        project: &project,
        set: &set,
        options: &options,
        weights: &Weights::default(),
        values: &[],
        keep_dropped: false,
    })
}

pub fn planned(schema: &str, migration: &str) -> Plan {
    planned_on(16, schema, migration)
}

/// The app that declares what the first migrations leave.
pub fn app(project: &Project, migrations: usize) -> Arc<App> {
    let mut catalog = Catalog::new();
    for migration in &project.migrations[..migrations] {
        for chunk in &migration.chunks {
            for statement in sql::parse(chunk.of(&migration.file.text), chunk.start).statements {
                assert_eq!(apply(&mut catalog, &statement.stmt).refusals, [], "{}", migration.file.text);
            }
        }
    }
    Arc::new(App::of_catalog(Arc::new(catalog), migrations.to_string()))
}

/// All that a plan comes to, as one text.
pub fn shown(plan: &Plan) -> String {
    let mut out = String::new();
    for refusal in &plan.refused {
        let _ = writeln!(out, "-- refused by {}: {} ({})", refusal.rule, refusal.why, refusal.what);
    }
    for text in plan.texts.migrations.values() {
        let _ = writeln!(out, "{text}");
    }
    for own in &plan.texts.own {
        let _ = writeln!(out, "-- own file\n{}", own.text);
    }
    for backfill in &plan.texts.backfills {
        let condition = backfill.condition.as_deref().unwrap_or("true");
        let _ =
            writeln!(out, "-- backfill\nUPDATE {} SET {} WHERE {condition};\n", backfill.table, backfill.set);
    }
    for waiting in &plan.texts.waiting {
        let _ = writeln!(out, "-- {:?}\n{}", waiting.phase, waiting.text());
    }
    out
}

#[track_caller]
pub fn has_path(plan: &Plan) -> String {
    let text = shown(plan);
    assert!(plan.path.is_some() && plan.refused.is_empty(), "{text}");
    text
}

#[track_caller]
pub fn is_refused(plan: &Plan, words: &str) {
    assert!(plan.refused.iter().any(|one| one.why.contains(words)), "{}", shown(plan));
}
