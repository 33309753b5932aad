//! What a run of a backfill tells as it goes, as values and as JSON lines.

use super::estimate::Estimate;
use super::state::Standing;
use super::throttle::Reason;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

/// Something that happened. Printed as a line of JSON each by `brolly backfill --format json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A backfill begins, or goes on where it was left.
    Started {
        /// The backfill: the name of its file without `.sql`.
        backfill: String,
        /// The table as the file names it.
        table: String,
        /// Which run through the table this is, from 1.
        pass: u32,
        /// Whether batches of it were done before.
        resumed: bool,
        /// Rows changed by earlier runs.
        changed: u64,
        /// Rows looked at by earlier runs, in this pass.
        passed: u64,
        /// Rows of the table, as the planner estimates them.
        total: u64,
        /// The server processes of this run, as in `pg_stat_activity.pid`: the one that changes rows, and the one
        /// that looks on.
        pids: [i32; 2],
    },
    /// A batch is committed.
    Batch {
        /// The backfill.
        backfill: String,
        /// Batches until now, of all runs.
        batch: u64,
        /// Rows that this one changed.
        rows: u64,
        /// Rows changed until now.
        changed: u64,
        /// Rows looked at until now, in this pass.
        passed: u64,
        /// Rows of the table, as the planner estimates them.
        total: u64,
        /// How long it took.
        millis: u64,
        /// Rows that the next one is to look at.
        next: u64,
        /// Rows that are looked at in a second, over the last batches with their pauses.
        rate: f64,
        /// Seconds until the end of the pass, at that rate.
        seconds_left: Option<u64>,
    },
    /// Something else goes first.
    Held {
        /// The backfill.
        backfill: String,
        /// What.
        reason: Reason,
    },
    /// It goes on.
    Released {
        /// The backfill.
        backfill: String,
        /// How long it was held.
        millis: u64,
    },
    /// A batch was rolled back, and is tried again with fewer rows.
    Retried {
        /// The backfill.
        backfill: String,
        /// Which try failed, from 1.
        tries: u32,
        /// The five characters by which the server named it.
        sqlstate: String,
        /// The server's words.
        message: String,
        /// Rows of the next try.
        next: u64,
    },
    /// The connection was cut, and another one is opened.
    Reconnecting {
        /// The backfill.
        backfill: String,
        /// Which try it is, from 1.
        tries: u32,
        /// Why it was cut, or why the last try failed.
        why: String,
    },
    /// The pass ended with rows left, as writers put them there meanwhile: another one begins.
    Again {
        /// The backfill.
        backfill: String,
        /// The number of the pass to come.
        pass: u32,
        /// Rows that are left.
        left: u64,
    },
    /// The table was written anew, by VACUUM FULL for one, and rows that are not done may lie on pages that were done: it
    /// is gone through from its first page on.
    Anew {
        /// The backfill.
        backfill: String,
        /// The table, or the partition.
        table: String,
    },
    /// All rows are done, and the table is vacuumed and analyzed.
    Vacuum {
        /// The backfill.
        backfill: String,
        /// Why it, or a partition of it, is not, where that is so.
        skipped: Option<String>,
    },
    /// How one stands, as `--status` asks.
    Standing(Standing),
    /// What one would do, as `--dry-run` asks.
    Estimate(Estimate),
    /// It ended, for now or for good.
    Ended {
        /// The backfill.
        backfill: String,
        /// How.
        how: Ended,
        /// Rows changed, by all runs.
        changed: u64,
        /// Rows that its `where` still finds, where that can be asked.
        left: Option<u64>,
        /// How long this run took.
        millis: u64,
        /// Why it failed or was not begun, or who else runs it.
        why: Option<String>,
    },
    /// With `--targets`: work on a target begins.
    Begins {
        /// Whether it is one that has to go well before others are begun.
        canary: bool,
    },
    /// With `--targets`: the last line of all.
    Summary {
        /// How many went well.
        done: usize,
        /// How many did not.
        failed: usize,
        /// How many were not begun.
        #[serde(rename = "not_started")]
        not_started: usize,
        /// Each of them, in the order of the file.
        targets: Vec<TargetEnd>,
    },
}

/// How the backfills of a target ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetEnd {
    /// What it is called.
    pub target: String,
    /// How.
    pub state: TargetState,
    /// What is in the way, where something is.
    pub why: Option<String>,
}

/// How the backfills of a target ended, in the words that `brolly migrate` has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// What was asked for is done.
    Done,
    /// Something is not done: it failed, is put aside, is run by somebody else, or has rows left.
    Failed,
    /// It was not begun, since others failed or the run was interrupted.
    NotStarted,
}

/// An event as a line of JSON; with `--targets`, of the target that it is about.
pub fn event_line(target: Option<&str>, event: &Event) -> String {
    serde_json::to_string(&TargetLine { target, event }).unwrap_or_default()
}

#[derive(Serialize)]
struct TargetLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(flatten)]
    event: &'a Event,
}

/// How a run of a backfill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// All is done.
    Finished,
    /// It was done before, and no row is left.
    WasFinished,
    /// It is paused, and was not begun.
    Paused,
    /// It was cancelled.
    Cancelled,
    /// Somebody else runs it.
    Taken,
    /// It was not begun: another one, which its file names after `after`, is not finished.
    Waits,
    /// It can't go on as it is.
    Failed,
    /// Somebody ended the run; the next one goes on.
    Interrupted,
}

/// The JSON Schema of [`Event`], made of the type that is printed.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Event>().to_value()
}
