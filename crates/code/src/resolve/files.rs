//! Which file a path means: extensions that are left out, those of the compiler's output, links.
//!
//! All of it is searching in sorted paths. What a folder means is `package`'s business, since a
//! manifest may say it.

use crate::Tree;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The paths of a tree.
pub struct Files<'t> {
    paths: &'t [Arc<str>],
    /// Links that end at a file, sorted, with the path of that file.
    aliases: Vec<(Arc<str>, Arc<str>)>,
    links: BTreeMap<&'t str, &'t str>,
}

/// What may be left out of a specifier. Sources come first, and types without code last.
const EXTENSIONS: &[&str] =
    &[".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".d.ts", ".d.mts", ".d.cts"];

/// What the compiler makes files of which extensions from. A specifier names its output.
const OUTPUTS: &[(&str, &[&str])] = &[
    (".js", &[".ts", ".tsx", ".js", ".jsx", ".d.ts"]),
    (".jsx", &[".tsx", ".jsx", ".d.ts"]),
    (".mjs", &[".mts", ".mjs", ".d.mts"]),
    (".cjs", &[".cts", ".cjs", ".d.cts"]),
];

/// More links than this on the way to a file are a circle.
const LINKS: usize = 32;

impl<'t> Files<'t> {
    /// The files of a tree.
    pub fn new(tree: &'t dyn Tree) -> Files<'t> {
        let links: BTreeMap<&str, &str> =
            tree.links().iter().map(|(path, target)| (path.as_ref(), target.as_ref())).collect();
        let mut files = Files { paths: tree.paths(), aliases: Vec::new(), links };
        let ends = |path: &&&str| Some((Arc::from(**path), files.at(&files.real(path)?)?));
        files.aliases = files.links.keys().filter_map(|path| ends(&path)).collect();
        files
    }

    /// All paths.
    pub fn paths(&self) -> &'t [Arc<str>] {
        self.paths
    }

    /// The file of exactly this path.
    pub fn at(&self, path: &str) -> Option<Arc<str>> {
        let found = self.paths.binary_search_by(|other| other.as_ref().cmp(path));
        found.ok().map(|n| self.paths[n].clone()).or_else(|| {
            let found = self.aliases.binary_search_by(|(other, _)| other.as_ref().cmp(path));
            found.ok().map(|n| self.aliases[n].1.clone())
        })
    }

    /// Whether there are files below this folder; the top is the empty text.
    pub fn has_folder(&self, dir: &str) -> bool {
        if dir.is_empty() {
            return true;
        }
        let dir = format!("{dir}/");
        let start = self.paths.partition_point(|path| path.as_ref() < dir.as_str());
        self.paths.get(start).is_some_and(|path| path.starts_with(&dir))
    }

    /// The file that a specifier with this path means.
    pub fn module(&self, path: &str) -> Option<Arc<str>> {
        for (output, sources) in OUTPUTS {
            if let Some(stem) = path.strip_suffix(output)
                && let Some(found) = self.probe(stem, sources).or_else(|| self.whole_source(stem))
            {
                return Some(found);
            }
        }
        self.at(path).or_else(|| self.source(path))
    }

    /// Some tools keep the extension of the source: `x.tsx.js` is made from `x.tsx`.
    fn whole_source(&self, stem: &str) -> Option<Arc<str>> {
        if EXTENSIONS[..4].iter().any(|extension| stem.ends_with(extension)) { self.at(stem) } else { None }
    }

    /// The file with this path and any extension.
    pub fn source(&self, stem: &str) -> Option<Arc<str>> {
        // What has no name is a folder.
        if stem.is_empty() || stem.ends_with('/') { None } else { self.probe(stem, EXTENSIONS) }
    }

    /// The path without links on the way; `None` where there are none, or where they go nowhere.
    pub fn real(&self, path: &str) -> Option<String> {
        let mut path = path.to_owned();
        let mut followed = 0;
        while let Some(next) = self.follow(&path) {
            path = next?;
            followed += 1;
            if followed > LINKS {
                return None;
            }
        }
        (followed > 0).then_some(path)
    }

    /// One link followed: the first on the way. `None` where there is none, `Some(None)` where it leads out.
    fn follow(&self, path: &str) -> Option<Option<String>> {
        if self.links.is_empty() {
            return None;
        }
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.filter_map(|end| Some((end, self.links.get(&path[..end])?))).next().map(|(end, target)| {
            let target = if target.starts_with('/') { return None } else { target };
            joined(folder_of(&path[..end]), &format!("{target}{}", &path[end..]))
        })
    }

    /// The file with this stem and the first of these extensions.
    fn probe(&self, stem: &str, extensions: &[&str]) -> Option<Arc<str>> {
        let best = |names: &mut dyn Iterator<Item = &'_ Arc<str>>| {
            let ranks = names
                .map_while(|path| path.strip_prefix(stem).filter(|rest| rest.starts_with('.')))
                .enumerate()
                .filter_map(|(n, rest)| Some((extensions.iter().position(|known| *known == rest)?, n)));
            ranks.min().map(|(_, n)| n)
        };
        let before = |path: &str| match path.strip_prefix(stem) {
            // Bytes before the dot are few, and sort before what is looked for.
            Some(rest) => rest.as_bytes().first().is_none_or(|byte| *byte < b'.'),
            None => path < stem,
        };
        let start = self.paths.partition_point(|path| before(path));
        if let Some(n) = best(&mut self.paths[start..].iter()) {
            return Some(self.paths[start + n].clone());
        }
        let start = self.aliases.partition_point(|(path, _)| before(path));
        let n = best(&mut self.aliases[start..].iter().map(|(path, _)| path))?;
        Some(self.aliases[start + n].1.clone())
    }
}

/// The folder that a path lies in; the top is the empty text.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// A path as seen from a folder, `None` where it leads out of the tree.
pub fn joined(dir: &str, path: &str) -> Option<String> {
    let mut whole = String::with_capacity(dir.len() + path.len() + 1);
    whole.push_str(dir);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if whole.is_empty() => return None,
            ".." => whole.truncate(folder_of(&whole).len()),
            name => {
                if !whole.is_empty() {
                    whole.push('/');
                }
                whole.push_str(name);
            }
        }
    }
    Some(whole)
}

/// Whether a path lies in a folder or is the folder.
pub fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn joins() {
        for (dir, path, expected) in [
            ("", "./a", Some("a")),
            ("a/b", "../c/./d/", Some("a/c/d")),
            ("a/b", "../..", Some("")),
            ("a/b", "../../..", None),
            ("a", "b//c", Some("a/b/c")),
        ] {
            assert_eq!(joined(dir, path).as_deref(), expected, "{dir} + {path}");
        }
    }
}
