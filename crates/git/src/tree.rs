//! All files of one commit, read from git's objects: no checkout, no network, nothing written.
//!
//! The texts are those that git stores: no line ends are converted, no filters run.

use crate::objects::{Object, Objects};
use crate::reference::named_commit;
use crate::{Error, run};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The files of a commit. Folders of installed packages and submodules are left out.
pub struct GitTree {
    /// The full name of the commit.
    pub commit: String,
    paths: Vec<Arc<str>>,
    /// The objects of the paths, and their texts as far as they were asked for.
    files: Vec<(Box<str>, OnceLock<Blob>)>,
    links: Vec<(Arc<str>, Arc<str>)>,
    unnamed: usize,
    objects: Objects,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob {
    /// Its text; what is no UTF-8 in it is replaced.
    Text(Arc<str>),
    /// Bytes that are no text.
    Binary,
    /// More than anybody writes.
    TooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// Nothing: this clone does not have it, being a partial one.
    Missing,
}

/// Larger files are not read: nobody wrote them.
pub const LARGEST: u64 = 2 << 20;

/// The files at a tag, a branch or a commit of the repository around `dir`.
pub fn tree_at(dir: &Path, reference: &str) -> Result<GitTree, Error> {
    let commit = named_commit(dir, reference)?;
    let listed = run::offline(dir, &["ls-tree", "-r", "-z", "--full-tree", &commit]);
    let listed = listed.map_err(|error| match error {
        Error::Git { message, .. } => Error::MissingTree { reference: reference.to_owned(), message },
        other => other,
    })?;
    let objects = Objects::new(dir, LARGEST);
    let mut tree =
        GitTree { commit, paths: Vec::new(), files: Vec::new(), links: Vec::new(), unnamed: 0, objects };
    let mut links: Vec<(Arc<str>, String)> = Vec::new();
    for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else { continue };
        let head = run::text(&entry[..tab]);
        let (Some(mode), Some(id)) = (head.split(' ').next(), head.split(' ').nth(2)) else { continue };
        let Ok(path) = std::str::from_utf8(&entry[tab + 1..]) else {
            tree.unnamed += 1;
            continue;
        };
        match mode {
            _ if is_installed(path) => {}
            "120000" => links.push((Arc::from(path), id.to_owned())),
            // 160000 is a submodule: its files are another repository's.
            _ if mode.starts_with("100") => {
                tree.paths.push(path.into());
                tree.files.push((id.into(), OnceLock::new()));
            }
            _ => {}
        }
    }
    let targets = std::sync::Mutex::new(Vec::new());
    let ids: Vec<&str> = links.iter().map(|(_, id)| id.as_str()).collect();
    if !ids.is_empty() {
        tree.objects.many(&ids, &|n, object| {
            if let (Object::Bytes(bytes), Ok(mut targets)) = (object, targets.lock()) {
                targets.push((links[n].0.clone(), Arc::from(run::text(&bytes))));
            }
        });
    }
    tree.links = targets.into_inner().unwrap_or_default();
    tree.links.sort();
    Ok(tree)
}

impl GitTree {
    /// All paths that are UTF-8, sorted.
    pub fn paths(&self) -> &[Arc<str>] {
        &self.paths
    }

    /// Symbolic links, sorted, with their targets as written. They are not among the paths.
    pub fn links(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.links
    }

    /// How many files were left out since their names are no UTF-8.
    pub fn unnamed(&self) -> usize {
        self.unnamed
    }

    /// What is in a file, `None` where there is no such file. Asks git once.
    pub fn read(&self, path: &str) -> Option<&Blob> {
        let n = self.position(path)?;
        let (id, blob) = &self.files[n];
        Some(blob.get_or_init(|| Blob::new(self.objects.one(id))))
    }

    /// Reads many files at once, which is faster than one by one.
    pub fn prefetch<P: AsRef<str>>(&self, paths: &[P]) {
        let asked = paths.iter().filter_map(|path| self.position(path.as_ref()));
        let wanted: Vec<usize> = asked.filter(|n| self.files[*n].1.get().is_none()).collect();
        if wanted.is_empty() {
            return;
        }
        let ids: Vec<&str> = wanted.iter().map(|n| self.files[*n].0.as_ref()).collect();
        self.objects.many(&ids, &|n, object| {
            // Somebody who could not wait may have read it meanwhile.
            self.files[wanted[n]].1.set(Blob::new(object)).ok();
        });
    }

    /// Files that were asked for and have no text to give, sorted.
    pub fn unread(&self) -> Vec<(Arc<str>, Blob)> {
        let asked =
            self.paths.iter().zip(&self.files).filter_map(|(path, (_, blob))| Some((path, blob.get()?)));
        let unread = asked.filter(|(_, blob)| !matches!(blob, Blob::Text(_)));
        unread.map(|(path, blob)| (path.clone(), blob.clone())).collect()
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.paths.binary_search_by(|other| other.as_ref().cmp(path)).ok()
    }
}

impl Blob {
    /// What bytes are, wherever they come from.
    pub fn of(bytes: Vec<u8>) -> Blob {
        if bytes.len() as u64 > LARGEST {
            return Blob::TooLarge { size: bytes.len() as u64 };
        }
        // As git tells them apart.
        if bytes[..bytes.len().min(8000)].contains(&0) {
            return Blob::Binary;
        }
        Blob::Text(match String::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into(),
        })
    }

    fn new(object: Object) -> Blob {
        match object {
            Object::Bytes(bytes) => Blob::of(bytes),
            Object::TooLarge { size } => Blob::TooLarge { size },
            Object::Missing => Blob::Missing,
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&Arc<str>> {
        match self {
            Blob::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Why there is no text: one clause for people.
    pub fn why_unread(&self) -> Option<String> {
        match self {
            Blob::Text(_) => None,
            Blob::Binary => Some("it is no text".to_owned()),
            Blob::TooLarge { size } => Some(format!("it has {} kB, more than anybody writes", size / 1000)),
            Blob::Missing => Some("this clone does not have its contents (a partial clone?)".to_owned()),
        }
    }
}

/// Whether a path lies in a folder of installed packages.
pub(crate) fn is_installed(path: &str) -> bool {
    path.split('/').any(|part| part == "node_modules")
}
