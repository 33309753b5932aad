//! Rule pages as data: their fenced blocks, and what a block means as a project. The tests that judge
//! blocks and those that run them on servers share it.
//!
//! # The format
//!
//! A block opens with its language, its kind and optional attributes:
//!
//! | kind | meaning |
//! |---|---|
//! | `sql schema` | the history: what was migrated before, for all blocks up to the next `schema` |
//! | `sql old-app` | the schema that the deployed app declares, where it differs from the history; for the blocks up to the next `schema` |
//! | `sql new-app` | the schema that the app being deployed declares; for the blocks up to the next `schema`, together with the `old-app` or else the history as declared before |
//! | `ts deployed path=src/a.ts` | a file of the deployed app's code; `src/schema.ts` is its schema. `version=v2` where there are several versions; for the blocks up to the next `schema` |
//! | `ts new path=src/a.ts` | the same of the app being deployed |
//! | `sql unsafe` | a pending migration that the page's rule must catch |
//! | `sql safer` | the way to do it: nothing of the page's rule, no error, no warning that it does not announce |
//! | `sql safe` | looks like the hazard and is none: nothing of the page's rule |
//!
//! Attributes: `pg=18` sets the version of Postgres (16 otherwise), `tz=Europe/Berlin` the TimeZone.
//! Blocks of another language, or of none of these kinds, are prose.
//!
//! Inside a block:
//!
//! - `-- migration: 0002_x` starts another file; all files of a block are deployed together.
//! - `-- deploy` starts another deploy: what stands above it is committed and applied by then.
//! - `-- ^^^^ rule-name` under a line says that the rule's finding starts at the first caret.
//! - `-- expect: rule-name, other-rule` says that the next statement has these findings.
//!
//! All errors and warnings must be announced, and those announced must be there. Notes count only
//! where they are announced. Every finding must have its three parts, and SQL that it offers must
//! parse.

#![allow(dead_code, reason = "not every test needs everything")]

use code::{MemoryTree, Request};
use drizzle::{MemoryFiles, Project, load_sql_files};
use facts::{Analysis, App, CodeVersion, Options, PendingSet, Version, analyze};
use std::sync::Arc;

/// A page with its blocks.
pub struct Page {
    pub rule: &'static str,
    pub blocks: Vec<Block>,
}

/// A fenced block that is a migration, with the history that it stands on.
#[derive(Clone)]
pub struct Block {
    pub line: usize,
    pub kind: String,
    pub schema: String,
    pub old_app: Option<String>,
    pub new_app: Option<String>,
    /// Files of the code: version (none for the app to come), path, text.
    pub code: Vec<(Option<String>, String, String)>,
    pub version: u8,
    pub zone: String,
    pub text: String,
}

impl Page {
    pub fn new(rule: &'static str, text: &str) -> Page {
        let mut blocks = Vec::new();
        let (mut schema, mut old_app, mut new_app) = (String::new(), None, None);
        let mut code = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let mut body = String::new();
            for (_, inner) in lines.by_ref().take_while(|(_, inner)| !inner.starts_with("```")) {
                body.push_str(inner);
                body.push('\n');
            }
            let mut words = info.split_whitespace();
            let language = words.next();
            if language == Some("ts") {
                code.extend(code_file(words, body));
                continue;
            }
            if language != Some("sql") {
                continue;
            }
            let Some(kind) = words.next() else { continue };
            let mut block = Block {
                line: number + 1,
                kind: kind.to_owned(),
                schema: schema.clone(),
                old_app: old_app.clone(),
                new_app: new_app.clone(),
                code: code.clone(),
                version: 16,
                zone: "UTC".to_owned(),
                text: body,
            };
            for word in words {
                match word.split_once('=') {
                    Some(("pg", version)) => block.version = version.parse().expect("a version"),
                    Some(("tz", zone)) => block.zone = zone.to_owned(),
                    _ => panic!("{rule}.md:{}: unknown attribute {word}", number + 1),
                }
            }
            match kind {
                "schema" => {
                    (schema, old_app, new_app) = (block.text, None, None);
                    code.clear();
                }
                "old-app" => old_app = Some(block.text),
                "new-app" => new_app = Some(block.text),
                "unsafe" | "safer" | "safe" => blocks.push(block),
                _ => panic!("{rule}.md:{}: unknown kind {kind}", number + 1),
            }
        }
        Page { rule, blocks }
    }
}

