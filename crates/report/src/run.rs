//! What was run, and how it came out in numbers.

use crate::unnoticed::Unnoticed;
use source::{Diagnostic, Severity};
use std::collections::BTreeSet;

/// What every format says about the run beside its findings.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Version of the tool.
    pub version: String,
    /// Which migrations were chosen and why, as one line.
    pub selection: String,
    /// Tags of the migrations that were judged, in order.
    pub migrations: Vec<String>,
    /// Major version of Postgres that they were judged for.
    pub postgres: u8,
    /// The weight from which a finding fails the run; `None` where none does.
    pub fail_on: Option<Severity>,
    /// What the judged migrations take away and no deployed version notices.
    pub unnoticed: Vec<Unnoticed>,
}

/// Findings by weight, those that a comment accepts apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes, which never fail a run.
    pub notes: usize,
    /// Accepted ones, whatever they would weigh.
    pub accepted: usize,
    /// Different migrations with at least one finding.
    pub migrations: usize,
}

/// Counts findings by weight.
pub fn counts(diagnostics: &[Diagnostic]) -> Counts {
    let open = || diagnostics.iter().filter(|d| d.accepted.is_none());
    let of = |severity: Severity| open().filter(|d| d.severity == severity).count();
    let touched: BTreeSet<&str> = diagnostics.iter().filter_map(|d| d.migration.as_deref()).collect();
    Counts {
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        notes: of(Severity::Info),
        accepted: diagnostics.len() - open().count(),
        migrations: touched.len(),
    }
}

/// The numbers as one sentence: `2 errors, 1 warning in 1 of 3 migrations`.
pub fn summary_line(diagnostics: &[Diagnostic], run: &Run) -> String {
    let counts = counts(diagnostics);
    let judged = run.migrations.len();
    let parts: Vec<String> = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.notes, "note")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| plural(count, word))
        .chain((counts.accepted > 0).then(|| format!("{} accepted", counts.accepted)))
        .collect();
    if parts.is_empty() {
        return format!("no findings in {}", plural(judged, "migration"));
    }
    match counts.migrations {
        0 => parts.join(", "),
        touched => format!("{} in {touched} of {}", parts.join(", "), plural(judged, "migration")),
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_is_one_line() {
        let run = Run { migrations: vec!["0000_init".to_owned()], ..Run::default() };
        assert_eq!(summary_line(&[], &run), "no findings in 1 migration");
    }
}
