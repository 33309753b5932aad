//! Starting a server and stopping it, on systems with sockets that have a path.

use super::keeper::{Keeper, keeper};
use super::room::{Room, locked, places, sweep};
use super::template::{Origin, fill};
use super::{Account, Setup, last_lines, text};
use crate::{Binaries, Connection, Error, Target, Version, connect};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a server may take to start; it takes 50 ms.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running throwaway server. Dropping it stops the server, whatever runs on it, and takes its
/// folder away; this takes about 10 ms.
#[derive(Debug)]
pub struct Server {
    keeper: Keeper,
    room: Room,
    version: Version,
    /// The last part of the socket's name, and a port only where the caller's settings open one.
    port: u16,
}

impl Server {
    /// Starts a server of these programs with the default [`Setup`]. Blocks until it takes
    /// connections: 50 ms, and half a second where no template is in the cache yet.
    ///
    /// Errors: [`Error::NoRoom`], [`Error::Initdb`], [`Error::Start`] with the end of the log, and
    /// [`Error::Unreadable`] and [`Error::NoUser`] where brolly runs as root.
    pub fn start(binaries: &Binaries) -> Result<Server, Error> {
        Server::start_with(binaries, &Setup::default())
    }

    /// Starts a server as [`Server::start`] does, with another [`Setup`].
    pub fn start_with(binaries: &Binaries, setup: &Setup) -> Result<Server, Error> {
        let account = Account::of_servers()?;
        let account = account.as_ref();
        if let Some(account) = account.filter(|account| !account.can_reach(&binaries.dir)) {
            return Err(Error::Unreadable { dir: binaries.dir.clone(), user: account.name.clone() });
        }
        sweep(setup.parent.as_deref(), account);
        match attempt(binaries, setup, account, false) {
            // Damage that shows in no count: the template is made again, once.
            Err((Origin::Template, Error::Start { .. })) => {
                attempt(binaries, setup, account, true).map_err(|(_, error)| error)
            }
            other => other.map_err(|(_, error)| error),
        }
    }

    /// A connection to its database `postgres`, as superuser.
    pub async fn connect(&self) -> Result<Connection, Error> {
        connect(&self.target("postgres")).await
    }

    /// How to connect to one of its databases, as superuser `postgres`. With
    /// [`Target::as_user`] any other role may come in as well.
    pub fn target(&self, database: &str) -> Target {
        Target::socket(&self.room.dir, self.port, database)
    }

    /// The address for other programs, as in `psql URL`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&port={}&user=postgres", self.room.dir.display(), self.port)
    }

    /// The version of its programs.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The folder that it lives in, which goes when it goes.
    pub fn dir(&self) -> &Path {
        &self.room.dir
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        !self.keeper.ends_within(Duration::ZERO)
    }

    /// The last lines of its log.
    pub fn log(&self, lines: usize) -> String {
        log(&self.room, lines)
    }

    /// Stops it now; the same as to drop it.
    pub fn stop(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        self.keeper.finish();
        // There is nothing left of it by now, unless the shell was killed.
        self.room.remove();
    }
}

fn attempt(
    binaries: &Binaries,
    setup: &Setup,
    account: Option<&Account>,
    afresh: bool,
) -> Result<Server, (Origin, Error)> {
    let new = |error| (Origin::Initdb, error);
    let mut server = kept(binaries, setup, account).map_err(new)?;
    let cache = setup.cache.as_deref();
    let origin = fill(&server.room, &mut server.keeper, binaries, cache, account, afresh).map_err(new)?;
    server.keeper.start().map_err(|source| (origin, shell(source)))?;
    match wait(&server) {
        Ok(()) => Ok(server),
        Err(why) => {
            let (version, dir) = (server.version, server.room.dir.clone());
            Err((origin, Error::Start { version, why, dir, log: server.log(12) }))
        }
    }
}

/// A room in the first place where one can be made, with its keeper, and nothing running in it yet.
fn kept(binaries: &Binaries, setup: &Setup, account: Option<&Account>) -> Result<Server, Error> {
    let mut failed = None;
    for dir in places(setup.parent.as_deref(), setup.space, account)? {
        let (initdb, command) = (binaries.dir.join("initdb"), command(binaries, &dir, setup));
        let mut keeper = keeper(&dir, &initdb, &command, account).map_err(shell)?;
        match keeper.room().and_then(|()| locked(&dir)) {
            Ok(room) => return Ok(Server { keeper, room, version: binaries.version, port: port(setup) }),
            Err(source) => failed = failed.or(Some(Error::Io { doing: "making", path: dir, source })),
        }
    }
    // There is a place, or there was an error before.
    Err(failed.unwrap_or(Error::NoRoom { needed: setup.space, rooms: Vec::new() }))
}

fn shell(source: std::io::Error) -> Error {
    Error::Io { doing: "starting", path: Path::new("/bin/sh").to_owned(), source }
}

/// The command of the server. Shared memory lies in its folder, so that it goes with it.
fn command(binaries: &Binaries, room: &Path, setup: &Setup) -> Command {
    #[expect(clippy::disallowed_methods, reason = "an edge crate: it starts servers")]
    let mut command = Command::new(binaries.dir.join("postgres"));
    command.arg("-D").arg(room.join("data")).arg("-k").arg(room);
    let port = port(setup).to_string();
    let ours = [
        ("port", port.as_str()),
        ("listen_addresses", ""),
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
        ("shared_buffers", "16MB"),
        ("autovacuum", "off"),
        ("dynamic_shared_memory_type", "mmap"),
        ("TimeZone", "UTC"),
        ("log_timezone", "UTC"),
    ];
    let theirs = setup.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in ours.into_iter().chain(theirs) {
        command.args([OsString::from("-c"), OsString::from(format!("{name}={value}"))]);
    }
    command
}

fn port(setup: &Setup) -> u16 {
    let mut ports = setup.settings.iter().rev().filter(|(name, _)| name == "port");
    ports.find_map(|(_, value)| value.parse().ok()).unwrap_or(5432)
}

/// Waits until the server says, in the eighth line of its file, that it takes connections.
/// <https://www.postgresql.org/docs/current/storage-file-layout.html>
fn wait(server: &Server) -> Result<(), &'static str> {
    let file = server.room.data().join("postmaster.pid");
    let until = Instant::now() + PATIENCE;
    loop {
        if server.keeper.ends_within(Duration::from_millis(1)) {
            return Err("ended instead of starting");
        }
        let text = text(&file);
        if text.lines().nth(7).is_some_and(|status| status.trim() == "ready") {
            return Ok(());
        }
        if Instant::now() > until {
            return Err("did not start within a minute");
        }
    }
}

fn log(room: &Room, lines: usize) -> String {
    last_lines(&text(&room.log()), lines)
}
