//! The arguments of the commands that ask a server: `verify`, `diff`, `rehearse`, `stats`.

use super::{Choice, Color, Places, Server};
use clap::{Args, ValueEnum, ValueHint};
use std::time::Duration;

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  brolly verify                             what is new against the base branch, on a throwaway server
  brolly verify --rows 1000 --rows users=1e6    bigger tables, for times that mean something
  brolly verify drizzle/0042_add_index.sql  this migration, on top of the history before it
  brolly verify --database-url postgres://me@localhost/postgres
                                            in a scratch database on a server that runs already
  brolly verify --database-url postgres://me@staging/shop --on-this-database
                                            what is pending in this database, in this database

What happens: the history is applied, every table gets rows that satisfy its constraints, the queries
of both apps are tried, the pending migrations run as Drizzle's migrator runs them, and the queries
are tried again. What was seen is held against what brolly predicts. Migrations that `brolly rollback
--write` wrote a file for are taken back by it and run again. Nothing is left behind.

With \"runner\": \"brolly\" in brolly.json they run as `brolly migrate` runs them.

A server is found in --pg-bin, on this machine, or in npm's @embedded-postgres packages.

With --on-this-database the database is migrated, and stays so. What is pending is what its ledger says.
All that will be run is shown before, and nothing is run until you agree to it (--yes, or y at a
terminal). No rows are filled in; the queries of the apps are planned (EXPLAIN) and not run.

Exit codes: 0 all went well, 1 a migration fails or breaks queries, or its way back does not lead back,
2 could not do its job.";

/// Arguments of `brolly verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// What to run.
    #[command(flatten)]
    pub choice: Choice,
    /// What to judge for.
    #[command(flatten)]
    pub server: Server,
    /// Where to run it.
    #[command(flatten)]
    pub room: Room,
    /// Migrate the database of --database-url itself, as Drizzle would, and look on. For copies of
    /// production. Shows what will be run, and asks.
    #[arg(long, requires = "database_url", conflicts_with_all = ["rows", "base", "fetch_base", "allow_missing_base", "pg"])]
    pub on_this_database: bool,
    /// Agree to what --on-this-database shows without being asked.
    #[arg(long, requires = "on_this_database")]
    pub yes: bool,
    /// Rows in each table, or in one: `1000`, `users=1e6`; may be given several times. [default: 3]
    #[arg(long, value_name = "N|TABLE=N")]
    pub rows: Vec<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = VerifyFormat::Human)]
    pub format: VerifyFormat,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// The server that statements run on.
#[derive(Debug, Args)]
pub struct Room {
    /// The folder of `initdb` and `postgres` to start a throwaway server with.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub pg_bin: Option<String>,
    /// Make a scratch database on this server instead of starting one; its other databases are not
    /// touched.
    #[arg(long, value_name = "URL", conflicts_with = "pg_bin")]
    pub database_url: Option<String>,
}

/// How a run on a server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    /// For people.
    Human,
    /// One JSON document (crates/report/JSON.md describes it).
    Json,
}

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  brolly diff                               history and newest snapshot, in every project here
  brolly diff --database-url-env DATABASE_URL
                                            the same, and history and that database
  brolly diff --fingerprint --database-url-env DATABASE_URL
                                            a line for each schema: equal where two mean the same

What is compared: schemas, tables, columns, constraints, indexes, views, sequences, types, policies,
triggers, functions and extensions, by what they mean and not by how they are spelled. Other names
of constraints and indexes, and partitions, are told and not counted. A snapshot is compared on what
it can say: it knows no extensions, functions, triggers, rules, domains, composite types and
partitions. Not compared: order of columns, comments, owners, privileges, storage. Drizzle's ledger
and what belongs to extensions are left out.

The database is only read, in a transaction that can't write, and compared with the migrations that
its ledger says it has run; those that were edited since are named. Schemas that schemaFilter of the
Drizzle config leaves out, and no migration makes, are not compared, unless --schema names them.

Exit codes: 0 no drift, 1 drift, 2 could not do its job.";

/// Arguments of `brolly diff`.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// The database to compare with the history.
    #[arg(long, value_name = "URL", conflicts_with = "database_url_env")]
    pub database_url: Option<String>,
    /// The environment variable that holds the URL of the database.
    #[arg(long, value_name = "NAME")]
    pub database_url_env: Option<String>,
    /// Look at this schema only; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub schema: Vec<String>,
    /// Print a line for each schema instead of differences: a fingerprint of what it means.
    #[arg(long, conflicts_with = "format")]
    pub fingerprint: bool,
    /// How differences are written.
    #[arg(long, value_enum, default_value_t = DiffFormat::Human)]
    pub format: DiffFormat,
}

