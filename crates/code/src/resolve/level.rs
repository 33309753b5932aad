//! What holds for the files of one folder: the configs and manifests of it and of those above.
//!
//! Read once a folder, whoever asks first, and shared by all folders below.

use super::files::{Files, folder_of, joined};
use super::json::{Json, json};
use super::manifest::Manifest;
use super::package::module;
use super::tsconfig::{Surroundings, Tsconfig, tsconfig};
use super::workspaces::Workspaces;
use crate::Tree;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A folder, and what lies in it that says what specifiers mean.
pub struct Level {
    pub dir: String,
    /// Its config and those that it refers to, in the order in which they count.
    pub configs: Vec<Tsconfig>,
    pub manifest: Option<Arc<Manifest>>,
    /// The map in deno's config.
    pub deno: Vec<(String, Json)>,
    above: Option<Arc<Level>>,
}

/// All levels that were asked for.
pub struct Levels<'t> {
    pub tree: &'t dyn Tree,
    pub files: Files<'t>,
    pub workspaces: Workspaces,
    known: RwLock<HashMap<String, Arc<Level>>>,
}

impl Level {
    /// This level and those above, the nearest first.
    pub fn chain(&self) -> impl Iterator<Item = &Level> {
        std::iter::successors(Some(self), |level| level.above.as_deref())
    }
}

impl<'t> Levels<'t> {
    /// The levels of a tree.
    pub fn new(tree: &'t dyn Tree, files: Files<'t>, workspaces: Workspaces) -> Levels<'t> {
        Levels { tree, files, workspaces, known: RwLock::default() }
    }

    /// The level of a folder.
    pub fn level(&self, dir: &str) -> Arc<Level> {
        // Never locked while reading: two threads may do the same work, and none can wait for itself.
        let known = |dir: &str| self.known.read().unwrap_or_else(PoisonError::into_inner).get(dir).cloned();
        if let Some(level) = known(dir) {
            return level;
        }
        let mut missing = vec![dir];
        let mut above = None;
        while let Some(last) = missing.last().filter(|dir| !dir.is_empty()) {
            let next = folder_of(last);
            above = known(next);
            if above.is_some() {
                break;
            }
            missing.push(next);
        }
        for dir in missing.into_iter().rev() {
            let level = Arc::new(self.read(dir, above.take()));
            let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
            above = Some(all.entry(dir.to_owned()).or_insert(level).clone());
        }
        above.unwrap_or_else(|| Arc::new(self.read("", None)))
    }

    /// The package with this name, as a file in `from` means it: a dependency that names a folder, else a
    /// member.
    pub fn package(&self, name: &str, level: &Level) -> Option<Arc<Manifest>> {
        let range = level.chain().find_map(|level| {
            let manifest = level.manifest.as_ref()?;
            Some((manifest.dir.as_str(), manifest.dependency(name)?))
        });
        let member = |name: &str| self.workspaces.package(name, &level.dir).cloned();
        let Some((home, range)) = range else { return member(name) };
        let folder = ["file:", "link:", "portal:"].iter().find_map(|protocol| range.strip_prefix(protocol));
        let workspace = range.strip_prefix("workspace:");
        let folder = folder.or_else(|| workspace.filter(|range| range.starts_with('.')));
        if let Some(dir) = folder.and_then(|path| joined(home, path)) {
            let manifest = self.workspaces.manifest(&dir).cloned();
            let plain = || self.files.has_folder(&dir).then(|| Arc::new(Manifest::absent(&dir)));
            return manifest.or_else(plain).or_else(|| member(name));
        }
        let renamed = workspace.and_then(|range| range.rsplit_once('@')).map(|(name, _)| name);
        renamed.filter(|name| !name.is_empty()).and_then(member).or_else(|| member(name))
    }

    fn read(&self, dir: &str, above: Option<Arc<Level>>) -> Level {
        let path = |name: &str| if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        let config = ["tsconfig.json", "jsconfig.json"].iter().find_map(|name| tsconfig(&path(name), self));
        let mut configs: Vec<Tsconfig> = config.into_iter().collect();
        let references = configs.first().map(|config| config.references.clone()).unwrap_or_default();
        configs.extend(references.iter().filter_map(|path| tsconfig(path, self)));
        let deno = ["deno.json", "deno.jsonc"].iter().find_map(|name| json(&self.text(&path(name))?));
        let deno = deno.and_then(|deno| Some(deno.get("imports")?.members().to_vec())).unwrap_or_default();
        let manifest = self.workspaces.manifest(dir).cloned();
        Level { dir: dir.to_owned(), configs, manifest, deno, above }
    }
}

impl Surroundings for Levels<'_> {
    fn text(&self, path: &str) -> Option<Arc<str>> {
        self.tree.read(&self.files.at(path)?)
    }

    fn extended(&self, dir: &str, specifier: &str) -> Option<String> {
        let at = |path: String| {
            let spellings = [path.clone(), format!("{path}.json"), format!("{path}/tsconfig.json")];
            spellings.into_iter().find_map(|path| self.files.at(&path)).map(|path| path.to_string())
        };
        if specifier.starts_with('.') {
            return at(joined(dir, specifier)?);
        }
        // Not through levels: those of this folder are being read.
        let (name, subpath) = parts(specifier)?;
        let package = self.workspaces.package(name, dir)?;
        let exported = || module(package, subpath, &self.files, &[]).ok().map(|path| path.to_string());
        if !subpath.is_empty() {
            return at(joined(&package.dir, subpath)?).or_else(exported);
        }
        let named = package.tsconfig().and_then(|path| at(joined(&package.dir, path)?));
        named.or_else(|| at(joined(&package.dir, "tsconfig.json")?)).or_else(exported)
    }
}

/// A bare specifier as the name of a package and the path in it, which is empty for its entry;
/// `None` where the beginning can't be a package's name.
pub fn parts(specifier: &str) -> Option<(&str, &str)> {
    let scope = if specifier.starts_with('@') { specifier.find('/')? + 1 } else { 0 };
    let end = specifier[scope..].find('/').map_or(specifier.len(), |n| scope + n);
    let name = &specifier[..end];
    let good = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '$')
            && !part.contains([' ', '\\', ':', '%'])
    };
    let named = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| good(scope) && good(name)),
        None => good(name) && !name.starts_with('$'),
    };
    named.then_some((name, specifier[end..].trim_matches('/')))
}
