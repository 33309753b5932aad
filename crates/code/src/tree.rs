//! The files of one version of the code: a commit's, or those of the working tree.

use std::collections::BTreeMap;
use std::sync::Arc;

/// All files of one version, by paths relative to the top of the repository, with forward slashes.
pub trait Tree: Sync {
    /// All paths, sorted. Folders of dependencies (`node_modules`) are left out.
    fn paths(&self) -> &[Arc<str>];
    /// The text of a file; `None` where there is none, or where it is no text.
    fn read(&self, path: &str) -> Option<Arc<str>>;
    /// Symbolic links by their paths, with their targets as written. They are not among the paths.
    fn links(&self) -> &[(Arc<str>, Arc<str>)] {
        &[]
    }
    /// Brings many files near at once, where that is faster than one by one.
    fn prefetch(&self, _paths: &[Arc<str>]) {}
}

/// A tree held in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    paths: Vec<Arc<str>>,
    files: BTreeMap<Arc<str>, Arc<str>>,
    links: Vec<(Arc<str>, Arc<str>)>,
}

impl MemoryTree {
    /// A tree of these paths and texts.
    pub fn new<P: AsRef<str>, T: AsRef<str>>(files: impl IntoIterator<Item = (P, T)>) -> MemoryTree {
        let files: BTreeMap<Arc<str>, Arc<str>> =
            files.into_iter().map(|(path, text)| (path.as_ref().into(), text.as_ref().into())).collect();
        MemoryTree { paths: files.keys().cloned().collect(), files, links: Vec::new() }
    }

    /// The same with a symbolic link.
    pub fn with_link(mut self, path: &str, target: &str) -> MemoryTree {
        self.links.push((path.into(), target.into()));
        self
    }
}

impl Tree for MemoryTree {
    fn paths(&self) -> &[Arc<str>] {
        &self.paths
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        self.files.get(path).cloned()
    }

    fn links(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.links
    }
}

/// A tree as crate `drizzle` sees files: for reading its configs and snapshots.
pub struct TreeFiles<'t>(pub &'t dyn Tree);

impl drizzle::Files for TreeFiles<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, drizzle::FileError> {
        let text = self.0.read(&drizzle::join("", path));
        text.map(|text| text.as_bytes().to_vec()).ok_or(drizzle::FileError::NotFound)
    }

    fn list(&self, dir: &str) -> Result<Vec<drizzle::Entry>, drizzle::FileError> {
        let dir = drizzle::join("", dir);
        let prefix = if dir == "." { String::new() } else { format!("{dir}/") };
        let paths = self.0.paths();
        let from = paths.partition_point(|path| **path < *prefix.as_str());
        let below = paths[from..].iter().map_while(|path| path.strip_prefix(prefix.as_str()));
        let mut entries: Vec<drizzle::Entry> = below
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => drizzle::Entry { name: name.to_owned(), is_dir: true },
                None => drizzle::Entry { name: rest.to_owned(), is_dir: false },
            })
            .collect();
        entries.sort();
        entries.dedup();
        if entries.is_empty() { Err(drizzle::FileError::NotFound) } else { Ok(entries) }
    }
}
