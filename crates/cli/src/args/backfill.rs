//! The arguments of `backfill`.

use super::servers::time;
use super::{Database, Many};
use clap::{ArgGroup, Args, ValueEnum, ValueHint};
use std::time::Duration;

pub(super) const BACKFILL_EXAMPLES: &str = "\
Examples:
  brolly backfill
                                     every backfill of the project that is not finished
  brolly backfill 0042_full_name.users_full_name --dry-run
                                     rows, the first statement, and roughly how long it takes
  brolly backfill --status
                                     how far each is, from any terminal
  brolly backfill --pause 0042_full_name.users_full_name
                                     the same with --resume and --cancel
  brolly backfill --targets tenants.json --at-once 2
                                     in many databases or tenant schemas: a canary first, then the others
  brolly backfill --nice 1 --max-lag 2s --replica-env REPLICA_URL
                                     as much rest as work, and no replica more than 2 s behind

What happens: the files in backfills/ (brolly fix writes them) run in batches by key, each a transaction
that also saves how far it came, in __brolly_backfills beside Drizzle's ledger. A run that was killed goes
on where it was. Batches grow and shrink so that one takes 250 to 500 ms. Between them is looked, four
times a second, whether something goes first, and one reason is shown: a replica that is behind, WAL that waits
for the archiver, autovacuum on the table, sessions that waited for the last batch; and what --max-active,
--throttle-file and --throttle-query say. It is held as long as that is so.

The database: --database-url, --database-url-env, DATABASE_URL of the environment or of .env, PGSERVICE, or
PGHOST and its kin. Connect to the primary, and not through a pooler in transaction mode: the lock is of the session. Passwords
are neither printed nor written down.

The order: that of their migrations, and none before those that its lines `after` name are finished. A
finished one whose `where` finds rows again runs again; one that deletes rows only when it is named. Where row
level security hides rows from the role nothing is done: use one with BYPASSRLS.

Exit codes: 0 all is finished and no row is left; 1 something is not: paused, cancelled, run by somebody
else, waiting for another one, rows that its `where` still finds, or a target of --targets that failed; 2 something
could not go on, and what was done is kept; 130 Ctrl-C.";

/// Arguments of `brolly backfill`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("action").args(["dry_run", "status", "pause", "resume", "cancel", "restart"]))]
pub struct BackfillArguments {
    /// Backfills by the names of their files; by default all that aren't finished.
    #[arg(value_name = "NAMES")]
    pub names: Vec<String>,
    /// A Drizzle config to read; may be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Vec<String>,
    /// A migrations folder (`out` of the config); may be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Vec<String>,
    /// The database.
    #[command(flatten)]
    pub database: Database,
    /// Many databases.
    #[command(flatten)]
    pub many: Many,
    /// Say what would run, for how many rows, and roughly for how long; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Say how far each is.
    #[arg(long)]
    pub status: bool,
    /// Hold these where they are.
    #[arg(long, requires = "names")]
    pub pause: bool,
    /// Let these go on that were paused or cancelled.
    #[arg(long, requires = "names")]
    pub resume: bool,
    /// Stop these for good.
    #[arg(long, requires = "names")]
    pub cancel: bool,
    /// Begin these anew, with their files as they are now.
    #[arg(long, requires = "names")]
    pub restart: bool,
    /// How batches are paced.
    #[command(flatten)]
    pub pace: PaceArguments,
    /// What is held for.
    #[command(flatten)]
    pub limits: LimitArguments,
    /// VACUUM (ANALYZE) the table afterwards.
    #[arg(long)]
    pub vacuum: bool,
    /// How it is told.
    #[arg(long, value_enum, default_value_t = BackfillFormat::Human)]
    pub format: BackfillFormat,
}

/// How batches are paced.
#[derive(Debug, Args)]
pub struct PaceArguments {
    /// Rows of the first batch, instead of what the file says.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    pub batch: Option<u64>,
    /// The most rows of a batch.
    #[arg(long, value_name = "ROWS", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_batch: u64,
    /// Rest for so many times the time that a batch took: 1 is as much rest as work.
    #[arg(long, value_name = "RATIO", default_value_t = 0.0, value_parser = ratio)]
    pub nice: f64,
    /// How long a batch goes without a lock, by tries of 40 % of the server's deadlock_timeout, each with half the rows.
    /// It is given up after three times this.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    pub lock_timeout: Duration,
    /// How long a batch may take at all.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub statement_timeout: Duration,
}

/// What is held for.
#[derive(Debug, Args)]
pub struct LimitArguments {
    /// Seconds that a replica may be behind.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub max_lag: Duration,
    /// Bytes of WAL that a replica may be behind: `64MB`.
    #[arg(long, value_name = "SIZE", default_value = "100MB", value_parser = size)]
    pub max_lag_bytes: u64,
    /// A replica to ask itself, beside those that the primary knows; may be given several times.
    #[arg(long, value_name = "URL")]
    pub replica: Vec<String>,
    /// The environment variable that holds the URL of such a replica; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub replica_env: Vec<String>,
    /// WAL segments that may wait for the archiver.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub max_unarchived: u64,
    /// Sessions that may be at work beside ours.
    #[arg(long, value_name = "N")]
    pub max_active: Option<u64>,
    /// Hold as long as this file is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub throttle_file: Option<String>,
    /// Hold as long as this query gives true, or a number above zero.
    #[arg(long, value_name = "SQL")]
    pub throttle_query: Option<String>,
    /// Don't hold for this; may be given several times.
    #[arg(long, value_enum, value_name = "CAUSE")]
    pub ignore: Vec<Ignored>,
}

/// A cause that is not held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ignored {
    /// Replicas that are behind.
    Replica,
    /// WAL that waits for the archiver.
    Archiver,
    /// Autovacuum on the table.
    Autovacuum,
    /// Sessions that waited for the last batch.
    Waiters,
}

/// How a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackfillFormat {
    /// For people.
    Human,
    /// A JSON object a line, as things happen (schema/backfill.schema.json describes it).
    Json,
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=100.0).contains(&ratio) => Ok(ratio),
        _ => Err("write a number from 0 to 100, as in 0.5".to_owned()),
    }
}

/// `512kB`, `64MB`, `1.5GB`, or bytes.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return Err("write a size with its unit: 512kB, 64MB, 1GB".to_owned()),
    };
    let number: f64 = text[..digits].parse().map_err(|_| "this is no number".to_owned())?;
    Ok((number * unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ratios() {
        for (text, bytes) in [("12", 12), ("64MB", 64_000_000), ("1.5 gb", 1_500_000_000), ("2kB", 2_000)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        assert!(size("MB").is_err() && size("3 TB").is_err() && size("-1").is_err());
        assert_eq!(ratio("0.5"), Ok(0.5));
        assert!(ratio("-1").is_err() && ratio("NaN").is_err() && ratio("much").is_err());
    }
}
