//! What git says about the projects, asked once a repository, and what that means for migrations.

use crate::disk::Disk;
use crate::errors::Error;
use crate::select::New;
use drizzle::{Migration, Project};
use git::{Changed, Request};
use source::Diagnostic;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// The answers of git, kept for the next project of the same repository.
pub struct Repositories<'a> {
    disk: &'a Disk,
    request: Request,
    env: &'a dyn Fn(&str) -> Option<String>,
    known: BTreeMap<PathBuf, (Arc<Changed>, AtBase)>,
}

/// Files of the base that were asked for, by their paths in the repository.
type AtBase = Rc<RefCell<BTreeMap<String, Option<Rc<[u8]>>>>>;

/// What has changed, as seen from one project.
pub struct Changes {
    /// The changes of the whole repository.
    pub changed: Arc<Changed>,
    /// The project's folder below the top of the repository: empty or ending in a slash.
    pub prefix: String,
    at_base: AtBase,
}

impl Changes {
    /// Path in the repository of a file of the project.
    pub fn path(&self, project: &Project, path: &str) -> String {
        let inside = match project.dir.as_str() {
            "." => path,
            dir => path.strip_prefix(dir).map_or(path, |rest| rest.trim_start_matches('/')),
        };
        format!("{}{inside}", self.prefix)
    }

    /// The bytes that the base has for a path in the repository.
    pub fn at_base(&self, path: &str) -> Result<Option<Rc<[u8]>>, Error> {
        if let Some(read) = self.at_base.borrow().get(path) {
            return Ok(read.clone());
        }
        let commit = self.changed.base.as_ref().map_or("HEAD", |base| &base.commit);
        let read = git::read_at(&self.changed.root, commit, path)?.map(Rc::from);
        self.at_base.borrow_mut().insert(path.to_owned(), read.clone());
        Ok(read)
    }
}

impl<'a> Repositories<'a> {
    /// Nothing is asked yet.
    pub fn new(disk: &'a Disk, request: Request, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Repositories { disk, request, env, known: BTreeMap::new() }
    }

    /// What has changed around a project. `None` where it lies in no repository and nothing was said
    /// that needs one.
    pub fn changes(&mut self, project: &Project) -> Result<Option<Changes>, Error> {
        let Some(dir) = self.disk.canonical(&project.dir) else { return Ok(None) };
        let Some(top) = self.disk.repository(&project.dir) else {
            let needed = self.request.base.is_some()
                || self.request.fetch_base
                || git::base_from_ci(self.env).is_some();
            return match needed {
                true => Err(Error::Git(git::Error::NotARepository { dir })),
                false => Ok(None),
            };
        };
        let (changed, at_base) = match self.known.get(&top) {
            Some(known) => known.clone(),
            None => {
                let changed = Arc::new(git::changed(&dir, &self.request, self.env)?);
                let known = (changed, AtBase::default());
                self.known.insert(top, known.clone());
                known
            }
        };
        let changed = with_unsaved(changed, self.disk);
        let inside = dir.strip_prefix(&changed.root).unwrap_or(&dir);
        let mut prefix = inside.to_string_lossy().replace('\\', "/");
        if !prefix.is_empty() {
            prefix.push('/');
        }
        Ok(Some(Changes { changed, prefix, at_base }))
    }
}

/// What is typed and not saved differs from the base too.
fn with_unsaved(changed: Arc<Changed>, disk: &Disk) -> Arc<Changed> {
    let below =
        |path: PathBuf| Some(path.strip_prefix(&changed.root).ok()?.to_string_lossy().replace('\\', "/"));
    let typed = disk.unsaved().all().into_keys().filter_map(below);
    let typed: Vec<String> = typed.filter(|path| !changed.added.contains(path)).collect();
    if typed.is_empty() {
        return changed;
    }
    let mut changed = Changed::clone(&changed);
    changed.modified.extend(typed);
    Arc::new(changed)
}

/// What is new in a project, and what its diagnostics may be about.
#[derive(Default)]
pub struct Compared {
    /// New and edited migrations.
    pub new: New,
    /// Tags of migrations that this change has to do with, beside the new ones.
    pub touched: BTreeSet<String>,
    /// Findings about edited migrations.
    pub edited: Vec<Diagnostic>,
}

/// Compares a project with the base.
pub fn compare(project: &Project, changes: &Changes) -> Result<Compared, Error> {
    let changed = &changes.changed;
    let mut compared = Compared::default();
    let entries = entries_at_base(project, changes)?;
    let mut maybe_edited = Vec::new();
    for (index, migration) in project.migrations.iter().enumerate() {
        let path = changes.path(project, &migration.sql_path);
        let entry = entries.as_ref().map(|entries| entries.get(&migration.tag));
        if changed.added.contains(&path) || entry == Some(None) {
            compared.new.migrations.insert(index);
        } else if changed.modified.contains(&path) {
            maybe_edited.push((index, path));
        }
        let moved = matches!(entry, Some(Some(when)) if *when != migration.when);
        let snapshot = migration.snapshot.as_ref().map(|path| changes.path(project, path));
        if moved
            || snapshot.is_some_and(|path| changed.added.contains(&path) || changed.modified.contains(&path))
        {
            compared.touched.insert(migration.tag.clone());
        }
    }
    let base = changed.base.as_ref().map_or("HEAD", |base| base.name.as_str());
    for (index, path) in maybe_edited {
        let Some(bytes) = changes.at_base(&path)? else { continue };
        let before = source::decode(&bytes).text;
        if let Some(diagnostic) = drizzle::edited(&project.migrations[index], &before, base) {
            compared.new.edited.insert(index);
            compared.edited.push(diagnostic);
        }
    }
    // Files that no migration stands for: gone, not in the journal, or a snapshot's.
    for path in changed.added.iter().chain(&changed.modified).chain(&changed.deleted) {
        let Some(inside) = path.strip_prefix(&changes.prefix) else { continue };
        if project.migrations.iter().any(|m| m.readable && changes.path(project, &m.sql_path) == *path) {
            continue;
        }
        let tag = match inside.split_once('/') {
            None => inside.strip_suffix(".sql").map(str::to_owned),
            Some(("meta", file)) => file.strip_suffix("_snapshot.json").and_then(|prefix| {
                let of = |m: &&Migration| m.tag.split('_').next() == Some(prefix);
                project.migrations.iter().rev().find(of).map(|m| m.tag.clone())
            }),
            Some((folder, _)) => Some(folder.to_owned()),
        };
        compared.touched.extend(tag);
    }
    Ok(compared)
}

/// The tags of the base's journal and their `when`; `None` where the journal is as it was, or where
/// the base's can't be read.
fn entries_at_base(
    project: &Project,
    changes: &Changes,
) -> Result<Option<HashMap<String, Option<i64>>>, Error> {
    let Some(journal) = &project.journal else { return Ok(None) };
    let path = changes.path(project, &journal.path);
    if !changes.changed.modified.contains(&path) {
        return Ok(None);
    }
    let Some(bytes) = changes.at_base(&path)? else { return Ok(None) };
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return Ok(None) };
    let entries = value["entries"].as_array().into_iter().flatten();
    let entry = |entry: &serde_json::Value| Some((entry["tag"].as_str()?.to_owned(), entry["when"].as_i64()));
    Ok(Some(entries.filter_map(entry).collect()))
}
