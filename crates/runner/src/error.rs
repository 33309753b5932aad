//! Why a run ended before its end. What was committed stays, what was open is rolled back, and the next run
//! goes on where this one ended.

use crate::Blocker;
use std::time::Duration;

/// Why there is no end. `Display` says what happened on the first line, and what to do below.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no server, or it said no to a question of ours.
    #[error(transparent)]
    Server(#[from] pg::Error),
    /// Another run holds the run lock.
    #[error(
        "another run of brolly migrate holds this database since before {} s{}\n  wait for it; if it is none, end its session: SELECT pg_terminate_backend(pid)",
        waited.as_secs(), listed(others)
    )]
    Busy {
        /// Sessions of other runs.
        others: Vec<Blocker>,
        /// How long was waited.
        waited: Duration,
    },
    /// A statement failed.
    #[error("{}", refusal.message)]
    Refused {
        /// Index into `Analysis::steps`; `None` for a statement of ours.
        step: Option<usize>,
        /// What the server said.
        refusal: Box<pg::Refusal>,
    },
    /// The lock was not to be had.
    #[error(
        "the lock was not to be had in {} s and {tries} tries{}\n  end who is in the way, or start again when less is going on",
        waited.as_secs(), listed(by)
    )]
    NoLock {
        /// Index into `Analysis::steps`, where one was sent.
        step: Option<usize>,
        /// Tries.
        tries: u32,
        /// How long was tried.
        waited: Duration,
        /// Who was in the way last.
        by: Vec<Blocker>,
    },
    /// A vacuum that must not be stopped holds the table.
    #[error(
        "an autovacuum that prevents transaction ID wraparound holds the table{}\n  let it finish: it must not be stopped, and it does not give way",
        listed(by)
    )]
    Wraparound {
        /// The vacuum.
        by: Vec<Blocker>,
    },
    /// The file was edited after a part of it ran.
    #[error(
        "{tag}: statement {} is not the one that an earlier run has done already\n  put the text back as it was, or finish by hand and say so: brolly ledger mark {tag}",
        statement + 1
    )]
    EditedMidway {
        /// The migration.
        tag: String,
        /// Index of the statement in it.
        statement: usize,
    },
    /// An index was not built well.
    #[error(
        "the index {name} is invalid, though it was built without an error{}\n  start again: it is dropped and built anew",
        ""
    )]
    InvalidIndex {
        /// Its name.
        name: String,
    },
    /// Somebody else migrated in between.
    #[error(
        "the ledger is not what it was when this was shown: somebody else has migrated meanwhile\n  nothing was run; start again"
    )]
    LedgerMoved,
    /// The server takes no writes.
    #[error("the server is a replica, or read-only: nothing was run\n  name the primary in the database URL")]
    ReadOnly,
}

fn listed(blockers: &[Blocker]) -> String {
    blockers.iter().map(|one| format!("\n  {one}")).collect()
}
