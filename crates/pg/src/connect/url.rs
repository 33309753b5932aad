//! Reading a database URL as Drizzle projects have it in their environment.
//!
//! What a URL says about encryption means what it means to libpq: `disable`, `prefer` (the default)
//! and `require` check no certificate, `verify-ca` checks who signed it, `verify-full` also for whom.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>
//! Parameters that other drivers understand and libpq does not are passed over. What the URL leaves open is filled in as
//! libpq does it, by [`super::libpq`] and [`super::passfile`].

use super::PATIENCE;
use super::authority;
use super::identity::identity;
use super::libpq::{defaults, folder, password_file};
use super::revoked::Lists;
use super::target::{Check, Mode, SOCKETS, Target, only_sockets};
use crate::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::SslNegotiation;

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

/// After how much silence the system asks whether the other side is still there, as long as a statement runs: two
/// hours by itself, by when what stands between may have forgotten the connection.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads a `postgres://` or `postgresql://` URL. Without a host it means the socket of this machine,
/// as for psql.
///
/// Errors: [`Error::Url`].
pub fn target(url: &str) -> Result<Target, Error> {
    target_in(url, &|_| None)
}

/// A URL of parameters by their names in libpq, such as `host` and `dbname`.
pub fn url_of(parameters: &[(&str, String)]) -> String {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("postgres://?{}", pairs.join("&"))
}

/// The same, with what the environment of this program says where the URL says nothing.
///
/// Errors: as those of [`target_in`].
pub fn target_here(url: &str) -> Result<Target, Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "an edge crate: libpq reads the environment, and so does this"
    )]
    target_in(url, &|name| std::env::var(name).ok())
}

