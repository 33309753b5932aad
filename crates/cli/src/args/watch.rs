//! The arguments of `brolly watch`.

use super::run::{Database, OneProject};
use super::servers::time;
use super::{Color, RunFormat};
use clap::{Args, ValueHint};
use std::time::Duration;

pub(super) const WATCH_EXAMPLES: &str = "\
Examples:
  brolly watch --take before.json        before the deploy: a minute of how the server is
  brolly watch --against before.json     after it: for 15 minutes, held against that
  brolly watch --against before.json --html watch.html
                                         and a page with charts to keep
  brolly watch --for 5min                without a baseline: held against its own first minute
  brolly watch --format json             for machines, a line each look (schema/watch.schema.json)

What is watched: connections, sessions that wait for locks and for whom, rollbacks, deadlocks and sessions that
ended badly, the time of each statement (where pg_stat_statements is there), replicas and slots, tables that grow
or fill up with old rows, invalid indexes. At the end there is a verdict: what got worse, by how much, what to do, and
how to take back what was migrated. Ctrl-C ends it early, and the verdict comes all the same. Nothing is changed: the
session is read only. docs/watch.md says what is told from where on.

Exit codes: 0 nothing is bad, 1 something is (users wait, get errors, or soon will), 2 could not look.";

/// Arguments of `brolly watch`.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Where to look for the project.
    #[command(flatten)]
    pub place: OneProject,
    /// The database to watch.
    #[command(flatten)]
    pub database: Database,
    /// Take a baseline: look for a while, and write what was seen into this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["against", "html"])]
    pub take: Option<String>,
    /// Hold what is seen against the baseline of this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub against: Option<String>,
    /// For how long to watch: 15min, or 1min with --take.
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    pub watched: Option<Duration>,
    /// How long it is between two looks.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub every: Duration,
    /// Write a page with verdict and charts into this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<String>,
    /// The share of the connections that may be in use, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 70, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub connections: u8,
    /// How long a session may wait for a lock.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub max_wait: Duration,
    /// How many times as long a statement may take as before.
    #[arg(long, value_name = "TIMES", default_value_t = 2.0, value_parser = times)]
    pub slower: f64,
    /// How far a replica may be behind.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub max_lag: Duration,
    /// A replica to ask itself, beside those that the server knows; may be given several times.
    #[arg(long, value_name = "URL")]
    pub replica: Vec<String>,
    /// The environment variable that holds the URL of such a replica; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub replica_env: Vec<String>,
    /// How it is told; schema/watch.schema.json describes the JSON.
    #[arg(long, value_enum, default_value_t = RunFormat::Human)]
    pub format: RunFormat,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

fn times(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(times) if (1.0..=1000.0).contains(&times) => Ok(times),
        _ => Err("write a number from 1 to 1000, as in 1.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn how_much_slower() {
        assert_eq!(times("1.5"), Ok(1.5));
        assert!(times("0.5").is_err() && times("NaN").is_err() && times("much").is_err());
    }
}
