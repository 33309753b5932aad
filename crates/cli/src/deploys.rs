//! How the repository around a project deploys and migrates: its files, as crate `deploy` asks for them.
//! That crate knows which of them matter, and judges them. What can't be read is left alone: it is no
//! affair of this tool.

use crate::disk::Disk;
use crate::projects::relative;
use deploy::Repository;
use drizzle::{Files, Project, join, parent};
use source::{Diagnostic, SourceFile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A file above this size is no script and no workflow.
const LIMIT: usize = 1 << 20;
/// Folders lie no deeper than this.
const DEPTH: usize = 16;

/// The repositories that a run meets, read once.
pub struct Deploys<'a> {
    disk: &'a Disk,
    repositories: BTreeMap<PathBuf, Rc<Repository>>,
    said: BTreeSet<(String, u32, u32)>,
}

impl<'a> Deploys<'a> {
    /// Nothing is read yet.
    pub fn new(disk: &'a Disk) -> Deploys<'a> {
        Deploys { disk, repositories: BTreeMap::new(), said: BTreeSet::new() }
    }

    /// What is wrong around a project.
    pub fn findings(&mut self, project: &Project) -> Vec<Diagnostic> {
        let dir = project.config.as_ref().map_or_else(|| project.dir.clone(), |config| parent(&config.path));
        let Some(start) = self.disk.canonical(&dir) else { return Vec::new() };
        let repository = self.disk.repository(&dir);
        // Outside of a repository there is no telling how far up its files go.
        let whole = repository.is_some();
        let top = repository.or_else(|| self.disk.canonical(".").filter(|here| start.starts_with(here)));
        let top = top.unwrap_or_else(|| start.clone());
        let below = start.strip_prefix(&top).unwrap_or(Path::new(""));
        let folder: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let folder = folder.join("/");
        let disk = self.disk;
        let read = || {
            let files = FilesBelow::new(disk, &top, (!whole).then_some(&folder));
            Rc::new(deploy::repository(Rc::new(files)))
        };
        let known = self.repositories.entry(top.clone()).or_insert_with(read);
        linter::deploy_findings(&deploy::missteps(known, &folder))
    }

    /// Says everything again from now on; what was read is kept.
    pub fn again(&mut self) {
        self.said.clear();
    }

    /// Leaves out what was said of another project of the same repository.
    pub fn once(&mut self, found: &mut Vec<Diagnostic>) {
        let names = |d: &Diagnostic| matches!(d.rule, "migrate-after-deploy" | "migrate-in-every-pod");
        found.retain(|d| {
            let (path, span) = (d.primary.file.path.clone(), d.primary.span);
            !names(d) || self.said.insert((path, span.start, span.end))
        });
    }
}

/// The files below a folder.
struct FilesBelow {
    disk: Disk,
    top: String,
    paths: Vec<String>,
}

impl FilesBelow {
    /// All files below `top`, or only those in the folders from `top` down to `only`.
    fn new(disk: &Disk, top: &Path, only: Option<&String>) -> FilesBelow {
        let mut files = FilesBelow { disk: disk.clone(), top: relative(disk, top), paths: Vec::new() };
        match only {
            Some(folder) => {
                let mut at = String::new();
                files.list(&at);
                for part in folder.split('/').filter(|part| !part.is_empty()) {
                    at = join(&at, part);
                    files.list(&at);
                }
            }
            None => {
                let mut open = vec![(String::new(), 0)];
                while let Some((folder, depth)) = open.pop() {
                    let inside = files.list(&folder);
                    if depth < DEPTH {
                        open.extend(inside.into_iter().map(|folder| (folder, depth + 1)));
                    }
                }
            }
        }
        files.paths.sort_unstable();
        files
    }

    /// Takes note of the files in a folder, and gives the folders in it.
    fn list(&mut self, folder: &str) -> Vec<String> {
        let entries = self.disk.list(&join(&self.top, folder)).unwrap_or_default();
        let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.is_dir);
        let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        self.paths.extend(files.iter().map(|file| path(&file.name)));
        folders.iter().filter(|entry| !is_skipped(&entry.name)).map(|entry| path(&entry.name)).collect()
    }
}

/// Folders of dependencies, of what is built, and of tools.
fn is_skipped(name: &str) -> bool {
    const SKIPPED: &[&str] =
        &["node_modules", "dist", "build", "target", "out", "coverage", "vendor", "__pycache__"];
    let hidden = name.starts_with('.') && !name.starts_with(".github") && !name.starts_with(".docker");
    hidden || SKIPPED.contains(&name)
}

impl deploy::Files for FilesBelow {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, path: &str) -> Option<Arc<SourceFile>> {
        let path = join(&self.top, path);
        let bytes = self.disk.read(&path).ok().filter(|bytes| bytes.len() <= LIMIT)?;
        Some(SourceFile::new(self.disk.tidy(&path), source::decode(&bytes).text))
    }
}
