//! From what an import says to the file of the tree that it means.
//!
//! Asks the tree alone: packages are not installed where the code of a commit is read, and builds
//! have not run. So members of workspaces are found by their manifests, and output by its sources.
//!
//! Why there is no library here: `oxc_resolver` 11.24 over a `FileSystem` that linked members into
//! a made-up `node_modules` gave 114 of the first 176 answers in `tests/resolve`. A config that
//! extends one that git does not have, or that does not parse, fails every import of its files;
//! what `include` leaves out has no paths at all; members without built output have no entry. Its file
//! system has to be `'static`, so it can't borrow a tree, and it turns on `preserve_order` in the
//! `serde_json` of all other crates. Mending that took more than the rest: relative paths and patterns.
//!
//! Left aside: `rootDirs`, `moduleSuffixes`, Yarn's resolutions, and aliases that only a bundler's
//! own config has.

mod build;
mod files;
mod json;
mod level;
mod manifest;
mod package;
mod tsconfig;
mod workspaces;

use crate::Tree;
use files::{Files, folder_of, joined};
use level::{Level, Levels, parts};
use manifest::{Listed, listed};
use package::{best, built_from, index, module};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tsconfig::Tsconfig;

/// Finds files by what imports say. Remembers what it found; threads may share it.
pub struct Resolver<'t> {
    levels: Levels<'t>,
    /// By folder and specifier.
    known: RwLock<HashMap<Box<str>, OfFolder>>,
}

/// What specifiers mean in the files of one folder.
type OfFolder = HashMap<Box<str>, Resolved>;

/// What an import means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A file of the tree.
    File(Arc<str>),
    /// A package that is none of the tree, or a module of the platform; with the path in it.
    External(String),
    /// A file that should be in the tree, and why it is not found: one clause for people.
    Missing(String),
}

/// Beginnings that say that it is no file.
const SCHEMES: &[&str] =
    &["node:", "bun:", "npm:", "jsr:", "http:", "https:", "data:", "virtual:", "cloudflare:"];

/// Aliases that many templates set up somewhere, and that can't be the name of a package; and the folders
/// of the app that they mean.
const CUSTOMS: &[(&str, &[&str])] = &[
    ("$lib/", &["src/lib"]),
    ("~~/", &["", "src"]),
    ("@@/", &["", "src"]),
    ("@/", &["src", "", "app"]),
    ("~/", &["src", "", "app"]),
    ("#/", &["src", ""]),
];

/// Imports of packages may lead to each other only so often.
const HOPS: usize = 8;

