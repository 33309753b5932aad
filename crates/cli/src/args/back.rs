//! The arguments of `rollback`.

use super::servers::time;
use super::{Choice, Database, Many, Places, Replicas};
use clap::{Args, ValueEnum};
use std::time::Duration;

pub(super) const ROLLBACK_EXAMPLES: &str = "\
Examples:
  brolly rollback                           the way back of what is new against the base branch
  brolly rollback drizzle/0007_drop_nickname.sql
                                            of one migration
  brolly rollback --write                   in files: drizzle/rollbacks/0007_drop_nickname.sql
  brolly rollback --all --write             of the whole history
  brolly rollback --format json             for scripts
  brolly rollback --run                     take back what the database of DATABASE_URL has run last
  brolly rollback --run drizzle/0007_drop_nickname.sql
                                            the same, and only if that is what it has run last
  brolly rollback --run --targets tenants.json drizzle/0007_drop_nickname.sql
                                            in many databases or tenant schemas: a canary first, then the others

Each statement is undone, last first, by the schema that it met in the replayed history: a dropped
column comes back with its type, default, constraints and indexes. Comments say what is to know:

  -- lost: ..           running it loses this, or what it brings back lacks this (values, rows)
  -- not reversed: ..   stays as the migration left it, and why
  -- fails if: ..       what rows may hold by now that keeps it from running

No file that somebody changed is overwritten without --force. drizzle-kit and Drizzle's migrator pass the
folder by. Nothing is run but with --run: then the files of the last migrations are, as `brolly migrate` runs
migrations, under the same locks and the same run lock. What is lost has to be agreed to (--lose-data): what `-- lost:`
says, and what a file that somebody wrote or changed drops or deletes.
docs/rollbacks.md says more, docs/targets.md of many databases.

Exit codes: 0 there is an answer, 1 a file was kept as it is, something would be lost, or a target of --targets
failed, 2 could not do its job.";

/// Arguments of `brolly rollback`.
#[derive(Debug, Args)]
#[command(
    mut_arg("targets", |arg| arg.requires("run")),
    mut_arg("replica", |arg| arg.requires("run")),
    mut_arg("replica_env", |arg| arg.requires("run"))
)]
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
    /// Run the file of what the database has run last, and take its row out of the ledger.
    #[arg(long, conflicts_with_all = ["all", "write", "base", "fetch_base", "allow_missing_base", "deployed"])]
    pub run: bool,
    /// How many migrations to take back, the newest first, where none is named. [default: 1]
    #[arg(long, value_name = "N", requires = "run", value_parser = clap::value_parser!(u16).range(1..))]
    pub last: Option<u16>,
    /// Run files, too, that say that something is lost.
    #[arg(long, requires = "run")]
    pub lose_data: bool,
    /// Agree to what --run shows without being asked.
    #[arg(long, requires = "run")]
    pub yes: bool,
    /// The database of --run.
    #[command(flatten)]
    pub database: Database,
    /// Many databases.
    #[command(flatten)]
    pub many: Many,
    /// Whose readers are waited for before a table is locked.
    #[command(flatten)]
    pub replicas: Replicas,
    /// The longest that one try waits for a lock, and everybody behind it.
    #[arg(long, value_name = "TIME", requires = "run", default_value = "2s", value_parser = time)]
    pub lock_wait: Duration,
    /// How long to go on trying, for each transaction.
    #[arg(long, value_name = "TIME", requires = "run", default_value = "20min", value_parser = time)]
    pub patience: Duration,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = RollbackFormat::Sql)]
    pub format: RollbackFormat,
}

/// How ways back are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RollbackFormat {
    /// The text of the files.
    Sql,
    /// One JSON document (schema/rollback.schema.json describes it); with --run, a line for each thing that happens
    /// (schema/migrate.schema.json).
    Json,
}
