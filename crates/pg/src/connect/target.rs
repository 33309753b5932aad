//! Where to connect to: a database URL as Drizzle projects have it in their environment.
//!
//! What a URL says about encryption means what it means to libpq: `disable`, `prefer` (the default)
//! and `require` check no certificate, `verify-ca` checks who signed it, `verify-full` also for whom.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>
//! Parameters that other drivers understand and libpq does not are passed over.

use super::PATIENCE;
use crate::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// A server, a database and a role; its `Display` and `Debug` hide the password.
#[derive(Clone)]
pub struct Target {
    pub(super) config: Config,
    pub(super) check: Check,
    pub(super) roots: Option<PathBuf>,
}

/// What has to be right about a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Nothing: this hides from listeners, not from impostors.
    Nothing,
    /// Somebody trusted signed it.
    Signer,
    /// That, and it is made out to this host.
    Host,
}

/// Parameters of a URL that the client library reads by itself.
const KNOWN: &[&str] = &[
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// Reads a `postgres://` or `postgresql://` URL. Without a host it means the socket of this machine,
/// as for psql.
///
/// Errors: [`Error::Url`].
pub fn target(url: &str) -> Result<Target, Error> {
    let bad = |why: &str| Error::Url { why: why.to_owned() };
    let url = url.trim();
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(bad("it does not begin with postgres:// or postgresql://"));
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut kept = Vec::new();
    let (mut mode, mut check, mut roots) = (SslMode::Prefer, Check::Nothing, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (name, value) {
            ("sslmode", "disable") => mode = SslMode::Disable,
            ("sslmode", "allow" | "prefer") => mode = SslMode::Prefer,
            ("sslmode", "require" | "no-verify") => mode = SslMode::Require,
            ("sslmode", "verify-ca") => (mode, check) = (SslMode::Require, Check::Signer),
            ("sslmode", "verify-full") => (mode, check) = (SslMode::Require, Check::Host),
            ("sslmode", other) => {
                return Err(bad(&format!(
                    "sslmode={other} is unknown; there are disable, prefer, require, verify-ca, verify-full"
                )));
            }
            ("ssl", "true" | "1") => mode = SslMode::Require,
            ("ssl", "false" | "0") => mode = SslMode::Disable,
            ("sslrootcert", "system" | "") => roots = None,
            ("sslrootcert", path) => roots = Some(PathBuf::from(decoded(path))),
            ("sslcert" | "sslkey", _) => {
                return Err(bad("certificates of clients (sslcert, sslkey) are not supported"));
            }
            (name, _) if KNOWN.contains(&name) => kept.push(pair),
            _ => {}
        }
    }
    // As libpq has it: who names a signer wants it checked.
    if roots.is_some() && mode == SslMode::Require && check == Check::Nothing {
        check = Check::Signer;
    }
    let parsed = format!("{base}?{}", kept.join("&")).parse::<Config>();
    let mut config = parsed.map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        bad(&source.unwrap_or_else(|| error.to_string()))
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        local(&mut config);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("brolly");
    }
    config.ssl_mode(if only_sockets(&config) { SslMode::Disable } else { mode });
    Ok(Target { config, check, roots })
}

impl Target {
    /// A database of a server that listens in this folder, as superuser `postgres`.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such servers here"))]
    pub(crate) fn socket(dir: &Path, port: u16, database: &str) -> Target {
        let mut config = Config::new();
        #[cfg(unix)]
        config.host_path(dir);
        #[cfg(not(unix))]
        let _ = dir;
        config
            .user("postgres")
            .port(port)
            .dbname(database)
            .application_name("brolly")
            .ssl_mode(SslMode::Disable);
        config.connect_timeout(PATIENCE);
        Target { config, check: Check::Nothing, roots: None }
    }

    /// The same server and role, another database.
    pub fn with_database(&self, name: &str) -> Target {
        let mut target = self.clone();
        target.config.dbname(name);
        target
    }

    /// The same server and database, another role; for servers that ask for no password.
    pub fn as_user(&self, role: &str) -> Target {
        let mut target = self.clone();
        target.config.user(role);
        target
    }

    /// The same, with settings for the session, as in `("lock_timeout", "200ms")`.
    pub fn with_settings(&self, settings: &[(&str, &str)]) -> Target {
        let mut target = self.clone();
        let mut options = self.config.get_options().unwrap_or_default().to_owned();
        for (name, value) in settings {
            let value = value.replace('\\', r"\\").replace(' ', r"\ ");
            options.push_str(&format!(" -c {name}={value}"));
        }
        target.config.options(options.trim_start());
        target
    }

