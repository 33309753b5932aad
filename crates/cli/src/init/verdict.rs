//! What `brolly lint` says right after `init`, in a few lines: what is new here, and what the history
//! would have brought. Nothing of it fails `init`.

use super::around::Around;
use crate::args::LintArguments;
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge;
use crate::lint::{Verdict, verdict as judged};
use crate::projects::Found;
use source::{Diagnostic, Severity};

/// How many findings are listed.
const LISTED: usize = 5;

/// What was judged, and what to do next, in lines.
pub fn verdict(
    disk: &Disk,
    found: &Found,
    around: &Around,
    env: &dyn Fn(&str) -> Option<String>,
) -> (Vec<String>, Vec<String>) {
    let brolly = around.brolly();
    if found.targets.is_empty() {
        let next = vec![format!("make a first migration with drizzle-kit generate, then {brolly} lint")];
        return (Vec::new(), next);
    }
    let everything = lint(disk, true, env);
    let new = match lint(disk, false, env) {
        Ok(new) => new,
        Err(error) => {
            let lines =
                format!("{brolly} lint can't judge yet: {error}").lines().map(str::to_owned).collect();
            return (lines, Vec::new());
        }
    };
    let (mut said, mut next) = (new.selections.clone(), Vec::new());
    if !new.run.migrations.is_empty() || !new.diagnostics.is_empty() {
        said.push(report::summary_line(&new.diagnostics, &new.run));
    }
    let listed = new.diagnostics.iter().filter(|found| found.accepted.is_none()).take(LISTED);
    said.extend(listed.map(|found| format!("  {}", line(found))));
    if !new.diagnostics.is_empty() {
        next.push(format!("{brolly} lint   # these findings, with reasons and cures"));
    }
    // Without git nothing is new or old, so both are the same.
    let outside = disk.repository(".").is_none();
    let history = everything.ok().filter(|all| all.run.migrations.len() > new.run.migrations.len());
    if let Some(all) = history {
        said.push(format!(
            "the whole history: {}; only what is new can fail a run",
            report::summary_line(&all.diagnostics, &all.run)
        ));
        if !all.diagnostics.is_empty() {
            next.push(format!(
                "{brolly} lint --all   # what it says about the migrations that are there already"
            ));
        }
    }
    if let Some(newest) = newest(found).filter(|_| outside && !new.diagnostics.is_empty()) {
        next.push(format!(
            "outside of git every migration is judged: set \"baseline\": \"{newest}\" in brolly.json to leave these alone"
        ));
    }
    if let Some(rule) = new.diagnostics.first().map(|found| found.rule) {
        next.push(format!("{brolly} explain {rule}   # what the first one is about, and the safe way"));
    } else {
        next.push(format!("commit, and after the next `drizzle-kit generate`: {brolly} lint"));
    }
    (said, next)
}

/// What `brolly lint`, or `brolly lint --all`, finds here.
fn lint(disk: &Disk, all: bool, env: &dyn Fn(&str) -> Option<String>) -> Result<Verdict, Error> {
    judged(disk, &LintArguments { all, ..LintArguments::default() }, env)
}

/// A finding as one line.
fn line(found: &Diagnostic) -> String {
    let weight = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    format!("{weight}[{}] {}", found.rule, judge::line(found))
}

/// The newest migration, where there is one project only.
fn newest(found: &Found) -> Option<&str> {
    let [target] = found.targets.as_slice() else { return None };
    Some(target.project.migrations.last()?.tag.as_str())
}
