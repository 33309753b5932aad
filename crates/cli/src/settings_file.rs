//! Which `brolly.json` is about which project, read once each.
//!
//! It is looked for from the project's folder upwards, no further than the top of the repository (or
//! than where brolly was started, outside of one). `--settings` names another.

use crate::disk::Disk;
use crate::errors::Error;
use drizzle::{Files, Project};
use linter::Weights;
use settings::{FailOn, Runner, Settings, Stats};
use source::{Severity, SourceFile, nearest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The name of the file.
pub const NAME: &str = "brolly.json";

/// The settings of a project, and the folder that their paths are seen from.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What they say.
    pub settings: Settings,
    /// The folder of the file; `None` where there is no file.
    pub dir: Option<PathBuf>,
    /// The file, as people should read it.
    pub path: String,
}

/// All settings that a run meets.
pub struct SettingsFiles<'a> {
    disk: &'a Disk,
    named: Option<&'a str>,
    /// The statistics that the command line names.
    stats: Option<&'a str>,
    read: BTreeMap<PathBuf, Rc<Found>>,
    /// Baselines that no project had so far, with the names that there are.
    baselines: BTreeMap<PathBuf, (bool, BTreeSet<String>)>,
}

impl<'a> SettingsFiles<'a> {
    /// Nothing is read yet.
    pub fn new(disk: &'a Disk, named: Option<&'a str>) -> SettingsFiles<'a> {
        SettingsFiles { disk, named, stats: None, read: BTreeMap::new(), baselines: BTreeMap::new() }
    }

    /// With these statistics instead of those that the settings name.
    pub fn with_stats(self, stats: Option<&'a str>) -> SettingsFiles<'a> {
        SettingsFiles { stats, ..self }
    }

    /// What is said about the project in this folder.
    pub fn of(&mut self, project: &Project) -> Result<Rc<Found>, Error> {
        let file = match self.named {
            Some(path) if !self.disk.is_file(path) => {
                return Err(Error::NoSuchSettings { path: path.to_owned() });
            }
            Some(path) => self.disk.canonical(path),
            None => self.above(&folder(project)),
        };
        let Some(file) = file else {
            return Ok(Rc::new(self.measured(Found::default())?));
        };
        if let Some(found) = self.read.get(&file) {
            return Ok(found.clone());
        }
        let path = self.disk.tidy(&file.to_string_lossy());
        let found = Rc::new(self.measured(read(self.disk, &path, &file)?)?);
        self.read.insert(file, found.clone());
        Ok(found)
    }

    /// Notes whether a project has the migration that the baseline names.
    pub fn saw(&mut self, found: &Found, project: &Project) {
        let (Some(dir), Some(tag)) = (&found.dir, &found.settings.baseline) else { return };
        let (seen, tags) = self.baselines.entry(dir.join(&found.path)).or_default();
        *seen |= project.migrations.iter().any(|migration| migration.tag == *tag);
        tags.extend(project.migrations.iter().map(|migration| migration.tag.clone()));
    }

    /// An error where a baseline names a migration that no project has.
    pub fn finish(&self) -> Result<(), Error> {
        for found in self.read.values() {
            let (Some(dir), Some(tag)) = (&found.dir, &found.settings.baseline) else { continue };
            if let Some((false, tags)) = self.baselines.get(&dir.join(&found.path)) {
                let near = nearest(tag, tags.iter().map(String::as_str));
                return Err(Error::NoSuchBaseline {
                    path: found.path.clone(),
                    tag: tag.clone(),
                    near: near.map_or(String::new(), |near| format!("\n  did you mean `{near}`?")),
                });
            }
        }
        Ok(())
    }

    /// With what was measured on a server, where a file of that is named.
    fn measured(&self, found: Found) -> Result<Found, Error> {
        let beside = |name: &String| match &found.dir {
            Some(dir) => self.disk.tidy(&dir.join(name).to_string_lossy()),
            None => name.clone(),
        };
        let named = self.stats.map(str::to_owned).or_else(|| found.settings.stats.as_ref().map(beside));
        let Some(path) = named else { return Ok(found) };
        let broken = |why: String| Error::BrokenStats { path: path.clone(), why };
        let bytes = self.disk.read(&path).map_err(|error| broken(error.to_string()))?;
        let stats = Stats::read(&source::decode(&bytes).text).map_err(broken)?;
        Ok(Found { settings: found.settings.with_stats(&stats), ..found })
    }

    fn above(&self, dir: &str) -> Option<PathBuf> {
        let start = self.disk.canonical(dir)?;
        let top = self.disk.repository(dir).or_else(|| self.disk.canonical("."));
        let inside = |dir: &&Path| top.as_ref().is_none_or(|top| dir.starts_with(top)) || *dir == start;
        let mut dirs = start.ancestors().take_while(inside);
        dirs.find_map(|dir| dir.join(NAME).canonicalize().ok().filter(|file| file.is_file()))
    }
}

