//! The arguments of `rollback`.

use super::{Choice, Places};
use clap::{Args, ValueEnum};

pub(super) const ROLLBACK_EXAMPLES: &str = "\
Examples:
  brolly rollback                           the way back of what is new against the base branch
  brolly rollback drizzle/0007_drop_nickname.sql
                                            of one migration
  brolly rollback --write                   in files: drizzle/rollbacks/0007_drop_nickname.sql
  brolly rollback --all --write             of the whole history
  brolly rollback --format json             for scripts

Each statement is undone, last first, by the schema that it met in the replayed history: a dropped
column comes back with its type, default, constraints and indexes. Comments say what is to know:

  -- lost: ..           running it loses this, or what it brings back lacks this (values, rows)
  -- not reversed: ..   stays as the migration left it, and why
  -- fails if: ..       what rows may hold by now that keeps it from running

No file that somebody changed is overwritten without --force. Nothing is run, and drizzle-kit and
Drizzle's migrator pass the folder by. docs/rollbacks.md says how to use them.

Exit codes: 0 there is an answer, 1 a file was kept as it is, 2 could not do its job.";

/// Arguments of `brolly rollback`.
#[derive(Debug, Args)]
pub struct RollbackArguments {
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// Which migrations.
    #[command(flatten)]
    pub choice: Choice,
    /// Every migration of the history.
    #[arg(long, conflicts_with_all = ["base", "fetch_base", "allow_missing_base"])]
    pub all: bool,
    /// Write a file for each migration: `rollbacks/<tag>.sql` in the migrations folder.
    #[arg(long)]
    pub write: bool,
    /// Overwrite files that were changed since they were written, too.
    #[arg(long, requires = "write")]
    pub force: bool,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = RollbackFormat::Sql)]
    pub format: RollbackFormat,
}

/// How ways back are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RollbackFormat {
    /// The text of the files.
    Sql,
    /// One JSON document (schema/rollback.schema.json describes it).
    Json,
}
