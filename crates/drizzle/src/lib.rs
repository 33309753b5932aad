//! Drizzle's side of a migration: config, journal, migration folders and snapshots.
//!
//! Reads a folder through the [`Files`] trait and returns plain values: which migrations there
//! are, in the order in which Drizzle runs them, cut into chunks exactly as Drizzle cuts them, and
//! the schema that each snapshot declares. Every function returns what it could read together
//! with diagnostics about what it could not.
//!
//! What this crate does not do: it does not parse SQL (crate `sql` does), it does not know what a
//! statement locks, and it never touches a disk, the environment or a clock.

mod bare;
mod chain;
mod compose;
mod config;
mod conflicts;
mod edited;
mod files;
mod find;
mod folders;
mod icu;
mod journal;
mod journal_file;
mod literal;
mod project;
/// The rules that this crate itself reports, so that they can be listed with the others.
pub mod rules;
mod say;
mod snapshot;
mod split;
mod sql_file;
mod time;
mod value;

pub use bare::load_sql_files;
pub use chain::check_snapshots;
pub use compose::{ComposeError, Composed, FileChange, NewMigration, compose};
pub use config::{Config, Credentials, Dialect, Prefix, Setting, credentials, env_files, read_config};
pub use edited::edited;
pub use files::{Entry, FileError, Files, MemoryFiles, join, parent};
pub use find::{find_configs, find_folders};
pub use project::{Layout, Ledger, Migration, Project, WAITING, load};
pub use snapshot::{
    Check, Column, ForeignKey, Generated, Identity, Index, IndexColumn, Policy, PrimaryKey, QName, Sequence,
    Snapshot, Table, Unique, View, snapshot, snapshots,
};
pub use split::{BREAKPOINT, split_chunks};
