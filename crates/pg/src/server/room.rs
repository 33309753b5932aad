//! The folder that a throwaway server lives in, in memory where there is enough of it.
//!
//! A room is locked as long as the process that made it lives; the system lifts the lock with the
//! process. So [`sweep`] knows what was left behind by the dead, and clears it away. What the living
//! leave is cleared by `keeper`, which is quicker.

#![expect(clippy::disallowed_methods, reason = "an edge crate: it makes and clears folders")]

use super::Account;
use crate::Error;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

const PREFIX: &str = "brolly-pg-";
/// A room that has no lock file yet is being made, unless it is older than this.
const BEING_MADE: Duration = Duration::from_secs(600);
/// A socket's path has to fit into 107 bytes, its name included.
const LONGEST: usize = 107 - "/.s.PGSQL.5432".len();

/// A locked folder, and what is in it.
#[derive(Debug)]
pub struct Room {
    /// The folder; sockets lie in it, too.
    pub dir: PathBuf,
    /// Held, never read.
    _lock: File,
}

impl Room {
    /// The folder of the database.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// What the server has to say.
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Takes the folder away, when no keeper does.
    pub fn remove(&self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Folders that may become a room with this many bytes free, the best first: in the named folder, or
/// in memory, or in the temporary folder. None of them exists yet.
pub fn places(parent: Option<&Path>, needed: u64, owner: Option<&Account>) -> Result<Vec<PathBuf>, Error> {
    let parents = match parent {
        Some(parent) => vec![parent.to_owned()],
        None => parents(),
    };
    let (mut places, mut full) = (Vec::new(), Vec::new());
    for parent in parents {
        let place = parent.join(format!("{PREFIX}{}", unique()));
        let reachable = owner.is_none_or(|owner| owner.can_reach(&parent));
        if place.as_os_str().len() > LONGEST || !reachable || !parent.is_dir() {
            continue;
        }
        match free(&parent) {
            free if free < needed => full.push((parent, free)),
            _ => places.push(place),
        }
    }
    if places.is_empty() { Err(Error::NoRoom { needed, rooms: full }) } else { Ok(places) }
}

/// Locks a room that was made just now.
pub fn locked(dir: &Path) -> std::io::Result<Room> {
    // New, whatever it costs: the folder belongs to a user that may have put a link there.
    let lock = File::create_new(dir.join("lock"))?;
    lock.try_lock()?;
    // A sweeper may have been there in the instant between.
    std::fs::metadata(dir.join("lock"))?;
    Ok(Room { dir: dir.to_owned(), _lock: lock })
}

/// Clears away rooms whose processes are dead, and servers that still run in them.
pub fn sweep(parent: Option<&Path>, owner: Option<&Account>) {
    let uid = owner.map_or_else(|| rustix::process::geteuid().as_raw(), |owner| owner.uid);
    let mut parents = parents();
    parents.extend(parent.map(Path::to_owned));
    for parent in parents {
        for name in names(&parent).into_iter().filter(|name| name.starts_with(PREFIX)) {
            let dir = parent.join(name);
            let ours = |about: &std::fs::Metadata| about.is_dir() && (about.uid() == uid);
            if std::fs::symlink_metadata(&dir).is_ok_and(|about| ours(&about)) && abandoned(&dir) {
                super::keeper::kill_in(&dir.join("data"));
                let _ = std::fs::remove_dir_all(&dir);
            }
        }
    }
}

/// Characters that no other room has: the process, the time, and a number.
pub fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let since = now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}-{next:x}", std::process::id(), since.as_micros() & 0xffff_ffff)
}

fn abandoned(dir: &Path) -> bool {
    match File::open(dir.join("lock")) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = std::fs::metadata(dir).and_then(|about| about.modified());
            made.is_ok_and(|made| now().duration_since(made).is_ok_and(|age| age > BEING_MADE))
        }
        Err(_) => false,
    }
}

/// Memory first, then the temporary folder, then the one that is there where that has a long name.
fn parents() -> Vec<PathBuf> {
    let mut parents = vec![PathBuf::from("/dev/shm"), std::env::temp_dir(), PathBuf::from("/tmp")];
    parents.dedup();
    parents
}

/// Bytes that may be written to a folder: free on its disk and, where that is memory, in memory.
fn free(dir: &Path) -> u64 {
    let disk = rustix::fs::statvfs(dir).map_or(0, |about| about.f_bavail.saturating_mul(about.f_frsize));
    match dir.starts_with("/dev/shm") {
        true => disk.min(free_memory()),
        false => disk,
    }
}

/// What the system, and the group that a container gives us, have left of memory.
fn free_memory() -> u64 {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let available = text("/proc/meminfo").lines().find_map(|line| {
        let kilobytes = line.strip_prefix("MemAvailable:")?.trim().trim_end_matches(" kB");
        Some(kilobytes.parse::<u64>().ok()?.saturating_mul(1024))
    });
    let group = |name: &str| text(&format!("/sys/fs/cgroup/{name}")).trim().parse::<u64>().ok();
    let granted = group("memory.max").map(|most| most.saturating_sub(group("memory.current").unwrap_or(0)));
    available.unwrap_or(u64::MAX).min(granted.unwrap_or(u64::MAX))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn now() -> SystemTime {
    SystemTime::now()
}
