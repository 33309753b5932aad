//! Single-purpose cases as data: how they are written, and what a case means as a project. The test
//! that judges them and the one that runs them on servers share it.
//!
//! # The format of `tests/cases/*.txt`
//!
//! Everything before the first `===` is the base schema, which every case starts from. A case opens
//! with `=== what it is | rules`, where `rules` is the exact list of rules that have a finding at
//! warning or above, in alphabetical order, or `clean`. `[pg=18]` and `[tz=..]` before the bar set the
//! version and the TimeZone. Inside a case:
//!
//! - `-- history` and `-- old-app` open sections that end at `-- pending`: SQL that was deployed before,
//!   and SQL that turns base and history into the schema that the deployed app declares;
//! - `-- file` starts another pending migration.

#![allow(dead_code, reason = "not every test needs everything")]

use drizzle::{MemoryFiles, Project, load_sql_files};
use facts::{Analysis, App, Options, PendingSet, Version, analyze};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The base schema and the cases.
pub fn all() -> (&'static str, Vec<Case<'static>>) {
    let mut parts = include_str!("../cases/hazards.txt").split("\n=== ");
    let base = parts.next().unwrap_or_default();
    (base, parts.map(Case::new).collect())
}

/// A pending set with its history.
pub struct Case<'a> {
    pub title: &'a str,
    pub rules: BTreeSet<&'a str>,
    pub options: Options,
    history: String,
    old_app: String,
    pending: Vec<String>,
}

impl<'a> Case<'a> {
    pub fn new(text: &'a str) -> Case<'a> {
        let (head, body) = text.split_once('\n').unwrap_or((text, ""));
        let (title, rules) = head.split_once(" | ").expect("a case has a bar in its head");
        let rules = rules.split(',').map(str::trim).filter(|rule| *rule != "clean").collect();
        let mut case = Case {
            title,
            rules,
            options: Options::default(),
            history: String::new(),
            old_app: String::new(),
            pending: vec![String::new()],
        };
        for word in title.split(['[', ']']) {
            match word.split_once('=') {
                Some(("pg", version)) => case.options.version = Version(version.parse().expect("a version")),
                Some(("tz", zone)) => case.options.time_zone = zone.to_owned(),
                _ => {}
            }
        }
        let mut section = "-- pending";
        for line in body.lines() {
            let into = match line {
                "-- history" | "-- old-app" | "-- pending" => {
                    section = line;
                    continue;
                }
                "-- file" => {
                    case.pending.push(String::new());
                    continue;
                }
                _ if section == "-- history" => &mut case.history,
                _ if section == "-- old-app" => &mut case.old_app,
                _ => case.pending.last_mut().expect("there is one from the start"),
            };
            into.push_str(line);
            into.push('\n');
        }
        case
    }

    /// The project that the case is, and what is known about its one set on this version.
    pub fn analysis(&self, base: &str, version: Version) -> (Project, Analysis) {
        let mut files = vec![
            ("drizzle/0000_base.sql".to_owned(), base.to_owned()),
            ("drizzle/0001_history.sql".to_owned(), self.history.clone()),
        ];
        for sql in &self.pending {
            files.push((format!("drizzle/{:04}_pending.sql", files.len()), sql.clone()));
        }
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let (project, diagnostics) = load_sql_files(&MemoryFiles::new(files), &paths);
        assert!(diagnostics.is_empty(), "{}: {diagnostics:?}", self.title);
        let old_app = (!self.old_app.is_empty()).then(|| app(&[base, &self.history, &self.old_app]));
        let set = PendingSet {
            migrations: (2..paths.len()).collect(),
            old_apps: old_app.into_iter().collect(),
            new_app: None,
        };
        let options = Options { version, ..self.options.clone() };
        let analysis = analyze(&project, &[set], &options);
        (project, analysis)
    }
}

/// The app that declares what this SQL makes.
fn app(sql: &[&str]) -> Arc<App> {
    let files = sql.iter().enumerate().map(|(n, sql)| (format!("{n}.sql"), (*sql).to_owned()));
    let files: Vec<(String, String)> = files.collect();
    let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
    let (project, _) = load_sql_files(&MemoryFiles::new(files), &paths);
    Arc::new(App::of_catalog(analyze(&project, &[], &Options::default()).end, "the schema of the case"))
}
