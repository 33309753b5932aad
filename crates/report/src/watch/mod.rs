//! What `brolly watch` tells: a JSON document a line, words for people, and a page to keep.

mod page;
mod words;

pub use page::watch_page;
pub use words::{watch_live, watch_status, watch_text};

use schemars::JsonSchema;
use serde::Serialize;
use watch::{Baseline, Change, Finding, Sample, Seen, State};

/// Something that a watch tells. Times are seconds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WatchLine {
    /// The first line.
    Begun(Begun),
    /// One look at the server.
    Sample(Sample),
    /// The last line; not there where a baseline is taken.
    Verdict(Verdict),
}

/// Which server is watched, and held against what.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Begun {
    /// The database.
    pub database: String,
    /// Host and port, or the folder of the socket.
    pub host: String,
    /// The version, as the server words it.
    pub server: String,
    /// For how long it is watched.
    pub watched: f64,
    /// How long it is between two looks.
    pub every: f64,
    /// What it is held against; `null` where a baseline is taken.
    pub baseline: Option<BaselineTold>,
}

/// What a watch is held against.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BaselineTold {
    /// When it was taken, in UTC; `null` where it is the beginning of this watch.
    pub taken: Option<String>,
    /// For how long.
    pub seconds: f64,
}

/// How it went.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Verdict {
    /// The worst state of all.
    pub state: State,
    /// For how long the server was watched, the baseline left out where it is the beginning.
    pub seconds: f64,
    /// How often it was looked at in that time.
    pub looks: usize,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// What it is held against.
    pub baseline: BaselineTold,
    /// What was judged.
    pub findings: Vec<Finding>,
    /// How statements changed, what takes most time first, no more than a hundred; `null` where that can't be told.
    pub statements: Option<Vec<Change>>,
    /// How to take the deploy's migrations back.
    pub back: WayBack,
}

/// How to take the deploy's migrations back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct WayBack {
    /// The migrations, the newest first.
    pub migrations: Vec<String>,
    /// What to run, in this order; empty where nothing is to be taken back.
    pub commands: Vec<String>,
    /// What is to know about it, on one line.
    pub what: String,
}

/// All of a watch, for a page.
#[derive(Clone, Debug)]
pub struct Watched<'a> {
    /// Which server it is.
    pub begun: &'a Begun,
    /// When it ended, by the server's clock, in UTC.
    pub ended: &'a str,
    /// What it is held against.
    pub before: &'a Seen,
    /// What was seen.
    pub now: &'a Seen,
    /// How it went.
    pub verdict: &'a Verdict,
}

/// A line for machines.
pub fn watch_line(line: &WatchLine) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

/// A baseline as it is kept in a file.
pub fn watch_baseline(baseline: &Baseline) -> String {
    let mut text = serde_json::to_string(baseline).unwrap_or_default();
    text.push('\n');
    text
}

/// A baseline from its file.
///
/// Errors: what is wrong with the text.
pub fn watch_baseline_of(text: &str) -> Result<Baseline, String> {
    let baseline: Baseline = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match baseline.version {
        1 => Ok(baseline),
        other => Err(format!("it has version {other}, and this brolly reads version 1")),
    }
}

/// What a watch is held against, in words.
fn against(baseline: &BaselineTold) -> String {
    match &baseline.taken {
        Some(taken) => format!("the baseline of {taken} ({})", source::time(baseline.seconds)),
        None => format!("its first {}", source::time(baseline.seconds)),
    }
}
