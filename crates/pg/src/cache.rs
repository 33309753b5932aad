//! Where things are kept between runs: copies of server programs, and templates of databases.
//! All of it can be deleted at any time; it is made again.

use crate::Error;
use std::path::{Path, PathBuf};

/// The cache folder of this user: `$BROLLY_CACHE`, or `$XDG_CACHE_HOME/brolly`, or
/// `~/.cache/brolly`. It need not exist. For root it is `/var/cache/brolly` instead of the last one,
/// since servers run as another user that must not look into root's home. `None` where the
/// environment names no home.
#[expect(clippy::disallowed_methods, reason = "an edge crate: this is where the environment is asked")]
pub fn cache_folder() -> Option<PathBuf> {
    let folder = |name| std::env::var(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from);
    let named = folder("BROLLY_CACHE").or_else(|| Some(folder("XDG_CACHE_HOME")?.join("brolly")));
    named.or_else(|| match is_root() {
        true => Some(PathBuf::from(FOR_ALL)),
        false => Some(folder("HOME").or_else(|| folder("LOCALAPPDATA"))?.join(".cache/brolly")),
    })
}

/// The cache folder that other users can read.
pub(crate) const FOR_ALL: &str = "/var/cache/brolly";

/// Where copies of server programs lie, in folders named by the major version.
pub(crate) fn programs(cache: &Path) -> PathBuf {
    cache.join("postgres")
}

/// Where templates of databases lie.
pub(crate) fn templates(cache: &Path) -> PathBuf {
    cache.join("templates")
}

/// Makes a folder and those above it. Those that root makes can be read by all, whatever the umask
/// says: servers run as another user.
pub(crate) fn make(dir: &Path) -> Result<(), Error> {
    let fail = |source| Error::Io { doing: "making", path: dir.to_owned(), source };
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
    std::fs::create_dir_all(dir).map_err(fail)?;
    #[cfg(unix)]
    if is_root() {
        use std::os::unix::fs::PermissionsExt;
        for dir in missing {
            std::fs::set_permissions(dir, PermissionsExt::from_mode(0o755)).map_err(fail)?;
        }
    }
    #[cfg(not(unix))]
    let _ = missing;
    Ok(())
}

#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}
