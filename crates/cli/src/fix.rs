//! `brolly fix`: the files of a path, as a diff or on the disk.

use crate::Outcome;
use crate::args::FixArguments;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::plan::{Planned, files, planned};
use crate::swap::swap;
use drizzle::{FileChange, Files};
use plan::outline;
use report::HumanOptions;
use similar::TextDiff;
use std::fmt::Write;

/// Shows the changes that make pending migrations safe, or makes them.
pub fn fix(
    disk: &Disk,
    wanted: &FixArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let (all, notes) = planned(disk, &wanted.pending, &wanted.choice, &wanted.server, env)?;
    let mut outcome = Outcome { notes, ..Outcome::default() };
    for one in &all {
        one_set(disk, wanted, one, paper, &mut outcome)?;
    }
    Ok(outcome)
}

fn one_set(
    disk: &Disk,
    wanted: &FixArguments,
    planned: &Planned,
    paper: &HumanOptions,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let plan = &planned.plan;
    if plan.is_empty() || !plan.refused.is_empty() {
        outcome.output.push_str(&report::plan_text(&outline(plan, &[], &planned.rows), paper));
        if !plan.refused.is_empty() {
            outcome.output.push_str("\nnothing was written\n");
            outcome.code = errors::FINDINGS;
        }
        return Ok(());
    }
    if let Some(tag) = planned.deployed.first() {
        outcome.notes.push(format!(
            "{tag} is not new, and databases that have run it would keep what it did: nothing was written\n  `brolly plan {tag}` shows the path that it should have taken"
        ));
        outcome.code = errors::COULD_NOT;
        return Ok(());
    }
    let files = files(disk, planned)?;
    outcome.notes.extend(files.notes);
    if !wanted.write {
        for change in &files.changes {
            outcome.output.push_str(&diff(disk, change, paper.color));
        }
        outcome.notes.push("nothing was written: --write does it".to_owned());
        return Ok(());
    }
    swap(disk, &planned.project.dir, &files.changes)?;
    for change in &files.changes {
        let word = if change.text.is_some() { "wrote" } else { "removed" };
        let _ = writeln!(outcome.output, "{word} {}", change.path);
    }
    for line in next(planned) {
        let _ = writeln!(outcome.output, "{line}");
    }
    Ok(())
}

/// What people do next, a line each.
fn next(planned: &Planned) -> Vec<String> {
    let texts = &planned.plan.texts;
    let mut lines = Vec::new();
    if !texts.backfills.is_empty() {
        let waits = planned.plan.parts.iter().any(|part| part.code_waits);
        let when =
            if waits { "before the new version of the app goes out" } else { "once the migrations have run" };
        lines.push(format!("next: brolly backfill runs the files in backfills/, {when}"));
    }
    if !texts.waiting.is_empty() {
        lines.push(
            "later: `brolly contract` says what of contract/ may go, and makes migrations of it".to_owned(),
        );
    }
    lines
}

/// A change to a file as a unified diff.
fn diff(disk: &Disk, change: &FileChange, color: bool) -> String {
    let old = disk.read(&change.path).map(|bytes| source::decode(&bytes).text).unwrap_or_default();
    let new = change.text.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(old.as_str(), new);
    let from = if old.is_empty() { "/dev/null" } else { &change.path };
    let text = diff.unified_diff().context_radius(3).header(from, &change.path).to_string();
    if !color {
        return text;
    }
    let mut out = String::new();
    for line in text.lines() {
        let paint = match line.as_bytes().first() {
            Some(b'+') => "\x1b[32m",
            Some(b'-') => "\x1b[31m",
            Some(b'@') => "\x1b[36m",
            _ => "",
        };
        let end = if paint.is_empty() { "" } else { "\x1b[0m" };
        let _ = writeln!(out, "{paint}{line}{end}");
    }
    out
}
