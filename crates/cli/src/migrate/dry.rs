//! What would run: unit by unit, statement by statement, with the locks that each takes.

use super::gates::said;
use super::judged::Judged;
use super::lines::{place, sql};
use crate::args::RunFormat;
use facts::{Lock, Step};
use report::{MigrateLine, WouldLock, WouldRun, migrate_line};
use runner::units;
use source::shown;
use std::fmt::Write;

/// The units of the pending set, for people or as JSON; there with the target, where it is one of many.
pub fn text(judged: &Judged, format: RunFormat, target: Option<&str>) -> String {
    let (project, analysis) = (&judged.selected.project, &judged.analysis);
    let mut out = String::new();
    let mut tag = "";
    for unit in units(project, analysis, 0) {
        let migration = &project.migrations[unit.migration];
        let needs = said(&judged.needs, unit.migration);
        if format == RunFormat::Json {
            let statements = unit.steps.iter().map(|step| document(*step, judged)).collect();
            let (migration, transaction) = (migration.tag.clone(), !unit.alone);
            let line = MigrateLine::WouldRun { migration, transaction, needs, statements };
            let _ = writeln!(out, "{}", migrate_line(target, &line));
            continue;
        }
        if migration.tag != tag {
            let _ = writeln!(out, "{}", migration.tag);
            for needs in needs {
                let _ = writeln!(out, "  once {needs}");
            }
            tag = &migration.tag;
        }
        if unit.steps.is_empty() {
            continue;
        }
        let _ =
            writeln!(out, "  {}", if unit.alone { "outside of a transaction" } else { "in one transaction" });
        for at in &unit.steps {
            let step = &analysis.steps[*at];
            for (n, line) in sql(*at, analysis).lines().enumerate() {
                let number = if n == 0 { (step.index + 1).to_string() } else { String::new() };
                let _ = writeln!(out, "    {number:>3}  {line}");
            }
            if judged.is_done(*at) {
                let _ = writeln!(out, "         -- done by an earlier run, and not run again");
                continue;
            }
            for line in effects(step) {
                let _ = writeln!(out, "         -- {line}");
            }
        }
    }
    out
}

/// What a statement locks, writes anew, reads, and how it fails.
fn effects(step: &Step) -> Vec<String> {
    let facts = &step.facts;
    let old = |new: &bool| !new;
    let mut lines = Vec::new();
    for lock in facts.locks.iter().filter(|lock| old(&lock.new)) {
        lines.push(format!("{} on {} ({})", lock.mode, shown(&lock.relation), lock.mode.who_waits()));
    }
    lines.extend(
        facts
            .rewrites
            .iter()
            .filter(|one| old(&one.new))
            .map(|one| format!("writes {} anew", shown(&one.relation))),
    );
    lines.extend(
        facts
            .scans
            .iter()
            .filter(|one| old(&one.new))
            .map(|one| format!("reads all of {}", shown(&one.relation))),
    );
    lines.extend(
        facts.failures.iter().map(|failure| format!("fails with {}: {}", failure.sqlstate, failure.when)),
    );
    lines
}

fn document(at: usize, judged: &Judged) -> WouldRun {
    let analysis = &judged.analysis;
    let facts = &analysis.steps[at].facts;
    let lock =
        |lock: &Lock| WouldLock { relation: lock.relation.clone(), mode: lock.mode.words().to_owned() };
    WouldRun {
        place: place(at, analysis),
        sql: sql(at, analysis).to_owned(),
        locks: facts.locks.iter().filter(|lock| !lock.new).map(lock).collect(),
        rewrites: facts.rewrites.iter().filter(|one| !one.new).map(|one| one.relation.clone()).collect(),
        scans: facts.scans.iter().filter(|one| !one.new).map(|one| one.relation.clone()).collect(),
        done: judged.is_done(at),
    }
}