/// The same, with what an environment says where the URL says nothing: variables of libpq, a service, the password file
/// and certificates of the user's home.
///
/// Errors: [`Error::Url`], also where a service is named that no file has.
pub fn target_in(url: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Target, Error> {
    let bad = |why: &str| Error::Url { why: why.to_owned() };
    let url = url.trim();
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(bad("it does not begin with postgres:// or postgresql://"));
    }
    if let Some(why) = authority::unescaped(url) {
        return Err(bad(why));
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<(&str, &str)> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let mut says = with_defaults(base, pairs, env)?;
    // The client library takes 5432 for each host that names no port, whatever is said beside it.
    let port = says.iter().position(|(name, _)| name == "port" && authority::has_hosts(base));
    let ports = port.map(|at| decoded(&says.remove(at).1)).unwrap_or_default();
    let base = &authority::with_ports(base, &ports);
    let mut kept = Vec::new();
    let (mut mode, mut check, mut roots) = (None, Check::Nothing, None);
    let mut revoked = Lists::default();
    let (mut certificate, mut key, mut send, mut file, mut system) = (None, None, true, None, false);
    for (name, value) in &says {
        let path = || Some(PathBuf::from(decoded(value))).filter(|path| !path.as_os_str().is_empty());
        match (name.as_str(), value.as_str()) {
            ("sslmode", "disable") => mode = Some(Mode::Disable),
            ("sslmode", "allow") => mode = Some(Mode::Allow),
            ("sslmode", "prefer") => mode = Some(Mode::Prefer),
            ("sslmode", "require" | "no-verify") => mode = Some(Mode::Require),
            ("sslmode", "verify-ca") => (mode, check) = (Some(Mode::Require), Check::Signer),
            ("sslmode", "verify-full") => (mode, check) = (Some(Mode::Require), Check::Host),
            ("sslmode", other) => {
                return Err(bad(&format!(
                    "sslmode={other} is unknown; there are disable, allow, prefer, require, verify-ca, verify-full"
                )));
            }
            ("ssl", "true" | "1") => mode = Some(Mode::Require),
            ("ssl", "false" | "0") => mode = Some(Mode::Disable),
            ("sslrootcert", "system") => system = true,
            ("sslrootcert", _) => roots = path(),
            ("sslcert", _) => certificate = path(),
            ("sslkey", _) => key = path(),
            ("sslcertmode", "disable") => send = false,
            ("sslcrl", _) => revoked.file = path(),
            ("sslcrldir", _) => revoked.folder = path(),
            ("passfile", _) => file = path(),
            ("target_session_attrs", wanted) => kept.push(format!("{name}={}", session_attrs(wanted)?)),
            ("require_auth" | "requirepeer", _) => {
                return Err(bad(&format!(
                    "{name} is not heeded here, so nothing is sent: sslmode=verify-full makes sure of the server"
                )));
            }
            // The client library takes a list of folders for one.
            ("host", list) => {
                kept.extend(decoded(list).split(',').map(|host| format!("host={}", encoded(host))));
            }
            (name, value) if KNOWN.contains(&name) => kept.push(format!("{name}={value}")),
            _ => {}
        }
    }
    // As libpq has it: what everybody signs proves nothing without the name.
    if system {
        match (mode, check) {
            (None, _) | (Some(Mode::Require), Check::Host) => {
                (mode, check) = (Some(Mode::Require), Check::Host)
            }
            _ => return Err(bad("sslrootcert=system wants sslmode=verify-full")),
        }
    }
    let mode = mode.unwrap_or(Mode::Prefer);
    let folder = folder(env);
    let usual = folder.as_ref().map(|folder| folder.join("root.crt"));
    roots = roots.or(usual.filter(|usual| !system && usual.exists()));
    // As libpq has it: who names a signer wants it checked.
    if roots.is_some() && mode == Mode::Require && check == Check::Nothing {
        check = Check::Signer;
    }
    let mut config = parsed(&format!("{base}?{}", kept.join("&")))?;
    if config.get_ssl_negotiation() == SslNegotiation::Direct && mode != Mode::Require {
        return Err(bad("sslnegotiation=direct wants sslmode=require, verify-ca or verify-full"));
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        local(&mut config);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("brolly");
    }
    if !kept.iter().any(|pair| pair.starts_with("keepalives")) {
        config.keepalives_idle(SILENCE).keepalives_interval(SILENCE / 3).keepalives_retries(3);
    }
    let mode = if only_sockets(&config) { Mode::Disable } else { mode };
    let revoked = revoked.or_of(folder.as_deref());
    let identity = identity(certificate, key, folder.as_deref()).filter(|_| send);
    let mut target = Target { config, mode, check, roots, revoked, identity, passed_over: None };
    if target.config.get_password().is_none() {
        target.look_up(file.or_else(|| password_file(env)), env);
    }
    Ok(target)
}

/// What a URL says, name and value as they stand in it, and what holds where it says nothing.
fn with_defaults(
    base: &str,
    pairs: Vec<(&str, &str)>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, Error> {
    let named = parsed(base)?;
    let of_query = |name: &str| pairs.iter().any(|(known, _)| *known == name);
    let says = |name: &str| match name {
        "user" => named.get_user().is_some(),
        "password" => named.get_password().is_some(),
        "dbname" => named.get_dbname().is_some(),
        "host" => !named.get_hosts().is_empty() || of_query("host") || of_query("hostaddr"),
        "port" => authority::names_ports(base),
        "sslmode" => of_query("ssl"),
        _ => false,
    };
    let service = pairs.iter().find(|(name, _)| *name == "service").map(|(_, value)| decoded(value));
    let found = defaults(service.as_deref(), env)?;
    let found = found.into_iter().filter(|(name, _)| !of_query(name) && !says(name));
    let found: Vec<_> = found.map(|(name, value)| (name, encoded(&value))).collect();
    let said = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Ok(said.chain(found).collect())
}

/// What the client library calls the sessions that are wanted; it asks whether a session may write. A primary that lets
/// nobody write is none to migrate, and a standby is one that never does.
fn session_attrs(wanted: &str) -> Result<&'static str, Error> {
    match wanted {
        "any" | "prefer-standby" => Ok("any"),
        "read-write" | "primary" => Ok("read-write"),
        "read-only" | "standby" => Ok("read-only"),
        other => Err(Error::Url {
            why: format!(
                "target_session_attrs={other} is unknown; there are any, read-write, read-only, primary, standby, \
                 prefer-standby"
            ),
        }),
    }
}

fn encoded(value: &str) -> String {
    // Words of parameters are compared as they stand.
    const WORD: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/');
    utf8_percent_encode(value, &WORD).to_string()
}

fn parsed(url: &str) -> Result<Config, Error> {
    url.parse::<Config>().map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        Error::Url { why: source.unwrap_or_else(|| error.to_string()) }
    })
}

