//! A server, a database and a role to connect to. How a URL is read is known in [`super::url`].

use super::PATIENCE;
use super::identity::Identity;
use super::passfile::{Wanted, password};
use super::revoked::Lists;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// A server, a database and a role; its `Display` and `Debug` hide the password.
#[derive(Clone)]
pub struct Target {
    pub(super) config: Config,
    pub(super) mode: Mode,
    pub(super) check: Check,
    pub(super) roots: Option<PathBuf>,
    pub(super) revoked: Lists,
    pub(super) identity: Option<Identity>,
    /// Why a password file that is there says nothing.
    pub(super) passed_over: Option<String>,
}

/// Whether a connection is encrypted, as libpq has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is not.
    Disable,
    /// Only where the server lets nobody in otherwise.
    Allow,
    /// Where the server can, and lets us in so.
    Prefer,
    /// Always.
    Require,
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

impl Target {
    /// A database of a server that listens in this folder, as superuser `postgres`.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such servers here"))]
    pub(crate) fn socket(dir: &Path, port: u16, database: &str) -> Target {
        let mut config = Config::new();
        #[cfg(unix)]
        config.host_path(dir);
        #[cfg(not(unix))]
        let _ = dir;
        config.user("postgres").port(port).dbname(database).application_name("brolly");
        config.connect_timeout(PATIENCE);
        Target {
            config,
            mode: Mode::Disable,
            check: Check::Nothing,
            roots: None,
            revoked: Lists::default(),
            identity: None,
            passed_over: None,
        }
    }

    /// Takes the password of the password file, where all hosts that are named have the same there.
    pub(super) fn look_up(&mut self, file: Option<PathBuf>, env: &dyn Fn(&str) -> Option<String>) {
        let Some(file) = file else { return };
        let user = self.config.get_user().map(str::to_owned);
        let Some(user) = user.or_else(|| env("USER")).or_else(|| env("LOGNAME")) else { return };
        let database = self.config.get_dbname().unwrap_or(&user).to_owned();
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or_else(|| ports.first()).copied().unwrap_or(5432);
        let mut hosts: Vec<String> = self.config.get_hosts().iter().map(name_of).collect();
        if hosts.is_empty() {
            hosts = self.config.get_hostaddrs().iter().map(ToString::to_string).collect();
        }
        let asked = hosts.iter().enumerate().map(|(at, host)| {
            password(&file, Wanted { host, port: port(at), database: &database, user: &user })
        });
        match asked.collect::<Result<Vec<_>, _>>() {
            Err(why) => self.passed_over = Some(why),
            Ok(found) => match found.as_slice() {
                [Some(first), rest @ ..] if rest.iter().all(|other| other.as_ref() == Some(first)) => {
                    self.config.password(first);
                }
                _ => {}
            },
        }
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

/// What a host is called in a password file.
fn name_of(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(dir) if SOCKETS.iter().any(|usual| dir == Path::new(usual)) => "localhost".to_owned(),
        #[cfg(unix)]
        Host::Unix(dir) => dir.display().to_string(),
    }
}

/// Folders of sockets: that of Debian and its kin, and that of Postgres itself.
pub(super) const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

#[cfg(unix)]
pub(super) fn only_sockets(config: &Config) -> bool {
    let hosts = config.get_hosts();
    !hosts.is_empty() && hosts.iter().all(|host| matches!(host, Host::Unix(_)))
}

#[cfg(not(unix))]
pub(super) fn only_sockets(_: &Config) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::super::url::target;

    #[test]
    fn a_target_is_shown_without_its_password() {
        let target = target("postgres://me:secret@db.example:6543/shop").expect("a URL");
        assert_eq!(target.to_string(), "database shop on db.example:6543 as me");
        assert!(!format!("{target:?}").contains("secret"));
        assert_eq!(target.with_database("other").database(), "other");
    }
}
