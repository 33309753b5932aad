//! Discovery: from what the user names, or from nothing, to loaded projects.
//!
//! Configs come first, since they know where the migrations are; folders are searched for only
//! where no config is for Postgres. Does not decide what is judged.

use crate::args::Places;
use crate::disk::{Disk, Shallow};
use crate::errors::Error;
use drizzle::{Config, Dialect, Files, Project, Setting, find_configs, find_folders, join, parent};
use source::{Diagnostic, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// One project, and what reading it found wrong.
#[derive(Clone)]
pub struct Target {
    /// The project.
    pub project: Project,
    /// What is wrong with its config, journal and files.
    pub diagnostics: Vec<Diagnostic>,
    /// SQL files of it that were named; `None` where the project was named as a whole, or nothing.
    pub named: Option<BTreeSet<String>>,
}

/// Everything that was found.
#[derive(Default)]
pub struct Found {
    /// Projects for Postgres.
    pub targets: Vec<Target>,
    /// What was passed over, one line each.
    pub notes: Vec<String>,
    /// Configs for Postgres whose folders hold no migrations yet.
    pub without_migrations: Vec<String>,
    /// Where was searched.
    pub place: String,
}

/// Finds and loads what `places` names, or else what lies in the repository around. Nothing is an error.
pub fn find(disk: &Disk, places: &Places) -> Result<Found, Error> {
    let found = look(disk, places)?;
    match found.targets.is_empty() {
        true => Err(Error::NoProject { place: found.place, notes: found.notes }),
        false => Ok(found),
    }
}

/// The one of these that a database can be of.
///
/// Errors: [`Error::SeveralProjects`].
pub fn only(command: &'static str, mut targets: Vec<Target>) -> Result<Target, Error> {
    match (targets.pop(), targets.is_empty()) {
        (Some(target), true) => Ok(target),
        (last, _) => {
            let projects = targets.into_iter().chain(last).map(|target| target.project.dir).collect();
            Err(Error::SeveralProjects { command, projects })
        }
    }
}

/// The same, where there may be nothing.
pub fn look(disk: &Disk, places: &Places) -> Result<Found, Error> {
    let mut search = Search::new(disk);
    let mut files = Vec::new();
    let mut bare = Vec::new();
    let mut outs = places.out.iter();
    for path in &places.config {
        let path = disk.tidy(path);
        if !disk.is_file(&path) {
            return Err(Error::NoSuchPath { path });
        }
        search.config(&path, &mut outs);
    }
    for dir in outs {
        search.folder(dir);
    }
    for path in &places.paths {
        let path = disk.tidy(path);
        if disk.is_dir(&path) {
            match search.directory(&path) {
                Inside::Projects => {}
                Inside::Files(found) => files.extend(found),
                Inside::Sql => bare.push(path),
                Inside::Nothing => return Err(Error::NoProject { place: path, notes: search.notes }),
            }
        } else if !disk.is_file(&path) {
            return Err(Error::NoSuchPath { path });
        } else if path.ends_with(".sql") {
            files.push(path);
        } else {
            return Err(Error::NotSql { path });
        }
    }
    let mut place = ".".to_owned();
    if places.config.is_empty() && places.out.is_empty() && places.paths.is_empty() {
        place = disk.repository(".").map_or(place, |root| disk.tidy(&relative(disk, &root)));
        search.tree(&place);
    }
    let without_migrations = search.without_migrations;
    let mut found = Found { notes: search.notes, without_migrations, place, ..Found::default() };
    for folder in search.folders {
        found.load(disk, folder);
    }
    found.load_files(disk, files);
    for dir in bare {
        let (project, diagnostics) = drizzle::load_sql_files(disk, std::slice::from_ref(&dir));
        found.targets.push(Target { project, diagnostics, named: None });
    }
    Ok(found)
}

/// A migrations folder to load.
struct Folder {
    dir: String,
    config: Option<Config>,
    diagnostics: Vec<Diagnostic>,
}

/// What a named directory turned out to be.
enum Inside {
    /// Projects, which are noted.
    Projects,
    /// The folder of a single migration.
    Files(Vec<String>),
    /// A folder of SQL files that no journal speaks of.
    Sql,
    Nothing,
}

struct Search<'a> {
    disk: &'a Disk,
    folders: Vec<Folder>,
    notes: Vec<String>,
    without_migrations: Vec<String>,
}

