//! Runs the rule pages: every fenced block of `src/rules/*.md` is a migration that is judged, and the
//! findings must be exactly those that the block says.
//!
//! The format is described in `page/mod.rs`.

#![allow(clippy::disallowed_methods)]

mod page;

use facts::Analysis;
use linter::{RULES, accept, lint};
use page::{Block, Page};
use source::{Diagnostic, Severity, SourceFile};
use std::collections::BTreeSet;

/// The rules whose blocks are files of other kinds: `tests/file_pages.rs` and `tests/schema_page.rs` run them.
const OF_FILES: &[&str] = &["migrate-after-deploy", "migrate-in-every-pod", "schema-without-migration"];

#[test]
fn pages() {
    let only = std::env::var("RULE").ok();
    let mut wrong = Vec::new();
    let mut blocks = 0;
    for rule in RULES.iter().filter(|rule| !OF_FILES.contains(&rule.meta.name)) {
        if only.as_deref().is_some_and(|only| only != rule.meta.name) {
            continue;
        }
        let page = Page::new(rule.meta.name, rule.page);
        wrong.extend(check(&page));
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

fn check(page: &Page) -> Vec<String> {
    let mut wrong = Vec::new();
    for kind in ["unsafe", "safer", "safe"] {
        if !page.blocks.iter().any(|block| block.kind == kind) {
            wrong.push(format!("{}.md has no `sql {kind}` block", page.rule));
        }
    }
    for block in &page.blocks {
        let problems = problems(block, page.rule);
        if !problems.is_empty() {
            let problems = problems.join("\n  ");
            wrong.push(format!("{}.md:{} ({})\n  {problems}", page.rule, block.line, block.kind));
        }
    }
    wrong
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

fn problems(block: &Block, rule: &str) -> Vec<String> {
    let (files, _) = block.files();
    let expected: Vec<Expected> = files.iter().flat_map(|(path, text)| announced(path, text)).collect();
    let (project, analysis) = block.analysis(block.version);
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
        if found.severity > Severity::Info || (found.rule == rule && block.kind != "unsafe") {
            problems.push(format!("not announced: {}", told(found)));
        }
    }
    match block.kind.as_str() {
        "unsafe" if !announced_own => problems.push(format!("{rule} is not among the findings")),
        "safer" => {
            let bad = |found: &&Diagnostic| found.severity == Severity::Error || found.rule == rule;
            problems.extend(found.iter().filter(bad).map(|found| format!("is not safer: {}", told(found))));
        }
        "safe" => {
            let own = found.iter().filter(|found| found.rule == rule);
            problems.extend(own.map(|found| format!("is not safe: {}", told(found))));
        }
        _ => {}
    }
    problems
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
        code: Vec::new(),
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
