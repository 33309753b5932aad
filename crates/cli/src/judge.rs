//! From a loaded project to what is judged: pending sets with their apps, and the diagnostics that
//! this run has to do with.

use crate::apps::{Codes, schema_differences, with_code, with_snapshots};
use crate::args;
use crate::changes::{Compared, Repositories, compare};
use crate::checks::About;
use crate::deployed::DeployedVersions;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::past::{LIMIT, taken_out};
use crate::projects::Target;
use crate::select::{self, Chosen};
use crate::settings_file::Found;
use crate::versions::{Version, Versions};
use drizzle::{Migration, Project, QName};
use facts::PendingSet;
use git::{Base, Changed, Request};
use runner::standing::Standing;
use source::{Diagnostic, Group, Severity};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

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
    deployed: DeployedVersions,
    versions: Versions<'a>,
    /// When searches through history are at an end.
    until: Option<Instant>,
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
    /// What was read of the app's code.
    pub codes: Codes,
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
        Judge {
            disk,
            choice,
            repositories: Repositories::new(disk, request, env),
            deployed: DeployedVersions::new(&wanted.deployed),
            versions: Versions::new(disk),
            until: None,
        }
    }

    /// Remembers what it reads of the code: the same will be judged again.
    #[must_use]
    pub fn remembering(mut self) -> Judge<'a> {
        self.versions.remember();
        self
    }

    /// Chooses what of a project is judged. What is named is, whatever the settings say.
    pub fn select(&mut self, target: Target, settings: &Found) -> Result<Selected, Error> {
        let project = target.project;
        let mut compared = Compared::default();
        let mut everything = false;
        let mut base = None;
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
                    base = changes.changed.base.clone();
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
        let mut sets = with_snapshots(self.disk, &ordered, &sets, self.choice, &mut diagnostics);
        let Chosen { mut text, .. } = chosen;
        let mut codes = Codes::default();
        if !sets.is_empty() {
            let (deployed, why) = self.deployed_versions(&ordered, settings, base.as_ref())?;
            codes = with_code(self.disk, &mut self.versions, &ordered, &mut sets, &deployed, false);
            if !codes.deployed.is_empty() {
                let labels: Vec<String> = codes.deployed.iter().map(|(version, _)| version.label()).collect();
                text.push_str(&format!("; the deployed app is the code at {}{why}", labels.join(" and ")));
            }
        }
        Ok(Selected {
            project: ordered,
            as_written: project,
            sets,
            text,
            about,
            diagnostics,
            left_alone,
            codes,
        })
    }

    /// The same as [`pending`], held against the code of the versions that are named as deployed.
    pub fn pending(
        &mut self,
        target: Target,
        standing: &Standing,
        settings: &Found,
        text: String,
    ) -> Result<Selected, Error> {
        let mut selected = pending(self.disk, target, standing, text);
        let (deployed, why) = self.deployed_versions(&selected.project, settings, None)?;
        let (project, sets) = (&selected.project, &mut selected.sets);
        // What the command line names serves where this is pending, whatever files it has.
        let serving = self.deployed.is_asked();
        selected.codes = with_code(self.disk, &mut self.versions, project, sets, &deployed, serving);
        if !selected.codes.deployed.is_empty() {
            let labels: Vec<String> =
                selected.codes.deployed.iter().map(|(version, _)| version.label()).collect();
            selected
                .text
                .push_str(&format!("; the deployed app is the code at {}{why}", labels.join(" and ")));
        }
        Ok(selected)
    }

    /// The commit that took a relation, or a column of it, out of the code of a deployed version.
    pub fn taken_out(
        &mut self,
        selected: &Selected,
        relation: &QName,
        column: Option<&str>,
    ) -> Option<git::Commit> {
        let (version, schema) = selected.codes.deployed.first()?;
        let until = *self.until.get_or_insert_with(|| Instant::now() + LIMIT);
        taken_out(&mut self.versions, &selected.project, version, schema, (relation, column), until)
    }

    /// Where the schema in the code of a project and its newest snapshot differ. What this branch did not
    /// touch is no reason to hold it up.
    pub fn schema_differences(&mut self, selected: &Selected) -> Result<Vec<Diagnostic>, Error> {
        let project = &selected.as_written;
        let mut found = schema_differences(self.disk, &mut self.versions, project);
        if found.is_empty() || !selected.sets.is_empty() {
            return Ok(found);
        }
        if let Some(changes) = self.repositories.changes(project)? {
            let changed = &changes.changed;
            for one in &mut found {
                let path = &*one.primary.file.path;
                if !changed.added.contains(path) && !changed.modified.contains(path) {
                    one.severity = one.severity.min(Severity::Warning);
                }
            }
        }
        Ok(found)
    }

    /// The versions that serve traffic now: those that are named, or else the base, or else the newest
    /// commit. None outside of repositories.
    pub fn serving(&mut self, project: &Project, settings: &Found) -> Result<Vec<Arc<Version>>, Error> {
        let outside = self.disk.repository(&project.dir).is_none();
        if outside && self.deployed.named(settings)?.is_none() {
            return Ok(Vec::new());
        }
        let base = match outside {
            true => None,
            false => self.repositories.changes(project)?.and_then(|changes| changes.changed.base.clone()),
        };
        let (mut found, _) = self.deployed_versions(project, settings, base.as_ref())?;
        if found.is_empty() {
            found.extend(self.versions.at(project, "HEAD").ok());
        }
        Ok(found)
    }

    /// The versions that were looked at.
    pub fn versions(&mut self) -> &mut Versions<'a> {
        &mut self.versions
    }

    /// The versions that serve traffic while a project's migrations run, as far as anybody says so, with
    /// who does, in brackets.
    fn deployed_versions(
        &mut self,
        project: &Project,
        settings: &Found,
        base: Option<&Base>,
    ) -> Result<(Vec<Arc<Version>>, String), Error> {
        let Some(named) = self.deployed.named(settings)? else {
            let Some(base) = base else { return Ok((Vec::new(), String::new())) };
            // A partial clone may lack the files of the base; what it has is judged as before.
            let version = self.versions.named(project, &base.commit, &base.name).ok();
            return Ok((version.into_iter().collect(), String::new()));
        };
        let mut versions = Vec::new();
        for reference in &named.references {
            let found = self.versions.at(project, reference);
            versions.push(found.map_err(|error| match error {
                Error::Git(source) => Error::NoDeployed { why: named.why.clone(), source },
                other => other,
            })?);
        }
        Ok((versions, format!(" ({})", named.why)))
    }
}

/// What is pending in a database as one deploy, put behind what has run there, whatever git or the
/// settings say.
pub fn pending(disk: &Disk, target: Target, standing: &Standing, text: String) -> Selected {
    let project = target.project;
    let sets = vec![standing.pending.clone()];
    let chosen = Chosen { sets, newest: Some(0), text };
    let tags = standing.pending.iter().map(|index| project.migrations[*index].tag.clone()).collect();
    let about = About { everything: false, tags };
    let mut diagnostics = about.keep(target.diagnostics, &project);
    let (ordered, sets) = select::applied_first(&project, &chosen);
    let sets = with_snapshots(disk, &ordered, &sets, Choice::New, &mut diagnostics);
    let Chosen { text, .. } = chosen;
    Selected {
        project: ordered,
        as_written: project,
        sets,
        text,
        about,
        diagnostics,
        left_alone: BTreeSet::new(),
        codes: Codes::default(),
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
