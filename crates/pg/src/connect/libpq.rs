//! Where to connect to, as libpq has it: `PGSERVICE` and its file, `PGHOST` and its kin.
//!
//! <https://www.postgresql.org/docs/current/libpq-envars.html>,
//! <https://www.postgresql.org/docs/current/libpq-pgservice.html>

use super::target::Target;
use super::url::target_in;
use crate::Error;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The server that the environment names; `None` where it names neither service nor host nor database.
///
/// Errors: [`Error::Url`] where a service is named that no file has, or a value can't be used.
pub fn target_of_libpq(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Target>, Error> {
    let found = defaults(None, env)?;
    if !["host", "hostaddr", "dbname"].iter().any(|name| found.contains_key(*name)) {
        return Ok(None);
    }
    target_in("postgres://", env).map(Some)
}

/// What holds where a URL says nothing: the parameters of a service, which the URL names or `PGSERVICE`, and those of
/// variables.
///
/// Errors: as those of [`target_of_libpq`].
pub fn defaults(
    service: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let service = service.map(str::to_owned).or_else(|| set("PGSERVICE"));
    let mut found = match service {
        Some(service) => of_service(&service, &set)?,
        None => BTreeMap::new(),
    };
    for (variable, name) in VARIABLES {
        if let (Some(value), false) = (set(variable), found.contains_key(*name)) {
            found.insert((*name).to_owned(), value);
        }
    }
    Ok(found)
}

/// The folder that libpq keeps certificates in.
pub fn folder(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let (variable, name) = if cfg!(windows) { ("APPDATA", "postgresql") } else { ("HOME", ".postgresql") };
    env(variable).filter(|home| !home.is_empty()).map(|home| Path::new(&home).join(name))
}

/// The password file where none is named.
pub fn password_file(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    match cfg!(windows) {
        true => folder(env).map(|folder| folder.join("pgpass.conf")),
        false => env("HOME").filter(|home| !home.is_empty()).map(|home| Path::new(&home).join(".pgpass")),
    }
}

const VARIABLES: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLCERTMODE", "sslcertmode"),
    ("PGSSLCRL", "sslcrl"),
    ("PGSSLCRLDIR", "sslcrldir"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGPASSFILE", "passfile"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGOPTIONS", "options"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
];

#[expect(clippy::disallowed_methods, reason = "an edge crate: it reads files of services")]
/// The parameters of a service, from the user's file or else the system's.
fn of_service(
    service: &str,
    set: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let own = set("PGSERVICEFILE").map(PathBuf::from);
    let own = own.or_else(|| set("HOME").map(|home| Path::new(&home).join(".pg_service.conf")));
    let of_system = set("PGSYSCONFDIR").map(|dir| Path::new(&dir).join("pg_service.conf"));
    let files: Vec<PathBuf> = own.into_iter().chain(of_system).collect();
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        if let Some(found) = section(&text, service) {
            return Ok(found);
        }
    }
    let looked: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Err(Error::Url { why: format!("there is no service {service} in {}", looked.join(" and ")) })
}

fn section(text: &str, service: &str) -> Option<BTreeMap<String, String>> {
    let mut found = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            found = (name == service).then(BTreeMap::new);
        } else if let (Some(found), Some((name, value)), false) =
            (&mut found, line.split_once('='), line.starts_with('#'))
        {
            found.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes a file of services")]
mod tests {
    use super::*;

    #[test]
    fn variables_name_a_server_and_services_go_first() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("services");
        std::fs::write(
            &file,
            "# mine\n[other]\nhost=no\n[shop]\nhost=db.example\ndbname=shop\nuser=me\n[z]\nport=1\n",
        )
        .expect("written");
        let file = file.display().to_string();
        let none = target_of_libpq(&|_| None).expect("nothing is wrong");
        assert!(none.is_none());
        let env = |name: &str| match name {
            "PGSERVICE" => Some("shop".to_owned()),
            "PGSERVICEFILE" => Some(file.clone()),
            "PGPORT" => Some("6543".to_owned()),
            "PGHOST" => Some("not.this".to_owned()),
            "PGPASSWORD" => Some("p&ss w=rd".to_owned()),
            _ => None,
        };
        let found = target_of_libpq(&env).expect("a server").expect("one");
        assert_eq!(found.to_string(), "database shop on db.example:6543 as me");
        assert_eq!(found.config.get_password(), Some("p&ss w=rd".as_bytes()));

        let lost = |name: &str| (name == "PGSERVICE" || name == "PGSERVICEFILE").then(|| file.clone());
        let said = target_of_libpq(&lost).expect_err("no such service").to_string();
        assert!(said.contains("there is no service"), "{said}");
    }
}
