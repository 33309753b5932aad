//! Table-level lock modes and who waits for them.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// Table-level lock modes, weakest first (Postgres manual, 13.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub enum LockMode {
    /// Taken by SELECT.
    AccessShare,
    /// Taken by SELECT FOR UPDATE.
    RowShare,
    /// Taken by INSERT, UPDATE, DELETE.
    RowExclusive,
    /// Conflicts with itself and stronger; reads and writes go on.
    ShareUpdateExclusive,
    /// Blocks writes.
    Share,
    /// Blocks writes, and itself.
    ShareRowExclusive,
    /// Blocks writes and SELECT FOR UPDATE.
    Exclusive,
    /// Blocks everything.
    AccessExclusive,
}

impl LockMode {
    /// As the manual writes it.
    pub fn words(self) -> &'static str {
        match self {
            LockMode::AccessShare => "ACCESS SHARE",
            LockMode::RowShare => "ROW SHARE",
            LockMode::RowExclusive => "ROW EXCLUSIVE",
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// The mode with this number in Postgres' own count (1 to 8).
    pub fn from_number(number: u8) -> Option<LockMode> {
        use LockMode::*;
        let modes = [
            AccessShare,
            RowShare,
            RowExclusive,
            ShareUpdateExclusive,
            Share,
            ShareRowExclusive,
            Exclusive,
            AccessExclusive,
        ];
        modes.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Whether INSERT, UPDATE and DELETE wait for it.
    pub fn blocks_writes(self) -> bool {
        self >= LockMode::Share
    }

    /// Whether a transaction that wants this mode waits for another one that holds the other (Postgres
    /// manual, table 13.2).
    pub fn conflicts(self, other: LockMode) -> bool {
        use LockMode::*;
        // The weakest mode that it conflicts with; SHARE and SHARE UPDATE EXCLUSIVE are no simple steps.
        match (self.min(other), self.max(other)) {
            (AccessShare, strong) => strong == AccessExclusive,
            (RowShare, strong) => strong >= Exclusive,
            (RowExclusive, strong) => strong >= Share,
            (Share, strong) => strong != Share,
            (_, _) => true,
        }
    }

    /// Whether plain SELECTs wait for it.
    pub fn blocks_reads(self) -> bool {
        self == LockMode::AccessExclusive
    }

    /// Who waits, in words.
    pub fn who_waits(self) -> &'static str {
        match self {
            LockMode::AccessExclusive => "reads and writes wait",
            LockMode::Exclusive | LockMode::ShareRowExclusive | LockMode::Share => "writes wait, reads go on",
            _ => "reads and writes go on",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
