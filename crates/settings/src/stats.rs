//! `brolly.stats.json`: what `brolly stats` has read from a server, and what it says about tables.
//!
//! Measured numbers stand behind those of `brolly.json`: a person who sets one knows why. The file
//! holds no data, no queries and no names of people.

use crate::Settings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From so many writes a second a table is busy, unless `busyWritesPerSecond` says otherwise.
pub const BUSY_WRITES_PER_SECOND: u64 = 10;

/// The version of the file that is written, and the only one that is read.
pub const STATS_VERSION: u32 = 1;

/// What a server says about its tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// [`STATS_VERSION`].
    pub version: u32,
    /// When it was read, in UTC.
    pub taken: String,
    /// The version of the server, as it words it.
    pub postgres: String,
    /// The database.
    pub database: String,
    /// For how long writes were counted, in seconds.
    pub sample_seconds: f64,
    /// Tables by `schema.name`.
    pub tables: BTreeMap<String, TableStats>,
    /// The oldest open transactions, oldest first.
    pub longest_transactions: Vec<LongTransaction>,
}

/// What a server says about a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableStats {
    /// About how many rows it holds; `None` where the server does not know, until the next ANALYZE.
    pub rows: Option<u64>,
    /// Bytes on disk, with indexes and what is stored apart.
    pub bytes: u64,
    /// Rows inserted, updated and deleted a second: the sample, or the average since the counters were
    /// reset, whichever is more.
    pub writes_per_second: f64,
}

/// An open transaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LongTransaction {
    /// Its age.
    pub seconds: f64,
    /// `active`, `idle in transaction`..
    pub state: String,
    /// `application_name` of its session.
    pub application: String,
}

impl Stats {
    /// Reads the text of the file.
    ///
    /// Errors: what is wrong with it, in words.
    pub fn read(text: &str) -> Result<Stats, String> {
        let stats: Stats = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match stats.version {
            STATS_VERSION => Ok(stats),
            other => Err(format!("it is of version {other}, and this brolly reads {STATS_VERSION}")),
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Settings {
    /// The settings with what was measured where they say nothing.
    pub fn with_stats(mut self, stats: &Stats) -> Settings {
        let busy = self.busy_writes_per_second.unwrap_or(BUSY_WRITES_PER_SECOND) as f64;
        for (name, table) in &stats.tables {
            if self.rows.contains_key(name) {
                continue;
            }
            if let Some(rows) = table.rows {
                self.rows.insert(name.clone(), rows);
            }
            if table.writes_per_second >= busy {
                self.busy_tables.insert(name.clone());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_says_goes_before_what_was_measured() {
        let table = |rows, writes_per_second| TableStats { rows, bytes: 1, writes_per_second };
        let tables = [
            ("public.small", table(Some(10), 0.1)),
            ("public.counter", table(Some(1), 80.0)),
            ("public.said", table(Some(9_000_000), 80.0)),
            ("public.unknown", table(None, 0.0)),
        ];
        let stats = Stats {
            version: STATS_VERSION,
            tables: tables.map(|(name, table)| (name.to_owned(), table)).into(),
            ..Stats::default()
        };
        assert_eq!(Stats::read(&stats.text()), Ok(stats.clone()));
        let said = Settings { rows: [("public.said".to_owned(), 5)].into(), ..Settings::default() };
        let settings = said.with_stats(&stats);
        let small: Vec<_> = settings.small_tables().into_keys().collect();
        assert_eq!(small, ["public.said", "public.small"]);
        assert_eq!(settings.busy_tables, ["public.counter".to_owned()].into());
    }

    #[test]
    fn what_is_no_such_file() {
        assert!(Stats::read("{").is_err() && Stats::read("[]").is_err());
        let newer = Stats { version: 2, ..Stats::default() };
        assert_eq!(Stats::read(&newer.text()), Err("it is of version 2, and this brolly reads 1".to_owned()));
    }
}
