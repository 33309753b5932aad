//! Copies of folders: a template into memory, a package into the cache. Links and sockets are left
//! out, ownership goes to whom it shall belong to.

use super::Account;
use crate::Error;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::path::Path;

/// What a copy came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// How many files.
    pub files: u64,
    /// How many bytes in them.
    pub bytes: u64,
}

/// Copies the files and folders in `from` to `to`, which must not be there yet, with their permissions.
pub fn copy_tree(from: &Path, to: &Path, owner: Option<&Account>) -> Result<Totals, Error> {
    let mut totals = Totals::default();
    folder(from, to, owner, &mut vec![0; 1 << 18], &mut totals)?;
    Ok(totals)
}

fn folder(
    from: &Path,
    to: &Path,
    owner: Option<&Account>,
    buffer: &mut [u8],
    totals: &mut Totals,
) -> Result<(), Error> {
    let fail = |source| Error::Io { doing: "copying", path: from.to_owned(), source };
    std::fs::create_dir(to).map_err(|source| Error::Io { doing: "making", path: to.to_owned(), source })?;
    let permissions = std::fs::metadata(from).map_err(fail)?.permissions();
    for entry in entries(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let kind = entry.file_type().map_err(fail)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            folder(&source, &target, owner, buffer, totals)?;
        } else if kind.is_file() {
            let copied = file(&source, &target, owner, buffer);
            let path = || if source.exists() { target.clone() } else { source.clone() };
            totals.bytes +=
                copied.map_err(|source| Error::Io { doing: "copying to", path: path(), source })?;
            totals.files += 1;
        }
    }
    // Last of all, and in this order: until then it is ours alone, so nobody can put a link in its place.
    std::fs::set_permissions(to, permissions).and_then(|()| give(to, owner)).map_err(fail)
}

fn file(from: &Path, to: &Path, owner: Option<&Account>, buffer: &mut [u8]) -> std::io::Result<u64> {
    let mut source = File::open(from)?;
    let permissions = source.metadata()?.permissions();
    let mut target = new_file(to, &permissions)?;
    let mut bytes = 0;
    loop {
        match source.read(buffer)? {
            0 => break,
            n => {
                target.write_all(&buffer[..n])?;
                bytes += n as u64;
            }
        }
    }
    #[cfg(unix)]
    if let Some(owner) = owner {
        std::os::unix::fs::fchown(&target, Some(owner.uid), Some(owner.gid))?;
    }
    #[cfg(not(unix))]
    let _ = owner;
    // A second call, since the umask took its share of the first.
    target.set_permissions(permissions)?;
    Ok(bytes)
}

#[cfg(unix)]
fn new_file(path: &Path, permissions: &Permissions) -> std::io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mode = permissions.mode() & 0o777;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn new_file(path: &Path, _: &Permissions) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Makes a file or folder belong to the user that servers run as.
fn give(path: &Path, owner: Option<&Account>) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(owner) = owner {
        std::os::unix::fs::lchown(path, Some(owner.uid), Some(owner.gid))?;
    }
    #[cfg(not(unix))]
    let _ = (path, owner);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "an edge crate: it copies folders")]
fn entries(dir: &Path) -> std::io::Result<std::fs::ReadDir> {
    std::fs::read_dir(dir)
}
