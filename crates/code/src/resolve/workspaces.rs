//! The packages of a tree by their names: members of workspaces, and all others that have a manifest.
//!
//! Package managers link members into `node_modules`, which is not in git; here they are found by
//! their manifests. The globs only say who goes first where several have one name.

use super::files::{Files, folder_of, is_within};
use super::manifest::Manifest;
use crate::Tree;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// All packages.
#[derive(Debug, Default)]
pub struct Workspaces {
    /// By their folders.
    manifests: HashMap<String, Arc<Manifest>>,
    named: HashMap<String, Vec<Package>>,
}

#[derive(Debug)]
struct Package {
    manifest: Arc<Manifest>,
    /// The top of the workspace that it is a member of.
    top: Option<String>,
}

/// A workspace: its top folder, the globs of its members, and those of folders that are none.
struct Workspace {
    top: String,
    members: Vec<String>,
    not: Vec<String>,
}

/// The packages of a tree.
pub fn workspaces(tree: &dyn Tree, files: &Files) -> Workspaces {
    let is_manifest = |path: &&Arc<str>| name_of(path) == "package.json";
    let paths: Vec<&Arc<str>> = files.paths().iter().filter(is_manifest).collect();
    let read = |path: &&Arc<str>| Manifest::new(folder_of(path), &tree.read(path)?).map(Arc::new);
    let manifests: Vec<Arc<Manifest>> = paths.par_iter().filter_map(read).collect();
    let spaces = tops(tree, files, &manifests);
    let mut found = Workspaces::default();
    for manifest in manifests {
        if let Some(name) = manifest.name() {
            let space = spaces.iter().filter(|space| has(space, &manifest.dir)).max_by_key(|it| it.top.len());
            let package = Package { manifest: manifest.clone(), top: space.map(|it| it.top.clone()) };
            found.named.entry(name.to_owned()).or_default().push(package);
        }
        found.manifests.insert(manifest.dir.clone(), manifest);
    }
    found
}

impl Workspaces {
    /// The manifest of a folder.
    pub fn manifest(&self, dir: &str) -> Option<&Arc<Manifest>> {
        self.manifests.get(dir)
    }

    /// The package of this name that a file in `from` means: the own one, else one of its own
    /// workspace, else of any, else any; and of several the nearest.
    pub fn package(&self, name: &str, from: &str) -> Option<&Arc<Manifest>> {
        let rank = |package: &&Package| {
            let dir = &package.manifest.dir;
            let own = is_within(from, dir);
            let inside = package.top.as_ref().filter(|top| is_within(from, top)).map(|top| top.len());
            let common = from.split('/').zip(dir.split('/')).take_while(|(a, b)| a == b).count();
            (own, inside, package.top.is_some(), common, std::cmp::Reverse(dir.len()))
        };
        self.named.get(name)?.iter().max_by_key(rank).map(|package| &package.manifest)
    }
}

fn tops(tree: &dyn Tree, files: &Files, manifests: &[Arc<Manifest>]) -> Vec<Workspace> {
    let mut found: Vec<Workspace> = Vec::new();
    let mut add = |top: &str, globs: Vec<String>| {
        let (not, members) = globs.into_iter().partition(|glob: &String| glob.starts_with('!'));
        found.push(Workspace { top: top.to_owned(), members, not });
    };
    for manifest in manifests {
        if let Some(globs) = manifest.workspaces() {
            add(&manifest.dir, globs);
        }
    }
    for path in files.paths() {
        let globs = match name_of(path) {
            "pnpm-workspace.yaml" => tree.read(path).map(|text| pnpm_globs(&text)),
            "lerna.json" => tree.read(path).and_then(|text| Manifest::new("", &text)?.workspaces()),
            _ => None,
        };
        if let Some(globs) = globs {
            add(folder_of(path), globs);
        }
    }
    found
}

fn has(space: &Workspace, dir: &str) -> bool {
    if !is_within(dir, &space.top) {
        return false;
    }
    let below = dir[space.top.len()..].trim_start_matches('/');
    let fits = |globs: &[String]| globs.iter().any(|glob| fits(glob.trim_start_matches('!'), below));
    below.is_empty() || (fits(&space.members) && !fits(&space.not))
}

/// Whether a glob of folders means this one.
fn fits(glob: &str, dir: &str) -> bool {
    let glob = glob.trim_start_matches("./").trim_end_matches('/');
    // Choices multiply; more of them than this is no glob that anybody wrote.
    if glob.matches('{').count() < 5
        && let Some((before, rest)) = glob.split_once('{')
        && let Some((choices, after)) = rest.split_once('}')
    {
        return choices.split(',').any(|choice| fits(&format!("{before}{choice}{after}"), dir));
    }
    let parts: Vec<&str> = glob.split('/').collect();
    let names: Vec<&str> = dir.split('/').collect();
    table(
        &parts,
        &names,
        |part| *part == "**",
        |part, name| {
            table(part.as_bytes(), name.as_bytes(), |c| *c == b'*', |c, other| *c == b'?' || c == other)
        },
    )
}

/// Row by row over pattern and text: no pattern makes it slow.
fn table<P, T>(pattern: &[P], text: &[T], any: impl Fn(&P) -> bool, one: impl Fn(&P, &T) -> bool) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for part in pattern {
        let mut next = vec![row[0] && any(part)];
        for (n, item) in text.iter().enumerate() {
            next.push(if any(part) { row[n + 1] || next[n] } else { row[n] && one(part, item) });
        }
        row = next;
    }
    row[text.len()]
}

/// The list `packages` of `pnpm-workspace.yaml`, in the two forms that people write it in.
fn pnpm_globs(text: &str) -> Vec<String> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("packages:"));
    let first = lines.next().and_then(|line| line.split_once(':')).map_or("", |(_, rest)| rest.trim());
    if let Some(list) = first.strip_prefix('[') {
        return list.split(']').next().unwrap_or_default().split(',').map(unquoted).collect();
    }
    let lines = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map_while(|line| line.strip_prefix('-')).map(unquoted).collect()
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    match text.chars().next() {
        Some(quote @ ('\'' | '"')) => text[1..].split(quote).next().unwrap_or_default().to_owned(),
        _ => text.split(" #").next().unwrap_or_default().trim().to_owned(),
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_of_folders() {
        for (glob, dir, expected) in [
            ("packages/*", "packages/db", true),
            ("./packages/*/", "packages/db", true),
            ("packages/*", "packages/db/deep", false),
            ("packages/**", "packages/a/b", true),
            ("**/test/**", "packages/test/db", true),
            ("{apps,packages}/*-lib", "packages/db-lib", true),
            ("apps/web", "apps/web", true),
            ("*", "a/b", false),
        ] {
            assert_eq!(fits(glob, dir), expected, "{glob} on {dir}");
        }
    }

    #[test]
    fn lists_of_pnpm() {
        for text in [
            "packages:\n  - 'a/*'\n\n  # x\n  - b # y\n\ncatalog:\n  - c\n",
            "x: 1\r\npackages:\r\n- \"a/*\"\r\n- b\r\nother: 1",
            "packages: ['a/*', b]",
        ] {
            assert_eq!(pnpm_globs(text), ["a/*", "b"], "{text}");
        }
        assert!(pnpm_globs("packages:").is_empty() && pnpm_globs("").is_empty());
    }
}
