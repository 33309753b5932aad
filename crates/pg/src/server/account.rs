//! The user that servers run as where brolly is root: `initdb` and `postgres` refuse root.
//!
//! Asks `/etc/passwd` and the mode bits of folders. Access lists are not looked at; where they
//! matter, starting the programs fails and says so.

use crate::{Error, cache};
use std::path::Path;
use std::process::Command;

/// An unprivileged user of this system.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

impl Account {
    /// `nobody`, or `postgres`, where brolly runs as root; otherwise brolly's own user will do, and
    /// that is `None`.
    #[expect(clippy::disallowed_methods, reason = "an edge crate: it asks which users there are")]
    pub fn of_servers() -> Result<Option<Account>, Error> {
        if !cache::is_root() {
            return Ok(None);
        }
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let found = ["nobody", "postgres"].into_iter().find_map(|name| named(&passwd, name));
        found.map(Some).ok_or(Error::NoUser)
    }

    /// Makes a command run as this user, with no other groups.
    pub fn run(&self, command: &mut Command) {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::uid(
            std::os::unix::process::CommandExt::gid(command, self.gid),
            self.uid,
        );
        #[cfg(not(unix))]
        let _ = command;
    }

    /// Whether the user may enter a folder and all those above it. What is not there yet counts as
    /// open: it will be made so.
    pub fn can_reach(&self, dir: &Path) -> bool {
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        dir.ancestors().all(|dir| self.can_enter(dir))
    }

    #[cfg(unix)]
    fn can_enter(&self, dir: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let Ok(about) = std::fs::metadata(dir) else { return true };
        let shift = match () {
            () if about.uid() == self.uid => 6,
            () if about.gid() == self.gid => 3,
            () => 0,
        };
        about.mode() >> shift & 0o1 != 0
    }

    #[cfg(not(unix))]
    fn can_enter(&self, _: &Path) -> bool {
        true
    }
}

fn named(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2).map(number);
    let (uid, gid) = (fields.next()??, fields.next()??);
    // Root by another name would be refused as well.
    (uid != 0).then(|| Account { name: name.to_owned(), uid, gid })
}

/// Some systems write the number of nobody as -2.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn users_are_read_as_systems_write_them() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nnobody:*:-2:-2:x:/var/empty:/x\nhalf:x:7\n";
        let ids = |name| named(passwd, name).map(|account| (account.uid, account.gid));
        assert_eq!(ids("nobody"), Some((u32::MAX - 1, u32::MAX - 1)));
        assert_eq!((ids("toor"), ids("half"), ids("postgres")), (None, None, None));
    }
}