impl Block {
    /// The project that the block is, and what is known about its deploys on this version.
    pub fn analysis(&self, version: u8) -> (Project, Analysis) {
        let (files, deploys) = self.files();
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let new_app = self.new_app.as_deref().map(app);
        let declared = self.new_app.as_ref().map(|_| self.schema.as_str());
        let old_app = self.old_app.as_deref().or(declared).map(app);
        let new_app = self.code_at(None).or(new_app);
        let mut versions: Vec<&String> =
            self.code.iter().filter_map(|(version, ..)| version.as_ref()).collect();
        versions.sort();
        versions.dedup();
        let mut deployed: Vec<Arc<App>> =
            versions.into_iter().filter_map(|version| self.code_at(Some(version))).collect();
        if deployed.is_empty() {
            deployed.extend(old_app);
        }
        let memory = MemoryFiles::new(files);
        let (project, diagnostics) = load_sql_files(&memory, &paths);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let sets: Vec<PendingSet> = deploys
            .into_iter()
            .map(|migrations| PendingSet { migrations, old_apps: deployed.clone(), new_app: new_app.clone() })
            .collect();
        let options =
            Options { version: Version(version), time_zone: self.zone.clone(), ..Options::default() };
        let analysis = analyze(&project, &sets, &options);
        (project, analysis)
    }

    /// The app that the code of a version is.
    fn code_at(&self, version: Option<&str>) -> Option<Arc<App>> {
        let files = self.code.iter().filter(|(of, ..)| of.as_deref() == version);
        let files: Vec<_> = files.map(|(_, path, text)| (path.as_str(), text.as_str())).collect();
        if files.is_empty() {
            return None;
        }
        let tree = MemoryTree::new(files);
        let schema = ["src/schema.ts".to_owned()];
        let code = code::read(&tree, &Request { schema: &schema, ..Request::default() });
        let (name, commit) = match version {
            Some(version) => (version, Some("3c1f9a2")),
            None => ("the working tree", None),
        };
        let version = CodeVersion { name: name.to_owned(), commit: commit.map(str::to_owned) };
        Some(Arc::new(App::of_code(&code, None, version, Arc::new(tree))))
    }

    /// The files in order, the history first, and which of them are deployed together.
    pub fn files(&self) -> (Vec<(String, String)>, Vec<Vec<usize>>) {
        let mut files = vec![("drizzle/0000_schema.sql".to_owned(), self.schema.clone())];
        let mut deploys: Vec<Vec<usize>> = Vec::new();
        let mut fresh = true;
        let mut name = None;
        for line in self.text.lines() {
            if line.trim() == "-- deploy" {
                (fresh, name) = (true, None);
                continue;
            }
            if let Some(tag) = line.strip_prefix("-- migration:") {
                name = Some(tag.trim().to_owned());
                files.push((format!("drizzle/{}.sql", tag.trim()), String::new()));
                open(&mut deploys, files.len() - 1, &mut fresh);
                continue;
            }
            if name.is_none() {
                name = Some(format!("{:04}_pending", files.len()));
                files.push((format!("drizzle/{:04}_pending.sql", files.len()), String::new()));
                open(&mut deploys, files.len() - 1, &mut fresh);
            }
            if let Some((_, text)) = files.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        (files, deploys)
    }
}

/// `deployed path=src/a.ts version=v2`; nothing where it is TypeScript of another kind.
fn code_file<'a>(
    mut words: impl Iterator<Item = &'a str>,
    text: String,
) -> Option<(Option<String>, String, String)> {
    let mut version = match words.next()? {
        "deployed" => Some("v2.41".to_owned()),
        "new" => None,
        _ => return None,
    };
    let mut path = "src/schema.ts".to_owned();
    for word in words {
        match word.split_once('=') {
            Some(("path", value)) => path = value.to_owned(),
            Some(("version", value)) => version = Some(value.to_owned()),
            _ => panic!("unknown attribute {word}"),
        }
    }
    Some((version, path, text))
}

fn open(deploys: &mut Vec<Vec<usize>>, file: usize, fresh: &mut bool) {
    match deploys.last_mut() {
        Some(last) if !*fresh => last.push(file),
        _ => deploys.push(vec![file]),
    }
    *fresh = false;
}

/// The app that declares what this SQL makes.
fn app(sql: &str) -> Arc<App> {
    let files = MemoryFiles::new([("app.sql", sql)]);
    let (project, _) = load_sql_files(&files, &["app.sql".to_owned()]);
    let analysis = analyze(&project, &[], &Options::default());
    Arc::new(App::of_catalog(analysis.end.clone(), "the schema of the page"))
}