impl Search<'_> {
    fn new(disk: &Disk) -> Search<'_> {
        Search { disk, folders: Vec::new(), notes: Vec::new(), without_migrations: Vec::new() }
    }

    /// A config that was named; where it does not say its folder, the next `--out` does.
    fn config<'o>(&mut self, path: &str, outs: &mut impl Iterator<Item = &'o String>) {
        let (config, mut diagnostics) = drizzle::read_config(self.disk, path);
        if self.other_dialect(&config) {
            return;
        }
        let said = match &config.out {
            Setting::Known(dir) | Setting::Default(dir) if diagnostics.iter().all(is_no_error) => {
                Some(self.disk.tidy(dir))
            }
            _ => None,
        };
        let dir = said.or_else(|| {
            let dir = outs.next()?;
            diagnostics.retain(is_no_error);
            Some(self.disk.tidy(dir))
        });
        self.push(dir.unwrap_or_default(), Some(config), diagnostics);
    }

    /// A migrations folder that was named.
    fn folder(&mut self, dir: &str) {
        let dir = self.disk.tidy(dir);
        let (config, diagnostics) = self.owner(&dir);
        self.push(dir, config, diagnostics);
    }

    fn directory(&mut self, dir: &str) -> Inside {
        if is_migrations_folder(self.disk, dir) {
            self.folder(dir);
            return Inside::Projects;
        }
        if self.tree(dir) {
            return Inside::Projects;
        }
        if self.disk.is_file(&join(dir, "migration.sql")) {
            return Inside::Files(vec![join(dir, "migration.sql")]);
        }
        if holds_sql(self.disk, dir) { Inside::Sql } else { Inside::Nothing }
    }

    /// Every project below `root`; whether there is one.
    fn tree(&mut self, root: &str) -> bool {
        let before = self.folders.len();
        let mut passed_over = Vec::new();
        for path in find_configs(self.disk, root) {
            let (config, diagnostics) = drizzle::read_config(self.disk, &self.disk.tidy(&path));
            let out = config.out.value().map(|dir| self.disk.tidy(dir));
            if self.other_dialect(&config) {
                passed_over.extend(out);
                continue;
            }
            match out {
                // A project without migrations yet, or one that only ever pushes.
                Some(dir) if !is_migrations_folder(self.disk, &dir) && !holds_sql(self.disk, &dir) => {
                    self.notes.push(format!("{}: there are no migrations in `{dir}`", config.path));
                    self.without_migrations.push(config.path);
                }
                out => self.push(out.unwrap_or_default(), Some(config), diagnostics),
            }
        }
        if self.folders.len() == before {
            for dir in find_folders(self.disk, root) {
                let dir = self.disk.tidy(&dir);
                if !passed_over.contains(&dir) {
                    self.push(dir, None, Vec::new());
                }
            }
        }
        self.folders.len() > before
    }

    /// The config that a folder belongs to, looked for in the directories above it.
    fn owner(&self, dir: &str) -> (Option<Config>, Vec<Diagnostic>) {
        let top = self.disk.repository(dir);
        let mut above = self.disk.canonical(dir);
        while let Some(at) = above.as_deref().and_then(|dir| dir.parent()).map(|dir| dir.to_path_buf()) {
            for path in find_configs(&Shallow(self.disk), &relative(self.disk, &at)) {
                let (config, mut diagnostics) = drizzle::read_config(self.disk, &self.disk.tidy(&path));
                let same = match config.out.value() {
                    Some(out) => self.disk.tidy(out) == dir,
                    None => matches!(config.dialect, Dialect::Postgres),
                };
                if same {
                    diagnostics.retain(is_no_error);
                    return (Some(config), diagnostics);
                }
            }
            if top.as_deref().is_none_or(|top| top == at) {
                break;
            }
            above = Some(at);
        }
        (None, Vec::new())
    }

    /// Whether a config is for another database; if so, that is noted.
    fn other_dialect(&mut self, config: &Config) -> bool {
        let Dialect::Other(name) = &config.dialect else { return false };
        self.notes.push(format!("skipped {}: it is for {name}, not for Postgres", config.path));
        true
    }

    /// Two configs with one folder are one project.
    fn push(&mut self, dir: String, config: Option<Config>, diagnostics: Vec<Diagnostic>) {
        if dir.is_empty() || self.folders.iter().all(|folder| folder.dir != dir) {
            self.folders.push(Folder { dir, config, diagnostics });
        }
    }
}