/// How differences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people, by object.
    Human,
    /// One JSON document (crates/report/JSON.md describes it).
    Json,
}

pub(super) const REHEARSE_EXAMPLES: &str = "\
Examples:
  brolly rehearse                           what is new against the base branch, on 100,000 rows a table
  brolly rehearse --rows users=3e6 --rows orders=1e7
                                            on tables of production's size
  brolly rehearse drizzle/0042_add_index.sql --max-wait 50ms
  brolly rehearse --long-reader 3s          what a report that runs while you deploy does to everybody
  brolly rehearse --long-reader 3s --lock-timeout 150ms --retries 5
                                            and the cure

What happens: the history is applied, tables are filled, and sessions of the old app read and write on
a timetable, a second before the migration, while it runs as Drizzle's migrator runs it, and a second
after it. A wait counts from when a statement was due, so that what could not be sent meanwhile counts
as well. A migration that takes more than 5 s is called out, and fails nothing by that.

With \"runner\": \"brolly\" in brolly.json it runs as `brolly migrate` runs it: locks are asked for a moment
at a time, --lock-timeout at the most, until they are to be had, and --retries says nothing.

The throwaway server lies in memory and has nothing else to do: production takes longer.

Exit codes: 0 within limits, 1 a statement of the app waited longer than --max-wait or failed, or the
migration failed, 2 could not do its job.";

/// Arguments of `brolly rehearse`.
#[derive(Debug, Args)]
pub struct RehearseArguments {
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// What to run.
    #[command(flatten)]
    pub choice: Choice,
    /// What to judge for.
    #[command(flatten)]
    pub server: Server,
    /// Where to run it.
    #[command(flatten)]
    pub room: Room,
    /// Rows in each table, or in one: `1000`, `users=3e6`; may be given several times.
    /// [default: what brolly.json and --stats say; 100000 where the migration locks, else 1000]
    #[arg(long, value_name = "N|TABLE=N")]
    pub rows: Vec<String>,
    /// The longest time that a statement of the app may take.
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = time)]
    pub max_wait: Duration,
    /// Statements a second, of all sessions.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub rate: u32,
    /// Sessions that read what the migration locks; each table gets one at least.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub readers: u8,
    /// Sessions that write to what the migration locks; each table gets one at least.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub writers: u8,
    /// Let a transaction that has read the tables stay open for so long while the migration starts.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub long_reader: Option<Duration>,
    /// The lock_timeout of the session that migrates; as brolly migrates the longest that one try waits (2s by
    /// default).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub lock_timeout: Option<Duration>,
    /// How often Drizzle's migrator is started again, a second later, where it gave up on a lock.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: u32,
    /// What `brolly stats` wrote, instead of the file that brolly.json names.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub stats: Option<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = VerifyFormat::Human)]
    pub format: VerifyFormat,
    /// Draw the lock queue over time into this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<String>,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// `200ms`, `3s`, `1.5s`, `2min`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let unit = match text[digits..].trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "min" => 60.0,
        _ => return Err("write a time with its unit: 200ms, 3s, 2min".to_owned()),
    };
    let number: f64 = text[..digits].parse().map_err(|_| "this is no number".to_owned())?;
    let time = Duration::try_from_secs_f64(number * unit).map_err(|error| error.to_string())?;
    // Zero would switch a timeout off.
    if time < Duration::from_millis(1) { Err("1ms is the least".to_owned()) } else { Ok(time) }
}

pub(super) const STATS_EXAMPLES: &str = "\
Examples:
  brolly stats --database-url postgres://me@db.example.com/shop
  brolly stats --database-url \"$DATABASE_URL\" --sample 1min --output db/brolly.stats.json

brolly.json names the file: \"stats\": \"brolly.stats.json\". Findings about waits then become notes
where a table is small, and keep their weight where it is written to often, unless brolly.json says
something else about that table. The file holds names of tables and numbers, no data.

Exit codes: 0 written, 2 could not do its job.";

/// Arguments of `brolly stats`.
#[derive(Debug, Args)]
pub struct StatsArguments {
    /// The server to read, best the one in production or a replica of it.
    #[arg(long, value_name = "URL")]
    pub database_url: String,
    /// Where to write it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, default_value = "brolly.stats.json")]
    pub output: String,
    /// For how long to count writes. Where the average since the counters were reset is higher, that
    /// is written down.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub sample: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, ms) in [("200ms", 200), ("3s", 3_000), ("1.5s", 1_500), ("2 min", 120_000)] {
            assert_eq!(time(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for wrong in ["", "3", "s", "-1s", "1h", "0ms", "1e9s", "1.2.3s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
