//! Which database drizzle-kit itself connects to: `dbCredentials` of a config, read with the environment.
//!
//! <https://orm.drizzle.team/docs/drizzle-config-file#dbcredentials>

use super::Config;
use super::module::{dotenv_files, module_value};
use super::settings::{Found, find, place};
use crate::files::Files;
use crate::say::read_text;
use crate::value::{Kind, Value};

/// What a config says of its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    Missing,
    /// It is there and can't be worked out: what it depends on.
    Unreadable(String),
    /// It is in a variable of the environment that holds nothing.
    Unset(String),
    /// A URL.
    Url(String),
    /// Parameters of a connection by their names in libpq, such as `host` and `dbname`.
    Parts(Vec<(&'static str, String)>),
}

/// Reads `dbCredentials`; `env` is the environment, with the files that dotenv reads.
pub fn credentials(files: &dyn Files, config: &Config, env: &dyn Fn(&str) -> Option<String>) -> Credentials {
    let Ok(decoded) = read_text(files, &config.path) else { return Credentials::Missing };
    let value = module_value(files, env, &config.path, &decoded.text, "default", 0);
    read(&value).unwrap_or_else(|why| why)
}

/// The files of variables that a config has dotenv read, before `.env`.
pub fn env_files(files: &dyn Files, config: &Config) -> Vec<String> {
    let Ok(decoded) = read_text(files, &config.path) else { return Vec::new() };
    let named = dotenv_files(files, &config.path, &decoded.text);
    named.iter().map(|path| place(&config.base, path)).collect()
}

/// Its keys, and what they are to libpq.
const PARTS: [(&str, &str); 5] =
    [("host", "host"), ("port", "port"), ("user", "user"), ("password", "password"), ("database", "dbname")];

fn read(config: &Value) -> Result<Credentials, Credentials> {
    let object = match known(config, "dbCredentials")? {
        None => return Ok(Credentials::Missing),
        Some(value) => value,
    };
    for key in ["url", "connectionString"] {
        if let Some(url) = text(&object, key)? {
            return Ok(Credentials::Url(url));
        }
    }
    let mut parts = Vec::new();
    for (key, name) in PARTS {
        parts.extend(text(&object, key)?.map(|text| (name, text)));
    }
    if parts.is_empty() {
        return Ok(Credentials::Missing);
    }
    parts.extend(known(&object, "ssl")?.map(|ssl| encrypted(&ssl)).transpose()?.into_iter().flatten());
    Ok(Credentials::Parts(parts))
}

/// What lies under a key.
fn known(object: &Value, key: &str) -> Result<Option<Value>, Credentials> {
    if let Some(Kind::Env(name)) = object.get(key).map(|value| &value.kind) {
        return Err(Credentials::Unset(name.clone()));
    }
    match find(object, key) {
        Found::Value(value) => Ok(Some(value)),
        Found::Missing => Ok(None),
        Found::Hidden(why, _) => Err(Credentials::Unreadable(why)),
    }
}

fn text(object: &Value, key: &str) -> Result<Option<String>, Credentials> {
    Ok(match known(object, key)?.map(|value| value.kind) {
        None => None,
        Some(Kind::String(text)) => Some(text),
        Some(Kind::Number(number)) => Some(number.to_string()),
        Some(_) => return Err(Credentials::Unreadable(format!("a value of `{key}` that is no text"))),
    })
}

/// What `ssl` asks for. Node checks certificates by those of the system unless it is told not to.
fn encrypted(ssl: &Value) -> Result<Vec<(&'static str, String)>, Credentials> {
    let mode = |mode: &str| vec![("sslmode", mode.to_owned())];
    let checked = || vec![("sslmode", "verify-full".to_owned()), ("sslrootcert", "system".to_owned())];
    Ok(match &ssl.kind {
        Kind::Bool(false) => mode("disable"),
        Kind::Bool(true) => checked(),
        Kind::String(word) if word == "verify-full" => checked(),
        Kind::String(word) => mode(word),
        Kind::Object(_) => match known(ssl, "rejectUnauthorized")?.map(|value| value.kind) {
            Some(Kind::Bool(false)) => mode("require"),
            _ if matches!(find(ssl, "ca"), Found::Missing) => checked(),
            _ => return Err(Credentials::Unreadable("a certificate that is given in `ssl`".to_owned())),
        },
        _ => return Err(Credentials::Unreadable("`ssl`".to_owned())),
    })
}
