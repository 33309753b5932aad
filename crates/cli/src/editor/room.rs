//! A repository (or a folder outside of any) with files open in an editor: its checks, and what they found.

use super::schema;
use crate::args::{self, Places, Server};
use crate::check::{Checked, Checks};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Choice, Judge};
use crate::projects::{self, Target};
use crate::settings_file::SettingsFiles;
use drizzle::{Files, Project};
use facts::{Analysis, Step};
use lsp::{Action, ActionKind, Edit, Texts, Told};
use source::{Diagnostic, Severity, Span};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The settings say what server migrations are for.
static SERVER: Server = Server { pg: None, time_zone: None };

/// One folder.
pub struct Room {
    root: PathBuf,
    disk: &'static Disk,
    choice: args::Choice,
    /// What was asked of the disk and of git, until something there changes.
    checks: Option<Checks<'static>>,
    /// The findings of the last check.
    findings: Vec<Diagnostic>,
    /// What is known of the pending sets of the last check.
    analyses: Vec<Analysis>,
}

/// What a check comes to.
#[derive(Default)]
struct Judged {
    findings: Vec<Diagnostic>,
    analyses: Vec<Analysis>,
    notes: Vec<String>,
}

/// Whether findings may depend on a file.
pub fn matters(path: &Path) -> bool {
    let name = path.to_string_lossy();
    is_sql(path) || crate::versions::is_code(&name) || name.ends_with(".json")
}

/// Whether a file is SQL, by its name.
pub fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

impl Room {
    /// Nothing is checked yet.
    pub fn new(root: &Path, choice: &args::Choice) -> Room {
        // It is there as long as the program runs, and so is what borrows it.
        let disk: &'static Disk = Box::leak(Box::new(Disk::new(root)));
        let (base, deployed) = (choice.base.clone(), choice.deployed.clone());
        let choice = args::Choice { base, deployed, ..*choice };
        let (findings, analyses) = (Vec::new(), Vec::new());
        Room { root: root.to_owned(), disk, choice, checks: None, findings, analyses }
    }

    /// Forgets what was asked of the disk and of git.
    pub fn look_again(&mut self) {
        self.checks = None;
    }

    /// Judges the folder with these texts.
    pub fn check(&mut self, texts: &Texts) -> Told {
        self.read(texts);
        let root = self.root.clone();
        match self.judged(texts) {
            Ok(judged) => {
                (self.findings, self.analyses) = (judged.findings, judged.analyses);
                Told { root, findings: Some(self.findings.clone()), notes: judged.notes }
            }
            // There is nothing to judge, and most repositories are of that kind.
            Err(error @ Error::NoProject { .. }) => {
                (self.findings, self.analyses) = (Vec::new(), Vec::new());
                Told { root, findings: Some(Vec::new()), notes: vec![error.to_string()] }
            }
            // What is broken now, settings say, was whole before and will be: nothing flickers meanwhile.
            Err(error) => Told { root, findings: None, notes: vec![error.to_string()] },
        }
    }

    /// What is known of the statement at a byte of a migration.
    pub fn statement(&mut self, path: &Path, at: u32) -> Option<String> {
        let path = self.inside(path)?;
        if let Some(text) = described(&self.analyses, &path, at) {
            return Some(text);
        }
        // One that is not judged now is asked about by its name.
        let found = projects::find(self.disk, &Places::default()).ok()?;
        let has = |target: &Target| target.project.migrations.iter().any(|it| it.sql_path == path);
        let target = found.targets.into_iter().find(has)?;
        let analyses = Mutex::new(Vec::new());
        let target = Target { named: Some([path.clone()].into()), ..target };
        self.checks().project(target, &|analysis| push(&analyses, analysis)).ok()?;
        described(&analyses.into_inner().unwrap_or_else(PoisonError::into_inner), &path, at)
    }

