//! What `brolly ledger list` tells machines: a JSON document a line, one for each migration of the folder, then one for
//! each row of the ledger that belongs to none.

use schemars::JsonSchema;
use serde::Serialize;

/// What the ledger says of a migration, or a row that belongs to none.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LedgerLine {
    /// The tag of the migration; left out for a row that belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<String>,
    /// The row that belongs to no migration of the folder, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// How it stands.
    pub state: LedgerState,
    /// With `--targets`: in which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Of a migration that is half run: the numbers of the statements that are done, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Vec<usize>>,
    /// Of a migration whose way back is half run: the numbers of the statements of that which are done, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<Vec<usize>>,
}

/// How a migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerState {
    /// It has run.
    Applied,
    /// It is to run.
    Pending,
    /// It has not run, and Drizzle never runs it: the ledger has a row of a later time.
    Skipped,
    /// It has run with another text than the file has now.
    Edited,
    /// A row that belongs to no migration of the folder.
    Orphan,
}

impl LedgerState {
    /// The state in a word.
    pub fn word(self) -> &'static str {
        match self {
            LedgerState::Applied => "applied",
            LedgerState::Pending => "pending",
            LedgerState::Skipped => "skipped",
            LedgerState::Edited => "edited",
            LedgerState::Orphan => "orphan",
        }
    }
}

/// The lines as JSON.
pub fn ledger_json(lines: &[LedgerLine]) -> String {
    lines.iter().map(|line| format!("{}\n", serde_json::to_string(line).unwrap_or_default())).collect()
}
