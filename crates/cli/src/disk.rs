//! Files on the disk, for the crates that only know the [`drizzle::Files`] trait, and the few
//! questions about paths that need a disk to answer.
//!
//! The one module that reads what users name (`trees` reads the app's code, `cache` its own). A link to a directory is no directory when it is come upon in
//! a listing, so that no loop of links can hang a search; named by the user, it is followed.

use crate::errors::Error;
use crate::unsaved::Unsaved;
use drizzle::{Entry, FileError, Files, join};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The disk as seen from one directory.
#[derive(Clone)]
pub struct Disk {
    root: PathBuf,
    unsaved: Unsaved,
}

impl Disk {
    /// Relative paths are taken from `root`, which is absolute.
    pub fn new(root: impl Into<PathBuf>) -> Disk {
        Disk { root: root.into(), unsaved: Unsaved::default() }
    }

    /// The texts that are read in the place of files, by paths without links.
    pub fn unsaved(&self) -> &Unsaved {
        &self.unsaved
    }

    /// Whether `path` is a directory, or a link to one.
    pub fn is_dir(&self, path: &str) -> bool {
        self.root.join(path).is_dir()
    }

    /// Whether `path` is a file, or a link to one.
    pub fn is_file(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    /// The absolute path of something that exists, without links.
    pub fn canonical(&self, path: &str) -> Option<PathBuf> {
        self.root.join(path).canonicalize().ok()
    }

    /// The directory of the repository that `path` lies in, seen without starting git.
    pub fn repository(&self, path: &str) -> Option<PathBuf> {
        let start = self.canonical(path)?;
        start.ancestors().find(|dir| dir.join(".git").exists()).map(Path::to_path_buf)
    }

    /// `path` as people should read it: relative to where the tool was started where it lies below,
    /// and otherwise as it was given.
    pub fn tidy(&self, path: &str) -> String {
        tidy(&self.root.to_string_lossy(), path)
    }

    /// The text of a file, if it is there.
    pub fn text(&self, path: &str) -> Option<String> {
        Some(source::decode(&self.read(path).ok()?).text)
    }

    /// Writes a file and the folders that it lies in.
    pub fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        self.write_with(path, |out| out.write_all(text.as_bytes()))
    }

    /// Whether a file can be written, which is left as it is.
    pub fn can_write(&self, path: &str) -> Result<(), Error> {
        let whole = self.root.join(path);
        let there = whole.exists();
        let opened = File::options().append(true).create(true).open(&whole);
        let removed = opened.and_then(|_| if there { Ok(()) } else { std::fs::remove_file(&whole) });
        removed.map_err(|error| Error::NotWritten { path: path.to_owned(), why: error.to_string() })
    }

    /// The same, piece by piece.
    pub fn write_with(
        &self,
        path: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), Error> {
        let whole = self.root.join(path);
        let folders = whole.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = folders.and_then(|()| {
            let mut out = BufWriter::with_capacity(64 * 1024, File::create(&whole)?);
            write(&mut out)?;
            out.flush()
        });
        written.map_err(|error| Error::NotWritten { path: path.to_owned(), why: error.to_string() })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the disk is touched")]
impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let whole = self.root.join(path);
        match self.unsaved.text(&whole) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => std::fs::read(whole).map_err(from_io),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.root.join(dir)).map_err(from_io)? {
            let entry = entry.map_err(from_io)?;
            let is_dir = entry.file_type().map_err(from_io)?.is_dir();
            entries.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_dir });
        }
        Ok(entries)
    }
}

/// The files directly inside directories, and nothing deeper: a search in one directory only.
pub struct Shallow<'a>(pub &'a Disk);

impl Files for Shallow<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.0.read(path)
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = self.0.list(dir)?;
        entries.retain(|entry| !entry.is_dir);
        Ok(entries)
    }
}

fn from_io(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        _ => FileError::Other(error.to_string()),
    }
}

fn tidy(root: &str, path: &str) -> String {
    let path = join("", path);
    let root = join("", root);
    let climbs = path == ".." || path.starts_with("../");
    let whole = join(&root, &path);
    if whole == root {
        return ".".to_owned();
    }
    if let Some(below) = whole.strip_prefix(&format!("{}/", root.trim_end_matches('/'))) {
        return below.to_owned();
    }
    if !climbs {
        return path;
    }
    // Up only as far as needed: `../web`, not `../../apps/web`.
    let (from, to): (Vec<&str>, Vec<&str>) = (root.split('/').collect(), whole.split('/').collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - same);
    up.chain(to[same..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_where_the_tool_was_started() {
        for (path, expected) in [
            ("./drizzle/", "drizzle"),
            ("/repo/apps/api", "."),
            ("/repo/apps/api/drizzle", "drizzle"),
            ("/elsewhere/x", "/elsewhere/x"),
            ("../../apps/api/drizzle", "drizzle"),
            ("../../apps/web/drizzle", "../web/drizzle"),
            ("../..", "../.."),
            ("..\\web", "../web"),
        ] {
            assert_eq!(tidy("/repo/apps/api", path), expected, "{path}");
        }
    }
}
