//! What the findings of the rule pages say where a page gives the code of the deployed app: their words,
//! the lines that they cite, and how much they weigh.

mod page;

use page::Page;
use source::Diagnostic;
use std::fmt::Write;

#[test]
fn findings_cite_the_deployed_code() {
    let mut out = String::new();
    for rule in linter::RULES {
        for block in Page::new(rule.meta.name, rule.page).blocks.iter().filter(|block| !block.code.is_empty())
        {
            let (project, analysis) = block.analysis(block.version);
            let _ = writeln!(out, "{}.md: {}", rule.meta.name, block.text.trim());
            for finding in linter::lint(&analysis, &project).iter().filter(|one| one.rule == rule.meta.name) {
                tell(finding, &mut out);
            }
            for one in analysis.steps.iter().flat_map(|step| &step.facts.unnoticed) {
                let column = one.column.as_deref().map(|column| format!(".{column}")).unwrap_or_default();
                let _ = writeln!(out, "  unnoticed: {}{column} by {}", one.relation, one.versions.join(", "));
            }
            out.push('\n');
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("deployed", out));
}

fn tell(finding: &Diagnostic, out: &mut String) {
    let _ = writeln!(out, "  {:?}: {}", finding.severity, finding.what);
    for label in &finding.secondary {
        let line = label.file.position(label.span.start).line;
        let text = label.span.of(&label.file.text);
        let _ = writeln!(out, "  {} line {line}, {text:?}: {}", label.file.shown(), label.text);
    }
    for why in &finding.why {
        let _ = writeln!(out, "  why: {why}");
    }
    let _ = writeln!(out, "  do: {}", finding.remedy.text);
}
