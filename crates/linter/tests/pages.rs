//! Runs the rule pages: every fenced block of `src/rules/*.md` is a migration that is judged, and the
//! findings must be exactly those that the block says.
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

#![allow(clippy::disallowed_methods)]

use drizzle::{MemoryFiles, load_sql_files};
use facts::{Analysis, App, Options, PendingSet, Version, analyze};
use linter::{RULES, accept, lint};
use source::{Diagnostic, Severity, SourceFile};
use std::collections::BTreeSet;
use std::sync::Arc;

#[test]
fn pages() {
    let only = std::env::var("RULE").ok();
    let mut wrong = Vec::new();
    let mut blocks = 0;
    for rule in RULES {
        if only.as_deref().is_some_and(|only| only != rule.meta.name) {
            continue;
        }
        let page = Page::new(rule.meta.name, rule.page);
        wrong.extend(page.check());
        blocks += page.blocks.len();
    }
    assert!(wrong.is_empty(), "{} of {blocks} blocks:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn folder_and_list_agree() {
    let names: Vec<&str> = RULES.iter().map(|rule| rule.meta.name).collect();
    assert!(names.is_sorted(), "RULES is sorted by name");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder of rules")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let mut expected = BTreeSet::new();
    for name in &names {
        expected.insert(format!("{name}.md"));
        expected.insert(format!("{}.rs", name.replace('-', "_")));
    }
    assert_eq!(files, expected);
    for rule in RULES {
        assert!(rule.page.starts_with(&format!("# {}\n", rule.meta.name)), "{}", rule.meta.name);
        assert!(!rule.meta.summary.ends_with('.'), "{}", rule.meta.name);
        assert!(linter::rule(rule.meta.name).is_some());
    }
}

#[test]
fn rules_stay_short() {
    for rule in RULES {
        let name = rule.meta.name.replace('-', "_");
        let path = format!("{}/src/rules/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let lines = std::fs::read_to_string(&path).expect("the rule").lines().count();
        assert!(lines <= 150, "{path} has {lines} lines");
    }
}

struct Page {
    rule: &'static str,
    blocks: Vec<Block>,
}

#[derive(Clone)]
struct Block {
    line: usize,
    kind: String,
    schema: String,
    old_app: Option<String>,
    new_app: Option<String>,
    version: u8,
    zone: String,
    text: String,
}

impl Page {
    fn new(rule: &'static str, text: &str) -> Page {
        let mut blocks = Vec::new();
        let (mut schema, mut old_app, mut new_app) = (String::new(), None, None);
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let mut body = String::new();
            for (_, inner) in lines.by_ref().take_while(|(_, inner)| !inner.starts_with("```")) {
                body.push_str(inner);
                body.push('\n');
            }
            let mut words = info.split_whitespace();
            if words.next() != Some("sql") {
                continue;
            }
            let Some(kind) = words.next() else { continue };
            let mut block = Block {
                line: number + 1,
                kind: kind.to_owned(),
                schema: schema.clone(),
                old_app: old_app.clone(),
                new_app: new_app.clone(),
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
                "schema" => (schema, old_app, new_app) = (block.text, None, None),
                "old-app" => old_app = Some(block.text),
                "new-app" => new_app = Some(block.text),
                "unsafe" | "safer" | "safe" => blocks.push(block),
                _ => panic!("{rule}.md:{}: unknown kind {kind}", number + 1),
            }
        }
        Page { rule, blocks }
    }

    fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for kind in ["unsafe", "safer", "safe"] {
            if !self.blocks.iter().any(|block| block.kind == kind) {
                wrong.push(format!("{}.md has no `sql {kind}` block", self.rule));
            }
        }
        for block in &self.blocks {
            let problems = block.problems(self.rule);
            if !problems.is_empty() {
                let problems = problems.join("\n  ");
                wrong.push(format!("{}.md:{} ({})\n  {problems}", self.rule, block.line, block.kind));
            }
        }
        wrong
    }
}

/// What a block says about a finding: the file, the place, the rule.
#[derive(Debug)]
struct Expected {
    tag: String,
    /// Place of the first caret, or of the end of the `expect` line.
    at: u32,
    caret: bool,
    rule: String,
}

