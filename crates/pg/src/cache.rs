//! Where things are kept between runs: copies of server programs, and templates of databases.
//! All of it can be deleted at any time; it is made again.

use crate::Error;
use std::path::{Path, PathBuf};

/// The cache folder of this user: `$BROLLY_CACHE`, or `$XDG_CACHE_HOME/brolly`, or what the system has
/// for it: `~/.cache/brolly`, `~/Library/Caches/brolly`, `%LOCALAPPDATA%\brolly\cache`. It need not
/// exist. For root it is `/var/cache/brolly` instead of the last one, since servers run as another user
/// that must not look into root's home. `None` where the environment names no home.
#[expect(clippy::disallowed_methods, reason = "an edge crate: this is where the environment is asked")]
pub fn cache_folder() -> Option<PathBuf> {
    folder(&|name| std::env::var(name).ok(), std::env::consts::OS, is_root())
}

fn folder(variable: &dyn Fn(&str) -> Option<String>, system: &str, is_root: bool) -> Option<PathBuf> {
    let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let named = folder("BROLLY_CACHE").or_else(|| Some(folder("XDG_CACHE_HOME")?.join("brolly")));
    named.or_else(|| match system {
        _ if is_root => Some(PathBuf::from(FOR_ALL)),
        "macos" => Some(folder("HOME")?.join("Library/Caches/brolly")),
        "windows" => Some(folder("LOCALAPPDATA")?.join("brolly").join("cache")),
        _ => Some(folder("HOME")?.join(".cache/brolly")),
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
pub fn make(dir: &Path) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_where_the_system_keeps_such_things() {
        let all = [("HOME", "/h"), ("LOCALAPPDATA", "/l")];
        let named = |extra| [all[0], all[1], extra];
        for (variables, system, root, expected) in [
            (&all[..], "linux", false, Some("/h/.cache/brolly")),
            (&all, "macos", false, Some("/h/Library/Caches/brolly")),
            (&all, "windows", false, Some("/l/brolly/cache")),
            (&all, "linux", true, Some("/var/cache/brolly")),
            (&named(("XDG_CACHE_HOME", "/x")), "linux", true, Some("/x/brolly")),
            (&named(("BROLLY_CACHE", "/b")), "macos", true, Some("/b")),
            (&named(("BROLLY_CACHE", "")), "linux", false, Some("/h/.cache/brolly")),
            (&[], "linux", false, None),
        ] {
            let variable = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                folder(&variable, system, root),
                expected.map(PathBuf::from),
                "{variables:?} {system}"
            );
        }
    }
}
