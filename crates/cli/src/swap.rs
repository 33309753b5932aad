//! Changes to several files of a folder, all of them or none: a copy of the folder is changed, and takes the
//! folder's place in one step.
//!
//! Linux and macOS exchange two names at once (renameat2 and renamex_np). Elsewhere the step is two renames, and
//! a crash just between them leaves the folder as it was beside its place, as `.drizzle.brolly-1234.old`.

#![allow(clippy::disallowed_methods, reason = "this is where the files of a folder change")]

use crate::disk::Disk;
use crate::errors::Error;
use drizzle::FileChange;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes the changes, whose paths lie in the folder `dir`.
pub fn swap(disk: &Disk, dir: &str, changes: &[FileChange]) -> Result<(), Error> {
    let Some(folder) = disk.canonical(dir) else {
        return Err(Error::NotWritten { path: dir.to_owned(), why: "the folder is not there".to_owned() });
    };
    let inside = |path: &str| path.strip_prefix(dir).map(|rest| rest.trim_start_matches('/').to_owned());
    let mut below = Vec::new();
    for change in changes {
        let path = if dir == "." { Some(change.path.clone()) } else { inside(&change.path) };
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            let why = format!("it does not lie in {dir}");
            return Err(Error::NotWritten { path: change.path.clone(), why });
        };
        below.push((PathBuf::from(path), change.text.as_deref()));
    }
    replace(&folder, &below)
        .map_err(|error| Error::NotWritten { path: dir.to_owned(), why: error.to_string() })
}

/// What the copies of a folder are called, with the number of the process behind it.
fn copy_name(folder: &Path) -> Option<String> {
    Some(format!(".{}.brolly-", folder.file_name()?.to_string_lossy()))
}

fn replace(folder: &Path, changes: &[(PathBuf, Option<&str>)]) -> io::Result<()> {
    let (Some(parent), Some(prefix)) = (folder.parent(), copy_name(folder)) else {
        return Err(io::Error::other("it has no folder above it"));
    };
    clear(parent, &prefix)?;
    let copy = parent.join(format!("{prefix}{}", std::process::id()));
    let made = copied(folder, &copy)
        .and_then(|()| changes.iter().try_for_each(|(path, text)| change(&copy.join(path), *text)));
    if let Err(error) = made {
        fs::remove_dir_all(&copy).ok();
        return Err(error);
    }
    exchange(folder, &copy)?;
    sync(parent)?;
    fs::remove_dir_all(&copy)
}

/// Takes away what a run that died has left.
fn clear(parent: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix) && !name.ends_with(".old") {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The folder again, its files shared by hard links where that can be.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copied(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            link(&fs::read_link(entry.path())?, &target)?;
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    fs::copy(to, at).map(|_| ())
}

/// Writes one file of the copy, or takes it away. The file is made anew: the old one is shared.
fn change(path: &Path, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else { return fs::remove_file(path) };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let old = fs::metadata(path).ok();
    if old.is_some() {
        fs::remove_file(path)?;
    }
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    if let Some(old) = old {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    sync(folder)
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Each of two folders gets the name of the other.
fn exchange(folder: &Path, copy: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, folder, CWD, copy, RenameFlags::EXCHANGE) {
            // Some file systems can't; they get the two steps below.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
            done => return done.map_err(io::Error::from),
        }
    }
    let aside = copy.with_extension("old");
    fs::rename(folder, &aside)?;
    if let Err(error) = fs::rename(copy, folder) {
        fs::rename(&aside, folder)?;
        return Err(error);
    }
    fs::rename(&aside, copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_change_and_the_others_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("drizzle");
        fs::create_dir_all(folder.join("meta")).expect("made");
        for (path, text) in [("a.sql", "a"), ("b.sql", "b"), ("meta/x.json", "{}")] {
            fs::write(folder.join(path), text).expect("written");
        }
        fs::create_dir(dir.path().join(".drizzle.brolly-1")).expect("what a dead run left");
        let changes =
            [("a.sql".into(), Some("A")), ("b.sql".into(), None), ("contract/c.sql".into(), Some("c"))];
        replace(&folder, &changes).expect("it can be written");
        let read = |path: &str| fs::read_to_string(folder.join(path)).ok();
        assert_eq!(read("a.sql").as_deref(), Some("A"));
        assert_eq!(read("b.sql"), None);
        assert_eq!(read("contract/c.sql").as_deref(), Some("c"));
        assert_eq!(read("meta/x.json").as_deref(), Some("{}"));
        let left: Vec<_> = fs::read_dir(dir.path()).expect("read").collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn what_fails_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("drizzle");
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("a.sql"), "a").expect("written");
        let changes = [("a.sql".into(), Some("A")), ("no.sql".into(), None)];
        assert!(replace(&folder, &changes).is_err());
        assert_eq!(fs::read_to_string(folder.join("a.sql")).ok().as_deref(), Some("a"));
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1);
    }
}