    /// What can be done about the findings that touch a span of a migration.
    pub fn actions(&mut self, texts: &Texts, path: &Path, at: Span) -> Vec<Action> {
        let Some(inside) = self.inside(path) else { return Vec::new() };
        let here = self.findings.iter().filter(|found| found.primary.file.path == inside);
        let touches =
            |found: &&Diagnostic| found.primary.span.start <= at.end && at.start <= found.primary.span.end;
        let here: Vec<Diagnostic> = here.filter(touches).cloned().collect();
        let mut fixes: Vec<Action> = Vec::new();
        let mut comments = Vec::new();
        for finding in &here {
            let steps = steps(&self.analyses, &inside);
            let safer = linter::safer(finding, &steps);
            let told = |edit: linter::Edit, kind| Action {
                title: edit.title,
                finding: (finding.rule.to_owned(), finding.primary.span.start),
                kind,
                edits: vec![Edit { span: edit.span, text: edit.text }],
            };
            let allowed = linter::allow(finding, &steps).into_iter();
            comments.extend(allowed.map(|edit| told(edit, ActionKind::Allow)));
            let known = |edit: &linter::Edit| {
                fixes.iter().any(|other| other.edits[0].span == edit.span && other.edits[0].text == edit.text)
            };
            if let Some(edit) = safer.filter(|edit| !known(edit))
                && self.helps(texts, path, finding, &edit)
            {
                fixes.push(told(edit, ActionKind::Fix));
            }
        }
        fixes.extend(comments);
        fixes
    }

    /// Whether a finding is gone with a change, and nothing that weighs as much comes in its place.
    fn helps(&mut self, texts: &Texts, path: &Path, finding: &Diagnostic, edit: &linter::Edit) -> bool {
        let Some(text) = texts.get(path) else { return false };
        let mut changed = text.trim_start_matches('\u{feff}').to_owned();
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        if changed.get(start..end).is_none() {
            return false;
        }
        changed.replace_range(start..end, &edit.text);
        let mut with = texts.clone();
        with.insert(path.to_owned(), changed.into());
        self.read(&with);
        let judged = self.judged(&with);
        self.read(texts);
        let Ok(judged) = judged else { return false };
        let open = |found: &&Diagnostic| found.accepted.is_none();
        let count = |all: &[Diagnostic], like: &Diagnostic| {
            let same = |found: &&Diagnostic| found.rule == like.rule && found.relation == like.relation;
            all.iter().filter(open).filter(same).count()
        };
        let gone = count(&judged.findings, finding) < count(&self.findings, finding);
        let news = judged.findings.iter().filter(open).filter(|found| found.severity > Severity::Info);
        let mut worse = news.filter(|found| count(&judged.findings, found) > count(&self.findings, found));
        gone && worse.next().is_none()
    }

    /// Reads these texts in the place of files from now on, as far as they differ.
    fn read(&self, texts: &Texts) {
        let below = texts.iter().filter(|(path, _)| path.starts_with(&self.root));
        self.disk.unsaved().set(BTreeMap::new());
        let saved = |path: &Path, text: &str| {
            let bytes = self.disk.read(&path.to_string_lossy());
            bytes.is_ok_and(|bytes| bytes == text.as_bytes())
        };
        let typed = below.filter(|(path, text)| !saved(path, text));
        let typed = typed.map(|(path, text)| (path.clone(), text.clone())).collect();
        self.disk.unsaved().set(typed);
    }

