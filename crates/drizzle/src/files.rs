//! How this crate sees files: a trait to read and list them, and the few path functions it needs.
//!
//! Paths are text with forward slashes. What they are relative to is the implementer's business;
//! this crate only joins, never resolves against a working directory.

use std::collections::{BTreeMap, BTreeSet};

/// A place that files can be read from: a disk, a git tree, a map in memory.
pub trait Files: Sync {
    /// The bytes of the file at `path`.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
    /// What lies directly inside the directory `dir`, in any order. `"."` is the root.
    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError>;
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The bare name, without its directory.
    pub name: String,
    /// Whether it is a directory (or a link to one that may be followed).
    pub is_dir: bool,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is nothing at that path.
    #[error("there is no such file")]
    NotFound,
    /// Anything else, in the words of the system.
    #[error("{0}")]
    Other(String),
}

/// Files held in memory: for tests, and for text that is not on a disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryFiles {
    /// Files with these paths and contents.
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> MemoryFiles {
        let files = files.into_iter().map(|(path, bytes)| (join("", &path.into()), bytes.into())).collect();
        MemoryFiles { files }
    }

    /// Adds a file or replaces it.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files.insert(join("", path), bytes.into());
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.files.get(&join("", path)).cloned().ok_or(FileError::NotFound)
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let dir = join("", dir);
        let prefix = if dir == "." { String::new() } else { format!("{dir}/") };
        let names: BTreeSet<Entry> = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(prefix.as_str()))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => Entry { name: name.to_owned(), is_dir: true },
                None => Entry { name: rest.to_owned(), is_dir: false },
            })
            .collect();
        if names.is_empty() { Err(FileError::NotFound) } else { Ok(names.into_iter().collect()) }
    }
}

/// `path` as seen from the directory `base`, with `.` and `..` worked out as far as the text
/// allows. Backslashes count as slashes; an absolute `path` stays as it is. Never empty: the
/// root is `"."`.
pub fn join(base: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    let base = base.replace('\\', "/");
    let whole = if is_absolute(&path) || base.is_empty() { path } else { format!("{base}/{path}") };
    let absolute = whole.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") | None if absolute => {}
                Some(&"..") | None => parts.push(".."),
                Some(_) => {
                    parts.pop();
                }
            },
            name => parts.push(name),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// The directory that `path` lies in; `"."` where the text does not say.
pub fn parent(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((dir, _)) => dir.to_owned(),
        None => ".".to_owned(),
    }
}

/// The last part of `path`.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last part of `path` without its `.sql`.
pub(crate) fn file_stem(path: &str) -> &str {
    let name = file_name(path);
    name.strip_suffix(".sql").unwrap_or(name)
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.as_bytes().get(1..3) == Some(b":/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins() {
        for (base, path, expected) in [
            ("", "./a//b/../c", "a/c"),
            (".", "drizzle", "drizzle"),
            ("apps/api", "../db/./x", "apps/db/x"),
            ("a", "../../x", "../x"),
            ("a", "/b/../../c", "/c"),
            ("a", "..", "."),
            ("a", "C:\\b", "C:/b"),
            ("..", "../x", "../../x"),
        ] {
            assert_eq!(join(base, path), expected, "{base} + {path}");
        }
        assert_eq!((parent("a/b"), parent("/a"), parent("a")), ("a".into(), "/".into(), ".".into()));
    }
}
