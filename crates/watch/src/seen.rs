//! All looks of a while, and how statements changed from one while to another.

use crate::sample::{Connections, Sample, Statement, Table, Wait, Work};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that was seen of a server in a while.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The looks, the first first.
    pub samples: Vec<Sample>,
    /// What each statement did in all that time; `None` where that can't be told.
    pub statements: Option<Vec<Statement>>,
}

impl Seen {
    /// For how long looks were taken, in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.iter().map(|sample| sample.seconds).sum()
    }

    /// The looks at connections.
    pub fn connections(&self) -> impl Iterator<Item = &Connections> {
        self.samples.iter().filter_map(|sample| sample.connections.as_ref())
    }

    /// Sessions that waited for something else than an advisory lock, which apps take to wait: one list a look.
    pub fn waits(&self) -> impl Iterator<Item = Vec<&Wait>> {
        let looks = self.samples.iter().filter_map(|sample| sample.waits.as_ref());
        looks.map(|waits| waits.iter().filter(|wait| wait.lock != "advisory").collect())
    }

    /// What the database counted in all, and in how many seconds; `None` where it was never seen to.
    pub fn work(&self) -> Option<(Work, f64)> {
        let mut all: Option<(Work, f64)> = None;
        let more = |all: &mut Option<u64>, one: Option<u64>| {
            if let Some(one) = one {
                *all = Some(all.unwrap_or(0) + one);
            }
        };
        for sample in &self.samples {
            let Some(work) = &sample.work else { continue };
            let (sum, seconds) = all.get_or_insert_with(Default::default);
            *seconds += sample.seconds;
            sum.commits += work.commits;
            sum.rollbacks += work.rollbacks;
            sum.deadlocks += work.deadlocks;
            sum.conflicts += work.conflicts;
            more(&mut sum.fatal, work.fatal);
            more(&mut sum.killed, work.killed);
            more(&mut sum.abandoned, work.abandoned);
        }
        all
    }

    /// Milliseconds of a statement on the average, of all there were.
    pub fn latency(&self) -> Option<f64> {
        let slices = self.samples.iter().filter_map(|sample| sample.statements.as_ref());
        let (calls, time) =
            slices.fold((0, 0.0), |(calls, time), one| (calls + one.calls, time + one.milliseconds));
        (calls > 0).then(|| time / calls as f64)
    }

    /// The tables as they were seen last.
    pub fn tables(&self) -> Option<&[Table]> {
        self.samples.iter().rev().find_map(|sample| sample.tables.as_deref())
    }

    /// The tables as they were seen first.
    pub fn tables_first(&self) -> Option<&[Table]> {
        self.samples.iter().find_map(|sample| sample.tables.as_deref())
    }
}

/// What was seen before a deploy, as it is kept in a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The version of this format.
    pub version: u8,
    /// When the last look was taken, in UTC, as `2024-02-29T12:00:00Z`.
    pub taken: String,
    /// The database.
    pub database: String,
    /// Host and port, or the folder of the socket.
    pub host: String,
    /// The version of the server, as it words it.
    pub server: String,
    /// The migrations that Drizzle's ledger held, where a project and a ledger were there.
    pub migrations: Option<Vec<String>>,
    /// What was seen.
    pub seen: Seen,
}

/// How a statement went before and after.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// What stands for the text.
    pub id: String,
    /// The text without values, cut.
    pub text: String,
    /// What became of it.
    pub kind: Kind,
    /// Milliseconds a call before; `null` where it was not sent.
    pub mean_before: Option<f64>,
    /// Milliseconds a call now; `null` where it is not sent.
    pub mean: Option<f64>,
    /// Calls a second before.
    pub rate_before: f64,
    /// Calls a second now.
    pub rate: f64,
    /// Calls before.
    pub calls_before: u64,
    /// Calls now.
    pub calls: u64,
    /// Milliseconds a second that all its calls take now: 1000 is one whole core, or one session that waits all the
    /// time.
    pub load: f64,
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is sent as before.
    Known,
    /// It was not sent before.
    New,
    /// It is sent no more.
    Gone,
}

/// Each statement before and now, what takes most time now first.
pub fn changes(before: &Seen, now: &Seen) -> Option<Vec<Change>> {
    let (was, is) = (before.statements.as_ref()?, now.statements.as_ref()?);
    let (seconds_before, seconds) = (before.seconds().max(0.001), now.seconds().max(0.001));
    let mut both: BTreeMap<&str, (Option<&Statement>, Option<&Statement>)> = BTreeMap::new();
    for one in was.iter().filter(|one| one.calls > 0) {
        both.entry(&one.id).or_default().0 = Some(one);
    }
    for one in is.iter().filter(|one| one.calls > 0) {
        both.entry(&one.id).or_default().1 = Some(one);
    }
    let change = |(id, (was, is)): (&str, (Option<&Statement>, Option<&Statement>))| Change {
        id: id.to_owned(),
        text: is.or(was).map(|one| one.text.clone()).unwrap_or_default(),
        kind: match (was, is) {
            (None, _) => Kind::New,
            (_, None) => Kind::Gone,
            _ => Kind::Known,
        },
        mean_before: was.map(Statement::mean),
        mean: is.map(Statement::mean),
        rate_before: was.map_or(0.0, |one| one.calls as f64 / seconds_before),
        rate: is.map_or(0.0, |one| one.calls as f64 / seconds),
        calls_before: was.map_or(0, |one| one.calls),
        calls: is.map_or(0, |one| one.calls),
        load: is.map_or(0.0, |one| one.milliseconds / seconds),
    };
    let mut changes: Vec<Change> = both.into_iter().map(change).collect();
    changes.sort_by(|a, b| b.load.total_cmp(&a.load).then_with(|| b.rate_before.total_cmp(&a.rate_before)));
    Some(changes)
}
