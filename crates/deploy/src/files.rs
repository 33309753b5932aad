//! The files of a repository, as this crate asks for them, and paths in it.

use source::SourceFile;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All files of a repository. Paths are relative to its top, with forward slashes.
pub trait Files {
    /// All paths, sorted. Folders of dependencies (`node_modules`) are left out.
    fn paths(&self) -> &[String];
    /// A file by its path, whose own path may be written for people; `None` where there is none, or
    /// where it is no text.
    fn read(&self, path: &str) -> Option<Arc<SourceFile>>;
}

/// Files held in memory.
#[derive(Debug, Default)]
pub struct MemoryFiles {
    paths: Vec<String>,
    files: BTreeMap<String, Arc<SourceFile>>,
}

impl MemoryFiles {
    /// Files of these paths and texts.
    pub fn new<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> MemoryFiles {
        let named = files.into_iter().map(|(path, text)| (path.into(), text.into()));
        let files: BTreeMap<String, Arc<SourceFile>> =
            named.map(|(path, text): (String, String)| (path.clone(), SourceFile::new(path, text))).collect();
        MemoryFiles { paths: files.keys().cloned().collect(), files }
    }
}

impl Files for MemoryFiles {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, path: &str) -> Option<Arc<SourceFile>> {
        self.files.get(path).cloned()
    }
}

/// The folder that a path lies in; empty at the top.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name of a file without its endings: `migrate` of `db/migrate.prod.ts`.
pub(crate) fn stem(path: &str) -> &str {
    let name = name(path);
    name.split('.').find(|part| !part.is_empty()).unwrap_or(name)
}

/// The folders from `folder` to the top, which is the empty one.
pub(crate) fn upwards(from: &str) -> impl Iterator<Item = &str> {
    // A path that climbs out of the repository leads nowhere.
    let start = Some(from).filter(|from| !from.starts_with(".."));
    std::iter::successors(start, |below| if below.is_empty() { None } else { Some(folder(below)) })
}

/// `path` as seen from `folder`; `None` where it leads out of the repository.
pub(crate) fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether the repository has a file of this path.
pub(crate) fn has(files: &dyn Files, path: &str) -> bool {
    files.paths().binary_search_by(|known| known.as_str().cmp(path)).is_ok()
}

/// The file that a path in an image, or in a folder, is a copy of: where it would lie seen from one
/// of the folders, with as much of it as leads to a file, or else the only one of its name.
pub(crate) fn copied(files: &dyn Files, path: &str, folders: &[&str]) -> Option<String> {
    let path = path.trim_start_matches("./");
    if path.contains(['$', '*', ' ', '~']) {
        return None;
    }
    let mut rest = path.trim_start_matches('/');
    loop {
        let found = folders.iter().filter_map(|folder| joined(folder, rest)).find(|path| has(files, path));
        if found.is_some() {
            return found;
        }
        // `/app/docker/start.sh` was copied from somewhere; `docker/start.sh` is where it says.
        if !path.starts_with('/') {
            break;
        }
        match rest.split_once('/') {
            Some((_, below)) => rest = below,
            None => break,
        }
    }
    let mut alike = files.paths().iter().filter(|known| name(known) == name(path));
    match (alike.next(), alike.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_found() {
        let files = MemoryFiles::new(
            ["start.sh", "docker/entry.sh", "apps/a/run.sh", "apps/b/run.sh"].map(|path| (path, "")),
        );
        let at = |path: &str, folder: &str| copied(&files, path, &[folder, ""]);
        for (path, folder, expected) in [
            ("/app/start.sh", "docker", Some("start.sh")),
            ("./start.sh", "", Some("start.sh")),
            ("/usr/local/bin/entry.sh", "", Some("docker/entry.sh")),
            ("/app/run.sh", "apps/b", Some("apps/b/run.sh")),
            ("run.sh", "", None),
            ("../a/run.sh", "apps/b", Some("apps/a/run.sh")),
            ("/app/none.sh", "", None),
            ("$DIR/start.sh", "", None),
        ] {
            assert_eq!(at(path, folder).as_deref(), expected, "{path}");
        }
        assert_eq!(upwards("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(stem(".docker/.x.sh"), "x");
    }
}