fn local(config: &mut Config) {
    match SOCKETS.map(Path::new).into_iter().find(|dir| dir.join(".s.PGSQL.5432").exists()) {
        #[cfg(unix)]
        Some(dir) => config.host_path(dir),
        _ => config.host("localhost"),
    };
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
    use super::{Check, Mode, target, target_in};

    #[test]
    fn urls_say_what_they_say_to_libpq() {
        for (url, mode, check) in [
            ("postgres://u:p@h/d", Mode::Prefer, Check::Nothing),
            ("postgresql://u@h/d?sslmode=disable", Mode::Disable, Check::Nothing),
            ("postgres://u@h/d?sslmode=require", Mode::Require, Check::Nothing),
            ("postgres://u@h/d?sslmode=require&sslrootcert=a%20b", Mode::Require, Check::Signer),
            ("postgres://u@h/d?sslrootcert=system", Mode::Require, Check::Host),
            ("postgres://u@h/d?sslmode=allow", Mode::Allow, Check::Nothing),
            ("postgres://u@h/d?sslmode=verify-ca", Mode::Require, Check::Signer),
            ("postgres://u@h/d?a=b&sslmode=verify-full&c", Mode::Require, Check::Host),
            ("postgres:///d?host=/var/run&sslmode=require", Mode::Disable, Check::Nothing),
            ("postgres://u@h/d?schema=public&pgbouncer=true&ssl=true", Mode::Require, Check::Nothing),
        ] {
            let target = target(url).expect(url);
            assert_eq!((target.mode, target.check), (mode, check), "{url}");
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
            ("postgres://u:p@secret@h/d", "write @ as %40"),
            ("postgres://u:sec/secret@h/d", "/ as %2F"),
            ("postgres://u:sec?secret@h/d", "? as %3F"),
            ("postgres://u:sec#secret@h/d", "# as %23"),
            ("postgres://u:secret@h/d?require_auth=scram-sha-256", "require_auth is not heeded"),
            ("postgres://u:secret@h/d?target_session_attrs=master", "there are any, read-write"),
            ("postgres://u:secret@h/d?sslmode=sure", "sslmode=sure is unknown"),
            ("postgres://u:secret@h/d?sslrootcert=system&sslmode=require", "wants sslmode=verify-full"),
            ("postgres://u:secret@h/d?sslnegotiation=direct", "sslnegotiation=direct wants sslmode=require"),
        ] {
            let said = target(url).expect_err(url).to_string();
            assert!(said.contains(expected) && !said.contains("secret"), "{url}: {said}");
        }
    }

    #[test]
    fn what_a_url_leaves_open_is_what_the_environment_says() {
        let env = |name: &str| {
            let set = [
                ("PGHOST", "not.this"),
                ("PGPORT", "6543"),
                ("PGUSER", "me"),
                ("PGPASSWORD", "p&ss"),
                ("PGDATABASE", "shop"),
                ("PGSSLMODE", "verify-full"),
                ("PGSSLCERT", "/a b/c.crt"),
            ];
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let target = target_in("postgres://db.example", &env).expect("a URL");
        assert_eq!(target.to_string(), "database shop on db.example:6543 as me");
        assert_eq!(target.config.get_password(), Some("p&ss".as_bytes()));
        assert_eq!((target.mode, target.check), (Mode::Require, Check::Host));
        let identity = target.identity.expect("a certificate");
        assert_eq!(identity.certificate, std::path::Path::new("/a b/c.crt"));
        let target = target_in("postgres://you:w@h:1/d?sslmode=disable&sslcert=", &env).expect("a URL");
        assert_eq!((target.to_string().as_str(), target.mode), ("database d on h:1 as you", Mode::Disable));
        assert_eq!(target.config.get_password(), Some("w".as_bytes()));
        assert!(target.identity.is_none());
        let target = target_in("postgres:///d?host=/a,/b%2Cc.example&user=u", &env).expect("a URL");
        assert_eq!(target.host(), "/a (port 6543), /b (port 6543), c.example:6543");
        for (url, hosts) in [
            ("postgres://a,b:2,[::1],[::2]:3/d", "a:5432, b:2, ::1:5432, ::2:3"),
            ("postgres://a,[::1]/d", "a:6543, ::1:6543"),
            ("postgres://a:,b/d?port=1,2", "a:1, b:2"),
            ("postgres://u:p%40s@a/d?port=7&target_session_attrs=primary", "a:7"),
        ] {
            assert_eq!(target_in(url, &env).expect(url).host(), hosts, "{url}");
        }
        assert_eq!(super::target("postgres://a/d").expect("a URL").host(), "a:5432");
        // Within a minute a side that is gone is noticed, unless the URL says otherwise.
        let (idle, each) = (target.config.get_keepalives_idle(), target.config.get_keepalives_interval());
        assert_eq!(idle + each.expect("it is set") * 3, std::time::Duration::from_secs(60));
        let target = target_in("postgres://h/d?keepalives_idle=7", &env).expect("a URL");
        assert_eq!(target.config.get_keepalives_idle(), std::time::Duration::from_secs(7));
    }
}
