//! Runs the blocks of `migrate-after-deploy.md`: each is a `package.json` (`json`) or a GitHub workflow
//! (`yaml`) of the kind `unsafe`, `safer` or `safe`.
//!
//! A line of `//` or `#` with carets marks the finding on the line above, and is no part of the file.
//! Those that are marked are all that there are.

use linter::{RULES, late_migrations};
use source::{Diagnostic, SourceFile};
use std::collections::BTreeSet;

const RULE: &str = "migrate-after-deploy";

struct Block<'a> {
    line: usize,
    language: &'a str,
    kind: &'a str,
    text: String,
    /// Line and column of the first caret, from 1.
    marks: Vec<(u32, u32)>,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some((language, kind)) = line.strip_prefix("```").and_then(|info| info.split_once(' ')) else {
            continue;
        };
        let mut block = Block { line: number + 1, language, kind, text: String::new(), marks: Vec::new() };
        let mut count = 0;
        for (_, inner) in lines.by_ref().take_while(|(_, inner)| *inner != "```") {
            let mark = inner.trim_start_matches(['/', '#', ' ']);
            match mark.starts_with('^') && mark.ends_with(RULE) {
                true => block.marks.push((count, inner.find('^').unwrap_or(0) as u32 + 1)),
                false => {
                    block.text.push_str(inner);
                    block.text.push('\n');
                    count += 1;
                }
            }
        }
        blocks.push(block);
    }
    blocks
}

fn findings(block: &Block<'_>) -> Vec<Diagnostic> {
    let (mut manifests, mut pipelines) = (Vec::new(), Vec::new());
    match block.language {
        "json" => manifests.extend(deploy::manifest(&SourceFile::new("package.json", block.text.as_str()))),
        _ => {
            let file = SourceFile::new(".github/workflows/deploy.yml", block.text.as_str());
            pipelines.extend(deploy::pipeline(&file));
        }
    }
    assert_eq!(manifests.len() + pipelines.len(), 1, "line {} can be read", block.line);
    late_migrations(&deploy::missteps(&manifests, &pipelines))
}

#[test]
fn blocks_have_the_findings_that_they_mark() {
    let page = RULES.iter().find(|rule| rule.meta.name == RULE).expect("it is a rule").page;
    let blocks = blocks(page);
    for block in &blocks {
        let found = findings(block);
        let place = |one: &Diagnostic| one.primary.file.position(one.primary.span.start);
        let places: Vec<(u32, u32)> =
            found.iter().map(place).map(|place| (place.line, place.column)).collect();
        assert_eq!(places, block.marks, "{RULE}.md:{}: {found:?}", block.line);
        assert_eq!(found.is_empty(), block.kind != "unsafe", "{RULE}.md:{}", block.line);
        for one in found {
            assert!(!one.what.is_empty() && !one.why.is_empty() && !one.remedy.text.is_empty());
        }
    }
    let kinds: BTreeSet<&str> = blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, BTreeSet::from(["safe", "safer", "unsafe"]));
}
