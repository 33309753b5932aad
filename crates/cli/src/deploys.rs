//! Package scripts and CI workflows around a project: which files there are. Crate `deploy` judges
//! them.
//!
//! Looked at are the `package.json` of the project, which lies in its folder or above, that of the
//! repository, and the repository's workflows. What can't be read is left alone: it is no affair of
//! this tool.

use crate::disk::Disk;
use crate::projects::relative;
use deploy::{Manifest, Pipeline};
use drizzle::{Files, Project, join, parent};
use source::{Diagnostic, SourceFile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A file above this size is no script and no workflow.
const LIMIT: usize = 1 << 20;

/// The files of the repositories that a run meets, read once.
pub struct Deploys<'a> {
    disk: &'a Disk,
    pipelines: BTreeMap<PathBuf, Rc<Vec<Pipeline>>>,
    said: BTreeSet<(String, u32, u32)>,
}

impl<'a> Deploys<'a> {
    /// Nothing is read yet.
    pub fn new(disk: &'a Disk) -> Deploys<'a> {
        Deploys { disk, pipelines: BTreeMap::new(), said: BTreeSet::new() }
    }

    /// What is wrong around a project.
    pub fn findings(&mut self, project: &Project) -> Vec<Diagnostic> {
        let dir = project.config.as_ref().map_or_else(|| project.dir.clone(), |config| parent(&config.path));
        let Some(start) = self.disk.canonical(&dir) else { return Vec::new() };
        let repository = self.disk.repository(&dir);
        let top = repository.clone().or_else(|| self.disk.canonical("."));
        let manifests = self.manifests(&start, top.as_deref());
        let pipelines = repository.map(|top| self.pipelines_of(top)).unwrap_or_default();
        linter::late_migrations(&deploy::missteps(&manifests, &pipelines))
    }

    /// Leaves out what was said of another project of the same repository.
    pub fn once(&mut self, found: &mut Vec<Diagnostic>) {
        let names = |d: &Diagnostic| d.rule == "migrate-after-deploy";
        found.retain(|d| {
            let (path, span) = (d.primary.file.path.clone(), d.primary.span);
            !names(d) || self.said.insert((path, span.start, span.end))
        });
    }

    /// The scripts at the top, then those nearest to the project.
    fn manifests(&self, start: &Path, top: Option<&Path>) -> Vec<Manifest> {
        let inside = |dir: &&Path| top.is_none_or(|top| dir.starts_with(top)) || *dir == start;
        let near = start.ancestors().take_while(inside).find(|dir| dir.join("package.json").is_file());
        let mut dirs: Vec<&Path> = top.into_iter().chain(near).collect();
        dirs.dedup();
        let files = dirs.iter().filter_map(|dir| self.read(&relative(self.disk, &dir.join("package.json"))));
        files.filter_map(|file| deploy::manifest(&file)).collect()
    }

    fn pipelines_of(&mut self, top: PathBuf) -> Rc<Vec<Pipeline>> {
        if let Some(known) = self.pipelines.get(&top) {
            return known.clone();
        }
        let dir = relative(self.disk, &top.join(".github/workflows"));
        let entries = self.disk.list(&dir).unwrap_or_default();
        let is_workflow = |name: &str| name.ends_with(".yml") || name.ends_with(".yaml");
        let names = entries.iter().filter(|entry| !entry.is_dir && is_workflow(&entry.name));
        let mut paths: Vec<String> = names.map(|entry| join(&dir, &entry.name)).collect();
        paths.sort();
        paths.push(relative(self.disk, &top.join(".gitlab-ci.yml")));
        let files = paths.iter().filter_map(|path| self.read(path));
        let read = Rc::new(files.filter_map(|file| deploy::pipeline(&file)).collect::<Vec<_>>());
        self.pipelines.insert(top, read.clone());
        read
    }

    fn read(&self, path: &str) -> Option<Arc<SourceFile>> {
        let bytes = self.disk.read(path).ok().filter(|bytes| bytes.len() <= LIMIT)?;
        Some(SourceFile::new(self.disk.tidy(path), source::decode(&bytes).text))
    }
}
