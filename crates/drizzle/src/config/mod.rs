//! Drizzle's config, read without running it.
//!
//! drizzle-kit executes the config; this reads it and works out constants. Whatever depends on
//! more than constants is [`Setting::Unreadable`] and said in a diagnostic that names the flag to
//! pass instead. Environment variables are never looked up: `process.env.X ?? "a"` is `"a"`; but for
//! [`credentials`], which are asked for where a database is needed.

mod calls;
mod credentials;
mod eval;
mod module;
mod scope;
mod settings;

pub use credentials::{Credentials, credentials, env_files};
pub use settings::read_config;

use source::Span;

/// What a config says, as far as it can be worked out by reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Path of the config file.
    pub path: String,
    /// The directory that `out` and `schema` are relative to: where drizzle-kit is run.
    pub base: String,
    /// The database.
    pub dialect: Dialect,
    /// The migrations folder, joined to `base`.
    pub out: Setting<String>,
    /// Schema files, directories or globs, joined to `base`.
    pub schema: Setting<Vec<String>>,
    /// The schemas of the database that drizzle-kit looks at: names, globs in v1. The default is none, which
    /// leaves none out; what can't be worked out is no finding, since migrations don't depend on it.
    pub schema_filter: Setting<Vec<String>>,
    /// Name of Drizzle's own table.
    pub migrations_table: String,
    /// Schema of Drizzle's own table.
    pub migrations_schema: String,
    /// How migrations are named.
    pub prefix: Prefix,
    /// `snake_case` or `camelCase`, where column names are derived.
    pub casing: Option<String>,
    /// Whether statements are separated by markers.
    pub breakpoints: bool,
    /// The driver, such as `pglite` or `aws-data-api`.
    pub driver: Option<String>,
}

/// One setting of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting<T> {
    /// It is written there.
    Known(T),
    /// It is not there; this is what Drizzle takes.
    Default(T),
    /// It is there and can't be worked out.
    Unreadable {
        /// What it depends on.
        why: String,
        /// Where it stands in the config file.
        span: Span,
    },
}

impl<T> Setting<T> {
    /// The value, where it is known.
    pub fn value(&self) -> Option<&T> {
        match self {
            Setting::Known(value) | Setting::Default(value) => Some(value),
            Setting::Unreadable { .. } => None,
        }
    }
}

/// The database that a project is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Postgres, by any of its names.
    Postgres,
    /// Another one, by the name that Drizzle uses.
    Other(String),
    /// Nothing says.
    #[default]
    Unknown,
}

impl Dialect {
    /// The dialect that a config or journal means by `name`.
    pub fn from_name(name: &str) -> Dialect {
        match name {
            "postgresql" | "postgres" | "pg" => Dialect::Postgres,
            other => Dialect::Other(other.to_owned()),
        }
    }
}

/// How drizzle-kit 0.x begins the name of a migration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    /// `0003_name`
    #[default]
    Index,
    /// `20261120230109_name`
    Timestamp,
    /// The same as timestamp.
    Supabase,
    /// `1795215681_name`
    Unix,
    /// `_name`; drizzle-kit never finds such snapshots again.
    None,
}
