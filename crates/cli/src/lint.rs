//! `brolly lint`: find, choose, analyze, lint, render.

use crate::Outcome;
use crate::args::{FailOn, Format, LintArguments};
use crate::deploys::Deploys;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge, Selected};
use crate::settings_file::SettingsFiles;
use crate::{checks, projects, rules};
use drizzle::{Project, QName};
use facts::{Analysis, Options};
use linter::Weights;
use report::{HumanOptions, RuleDoc, Run, Unnoticed};
use source::{Diagnostic, Group, Severity};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

/// Judges what the arguments name and says it in the format that they ask for.
pub fn lint(
    disk: &Disk,
    wanted: &LintArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let several = found.targets.len() > 1;
    let choice = if wanted.all { Choice::All } else { Choice::New };
    let mut judge = Judge::new(disk, choice, &wanted.choice, env);
    let mut files =
        SettingsFiles::new(disk, wanted.places.settings.as_deref()).with_stats(wanted.stats.as_deref());
    let mut deploys = Deploys::new(disk);
    let mut run = Run { version: env!("CARGO_PKG_VERSION").to_owned(), ..Run::default() };
    let mut ended = errors::CLEAN;
    let mut selections = Vec::new();
    let mut notes = found.notes;
    let mut diagnostics = Vec::new();
    for target in found.targets {
        let dir = target.project.dir.clone();
        let settings = files.of(&target.project)?;
        files.saw(&settings, &target.project);
        let options = wanted.server.options(&settings.settings);
        let fail_on = wanted.fail_on.map_or_else(|| settings.fail_on(), FailOn::severity);
        if selections.is_empty() {
            (run.postgres, run.fail_on) = (options.version.0, fail_on);
        }
        let named = target.named.is_some();
        let mut selected = judge.select(target, &settings)?;
        if !named {
            let differences = judge.schema_differences(&selected)?;
            selected.diagnostics.extend(differences);
        }
        // Files that were named are judged by themselves, and where nothing is new there is no deploy.
        if !named && (selected.about.everything || !selected.sets.is_empty()) {
            selected.diagnostics.extend(deploys.findings(&selected.project));
        }
        let text = &selected.text;
        selections.push(if several { format!("{dir}: {text}") } else { text.clone() });
        run.migrations.extend(selected.judged().map(|migration| migration.tag.clone()));
        notes.extend(selected.codes.notes.iter().cloned());
        let (mut found, unnoticed) = judged(disk, &mut selected, &options, &settings.weights());
        run.unnoticed.extend(unnoticed.into_iter().map(|one| since(&mut judge, &selected, one)));
        deploys.once(&mut found);
        ended = ended.max(code(&found, fail_on));
        diagnostics.extend(found);
    }
    files.finish()?;
    run.selection = selections.join("; ");
    let text = || match wanted.format {
        Format::Json => report::json(&diagnostics, &run),
        Format::Github => report::github(&diagnostics),
        Format::Sarif => report::sarif(&diagnostics, &run, &rule_docs()),
        Format::Gitlab => report::gitlab(&diagnostics),
        Format::Junit => report::junit(&diagnostics, &run),
        Format::Markdown => report::markdown(&diagnostics, &run),
        Format::Human => human(&diagnostics, &run, &selections, wanted.quiet, paper),
    };
    let output = match &wanted.output {
        Some(path) => {
            disk.write_with(path, |out| match wanted.format {
                Format::Json => report::write_json(out, &diagnostics, &run),
                _ => out.write_all(text().as_bytes()),
            })?;
            String::new()
        }
        None => text(),
    };
    if wanted.quiet {
        notes.clear();
    }
    let beside = wanted.output.is_some() || wanted.format == Format::Github;
    if beside && !wanted.quiet {
        notes.extend(selections);
        notes.extend(run.unnoticed.iter().map(Unnoticed::line));
        notes.push(report::summary_line(&diagnostics, &run));
    }
    Ok(Outcome { output, notes, code: ended })
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

/// All findings of one project, in the order in which they are told, and what goes unnoticed.
fn judged(
    disk: &Disk,
    selected: &mut Selected,
    options: &Options,
    weights: &Weights,
) -> (Vec<Diagnostic>, Vec<Unnoticed>) {
    let mut rest = std::mem::take(&mut selected.diagnostics);
    let project = &selected.project;
    rest.extend(checks::snapshots(disk, &selected.as_written, &selected.about));
    let said = Mutex::new(Said { rest: by_migration(rest), found: Vec::new(), unnoticed: Vec::new() });
    // A set is linted while the next one is worked out, and forgotten then: a long history passes
    // through without being held as a whole.
    rayon::scope(|scope| {
        facts::analyze_each(project, &selected.sets, options, &mut |analysis| {
            let said = &said;
            scope.spawn(move |_| {
                let mut found = linter::findings(&analysis, project);
                found.extend(said.lock().unwrap_or_else(PoisonError::into_inner).about(&analysis, project));
                let accepted = linter::accept(found, &analysis, project);
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                said.found.extend(accepted);
                said.unnoticed.extend(report::unnoticed(&analysis));
            });
        });
    });
    let Said { rest, mut found, mut unnoticed } = said.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.extend(rest.into_values().flatten());
    found.retain(|d| d.migration.as_ref().is_none_or(|tag| !selected.left_alone.contains(tag)));
    // Comments count before weights, so that none is called unused for what is switched off.
    found = linter::weigh(found, weights);
    linter::in_order(&mut found, project);
    let place = |tag: &str| project.migrations.iter().position(|migration| migration.tag == tag);
    unnoticed.sort_by_cached_key(|one| place(&one.migration));
    (found, unnoticed)
}

/// Findings that are there, and those of the files that wait for their set.
struct Said {
    /// By tag, so that what has no place in the order of the journal is always told in the same one.
    rest: BTreeMap<Option<String>, Vec<Diagnostic>>,
    found: Vec<Diagnostic>,
    unnoticed: Vec<Unnoticed>,
}

impl Said {
    /// Takes what waits for the migrations of a set.
    fn about(&mut self, analysis: &Analysis, project: &Project) -> Vec<Diagnostic> {
        let indexes = analysis.sets.iter().flat_map(|set| &set.migrations);
        let tags = indexes.filter_map(|index| project.migrations.get(*index)).map(|m| Some(m.tag.clone()));
        tags.filter_map(|tag| self.rest.remove(&tag)).flatten().collect()
    }
}

fn by_migration(found: Vec<Diagnostic>) -> BTreeMap<Option<String>, Vec<Diagnostic>> {
    let mut sorted: BTreeMap<Option<String>, Vec<Diagnostic>> = BTreeMap::new();
    for one in found {
        sorted.entry(one.migration.clone()).or_default().push(one);
    }
    sorted
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