    /// The same, under a name that `pg_stat_activity` shows.
    pub fn named(&self, application: &str) -> Target {
        let mut target = self.clone();
        target.config.application_name(application);
        target
    }

    /// The database; that of the role's name where none is named.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.user())
    }

    /// The role.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or("of this system")
    }

    /// Host and port, or the folder of the socket.
    pub fn host(&self) -> String {
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or_else(|| ports.first()).copied().unwrap_or(5432);
        let named = self.config.get_hosts().iter().enumerate().map(|(at, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(at)),
            #[cfg(unix)]
            Host::Unix(dir) => format!("{} (port {})", dir.display(), port(at)),
        });
        let named: Vec<String> = named.collect();
        match named.is_empty() {
            true => {
                self.config.get_hostaddrs().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
            false => named.join(", "),
        }
    }

    /// How long opening a connection may take: the time for a host, for each that is named.
    pub(super) fn patience(&self) -> Duration {
        let hosts = self.config.get_hosts().len().max(self.config.get_hostaddrs().len()).max(1);
        let each = self.config.get_connect_timeout().copied().filter(|time| !time.is_zero());
        each.unwrap_or(PATIENCE).saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX))
    }

    /// Whether all that it names are sockets of this machine.
    pub(super) fn is_local(&self) -> bool {
        only_sockets(&self.config)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database {} on {} as {}", self.database(), self.host(), self.user())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

fn local(config: &mut Config) {
    let sockets = ["/var/run/postgresql", "/tmp"].map(Path::new);
    match sockets.into_iter().find(|dir| dir.join(".s.PGSQL.5432").exists()) {
        #[cfg(unix)]
        Some(dir) => config.host_path(dir),
        _ => config.host("localhost"),
    };
}

#[cfg(unix)]
fn only_sockets(config: &Config) -> bool {
    let hosts = config.get_hosts();
    !hosts.is_empty() && hosts.iter().all(|host| matches!(host, Host::Unix(_)))
}

#[cfg(not(unix))]
fn only_sockets(_: &Config) -> bool {
    false
}

/// Undoes percent signs; what is none stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &tail[2..]).1,
            None => (bytes.push(*first), rest = tail).1,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Check, SslMode, target};

    #[test]
    fn urls_say_what_they_say_to_libpq() {
        for (url, mode, check) in [
            ("postgres://u:p@h/d", SslMode::Prefer, Check::Nothing),
            ("postgresql://u@h/d?sslmode=disable", SslMode::Disable, Check::Nothing),
            ("postgres://u@h/d?sslmode=require", SslMode::Require, Check::Nothing),
            ("postgres://u@h/d?sslmode=require&sslrootcert=a%20b", SslMode::Require, Check::Signer),
            ("postgres://u@h/d?sslmode=verify-ca", SslMode::Require, Check::Signer),
            ("postgres://u@h/d?a=b&sslmode=verify-full&c", SslMode::Require, Check::Host),
            ("postgres:///d?host=/var/run&sslmode=require", SslMode::Disable, Check::Nothing),
            ("postgres://u@h/d?schema=public&pgbouncer=true&ssl=true", SslMode::Require, Check::Nothing),
        ] {
            let target = target(url).expect(url);
            assert_eq!((target.config.get_ssl_mode(), target.check), (mode, check), "{url}");
        }
        let target = target("postgres://u@h/d?sslrootcert=a%20b%zz&sslmode=verify-full").expect("a URL");
        assert_eq!(target.roots.as_deref(), Some(std::path::Path::new("a b%zz")));
    }

    #[test]
    fn what_is_no_url_is_said_without_the_password() {
        for (url, expected) in [
            ("mysql://u:secret@h/d", "does not begin with postgres://"),
            ("", "does not begin"),
            ("postgres://u:secret@h:port/d", "port"),
            ("postgres://u:secret@h/d?sslmode=sure", "sslmode=sure is unknown"),
            ("postgres://u:secret@h/d?sslcert=x", "not supported"),
        ] {
            let said = target(url).expect_err(url).to_string();
            assert!(said.contains(expected) && !said.contains("secret"), "{url}: {said}");
        }
    }

    #[test]
    fn a_target_is_shown_without_its_password() {
        let target = target("postgres://me:secret@db.example:6543/shop").expect("a URL");
        assert_eq!(target.to_string(), "database shop on db.example:6543 as me");
        assert!(!format!("{target:?}").contains("secret"));
        assert_eq!(target.with_database("other").database(), "other");
    }
}