impl Block {
    fn problems(&self, rule: &str) -> Vec<String> {
        let (files, deploys) = self.files();
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let expected: Vec<Expected> = files.iter().flat_map(|(path, text)| announced(path, text)).collect();
        let new_app = self.new_app.as_deref().map(app);
        let declared = self.new_app.as_ref().map(|_| self.schema.as_str());
        let old_app = self.old_app.as_deref().or(declared).map(app);
        let memory = MemoryFiles::new(files);
        let (project, diagnostics) = load_sql_files(&memory, &paths);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let sets: Vec<PendingSet> = deploys
            .into_iter()
            .map(|migrations| PendingSet { migrations, old_app: old_app.clone(), new_app: new_app.clone() })
            .collect();
        let options =
            Options { version: Version(self.version), time_zone: self.zone.clone(), ..Options::default() };
        let analysis = analyze(&project, &sets, &options);
        let mut found = accept(lint(&analysis, &project), &analysis, &project);
        found.retain(|found| found.accepted.is_none());

        let mut problems: Vec<String> = found.iter().flat_map(lacking).collect();
        let mut left: Vec<&Diagnostic> = found.iter().collect();
        for one in expected {
            match left.iter().position(|found| meets(&one, found, &analysis)) {
                Some(at) => {
                    left.remove(at);
                }
                None => problems.push(format!("missing: {} in {} at byte {}", one.rule, one.tag, one.at)),
            }
        }
        let announced_own = found.len() > left.len()
            && found
                .iter()
                .any(|found| found.rule == rule && !left.iter().any(|left| std::ptr::eq(*left, found)));
        for found in &left {
            if found.severity > Severity::Info || (found.rule == rule && self.kind != "unsafe") {
                problems.push(format!("not announced: {}", told(found)));
            }
        }
        match self.kind.as_str() {
            "unsafe" if !announced_own => problems.push(format!("{rule} is not among the findings")),
            "safer" => {
                let bad = |found: &&Diagnostic| found.severity == Severity::Error || found.rule == rule;
                problems
                    .extend(found.iter().filter(bad).map(|found| format!("is not safer: {}", told(found))));
            }
            "safe" => {
                let own = found.iter().filter(|found| found.rule == rule);
                problems.extend(own.map(|found| format!("is not safe: {}", told(found))));
            }
            _ => {}
        }
        problems
    }

    /// The files in order, the history first, and which of them are deployed together.
    fn files(&self) -> (Vec<(String, String)>, Vec<Vec<usize>>) {
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
    Arc::new(App::of_catalog(&analysis.end, "the schema of the page"))
}

fn announced(path: &str, text: &str) -> Vec<Expected> {
    let tag = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".sql").to_owned();
    let mut all = Vec::new();
    let (mut at, mut above) = (0, 0);
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        if let Some(rules) = words.strip_prefix("-- expect:") {
            let at = (at + line.len()) as u32;
            all.extend(rules.split(',').map(|rule| Expected {
                tag: tag.clone(),
                at,
                caret: false,
                rule: rule.trim().to_owned(),
            }));
        } else if let Some(marks) =
            words.strip_prefix("--").map(str::trim).filter(|marks| marks.starts_with('^'))
        {
            let column = line.find('^').unwrap_or(0);
            let rule = marks.trim_start_matches('^').trim().to_owned();
            all.push(Expected { tag: tag.clone(), at: (above + column) as u32, caret: true, rule });
            at += line.len();
            continue;
        } else {
            above = at;
        }
        at += line.len();
    }
    all
}

fn meets(expected: &Expected, found: &Diagnostic, analysis: &Analysis) -> bool {
    if found.rule != expected.rule || found.migration.as_deref() != Some(&expected.tag) {
        return false;
    }
    if expected.caret {
        return found.primary.span.start == expected.at;
    }
    let next = analysis
        .steps
        .iter()
        .filter(|step| step.tag == expected.tag && step.span.start >= expected.at)
        .min_by_key(|step| step.span.start);
    next.is_some_and(|step| Some(step.index) == found.statement)
}

/// What a finding lacks of what every finding must have.
fn lacking(found: &Diagnostic) -> Vec<String> {
    let mut lacking = Vec::new();
    if found.what.is_empty() || found.why.iter().any(String::is_empty) || found.why.is_empty() {
        lacking.push(format!("{} does not say what and why", found.rule));
    }
    if found.remedy.text.is_empty() {
        lacking.push(format!("{} offers no remedy", found.rule));
    }
    if found.primary.span.of(&found.primary.file.text).is_empty() && found.rule != "syntax-error" {
        lacking.push(format!("{} has no place", found.rule));
    }
    if let Some(code) = &found.remedy.code {
        let parsed = sql::parse(code, 0);
        for error in parsed.errors {
            lacking.push(format!("{} offers SQL that does not parse: {}\n{code}", found.rule, error.message));
        }
    }
    lacking
}

fn told(found: &Diagnostic) -> String {
    let at = found.primary.file.position(found.primary.span.start);
    let text = found.primary.span.of(&found.primary.file.text);
    let place = format!("{}:{}:{}", found.migration.as_deref().unwrap_or("-"), at.line, at.column);
    format!("{} {:?} at {place} on {text:?}: {}", found.rule, found.severity, found.what)
}

#[test]
fn the_format_is_read_as_described() {
    let block = Block {
        line: 1,
        kind: "unsafe".to_owned(),
        schema: String::new(),
        old_app: None,
        new_app: None,
        version: 16,
        zone: "UTC".to_owned(),
        text: "SELECT 1;\n-- ^ one\n-- expect: two, three\nSELECT 2;\n-- deploy\n-- migration: 0009_x\nSELECT 3;\n".to_owned(),
    };
    let (files, deploys) = block.files();
    assert_eq!(deploys, [vec![1], vec![2]]);
    assert_eq!(files[2].0, "drizzle/0009_x.sql");
    let expected = announced(&files[1].0, &files[1].1);
    let seen: Vec<_> = expected.iter().map(|one| (one.rule.as_str(), one.at, one.caret)).collect();
    assert_eq!(seen, [("one", 3, true), ("two", 41, false), ("three", 41, false)]);
    let file = SourceFile::new("x", files[1].1.clone());
    assert_eq!(file.position(41).line, 4);
}
