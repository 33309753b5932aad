//! What `brolly preflight` found, as text and as JSON.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What `brolly preflight --format json` prints: the one document of a database, or with `--targets` a line for each of
/// them and one of all.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PreflightLine {
    /// A database that was looked at.
    Preflight(Preflight),
    /// With `--targets`, what else there is to tell.
    Event(PreflightEvent),
}

/// With `--targets`: what is told beside the databases that were looked at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum PreflightEvent {
    /// A target could not be looked at.
    Failed {
        /// What it is called.
        target: String,
        /// Why: the first line says what, the others what to do.
        message: String,
    },
    /// The last line.
    Summary {
        /// In how many nothing is in the way.
        ok: usize,
        /// In how many nothing is, as far as it could be looked at.
        unknown: usize,
        /// In how many a migration would hurt, or wait.
        warning: usize,
        /// In how many a migration would fail, or must not run.
        stop: usize,
        /// How many could not be looked at.
        failed: usize,
        /// Each of them, in the order of the file.
        targets: Vec<PreflightEnd>,
    },
}

/// How a target is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PreflightEnd {
    /// What it is called.
    pub target: String,
    /// The worst state of all that was looked at; `null` where it could not be looked at.
    pub state: Option<PreflightState>,
    /// The worst that was found, or why it could not be looked at; `null` where nothing is in the way.
    pub why: Option<String>,
}

/// A database before a migration.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Preflight {
    /// With `--targets`: what it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub target: Option<String>,
    /// The version of this format.
    pub version: u8,
    /// The migrations folder.
    pub project: String,
    /// The database.
    pub database: String,
    /// Host and port, or the folder of the socket.
    pub host: String,
    /// The version, as the server words it.
    pub server: String,
    /// What is pending, and was looked at for; `null` where the ledger may not be read.
    pub pending: Option<Vec<String>>,
    /// The worst state of all.
    pub state: PreflightState,
    /// What was looked at.
    pub checks: Vec<PreflightCheck>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PreflightCheck {
    /// `server`, `pooler`, `rights`, `transactions`, `prepared`, `connections`, `timeouts`, `replication`,
    /// `slots`, `disk`, `indexes` or `wraparound`.
    pub topic: String,
    /// How it is.
    pub state: PreflightState,
    /// The table, index, slot, role or setting it is about, where it is about one.
    pub object: Option<String>,
    /// What was seen.
    pub what: String,
    /// What to do, where something is to be done.
    pub cure: Option<String>,
    /// The numbers behind it. Times are seconds, sizes bytes.
    pub numbers: BTreeMap<String, f64>,
}

/// How something is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PreflightState {
    /// Nothing is in the way.
    Ok,
    /// It could not be looked at.
    Unknown,
    /// It would hurt, or make a migration wait.
    Warning,
    /// A migration would fail, or must not run.
    Stop,
}

impl PreflightState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            PreflightState::Ok => "ok",
            PreflightState::Unknown => "unknown",
            PreflightState::Warning => "warning",
            PreflightState::Stop => "stop",
        }
    }
}

/// For people.
pub fn preflight_text(found: &Preflight) -> String {
    let mut out = format!("{}, {}\n", place(found), pending(found));
    for line in found.checks.iter().flat_map(preflight_lines) {
        let _ = writeln!(out, "  {line}");
    }
    let _ = writeln!(out, "{}", verdict(found));
    out
}

/// The same of one target among many; what is as it should be is left out.
pub fn preflight_text_of(target: &str, found: &Preflight) -> String {
    let mut out = format!("{target}: {}: {}\n", pending(found), verdict(found));
    let odd = found.checks.iter().filter(|check| check.state != PreflightState::Ok);
    for line in odd.flat_map(preflight_lines) {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// Where it is.
fn place(found: &Preflight) -> String {
    let Preflight { project, database, host, server, .. } = found;
    format!("{project}: {database} on {host} (PostgreSQL {server})")
}

fn pending(found: &Preflight) -> String {
    match found.pending.as_deref() {
        None => "what is pending is not known".to_owned(),
        Some([]) => "nothing is pending".to_owned(),
        Some([one]) => format!("1 migration is pending: {one}"),
        Some(more) => format!("{} migrations are pending", more.len()),
    }
}

/// How much is in the way.
fn verdict(found: &Preflight) -> String {
    let count = |state| found.checks.iter().filter(|check| check.state == state).count();
    let counts = [
        (count(PreflightState::Stop), "to mend first"),
        (count(PreflightState::Warning), "to wait for or mend"),
        (count(PreflightState::Unknown), "not known"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if counts.is_empty() { "nothing is in the way".to_owned() } else { counts.join(", ") }
}

/// One check as lines: what was seen, and what to do.
pub fn preflight_lines(check: &PreflightCheck) -> Vec<String> {
    let mut lines = vec![format!("{:<8} {:<13} {}", check.state.word(), check.topic, check.what)];
    lines.extend(check.cure.iter().map(|cure| format!("{:<22} {cure}", "")));
    lines
}

/// For machines.
pub fn preflight_json(found: &Preflight) -> String {
    let mut text = serde_json::to_string_pretty(found).unwrap_or_default();
    text.push('\n');
    text
}

/// For machines, of one target among many: on a line.
pub fn preflight_line(found: &Preflight) -> String {
    serde_json::to_string(found).unwrap_or_default() + "\n"
}

/// What else is told of many, on a line.
pub fn preflight_event(event: &PreflightEvent) -> String {
    serde_json::to_string(event).unwrap_or_default() + "\n"
}