    fn checks(&mut self) -> &mut Checks<'static> {
        let (disk, choice) = (self.disk, &self.choice);
        let checks = self.checks.get_or_insert_with(|| {
            let judge = Judge::new(disk, Choice::New, choice, &crate::variable).remembering();
            Checks::new(disk, judge, &SERVER)
        });
        // The settings may be the text that is typed.
        checks.again(SettingsFiles::new(disk, None));
        checks
    }

    fn judged(&mut self, texts: &Texts) -> Result<Judged, Error> {
        let found = projects::find(self.disk, &Places::default())?;
        let mut judged = Judged { notes: found.notes, ..Judged::default() };
        let open: Vec<String> = texts.keys().filter_map(|path| self.inside(path)).collect();
        self.checks();
        for target in found.targets {
            self.project(target, &open, &mut judged)?;
        }
        Ok(judged)
    }

    fn project(&mut self, target: Target, open: &[String], judged: &mut Judged) -> Result<(), Error> {
        let disk = self.disk;
        let Some(checks) = &mut self.checks else { return Ok(()) };
        let analyses = Mutex::new(Vec::new());
        let keep = |analysis| push(&analyses, analysis);
        let mut project = target.project.clone();
        let mut new = Vec::new();
        // Where no git says what is new, the history is no news to anybody.
        if disk.repository(&target.project.dir).is_some() {
            let checked = checks.project(target, &keep)?;
            new.extend(checked.selected.judged().map(|migration| migration.sql_path.clone()));
            judged.notes.extend(checked.selected.codes.notes.iter().cloned());
            let ahead = schema::findings(disk, checks, &checked)?;
            judged.findings.extend(beside(checked.diagnostics, &ahead));
            judged.findings.extend(ahead);
            project = checked.selected.as_written;
        }
        if let Some(path) = shown_anyway(disk, &project, open, &new) {
            let target = Target { project, diagnostics: Vec::new(), named: Some([path].into()) };
            let Checked { diagnostics, selected, settings, .. } = checks.project(target, &keep)?;
            let (left, _) = settings.unjudged(disk, &selected.as_written);
            let left = left.iter().map(|index| selected.as_written.migrations[*index].tag.clone());
            let left: Vec<String> = left.collect();
            let judges = |found: &Diagnostic| found.migration.as_ref().is_none_or(|tag| !left.contains(tag));
            judged.findings.extend(diagnostics.into_iter().filter(judges));
        }
        judged.analyses.extend(analyses.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// A path as findings have it.
    fn inside(&self, path: &Path) -> Option<String> {
        Some(path.strip_prefix(&self.root).ok()?.to_string_lossy().replace('\\', "/"))
    }
}

/// A migration that is not new and is judged all the same: the newest one, as long as it is open. Those
/// before it have run everywhere, and there is nothing to be done about them.
fn shown_anyway(disk: &Disk, project: &Project, open: &[String], new: &[String]) -> Option<String> {
    let newest = project.migrations.last()?;
    let is_open = open.iter().any(|path| *disk.tidy(&newest.sql_path) == **path);
    (is_open && !new.contains(&newest.sql_path)).then(|| newest.sql_path.clone())
}

/// Findings of a project beside those about what its schema will come to. While the schema is edited, a
/// migration that is not generated yet is nothing but the next step.
fn beside(found: Vec<Diagnostic>, ahead: &[Diagnostic]) -> Vec<Diagnostic> {
    let covered = |one: &Diagnostic| {
        ahead.iter().any(|other| other.relation == one.relation && other.primary.span == one.primary.span)
    };
    let is_next = |one: &Diagnostic| one.rule == "schema-without-migration";
    let kept = found.into_iter().filter(|one| !(is_next(one) && covered(one)));
    kept.map(|mut one| {
        if is_next(&one) {
            one.severity = Severity::Info;
        }
        one
    })
    .collect()
}

/// All statements of the sets that a file belongs to.
fn steps(analyses: &[Analysis], path: &str) -> Vec<Step> {
    let of_file = |analysis: &&Analysis| analysis.steps.iter().any(|step| step.file.path == path);
    analyses.iter().filter(of_file).flat_map(|analysis| analysis.steps.iter().cloned()).collect()
}

fn described(analyses: &[Analysis], path: &str, at: u32) -> Option<String> {
    analyses.iter().find_map(|analysis| {
        let here = |step: &Step| step.file.path == path && step.span.start <= at && at <= step.span.end;
        report::hover(analysis, analysis.steps.iter().position(here)?)
    })
}

fn push(to: &Mutex<Vec<Analysis>>, analysis: Analysis) {
    to.lock().unwrap_or_else(PoisonError::into_inner).push(analysis);
}
