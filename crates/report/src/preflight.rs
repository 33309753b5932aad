//! What `brolly preflight` found, as text and as JSON.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A database before a migration.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Preflight {
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
    let Preflight { project, database, host, server, pending, checks, .. } = found;
    let mut out = format!("{project}: {database} on {host} (PostgreSQL {server}), ");
    let _ = match pending.as_deref() {
        None => writeln!(out, "what is pending is not known"),
        Some([]) => writeln!(out, "nothing is pending"),
        Some([one]) => writeln!(out, "1 migration is pending: {one}"),
        Some(more) => writeln!(out, "{} migrations are pending", more.len()),
    };
    for line in checks.iter().flat_map(preflight_lines) {
        let _ = writeln!(out, "  {line}");
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (stops, warnings, unknown) =
        (count(PreflightState::Stop), count(PreflightState::Warning), count(PreflightState::Unknown));
    let mut parts = Vec::new();
    if stops > 0 {
        parts.push(format!("{stops} to mend first"));
    }
    if warnings > 0 {
        parts.push(format!("{warnings} to wait for or mend"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} not known"));
    }
    let _ = writeln!(
        out,
        "{}",
        if parts.is_empty() { "nothing is in the way".to_owned() } else { parts.join(", ") }
    );
    out
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
