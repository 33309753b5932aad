//! The settings as values.

use schemars::JsonSchema;
use serde::Serialize;
use source::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// Below this many rows a table counts as small, unless `smallTableRows` says otherwise.
pub const SMALL_TABLE_ROWS: u64 = 100_000;

/// How a rule weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fails a run.
    Error,
    /// Fails a run only where warnings do.
    Warning,
    /// A note.
    Info,
    /// Not reported at all.
    Off,
}

impl Level {
    /// The severity; `None` for `off`.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Error => Some(Severity::Error),
            Level::Warning => Some(Severity::Warning),
            Level::Info => Some(Severity::Info),
            Level::Off => None,
        }
    }

    pub(crate) const WORDS: [(&'static str, Level); 4] =
        [("error", Level::Error), ("warning", Level::Warning), ("info", Level::Info), ("off", Level::Off)];
}

/// Who runs the migrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Runner {
    /// Drizzle's own migrator: all pending migrations in one transaction.
    #[default]
    Drizzle,
    /// A runner that takes statements which can't run in a transaction out of it.
    OutsideTransaction,
    /// `brolly migrate`: a transaction for each migration, locks taken by short tries.
    Brolly,
}

impl Runner {
    pub(crate) const WORDS: [(&'static str, Runner); 3] = [
        ("drizzle", Runner::Drizzle),
        ("outside-transaction", Runner::OutsideTransaction),
        ("brolly", Runner::Brolly),
    ];
}

/// The weight from which findings fail a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors only.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Info,
    /// No finding.
    Never,
}

impl FailOn {
    pub(crate) const WORDS: [(&'static str, FailOn); 4] = [
        ("error", FailOn::Error),
        ("warning", FailOn::Warning),
        ("info", FailOn::Info),
        ("never", FailOn::Never),
    ];
}

/// Which versions of the app serve traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deployed {
    /// These tags, branches or commits.
    References(Vec<String>),
    /// Those that a command prints, one a line.
    Command(String),
}

/// What `brolly.json` says. The default is what an empty file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Rules with another weight than their own.
    pub rules: BTreeMap<String, Level>,
    /// Major version of Postgres.
    pub postgres: Option<u8>,
    /// TimeZone of the session that migrates.
    pub time_zone: Option<String>,
    /// The role that the app connects as.
    pub app_role: Option<String>,
    /// Tables whose findings are never made lighter, as `schema.name`.
    pub busy_tables: BTreeSet<String>,
    /// Rows by table, as `schema.name`.
    pub rows: BTreeMap<String, u64>,
    /// Below this many rows a table is small.
    pub small_table_rows: Option<u64>,
    /// What `brolly stats` wrote, as a path seen from the settings.
    pub stats: Option<String>,
    /// From so many writes a second a table is busy.
    pub busy_writes_per_second: Option<u64>,
    /// Up to this migration, itself included, nothing is judged.
    pub baseline: Option<String>,
    /// Paths of migrations that are not judged, as globs.
    pub ignore: Vec<String>,
    /// Who runs the migrations.
    pub runner: Runner,
    /// Which versions of the app serve traffic; the base of the comparison unless set.
    pub deployed: Option<Deployed>,
    /// The weight from which findings fail a run.
    pub fail_on: Option<FailOn>,
}

impl Settings {
    /// Tables that are known to be small, with their rows; busy ones are left out.
    pub fn small_tables(&self) -> BTreeMap<String, u64> {
        let least = self.small_table_rows.unwrap_or(SMALL_TABLE_ROWS);
        let small = |(name, rows): &(&String, &u64)| **rows < least && !self.busy_tables.contains(*name);
        self.rows.iter().filter(small).map(|(name, rows)| (name.clone(), *rows)).collect()
    }
}

/// A table as facts call it: with its schema, `public` where none is named.
pub fn relation_name(written: &str) -> String {
    let plain = written.replace('"', "");
    if plain.contains('.') { plain } else { format!("public.{plain}") }
}