impl Found {
    fn load(&mut self, disk: &Disk, folder: Folder) {
        let mut diagnostics = folder.diagnostics;
        let project = if folder.dir.is_empty() {
            // The config does not say where its migrations are, and that is a finding already.
            drizzle::load_sql_files(disk, &[]).0
        } else {
            let (project, found) = drizzle::load(disk, &folder.dir, folder.config);
            diagnostics.extend(found);
            project
        };
        if let Dialect::Other(name) = &project.dialect {
            self.notes.push(format!("skipped {}: it is for {name}, not for Postgres", project.dir));
            return;
        }
        self.targets.push(Target { project, diagnostics, named: None });
    }

    /// SQL files that were named: with the history of the folder that they belong to, if any.
    fn load_files(&mut self, disk: &Disk, files: Vec<String>) {
        let mut bare = Vec::new();
        let mut by_folder: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for path in files {
            match home(disk, &path) {
                Some(dir) => {
                    by_folder.entry(dir).or_default().insert(path);
                }
                None => bare.push(path),
            }
        }
        for (dir, mut named) in by_folder {
            let search = Search::new(disk);
            let (config, mut diagnostics) = search.owner(&dir);
            let (project, found) = drizzle::load(disk, &dir, config);
            diagnostics.extend(found);
            let known: BTreeSet<&String> = project.migrations.iter().map(|m| &m.sql_path).collect();
            bare.extend(named.iter().filter(|path| !known.contains(path)).cloned());
            named.retain(|path| known.contains(path));
            if !named.is_empty() {
                self.targets.push(Target { project, diagnostics, named: Some(named) });
            }
        }
        if !bare.is_empty() {
            let (project, diagnostics) = drizzle::load_sql_files(disk, &bare);
            let named = bare.into_iter().collect();
            self.targets.push(Target { project, diagnostics, named: Some(named) });
        }
    }
}

/// The migrations folder that an SQL file lies in.
fn home(disk: &Disk, path: &str) -> Option<String> {
    let dir = parent(path);
    let above = disk.tidy(&join(&dir, ".."));
    let folder = if path.ends_with("/migration.sql") || path == "migration.sql" { above } else { dir };
    is_migrations_folder(disk, &folder).then_some(folder)
}

/// Whether `dir`, which somebody named, is laid out as Drizzle does it.
fn is_migrations_folder(disk: &Disk, dir: &str) -> bool {
    if disk.is_file(&join(dir, "meta/_journal.json")) {
        return true;
    }
    let dirs = disk.list(dir).unwrap_or_default().into_iter().filter(|entry| entry.is_dir);
    dirs.into_iter().any(|entry| {
        let named_by_time = entry.name.len() >= 14 && entry.name.bytes().take(14).all(|b| b.is_ascii_digit());
        named_by_time && disk.is_file(&join(dir, &format!("{}/migration.sql", entry.name)))
    })
}

fn holds_sql(disk: &Disk, dir: &str) -> bool {
    let entries = disk.list(dir).unwrap_or_default();
    entries.iter().any(|entry| !entry.is_dir && entry.name.ends_with(".sql"))
}

fn is_no_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity < Severity::Error
}

/// An absolute path as one that starts at the disk's root, so that findings name short paths.
pub fn relative(disk: &Disk, path: &std::path::Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = match disk.canonical(".") {
        Some(root) => (root.components().map(own).collect(), path.components().map(own).collect()),
        None => return path.to_string_lossy().into_owned(),
    };
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if same <= 1 {
        return path.to_string_lossy().into_owned();
    }
    let up = std::iter::repeat_n("..".to_owned(), from.len() - same);
    let path = up.chain(to[same..].iter().cloned()).collect::<Vec<_>>().join("/");
    if path.is_empty() { ".".to_owned() } else { path }
}

fn own(component: std::path::Component<'_>) -> String {
    component.as_os_str().to_string_lossy().into_owned()
}
