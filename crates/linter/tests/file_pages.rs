//! Runs the blocks of rule pages that are about files instead of migrations: each is a repository of
//! the kind `unsafe`, `safer` or `safe`.
//!
//! A line `# file: path`, or with `//`, starts a file; without one the block is one file, which its
//! language names. A line of `//` or `#` with carets and the name of the rule marks where a finding on
//! the line above starts, and is no part of the file. Those that are marked are all that there are.

use deploy::MemoryFiles;
use linter::{RULES, deploy_findings};
use source::Diagnostic;
use std::collections::BTreeSet;
use std::rc::Rc;

const PAGES: &[&str] = &["migrate-after-deploy", "migrate-in-every-pod"];

struct Block<'a> {
    line: usize,
    kind: &'a str,
    files: Vec<(String, String)>,
    /// Rule, path, line and column of the first caret, from 1.
    marks: Vec<(String, String, u32, u32)>,
}

/// The path of a block's file, unless it says one.
fn path(language: &str) -> &'static str {
    match language {
        "json" => "package.json",
        "yaml" => ".github/workflows/deploy.yml",
        "dockerfile" => "Dockerfile",
        "toml" => "fly.toml",
        "ts" => "src/index.ts",
        other => panic!("no file is a {other}"),
    }
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some((language, kind)) = line.strip_prefix("```").and_then(|info| info.split_once(' ')) else {
            continue;
        };
        let mut block = Block { line: number + 1, kind, files: Vec::new(), marks: Vec::new() };
        let mut count = 0;
        for (_, inner) in lines.by_ref().take_while(|(_, inner)| *inner != "```") {
            let said = inner.trim_start_matches(['/', '#', ' ']);
            if let Some(path) = said.strip_prefix("file: ").filter(|_| said != inner) {
                block.files.push((path.to_owned(), String::new()));
                count = 0;
                continue;
            }
            if block.files.is_empty() {
                block.files.push((path(language).to_owned(), String::new()));
            }
            let (path, text) = block.files.last_mut().expect("there is one");
            match said.split_once("^ ").filter(|_| said.starts_with('^')) {
                Some((_, rule)) => {
                    let column = inner.find('^').unwrap_or(0) as u32 + 1;
                    block.marks.push((rule.to_owned(), path.clone(), count, column));
                }
                None => {
                    text.push_str(inner);
                    text.push('\n');
                    count += 1;
                }
            }
        }
        blocks.push(block);
    }
    blocks
}

fn findings(block: &Block<'_>) -> Vec<Diagnostic> {
    let files = MemoryFiles::new(block.files.iter().cloned());
    deploy_findings(&deploy::missteps(&deploy::repository(Rc::new(files)), ""))
}

#[test]
fn blocks_have_the_findings_that_they_mark() {
    for name in PAGES {
        let page = RULES.iter().find(|rule| rule.meta.name == *name).expect("it is a rule").page;
        let blocks = blocks(page);
        for block in &blocks {
            let found = findings(block);
            let told = |one: &Diagnostic| {
                let file = &one.primary.file;
                let place = file.position(one.primary.span.start);
                (one.rule.to_owned(), file.path.clone(), place.line, place.column)
            };
            let mut places: Vec<_> = found.iter().map(told).collect();
            let mut marks = block.marks.clone();
            places.sort();
            marks.sort();
            assert_eq!(places, marks, "{name}.md:{}: {found:?}", block.line);
            let own = found.iter().any(|one| one.rule == *name);
            assert_eq!(own, block.kind == "unsafe", "{name}.md:{}", block.line);
            for one in found {
                assert!(!one.what.is_empty() && !one.why.is_empty() && !one.remedy.text.is_empty());
            }
        }
        let kinds: BTreeSet<&str> = blocks.iter().map(|block| block.kind).collect();
        assert_eq!(kinds, BTreeSet::from(["safe", "safer", "unsafe"]), "{name}");
    }
}
