//! `brolly lint`: find, check, render.

use crate::Outcome;
use crate::args::{FailOn, Format, LintArguments};
use crate::check::Checks;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge, Selected};
use crate::settings_file::SettingsFiles;
use crate::{projects, rules};
use drizzle::QName;
use report::{HumanOptions, RuleDoc, Run, Unnoticed};
use source::{Diagnostic, Group, Severity};
use std::fmt::Write;
use std::io::Write as _;

/// Judges what the arguments name and says it in the formats that they ask for.
pub fn lint(
    disk: &Disk,
    wanted: &LintArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let verdict = verdict(disk, wanted, env)?;
    for also in &wanted.also {
        // A file is for any reader, and no terminal.
        let plain = HumanOptions { color: false, unicode: false, ..*paper };
        disk.write(&also.file, &verdict.text(also.format, wanted.quiet, &plain))?;
    }
    let output = match &wanted.output {
        Some(path) => {
            disk.write_with(path, |out| match wanted.format {
                Format::Json => report::write_json(out, &verdict.diagnostics, &verdict.run),
                format => out.write_all(verdict.text(format, wanted.quiet, paper).as_bytes()),
            })?;
            String::new()
        }
        None => verdict.text(wanted.format, wanted.quiet, paper),
    };
    let Verdict { diagnostics, run, selections, mut notes, code } = verdict;
    if wanted.quiet {
        notes.clear();
    }
    let beside = wanted.output.is_some() || wanted.format == Format::Github;
    if beside && !wanted.quiet {
        notes.extend(selections);
        notes.extend(run.unnoticed.iter().map(Unnoticed::line));
        notes.push(report::summary_line(&diagnostics, &run));
    }
    Ok(Outcome { output, notes, code })
}

/// What a run found, not yet written down.
pub struct Verdict {
    /// The findings, in order.
    pub diagnostics: Vec<Diagnostic>,
    /// What was run.
    pub run: Run,
    /// What was chosen and why, a line for each project.
    pub selections: Vec<String>,
    /// What was passed over.
    pub notes: Vec<String>,
    /// The exit code.
    pub code: u8,
}

impl Verdict {
    fn text(&self, format: Format, quiet: bool, paper: &HumanOptions) -> String {
        let (diagnostics, run) = (&self.diagnostics, &self.run);
        match format {
            Format::Json => report::json(diagnostics, run),
            Format::Github => report::github(diagnostics),
            Format::Sarif => report::sarif(diagnostics, run, &rule_docs()),
            Format::Gitlab => report::gitlab(diagnostics),
            Format::Junit => report::junit(diagnostics, run),
            Format::Markdown => report::markdown(diagnostics, run),
            Format::Human => human(diagnostics, run, &self.selections, quiet, paper),
        }
    }
}

/// Judges what the arguments name.
pub fn verdict(
    disk: &Disk,
    wanted: &LintArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Verdict, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let several = found.targets.len() > 1;
    let choice = if wanted.all { Choice::All } else { Choice::New };
    let judge = Judge::new(disk, choice, &wanted.choice, env);
    let files =
        SettingsFiles::new(disk, wanted.places.settings.as_deref()).with_stats(wanted.stats.as_deref());
    let mut checks = Checks::new(disk, judge, &wanted.server).with_settings(files);
    let mut run = Run { version: env!("CARGO_PKG_VERSION").to_owned(), ..Run::default() };
    let mut ended = errors::CLEAN;
    let mut selections = Vec::new();
    let mut notes = found.notes;
    let mut diagnostics = Vec::new();
    for target in found.targets {
        let dir = target.project.dir.clone();
        let checked = checks.project(target, &|_| {})?;
        let selected = &checked.selected;
        let fail_on = wanted.fail_on.map_or_else(|| checked.settings.fail_on(), FailOn::severity);
        if selections.is_empty() {
            (run.postgres, run.fail_on) = (checked.options.version.0, fail_on);
        }
        let text = &selected.text;
        selections.push(if several { format!("{dir}: {text}") } else { text.clone() });
        run.migrations.extend(selected.judged().map(|migration| migration.tag.clone()));
        notes.extend(selected.codes.notes.iter().cloned());
        let unnoticed = checked.unnoticed.into_iter();
        run.unnoticed.extend(unnoticed.map(|one| since(&mut checks.judge, selected, one)));
        ended = ended.max(code(&checked.diagnostics, fail_on));
        diagnostics.extend(checked.diagnostics);
    }
    checks.finish()?;
    run.selection = selections.join("; ");
    Ok(Verdict { diagnostics, run, selections, notes, code: ended })
}

