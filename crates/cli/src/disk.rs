//! Files on the disk, for the crates that only know the [`drizzle::Files`] trait.

use drizzle::{Entry, FileError, Files};
use std::io::ErrorKind;
use std::path::PathBuf;

/// The files below a directory.
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// Relative paths are taken from `root`.
    pub fn new(root: impl Into<PathBuf>) -> Disk {
        Disk { root: root.into() }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the disk is touched")]
impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        std::fs::read(self.root.join(path)).map_err(from_io)
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.root.join(dir)).map_err(from_io)? {
            let entry = entry.map_err(from_io)?;
            let kind = entry.file_type().map_err(from_io)?;
            // A link to a folder is followed only one step: what it holds is listed when asked for.
            let is_dir = kind.is_dir();
            entries.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_dir });
        }
        Ok(entries)
    }
}

fn from_io(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        _ => FileError::Other(error.to_string()),
    }
}
