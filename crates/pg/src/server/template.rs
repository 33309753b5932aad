//! Databases as `initdb` makes them, kept in the cache: to copy one takes a tenth of the time.
//!
//! A template belongs to one build of Postgres and one version of brolly. It is put in place whole,
//! under a lock, and checked while it is copied; one that is not what it was is made again. A cache
//! that can't be used costs time and nothing else.

use super::copy::{Totals, copy_tree};
use super::keeper::Keeper;
use super::room::{Room, unique};
use super::{Account, last_lines, text};
use crate::{Binaries, Error, cache};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// Whether a database was copied or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Copied from a template that was there.
    Template,
    /// Made by `initdb`.
    Initdb,
}

/// Puts a new database into a room; with `afresh`, a template that is there is not trusted.
pub fn fill(
    room: &Room,
    keeper: &mut Keeper,
    binaries: &Binaries,
    cache: Option<&Path>,
    owner: Option<&Account>,
    afresh: bool,
) -> Result<Origin, Error> {
    let Some(cache) = cache.map(cache::templates) else {
        return initdb(room, keeper, binaries);
    };
    let template = cache.join(key(binaries));
    let Ok(lock) = cache::make(&cache).and_then(|()| lock_file(&template)) else {
        return initdb(room, keeper, binaries);
    };
    if !afresh && lock.lock_shared().is_ok() && copied(&template, room, owner) {
        return Ok(Origin::Template);
    }
    // A lock is not upgraded in one step: another process may make the template in between.
    let _ = lock.unlock();
    if lock.lock().is_err() {
        return initdb(room, keeper, binaries);
    }
    if !afresh && copied(&template, room, owner) {
        return Ok(Origin::Template);
    }
    let origin = initdb(room, keeper, binaries)?;
    // The database is there; what follows is for the next time, and may fail.
    let _ = keep(&room.data(), &template);
    Ok(origin)
}

/// The name of a template: the versions to read, and a number for all that tells builds apart.
fn key(binaries: &Binaries) -> String {
    // FNV-1a: the same in each version of the compiler.
    let text = format!("{}\n{}", binaries.build, binaries.dir.display());
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{}-{hash:016x}-brolly-{}", binaries.version, env!("CARGO_PKG_VERSION"))
}

fn lock_file(template: &Path) -> Result<File, Error> {
    let path = PathBuf::from(format!("{}.lock", template.display()));
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    file.map_err(|source| Error::Io { doing: "locking", path, source })
}

/// Copies the template if it is whole; leaves nothing where it is not.
fn copied(template: &Path, room: &Room, owner: Option<&Account>) -> bool {
    let Some(expected) = manifest(template) else { return false };
    let copied = copy_tree(&template.join("data"), &room.data(), owner);
    let whole = copied.is_ok_and(|totals| totals == expected);
    if !whole {
        let _ = std::fs::remove_dir_all(room.data());
    }
    whole
}

/// What the template came to when it was made. Written last: without it there is no template.
#[expect(clippy::disallowed_methods, reason = "an edge crate: it reads its cache")]
fn manifest(template: &Path) -> Option<Totals> {
    let text = std::fs::read_to_string(template.join("complete")).ok()?;
    let (files, bytes) = text.trim().split_once(' ')?;
    Some(Totals { files: files.parse().ok()?, bytes: bytes.parse().ok()? })
}

/// Copies a database into the cache, beside its place, and moves it there.
#[expect(clippy::disallowed_methods, reason = "an edge crate: it writes its cache")]
fn keep(data: &Path, template: &Path) -> Result<(), Error> {
    let half = PathBuf::from(format!("{}.{}", template.display(), unique()));
    let fail = |source| Error::Io { doing: "making", path: template.to_owned(), source };
    let made = (|| {
        std::fs::create_dir(&half).map_err(fail)?;
        let totals = copy_tree(data, &half.join("data"), None)?;
        std::fs::write(half.join("complete"), format!("{} {}\n", totals.files, totals.bytes))
            .map_err(fail)?;
        let _ = std::fs::remove_dir_all(template);
        std::fs::rename(&half, template).map_err(fail)
    })();
    let _ = std::fs::remove_dir_all(&half);
    made
}

fn initdb(room: &Room, keeper: &mut Keeper, binaries: &Binaries) -> Result<Origin, Error> {
    // All versions know C.UTF-8 where the system does; older systems and macOS don't.
    match initdb_with(room, keeper, binaries, "C.UTF-8") {
        Err(Error::Initdb { log, .. }) if log.contains("locale name") => {
            initdb_with(room, keeper, binaries, "C")?;
        }
        other => other?,
    }
    Ok(Origin::Initdb)
}

fn initdb_with(room: &Room, keeper: &mut Keeper, binaries: &Binaries, locale: &str) -> Result<(), Error> {
    let data = room.data();
    let done = keeper.initdb(locale);
    if done.map_err(|source| Error::Io { doing: "starting", path: binaries.dir.join("initdb"), source })? {
        return Ok(());
    }
    let _ = std::fs::remove_dir_all(&data);
    let log = last_lines(&text(&room.dir.join("initdb")), 12);
    Err(Error::Initdb { version: binaries.version, dir: data, log })
}