/// Where a project lies: its folder, or that of its files where it is made of loose ones.
fn folder(project: &Project) -> String {
    match project.migrations.first() {
        Some(first) if project.layout == drizzle::Layout::Bare => drizzle::parent(&first.sql_path),
        _ => project.dir.clone(),
    }
}

fn read(disk: &Disk, path: &str, file: &Path) -> Result<Found, Error> {
    let bytes = disk
        .read(path)
        .map_err(|error| Error::UnreadableSettings { path: path.to_owned(), why: error.to_string() })?;
    let text = SourceFile::new(path, source::decode(&bytes).text);
    let names: Vec<&str> = crate::rules::all().into_iter().map(|meta| meta.name).collect();
    let (settings, wrong) = settings::read(&text, &names);
    if wrong.is_empty() {
        return Ok(Found { settings, dir: file.parent().map(Path::to_path_buf), path: path.to_owned() });
    }
    let lines = wrong.iter().map(|d| {
        let at = text.position(d.primary.span.start);
        format!("{path}:{}:{}: {}\n  {}", at.line, at.column, d.what, d.remedy.text)
    });
    Err(Error::BrokenSettings { lines: lines.collect() })
}

impl Found {
    /// The migrations that are not judged, with a clause for each kind.
    pub fn unjudged(&self, disk: &Disk, project: &Project) -> (BTreeSet<usize>, Vec<String>) {
        let mut left = BTreeSet::new();
        let mut said = Vec::new();
        let baseline = self.settings.baseline.as_deref();
        if let Some(last) = baseline.and_then(|tag| project.migrations.iter().position(|m| m.tag == tag)) {
            left.extend(0..=last);
            said.push(format!("none up to the baseline {}", baseline.unwrap_or_default()));
        }
        let Some(dir) = self.dir.as_ref().filter(|_| !self.settings.ignore.is_empty()) else {
            return (left, said);
        };
        let before = left.len();
        for (index, migration) in project.migrations.iter().enumerate() {
            let whole = disk.canonical(&migration.sql_path);
            let inside = whole.as_ref().and_then(|path| path.strip_prefix(dir).ok());
            let path = inside
                .map_or_else(|| migration.sql_path.clone(), |path| path.to_string_lossy().replace('\\', "/"));
            if self.settings.ignore.iter().any(|glob| settings::matches(glob, &path)) {
                left.insert(index);
            }
        }
        if left.len() > before {
            said.push(format!("{} ignored by {}", left.len() - before, self.path));
        }
        (left, said)
    }

    /// Nothing of it but which versions are deployed.
    pub fn deployed_only(&self) -> Found {
        let settings = Settings { deployed: self.settings.deployed.clone(), ..Settings::default() };
        Found { settings, dir: self.dir.clone(), path: self.path.clone() }
    }

    /// The weight from which findings fail, where the command line does not say.
    pub fn fail_on(&self) -> Option<Severity> {
        match self.settings.fail_on {
            None | Some(FailOn::Error) => Some(Severity::Error),
            Some(FailOn::Warning) => Some(Severity::Warning),
            Some(FailOn::Info) => Some(Severity::Info),
            Some(FailOn::Never) => None,
        }
    }

    /// What findings are weighed with.
    pub fn weights(&self) -> Weights {
        let rules = self.settings.rules.iter().map(|(name, level)| (name.clone(), level.severity()));
        Weights {
            rules: rules.collect(),
            small: self.settings.small_tables(),
            busy: self.settings.busy_tables.clone(),
            outside_transaction: self.settings.runner == Runner::OutsideTransaction,
        }
    }
}
