//! What was measured, held against limits.

use super::{End, FailedStatement, Kind, Rehearsal};
use catalog::QName;
use std::time::Duration;

/// What is still fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time that a statement of the app may take.
    pub wait: Duration,
    /// A migration that takes longer is called out; it may well be fine.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { wait: Duration::from_millis(200), total: Duration::from_secs(5) }
    }
}

/// What is beyond the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Tables, what waited there, and for how long.
    pub waits: Vec<(QName, Kind, Duration)>,
    /// Statements of the app that failed.
    pub broken: Vec<FailedStatement>,
    /// The migration did not go through.
    pub failed: bool,
    /// It took longer than is usual. Fails nothing.
    pub long: bool,
    /// A statement took longer than the limit before the migration had begun: what was measured
    /// after that says little.
    pub noisy: bool,
}

impl Verdict {
    /// Whether all is within the limits.
    pub fn is_fine(&self) -> bool {
        self.waits.is_empty() && self.broken.is_empty() && !self.failed
    }
}

/// The verdict on a rehearsal.
pub fn verdict(rehearsal: &Rehearsal, limits: &Limits) -> Verdict {
    let mut verdict = Verdict {
        broken: rehearsal.failed.iter().filter(|one| one.unjudged.is_none()).cloned().collect(),
        failed: rehearsal.outcome() != Some(&End::Committed),
        long: rehearsal.duration() > limits.total,
        ..Verdict::default()
    };
    for table in &rehearsal.tables {
        for (kind, waits) in [(Kind::Read, table.reads), (Kind::Write, table.writes)] {
            if waits.during.longest > limits.wait {
                verdict.waits.push((table.relation.clone(), kind, waits.during.longest));
            }
            verdict.noisy |= waits.before.longest > limits.wait;
        }
    }
    verdict
}
