//! For how long locks are held: from the statement that took them until their transaction ends.
//!
//! Counts the time of what Drizzle's migrator sends, and not the looks of brolly in between, which
//! make a run longer than a migration is.

use facts::LockMode;
use pg::Observation;
use std::time::Duration;

/// A lock on a relation that was there before, in the strongest mode that was held until then. A
/// relation whose lock becomes stronger later has one for each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// `schema.name`.
    pub relation: String,
    /// Its mode.
    pub mode: LockMode,
    /// The statement that took it, by index into [`facts::Analysis::steps`].
    pub step: usize,
    /// From the start of that statement to the end of the transaction: what it waited for the lock is in it.
    pub duration: Duration,
}

/// Collects holds while a set runs.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    clock: Duration,
    /// What is held now; `duration` is the time when it was taken.
    open: Vec<Hold>,
    done: Vec<Hold>,
}

impl Holds {
    /// Something was sent that took so long.
    pub fn passed(&mut self, time: Duration) {
        self.clock += time;
    }

    /// A statement ran.
    pub fn saw(&mut self, step: usize, observation: &Observation) {
        let start = self.clock;
        self.clock += observation.duration;
        for lock in observation.facts.locks.iter().filter(|lock| !lock.new) {
            let known = self.open.iter().filter(|hold| hold.relation == lock.relation);
            if known.map(|hold| hold.mode).max().is_none_or(|mode| mode < lock.mode) {
                let (relation, mode) = (lock.relation.clone(), lock.mode);
                self.open.push(Hold { relation, mode, step, duration: start });
            }
        }
    }

    /// The transaction is over.
    pub fn released(&mut self) {
        let clock = self.clock;
        self.done.extend(self.open.drain(..).map(|hold| Hold { duration: clock - hold.duration, ..hold }));
    }

    /// All of them, in the order in which they were taken.
    pub fn all(mut self) -> Vec<Hold> {
        self.released();
        self.done.sort_by_key(|hold| hold.step);
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::Lock;
    use pg::Seen;

    fn ran(ms: u64, locks: &[(&str, LockMode)]) -> Observation {
        let mut observation =
            Observation { duration: Duration::from_millis(ms), seen: Seen::All, ..Observation::default() };
        for (relation, mode) in locks {
            let relation = (*relation).to_owned();
            observation.facts.add_lock(Lock { relation, mode: *mode, new: false, conditional: false });
        }
        observation
    }

    #[test]
    fn a_lock_is_held_until_its_transaction_ends_and_grows_by_steps() {
        use LockMode::{AccessExclusive, Share, ShareRowExclusive};
        let mut holds = Holds::default();
        holds.passed(Duration::from_millis(1));
        holds.saw(0, &ran(10, &[("a", ShareRowExclusive), ("b", Share)]));
        holds.saw(1, &ran(20, &[("a", Share)]));
        holds.saw(2, &ran(5, &[("a", AccessExclusive)]));
        holds.passed(Duration::from_millis(3));
        holds.released();
        holds.saw(3, &ran(7, &[("a", Share)]));
        holds.released();
        holds.passed(Duration::from_millis(100));
        let all: Vec<_> = holds
            .all()
            .into_iter()
            .map(|hold| (hold.relation, hold.mode, hold.step, hold.duration.as_millis()))
            .collect();
        assert_eq!(
            all,
            [
                ("a".to_owned(), ShareRowExclusive, 0, 38),
                ("b".to_owned(), Share, 0, 38),
                ("a".to_owned(), AccessExclusive, 2, 8),
                ("a".to_owned(), Share, 3, 7),
            ]
        );
    }
}