/// The rules as formats show them.
fn rule_docs() -> Vec<RuleDoc<'static>> {
    rules::all().into_iter().map(|meta| RuleDoc { meta, page: rules::page(meta.name) }).collect()
}

/// What is taken away and no deployed version notices, with the commit since which none names it.
fn since(judge: &mut Judge<'_>, selected: &Selected, one: Unnoticed) -> Unnoticed {
    let (schema, name) = one.relation.split_once('.').unwrap_or(("public", &one.relation));
    let taken = judge.taken_out(selected, &QName::new(schema, name), one.column.as_deref());
    let since = taken.map(|commit| {
        let day = commit.date.get(..10).unwrap_or(&commit.date);
        format!("{} ({day}, '{}')", commit.short, commit.subject)
    });
    Unnoticed { since, ..one }
}

/// What was chosen, what goes unnoticed, the findings, the numbers; one line where there are none.
fn human(
    diagnostics: &[Diagnostic],
    run: &Run,
    selections: &[String],
    quiet: bool,
    paper: &HumanOptions,
) -> String {
    let mut text = String::new();
    // An edited migration is not judged, but it is one of those that the numbers are about.
    let mut run = run.clone();
    for tag in diagnostics.iter().filter_map(|d| d.migration.as_ref()) {
        if !run.migrations.contains(tag) {
            run.migrations.push(tag.clone());
        }
    }
    let run = &run;
    match (quiet, diagnostics.is_empty()) {
        (true, true) => {}
        (true, false) => text = report::human(diagnostics, run, paper),
        (false, true) => {
            text = selections.join("; ");
            if !run.migrations.is_empty() {
                let _ = write!(text, ": {}", report::summary_line(diagnostics, run));
            }
            text.push('\n');
            text.push_str(&report::unnoticed_lines(run));
        }
        (false, false) => {
            for line in selections {
                let _ = writeln!(text, "{line}");
            }
            let _ = write!(text, "\n{}", report::human(diagnostics, run, paper));
        }
    }
    text
}

fn code(diagnostics: &[Diagnostic], fail_on: Option<Severity>) -> u8 {
    if diagnostics.iter().any(keeps_from_judging) {
        return errors::COULD_NOT;
    }
    match fail_on {
        Some(least) if diagnostics.iter().any(|d| d.accepted.is_none() && d.severity >= least) => {
            errors::FINDINGS
        }
        _ => errors::CLEAN,
    }
}

/// Whether a whole project could not be judged. One unreadable file among others is a finding.
fn keeps_from_judging(diagnostic: &Diagnostic) -> bool {
    diagnostic.group == Group::Input
        && diagnostic.severity == Severity::Error
        && diagnostic.migration.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Arguments, Command};
    use clap::Parser;
    use source::{Evidence, Label, Remedy, SourceFile, Span};

    fn finding(severity: Severity, group: Group, migration: Option<&str>) -> Diagnostic {
        Diagnostic {
            rule: "a-rule",
            group,
            severity,
            what: String::new(),
            why: Vec::new(),
            remedy: Remedy::default(),
            evidence: Evidence::Predicted,
            primary: Label { file: SourceFile::new("a.sql", ""), span: Span::default(), text: String::new() },
            secondary: Vec::new(),
            migration: migration.map(str::to_owned),
            statement: None,
            relation: None,
            accepted: None,
        }
    }

    fn check(fail_on: &str, findings: &[Diagnostic], expected: u8) {
        let parsed = Arguments::try_parse_from(["brolly", "lint", "--fail-on", fail_on]);
        let Ok(Arguments { command: Command::Lint(wanted) }) = parsed else { panic!("these are arguments") };
        let fail_on = wanted.fail_on.and_then(FailOn::severity);
        assert_eq!(code(findings, fail_on), expected, "{fail_on:?}");
    }

    #[test]
    fn exit_codes() {
        let warning = finding(Severity::Warning, Group::Blocks, Some("a"));
        let error = finding(Severity::Error, Group::Input, Some("a"));
        let lost = finding(Severity::Error, Group::Input, None);
        check("error", &[], errors::CLEAN);
        check("error", std::slice::from_ref(&warning), errors::CLEAN);
        let accepted = Diagnostic { accepted: Some("so".to_owned()), ..warning.clone() };
        check("warning", &[accepted], errors::CLEAN);
        check("warning", std::slice::from_ref(&warning), errors::FINDINGS);
        check("info", std::slice::from_ref(&warning), errors::FINDINGS);
        check("error", &[warning, error.clone()], errors::FINDINGS);
        check("never", std::slice::from_ref(&error), errors::CLEAN);
        check("never", &[error, lost], errors::COULD_NOT);
    }
}
