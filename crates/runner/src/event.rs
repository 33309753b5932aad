//! What happens while migrations run, told as it happens.

use crate::Blocker;
use pg::Refusal;
use std::time::Duration;

/// Something that somebody who looks on may want to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another run holds the run lock.
    OtherRun {
        /// Sessions of other runs.
        others: &'a [Blocker],
        /// Waited so far.
        waited: Duration,
    },
    /// The run lock is held: from here on this process of the server runs the statements.
    Session {
        /// Its number.
        pid: i32,
    },
    /// Sessions of a run that died are still at work: they are ended, or waited for.
    Orphans {
        /// The sessions.
        orphans: &'a [Blocker],
    },
    /// A migration begins.
    Migration {
        /// Its tag.
        tag: &'a str,
        /// Its number in the set, from 1.
        at: usize,
        /// How many there are.
        of: usize,
    },
    /// Statements that an earlier run has done already.
    DoneBefore {
        /// Indexes into `Analysis::steps`.
        steps: &'a [usize],
    },
    /// A statement is sent.
    Statement {
        /// Index into `Analysis::steps`.
        step: usize,
        /// The number of the try, from 1.
        attempt: u32,
    },
    /// A statement is through; its transaction may fail still.
    Ran {
        /// Index into `Analysis::steps`.
        step: usize,
    },
    /// A lock is not even asked for, since old transactions hold the table, on the server or on a replica.
    Held {
        /// Who.
        by: &'a [Blocker],
        /// Since when this unit waits.
        waited: Duration,
    },
    /// A lock is not even asked for, since a replica does not say who reads there.
    Silent {
        /// Its host.
        replica: &'a str,
        /// Why.
        why: &'a str,
        /// Since when this unit waits.
        waited: Duration,
    },
    /// The statement waits for others.
    Waits {
        /// Index into `Analysis::steps`.
        step: usize,
        /// For whom.
        by: &'a [Blocker],
    },
    /// A try gave up on a lock; the transaction is rolled back, and tried again after a pause.
    GaveUp {
        /// Index into `Analysis::steps`.
        step: usize,
        /// The number of the try, from 1.
        attempt: u32,
        /// How long it waited for the lock at most.
        wait: Duration,
        /// The pause to come.
        pause: Duration,
        /// Who was in the way, as far as was seen.
        by: &'a [Blocker],
        /// What the server said.
        said: &'a Refusal,
    },
    /// How far an index is built.
    Building {
        /// Index into `Analysis::steps`.
        step: usize,
        /// The phase, in the server's words.
        phase: &'a str,
        /// Done, in blocks or rows.
        done: u64,
        /// Of how many; 0 where there is nothing to count.
        total: u64,
    },
    /// An index is not as it should be: it is dropped, built again, or there already.
    Index {
        /// Its name.
        name: &'a str,
        /// What is found and done, in words.
        what: &'a str,
    },
    /// A migration is through, its row in the ledger.
    Migrated {
        /// Its tag.
        tag: &'a str,
        /// How long it took, pauses and waits with it.
        time: Duration,
    },
}
