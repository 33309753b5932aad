//! Recipe pages as data: prose, and examples that are planned. The test that compares plans and the one that runs them
//! on servers share it.
//!
//! # The format
//!
//! An example begins with a heading, `### title`, and has fenced blocks:
//!
//! | block | meaning |
//! |---|---|
//! | `sql schema` | what was migrated before; an example without one takes that of the example above it |
//! | `sql migration` | the pending migration as drizzle-kit writes it; `-- migration: 0002_x` starts another file |
//! | `sql old` | statements that the deployed app sends, beside those that Drizzle makes of its schema |
//! | `sql new` | those of the app that is deployed with the migration |
//! | `sql rows` | rows that are there, in the place of generated ones |
//! | `text values` | what `--value` gives, a line each: `users.team='x'` |
//! | `text options` | `--keep-dropped` |
//! | `text plan` | what `brolly plan` says of it |
//!
//! `sql migration pg=18` plans for that version (16 otherwise), and is for no older server. The deployed app declares
//! the schema as it is, the new one the schema as the migration leaves it. Blocks of another kind are prose.

#![allow(dead_code, reason = "not every test needs everything")]

use drizzle::{MemoryFiles, Project, load_sql_files};
use facts::{App, Options, PendingSet, Version, analyze};
use linter::Weights;
use plan::{Plan, Request};
use std::ops::Range;
use std::sync::Arc;

/// The version that plans are made for where an example asks for none.
const USUAL: u8 = 16;

/// One example.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// The recipe whose page it is on.
    pub recipe: &'static str,
    pub title: String,
    pub schema: String,
    pub rows: Option<String>,
    pub migration: String,
    pub old: String,
    pub new: String,
    /// `table.column` and an expression, as `--value` takes them.
    pub values: Vec<(String, String)>,
    /// `--keep-dropped`.
    pub keep_dropped: bool,
    /// The plan that the page shows, and where.
    pub plan: String,
    pub place: Range<usize>,
    /// The version that is asked for.
    pub pg: Option<u8>,
}

/// An example with its plan.
pub struct Planned {
    /// As it is written, the schema first.
    pub project: Project,
    pub set: PendingSet,
    pub options: Options,
    pub plan: Plan,
}

/// The examples of a page.
pub fn examples(recipe: &'static str, page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut block: Option<(&str, usize)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let words = line.trim_end();
        match (block, words.strip_prefix("```")) {
            (None, Some(info)) => block = Some((info, at)),
            (Some((info, from)), Some(_)) => {
                block = None;
                take(&mut found, recipe, info, &page[from..start], from..start);
            }
            (None, None) if words.starts_with("### ") => {
                let schema = found.last().map(|one| one.schema.clone()).unwrap_or_default();
                let title = words.trim_start_matches("### ").to_owned();
                found.push(Example { recipe, title, schema, ..Example::default() });
            }
            _ => {}
        }
    }
    found.retain(|one| !one.migration.is_empty());
    found
}

fn take(found: &mut [Example], recipe: &str, info: &str, text: &str, place: Range<usize>) {
    let mut words = info.split_whitespace();
    let kind = (words.next(), words.next());
    let Some(example) = found.last_mut() else {
        let known = matches!(kind, (Some("sql"), Some(_)) | (Some("text"), Some("plan")));
        assert!(!known, "{recipe}.md: a block `{info}` above the first `### title`");
        return;
    };
    match kind {
        (Some("sql"), Some("schema")) => example.schema = text.to_owned(),
        (Some("sql"), Some("migration")) => {
            example.migration = text.to_owned();
            let version = words.next().and_then(|word| word.strip_prefix("pg="));
            example.pg = version.map(|version| version.parse().expect("a version"));
        }
        (Some("sql"), Some("old")) => example.old = text.to_owned(),
        (Some("sql"), Some("new")) => example.new = text.to_owned(),
        (Some("sql"), Some("rows")) => example.rows = Some(text.to_owned()),
        (Some("text"), Some("plan")) => (example.plan, example.place) = (text.to_owned(), place),
        (Some("text"), Some("options")) => {
            assert_eq!(text.trim(), "--keep-dropped", "{recipe}.md: unknown option");
            example.keep_dropped = true;
        }
        (Some("text"), Some("values")) => {
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            example.values = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        }
        (Some("sql"), Some(kind)) => panic!("{recipe}.md: unknown kind of block `{kind}`"),
        _ => {}
    }
    assert_eq!(words.next(), None, "{recipe}.md: `{info}`");
}

impl Example {
    /// Where it is, for people.
    pub fn label(&self) -> String {
        format!("{}.md, {}", self.recipe, self.title)
    }

    /// The version that the page shows it for.
    pub fn shown_for(&self) -> u8 {
        self.pg.unwrap_or(USUAL)
    }

    /// Its plan for a version.
    pub fn planned(&self, version: u8) -> Planned {
        let mut files = vec![("drizzle/0000_start.sql".to_owned(), self.schema.clone())];
        for line in self.migration.split_inclusive('\n') {
            if let Some(tag) = line.strip_prefix("-- migration:") {
                files.push((format!("drizzle/{}.sql", tag.trim()), String::new()));
                continue;
            }
            if files.len() == 1 {
                files.push(("drizzle/0001_change.sql".to_owned(), String::new()));
            }
            if let Some((_, text)) = files.last_mut() {
                text.push_str(line);
            }
        }
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let (project, wrong) = load_sql_files(&MemoryFiles::new(files), &paths);
        assert!(wrong.is_empty(), "{}: {wrong:?}", self.label());
        let options = Options { version: Version(version), ..Options::default() };
        let mut before = project.clone();
        before.migrations.truncate(1);
        let app = |project: &Project, origin: &str| {
            Arc::new(App::of_catalog(analyze(project, &[], &options).end, origin))
        };
        let set = PendingSet {
            migrations: (1..project.migrations.len()).collect(),
            old_apps: vec![app(&before, "the deployed code")],
            new_app: Some(app(&project, "the new code")),
        };
        let weights = Weights::default();
        let plan = plan::plan(Request {
            project: &project,
            set: &set,
            options: &options,
            weights: &weights,
            values: &self.values,
            keep_dropped: self.keep_dropped,
        });
        Planned { project, set, options, plan }
    }
}
