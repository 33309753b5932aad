//! From a loaded project to what is judged: pending sets with their apps, and the diagnostics that
//! this run has to do with.

use crate::args;
use crate::changes::{Compared, Repositories, compare};
use crate::checks::About;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::projects::Target;
use crate::select::{self, Chosen};
use crate::settings_file::Found;
use drizzle::{Migration, Project, Snapshot};
use facts::{App, PendingSet};
use git::{Changed, Request};
use source::{Diagnostic, Group, Severity};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is asked for where no files are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What the base does not have.
    New,
    /// The whole history, each migration as a deploy of its own.
    All,
    /// The same for `facts`: where a snapshot is missing, the newest one before it stands for the app.
    Facts,
}

/// Selects project after project.
pub struct Judge<'a> {
    disk: &'a Disk,
    choice: Choice,
    repositories: Repositories<'a>,
}

/// One project, ready to be analyzed.
pub struct Selected {
    /// The project with its migrations in the order in which the database meets them.
    pub project: Project,
    /// The project in the order of its journal.
    pub as_written: Project,
    /// The pending sets of `project`.
    pub sets: Vec<PendingSet>,
    /// What was chosen and why.
    pub text: String,
    /// What diagnostics may be about.
    pub about: About,
    /// What reading the project found wrong, as far as this run has to do with it.
    pub diagnostics: Vec<Diagnostic>,
    /// Tags of migrations that the settings leave alone.
    pub left_alone: BTreeSet<String>,
}

impl Selected {
    /// The judged migrations.
    pub fn judged(&self) -> impl Iterator<Item = &Migration> {
        self.sets.iter().flat_map(|set| &set.migrations).map(|index| &self.project.migrations[*index])
    }

    /// What could not be read, so that something is missing from what is judged. What else is wrong with
    /// a journal is the affair of `lint`.
    pub fn unreadable(&self) -> impl Iterator<Item = &Diagnostic> {
        let files = ["missing-sql-file", "broken-journal", "broken-snapshot"];
        self.diagnostics.iter().filter(move |diagnostic| {
            let input = diagnostic.group == Group::Input && diagnostic.severity > Severity::Info;
            input || files.contains(&diagnostic.rule)
        })
    }
}

/// A diagnostic as one line, for commands that give no findings.
pub fn line(diagnostic: &Diagnostic) -> String {
    let file = &diagnostic.primary.file;
    let place = file.position(diagnostic.primary.span.start);
    format!("{}:{}:{}: {}", file.path, place.line, place.column, diagnostic.what)
}

/// Notes about what could not be read, and the exit code that goes with it: what was not seen was not
/// tried either.
pub fn unread(selected: &Selected) -> (Vec<String>, u8) {
    let broken = selected.unreadable().any(|diagnostic| diagnostic.severity == Severity::Error);
    let code = if broken { errors::COULD_NOT } else { errors::CLEAN };
    (selected.unreadable().map(line).collect(), code)
}

impl<'a> Judge<'a> {
    /// Judges by these arguments.
    pub fn new(
        disk: &'a Disk,
        choice: Choice,
        wanted: &args::Choice,
        env: &'a dyn Fn(&str) -> Option<String>,
    ) -> Judge<'a> {
        let request = Request {
            base: wanted.base.clone(),
            fetch_base: wanted.fetch_base,
            allow_missing_base: wanted.allow_missing_base,
        };
        Judge { disk, choice, repositories: Repositories::new(disk, request, env) }
    }

    /// Chooses what of a project is judged. What is named is, whatever the settings say.
    pub fn select(&mut self, target: Target, settings: &Found) -> Result<Selected, Error> {
        let project = target.project;
        let mut compared = Compared::default();
        let mut everything = false;
        let mut chosen = match (&target.named, self.choice) {
            (Some(files), choice) => select::named(&project, files, choice != Choice::New),
            (None, Choice::All) => {
                everything = true;
                select::all(&project, "--all")
            }
            (None, Choice::Facts) => {
                everything = true;
                select::all(&project, "no --base")
            }
            (None, Choice::New) => match self.repositories.changes(&project)? {
                Some(changes) => {
                    compared = compare(&project, &changes)?;
                    select::new(&project, &compared.new, &against(&changes.changed))
                }
                None => {
                    everything = true;
                    select::all(&project, "not in a git repository, so nothing says which are new")
                }
            },
        };
        let mut left_alone = BTreeSet::new();
        if target.named.is_none() {
            let (left, said) = settings.unjudged(self.disk, &project);
            chosen = select::without(chosen, &left, &said);
            left_alone = left.iter().map(|index| project.migrations[*index].tag.clone()).collect();
        }
        let judged = chosen.sets.iter().flatten().map(|index| project.migrations[*index].tag.clone());
        let tags = judged.chain(compared.touched).collect();
        let about = About { everything, tags };
        let mut diagnostics = about.keep(target.diagnostics, &project);
        diagnostics.extend(compared.edited);
        diagnostics.retain(|d| d.migration.as_ref().is_none_or(|tag| !left_alone.contains(tag)));
        let (ordered, sets) = select::applied_first(&project, &chosen);
        let sets = with_apps(self.disk, &ordered, &sets, self.choice, &mut diagnostics);
        let Chosen { text, .. } = chosen;
        Ok(Selected { project: ordered, as_written: project, sets, text, about, diagnostics, left_alone })
    }
}

/// What was compared with, as the end of a clause.
fn against(changed: &Changed) -> String {
    match (&changed.base, &changed.note) {
        (Some(base), _) => format!("against {} ({})", base.name, base.why),
        (None, Some(note)) => format!("({note})"),
        (None, None) => String::new(),
    }
}

/// The pending sets with the apps that meet them: the one that the snapshot before the set declares,
/// and the one that the set's last snapshot declares. Reads no more snapshots than are needed.
fn with_apps(
    disk: &Disk,
    project: &Project,
    sets: &[Vec<usize>],
    choice: Choice,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<PendingSet> {
    let many = sets.len() > 2;
    let mut read = Vec::new();
    if many {
        let (snapshots, found) = drizzle::snapshots(disk, project);
        diagnostics.extend(found);
        read = snapshots;
    }
    let mut app = |index: usize| -> Option<Arc<App>> {
        let snapshot: Option<Arc<Snapshot>> = match read.get(index) {
            Some(snapshot) => snapshot.clone(),
            None if many => None,
            None => {
                let (snapshot, found) = drizzle::snapshot(disk, project, index);
                diagnostics.extend(found);
                snapshot
            }
        };
        let tag = &project.migrations.get(index)?.tag;
        snapshot.map(|snapshot| Arc::new(App::of_snapshot(&snapshot, format!("the snapshot of {tag}"))))
    };
    let mut newest: Option<(usize, Option<Arc<App>>)> = None;
    let mut pending = Vec::with_capacity(sets.len());
    for set in sets {
        let (Some(first), Some(last)) = (set.first(), set.last()) else { continue };
        let before = match (first.checked_sub(1), newest.take()) {
            (None, _) => None,
            (Some(before), Some((index, known))) if index == before => known,
            (Some(before), _) => app(before),
        };
        let new_app = app(*last);
        let kept = if choice == Choice::Facts {
            new_app.clone().or_else(|| before.clone())
        } else {
            new_app.clone()
        };
        newest = Some((*last, kept));
        pending.push(PendingSet { migrations: set.clone(), old_apps: before.into_iter().collect(), new_app });
    }
    pending
}
