//! The arguments of `brolly preflight`.

use super::RunFormat;
use super::run::{Database, OneProject, Replicas, Targets};
use super::servers::time;
use clap::Args;
use std::time::Duration;

pub(super) const PREFLIGHT_EXAMPLES: &str = "\
Examples:
  brolly preflight                       the database of DATABASE_URL, for what is pending in it
  brolly preflight --free-disk 200GB     hold what is written anew against what is free on the server
  brolly preflight --replica-env REPLICA_URL
                                         ask a replica, too, who reads there what will be locked
  brolly preflight --long 1min --connections 85
                                         be content with more
  brolly preflight --targets tenants.json --at-once 8
                                         many databases or tenant schemas (docs/targets.md)
  brolly preflight --format json         for machines (schema/preflight.schema.json); with --targets a line for
                                         each target, and one of all of them

What is looked at: old, idle and prepared transactions, replicas that are behind or hold back vacuum, who reads on
those that are named, slots that keep WAL,
connections in use, poolers, timeouts of the role, room on the disk, invalid indexes, the age of transaction
IDs, the role's rights, whether the server takes writes, and its version. docs/preflight.md says more.
brolly migrate looks at the same before it runs anything.

Exit codes: 0 nothing is in the way, 1 something should be waited for or mended, 2 could not look; with --targets,
the worst of all.";

/// Arguments of `brolly preflight`.
#[derive(Debug, Args)]
pub struct PreflightArguments {
    /// Where to look.
    #[command(flatten)]
    pub place: OneProject,
    /// The database to look at.
    #[command(flatten)]
    pub database: Database,
    /// Many databases.
    #[command(flatten)]
    pub many: Targets,
    /// Who is asked beside it.
    #[command(flatten)]
    pub replicas: Replicas,
    /// The age from which an open transaction is told.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub long: Duration,
    /// How far a replica may be behind.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub max_lag: Duration,
    /// The share of the connections that may be in use, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 70, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub connections: u8,
    /// What is free on the server's disk, which the server does not say.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub free_disk: Option<u64>,
    /// How it is written; schema/preflight.schema.json describes the JSON.
    #[arg(long, value_enum, default_value_t = RunFormat::Human)]
    pub format: RunFormat,
}

/// Bytes.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let unit = match text[digits..].trim() {
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => return Err("write a size with its unit: 500MB, 200GB, 1.5TB".to_owned()),
    };
    let number: f64 = text[..digits].parse().map_err(|_| "this is no number".to_owned())?;
    let bytes = number * unit;
    if bytes < 1e18 { Ok(bytes as u64) } else { Err("this is too much".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes() {
        for (text, bytes) in [("500MB", 500_000_000), ("1.5 TB", 1_500_000_000_000), ("0GB", 0)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "3", "GB", "-1GB", "1e9GB", "9999999999TB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
