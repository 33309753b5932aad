//! The server that `verify`, `rehearse` and their kin run on: one of our own, or the user's.

use crate::args::Room;
use crate::disk::Disk;
use crate::errors::Error;
use drizzle::Project;
use facts::Version;
use pg::{Search, Server, Setup, Target};
use std::path::Path;

/// A server, and how to make databases on it.
pub enum Place {
    /// Started for this run; it goes with the value.
    Throwaway(Box<Server>),
    /// Named by `--database-url`.
    Theirs(Box<Target>),
}

impl Place {
    /// Where to connect to, to make a database of our own.
    pub fn target(&self) -> Target {
        match self {
            Place::Throwaway(server) => server.target("postgres"),
            Place::Theirs(target) => target.as_ref().clone(),
        }
    }

    /// The role in which queries of the app are asked: only on a server of our own, and only if the
    /// migrations name it, since otherwise nothing here says what it may do. The note says why it is not.
    pub fn app_role(&self, project: &Project, role: Option<&str>, notes: &mut Vec<String>) -> Option<String> {
        let role = role?;
        let why = if !self.is_ours() {
            "this server is not brolly's own"
        } else if !verify::roles::roles_of(project).contains(role) {
            "no migration names it, so that its rights are not known"
        } else {
            return Some(role.to_owned());
        };
        notes.push(format!("queries are not asked in role {role} (appRole): {why}"));
        None
    }

    /// Whether nobody else is on it, so that roles may be made too.
    pub fn is_ours(&self) -> bool {
        matches!(self, Place::Throwaway(_))
    }
}

/// The server that the arguments ask for: `--database-url`, or else a throwaway one of this version (of
/// any, where none is asked for). `space` is what the rows will take, in bytes.
pub fn place(
    disk: &Disk,
    wanted: &Room,
    project: &str,
    version: Option<Version>,
    space: u64,
) -> Result<Place, Error> {
    if let Some(url) = &wanted.database_url {
        return Ok(Place::Theirs(Box::new(pg::target_here(url)?)));
    }
    let folder = disk.canonical(project).unwrap_or_else(|| Path::new(project).to_path_buf());
    let mut search = Search::from_env(&folder);
    search.major = version.map(|version| u16::from(version.0));
    search.explicit = wanted.pg_bin.as_ref().map(Into::into);
    let usual = Setup::default();
    let setup = Setup { space: usual.space.max(space), ..usual };
    Ok(Place::Throwaway(Box::new(Server::start_with(&pg::binaries(&search)?, &setup)?)))
}

/// The version of the server at a place, as far as brolly knows it.
pub fn version_of(connection: &pg::Connection) -> Version {
    Version(u8::try_from(connection.version().major).unwrap_or(u8::MAX))
}
