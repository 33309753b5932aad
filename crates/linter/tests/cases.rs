//! Judges single-purpose migrations on one base schema: each hazard by itself, and what only looks like
//! one. The format is described in `case/mod.rs`.

mod case;

use case::Case;
use linter::lint;
use source::Severity;
use std::collections::BTreeSet;

#[test]
fn cases() {
    let (base, cases) = case::all();
    let harmless = cases.iter().filter(|case| case.rules.is_empty()).count();
    let hazards = cases.len() - harmless;
    assert!(hazards >= 58 && harmless >= 30, "{hazards} hazards, {harmless} harmless");
    let wrong: Vec<String> = cases.iter().filter_map(|case| problem(case, base)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

fn problem(case: &Case<'_>, base: &str) -> Option<String> {
    let (project, analysis) = case.analysis(base, case.options.version);
    let found = lint(&analysis, &project);
    let loud: Vec<_> = found.iter().filter(|found| found.severity > Severity::Info).collect();
    let rules: BTreeSet<&str> = loud.iter().map(|found| found.rule).collect();
    if rules == case.rules {
        return None;
    }
    let told: Vec<String> = loud.iter().map(|found| format!("  {}: {}", found.rule, found.what)).collect();
    Some(format!("{}\n  expected {:?}\n{}", case.title, case.rules, told.join("\n")))
}
