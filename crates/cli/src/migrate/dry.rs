//! What would run: unit by unit, statement by statement, with the locks that each takes.

use super::lines::{place, sql};
use crate::args::RunFormat;
use drizzle::Project;
use facts::{Analysis, Step};
use runner::units;
use serde_json::json;
use std::fmt::Write;

/// The units of the pending set, for people or as JSON.
pub fn text(project: &Project, analysis: &Analysis, format: RunFormat) -> String {
    let mut out = String::new();
    let mut tag = "";
    for unit in units(project, analysis, 0) {
        let migration = &project.migrations[unit.migration];
        if format == RunFormat::Json {
            let statements: Vec<_> = unit.steps.iter().map(|step| document(*step, analysis)).collect();
            let line = json!({
                "event": "would_run", "migration": migration.tag, "transaction": !unit.alone, "statements": statements,
            });
            let _ = writeln!(out, "{line}");
            continue;
        }
        if migration.tag != tag {
            let _ = writeln!(out, "{}", migration.tag);
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
    let shown = |relation: &str| relation.strip_prefix("public.").unwrap_or(relation).to_owned();
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

fn document(at: usize, analysis: &Analysis) -> serde_json::Value {
    let step = &analysis.steps[at];
    let locks = step.facts.locks.iter().filter(|lock| !lock.new);
    let locks: Vec<_> =
        locks.map(|lock| json!({ "relation": lock.relation, "mode": lock.mode.words() })).collect();
    let of = |relations: Vec<&String>| json!(relations);
    json!({
        "place": place(at, analysis),
        "sql": sql(at, analysis),
        "locks": locks,
        "rewrites": of(step.facts.rewrites.iter().filter(|one| !one.new).map(|one| &one.relation).collect()),
        "scans": of(step.facts.scans.iter().filter(|one| !one.new).map(|one| &one.relation).collect()),
    })
}