impl<'t> Resolver<'t> {
    /// A resolver for a tree. Reads the manifests of all packages.
    pub fn new(tree: &'t dyn Tree) -> Resolver<'t> {
        let files = Files::new(tree);
        let configs: Vec<Arc<str>> = files.paths().iter().filter(|path| is_config(path)).cloned().collect();
        tree.prefetch(&configs);
        let workspaces = workspaces::workspaces(tree, &files);
        Resolver { levels: Levels::new(tree, files, workspaces), known: RwLock::default() }
    }

    /// What `specifier` means in the file `from`.
    pub fn resolve(&self, from: &str, specifier: &str) -> Resolved {
        let dir = folder_of(from);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(dir).and_then(|of_dir| of_dir.get(specifier)) {
            return found.clone();
        }
        drop(known);
        let found = self.look(dir, specifier);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(dir.into()).or_default().insert(specifier.into(), found.clone());
        found
    }

    fn look(&self, dir: &str, specifier: &str) -> Resolved {
        if SCHEMES.iter().any(|scheme| specifier.starts_with(scheme)) {
            return Resolved::External(specifier.to_owned());
        }
        // `raw-loader!./x.sql?inline`: loaders and queries of bundlers.
        let plain = specifier.rsplit_once('!').map_or(specifier, |(_, path)| path);
        let plain = plain.split_once('?').map_or(plain, |(path, _)| path);
        if is_relative(plain) {
            return self.relative(dir, plain);
        }
        let level = self.levels.level(dir);
        if let Some(path) = plain.strip_prefix('/') {
            return self.rooted(&level, path);
        }
        self.bare(&level, plain, HOPS)
    }

    fn relative(&self, dir: &str, specifier: &str) -> Resolved {
        let Some(path) = joined(dir, specifier) else {
            return Resolved::Missing("it leads out of the repository".to_owned());
        };
        let is_folder = specifier.ends_with('/') || specifier.ends_with('.');
        let found = self.at(&path, is_folder).or_else(|| self.built(dir, &path));
        let why = || match path.as_str() {
            "" => "the top folder is no module".to_owned(),
            path => format!("there is no `{path}`, with any extension"),
        };
        found.map_or_else(|| Resolved::Missing(why()), Resolved::File)
    }

    /// A path that begins with a slash: from the top of the app or of a folder around it.
    fn rooted(&self, level: &Level, path: &str) -> Resolved {
        let mut tops = level.chain().filter(|level| level.manifest.is_some() || level.dir.is_empty());
        let found = tops.find_map(|level| self.at(&joined(&level.dir, path)?, false));
        found.map_or_else(|| Resolved::Missing(format!("no app around it has `{path}`")), Resolved::File)
    }

    fn bare(&self, level: &Level, specifier: &str, hops: usize) -> Resolved {
        let mut why = None;
        let mut nearest = level.chain().filter(|level| !level.configs.is_empty());
        if let Some(level) = nearest.next()
            && let Some(found) =
                level.configs.iter().find_map(|config| self.mapped(config, specifier, &mut why))
        {
            return found;
        }
        if specifier.starts_with('#')
            && let Some(found) = self.imported(level, specifier, hops, &mut why)
        {
            return found;
        }
        if let Some(found) = self.of_deno(level, specifier, hops) {
            return found;
        }
        let named = parts(specifier);
        if let Some((name, subpath)) = named
            && let Some(package) = self.levels.package(name, level)
        {
            let outputs = self.outputs(&package.dir);
            return match module(&package, subpath, &self.levels.files, &outputs) {
                Ok(found) => Resolved::File(found),
                Err(why) => Resolved::Missing(why),
            };
        }
        let mut configs = nearest.flat_map(|level| &level.configs);
        if let Some(found) = configs.find_map(|config| self.mapped(config, specifier, &mut None)) {
            return found;
        }
        let known = |name: &str| {
            level.chain().any(|it| it.manifest.as_ref().is_some_and(|it| it.dependency(name).is_some()))
        };
        match (named, why) {
            (Some((name, _)), Some(why)) if !known(name) => Resolved::Missing(why),
            (Some(_), _) => Resolved::External(specifier.to_owned()),
            (None, why) => self.by_custom(level, specifier, why),
        }
    }

    /// What a config makes of a specifier. Where it has a pattern for it but no file, `why` says so.
    fn mapped(&self, config: &Tsconfig, specifier: &str, why: &mut Option<String>) -> Option<Resolved> {
        if let Some((targets, is_own)) = config.targets(specifier) {
            for target in &targets {
                if format!("/{target}").contains("/node_modules/") {
                    return Some(Resolved::External(specifier.to_owned()));
                }
                let dir = folder_of(target);
                if let Some(found) = self.at(target, false).or_else(|| self.built(dir, target)) {
                    return Some(Resolved::File(found));
                }
            }
            if let Some(target) = targets.first().filter(|_| is_own) {
                why.get_or_insert_with(|| format!("tsconfig.json says `{target}`, which is not in the tree"));
            }
        }
        let path = joined(config.base_url.as_deref()?, specifier)?;
        self.at(&path, false).map(Resolved::File)
    }

    /// What `imports` of the packages around say of a specifier with a hash.
    fn imported(
        &self,
        level: &Level,
        specifier: &str,
        hops: usize,
        why: &mut Option<String>,
    ) -> Option<Resolved> {
        let manifests = level.chain().filter_map(|level| level.manifest.as_ref());
        for manifest in manifests {
            let targets = match manifest.imported(specifier) {
                Listed::No => continue,
                Listed::Closed => Vec::new(),
                Listed::At(targets) => targets,
            };
            let (paths, others): (Vec<_>, Vec<_>) = targets.into_iter().partition(|it| is_relative(&it.path));
            let outputs = self.outputs(&manifest.dir);
            if let Some(found) = best(&paths, &manifest.dir, &self.levels.files, &outputs) {
                return Some(Resolved::File(found));
            }
            if let Some(other) = others.first().filter(|_| hops > 0) {
                return Some(self.bare(&self.levels.level(&manifest.dir), &other.path, hops - 1));
            }
            let told = || format!("package.json in `{}` has no file in the tree for it", manifest.dir);
            why.get_or_insert_with(told);
        }
        None
    }

    /// What deno's map of imports makes of it.
    fn of_deno(&self, level: &Level, specifier: &str, hops: usize) -> Option<Resolved> {
        level.chain().filter(|level| !level.deno.is_empty()).find_map(|level| {
            let Listed::At(targets) = listed(&level.deno, specifier) else { return None };
            let target = &targets.first()?.path;
            if is_relative(target) {
                return self.at(&joined(&level.dir, target)?, false).map(Resolved::File);
            }
            // A name and a version: under the name that the code gives it.
            let renamed = target.contains(':') || hops == 0;
            Some(if renamed {
                Resolved::External(specifier.to_owned())
            } else {
                self.bare(level, target, hops - 1)
            })
        })
    }

    /// What can't be a package, and no config explains.
    fn by_custom(&self, level: &Level, specifier: &str, why: Option<String>) -> Resolved {
        for (alias, dirs) in CUSTOMS {
            let whole = specifier == alias.trim_end_matches('/');
            let Some(rest) = specifier.strip_prefix(alias).or(whole.then_some("")) else { continue };
            for level in level.chain().filter(|level| level.manifest.is_some() || level.dir.is_empty()) {
                let mut paths = dirs.iter().filter_map(|dir| joined(&joined(&level.dir, dir)?, rest));
                if let Some(found) = paths.find_map(|path| self.at(&path, false)) {
                    return Resolved::File(found);
                }
            }
            let why = why.unwrap_or_else(|| "no tsconfig.json around it says what it stands for".to_owned());
            return Resolved::Missing(why);
        }
        match why {
            Some(why) => Resolved::Missing(why),
            None if specifier.starts_with('#') => {
                Resolved::Missing("no package.json around it imports that".to_owned())
            }
            None => Resolved::External(specifier.to_owned()),
        }
    }

    /// The file that a path means, as a module or a folder.
    fn at(&self, path: &str, is_folder: bool) -> Option<Arc<str>> {
        let files = &self.levels.files;
        let look = |path: &str| {
            let module = if is_folder { None } else { files.module(path) };
            module.or_else(|| index(files, self.levels.workspaces.manifest(path).map(Arc::as_ref), path))
        };
        look(path).or_else(|| look(&files.real(path)?))
    }

    /// The source of output: what is at this path once the package around `dir` is built.
    fn built(&self, dir: &str, path: &str) -> Option<Arc<str>> {
        let level = self.levels.level(dir);
        let top = level.chain().find(|level| level.manifest.is_some()).map_or("", |level| &level.dir);
        let below = path.strip_prefix(top)?.trim_start_matches('/');
        built_from(below, top, &self.levels.files, &self.outputs(top))
    }

    /// Folders of output and of sources of the package in `dir`, as its compiler is told.
    fn outputs(&self, dir: &str) -> Vec<(String, String)> {
        let level = self.levels.level(dir);
        let own = level.configs.iter().filter_map(|config| config.outputs(dir));
        own.collect()
    }
}

fn is_relative(specifier: &str) -> bool {
    let rest = specifier.strip_prefix("..").or_else(|| specifier.strip_prefix('.'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Files that are read to find others.
fn is_config(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known =
        ["package.json", "jsconfig.json", "deno.json", "deno.jsonc", "lerna.json", "pnpm-workspace.yaml"];
    known.contains(&name) || (name.starts_with("tsconfig") && name.ends_with(".json"))
}
