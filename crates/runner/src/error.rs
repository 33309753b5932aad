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
    /// The connection went, or the machine of the server gave out, in the middle of a run.
    #[error("{}\n  {KEPT}", gave_out(source))]
    Stopped {
        /// Index into `Analysis::steps`; `None` where no statement of a migration was under way.
        step: Option<usize>,
        /// What happened.
        source: pg::Error,
    },
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
    /// A replica did not say who reads there.
    #[error(
        "replica {replica} can't be asked who reads there, for {} s: {why}\n  bring it back, or leave it out of --replica: then nobody who reads there is waited for",
        waited.as_secs()
    )]
    Silent {
        /// Its host.
        replica: String,
        /// Why.
        why: String,
        /// How long it was asked again.
        waited: Duration,
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
        "{tag}: statement {} is not the one that an earlier run has done already\n  put the text back as it was, or finish by hand and say so: brolly ledger {done}",
        statement + 1
    )]
    EditedMidway {
        /// The migration, or what its way back is called.
        tag: String,
        /// Index of the statement in it.
        statement: usize,
        /// What of `brolly ledger` says that it is done.
        done: String,
    },
    /// Something is to be migrated while a way back is half run.
    #[error(
        "the way back of {tag} is half run ({far}): nothing was run\n  finish it: brolly rollback --run {path}\n  or put back by hand what it took, and say so: brolly ledger mark {tag}"
    )]
    HalfBack {
        /// The migration that it takes back.
        tag: String,
        /// Its file.
        path: String,
        /// How far it is, in words.
        far: String,
    },
    /// Something is to be taken back while a migration is half run.
    #[error(
        "{tag} is half run ({far}), and may build on what would be taken back: nothing was run\n  finish it: brolly migrate\n  or undo by hand what it did, and say so: brolly ledger forget {tag}"
    )]
    HalfRun {
        /// The migration.
        tag: String,
        /// How far it is, in words.
        far: String,
    },
    /// An index was not built well.
    #[error(
        "the index {name} is invalid, though it was built without an error\n  start again: it is dropped and built anew"
    )]
    InvalidIndex {
        /// Its name.
        name: String,
    },
    /// An invalid index has the name of one that is to be built, and is another one.
    #[error(
        "the index {name} is there, invalid, and another one than is to be built: {definition}\n  drop it, if nobody needs it, or give yours another name"
    )]
    OtherIndex {
        /// Its name.
        name: String,
        /// The statement that would make it.
        definition: String,
    },
    /// Somebody else migrated in between.
    #[error(
        "the ledger is not what it was when this was shown: somebody else has migrated meanwhile\n  nothing was run; start again"
    )]
    LedgerMoved,
    /// A pooler stands between, and no session stays.
    #[error("{}: {how}; nothing was run\n  {}", crate::pooled::BY_TRANSACTION, crate::pooled::CURE)]
    Pooled {
        /// How it shows.
        how: String,
    },
    /// The server takes no writes.
    #[error("the server is a replica, or read-only: nothing was run\n  name the primary in the database URL")]
    ReadOnly,
}

/// What became of a run that was cut short, and what to do.
const KEPT: &str =
    "what was committed is kept, what was open is rolled back: start again, and it goes on from there";

impl Error {
    /// An error of the server, met by a statement; one that ends the run whatever was sent says so.
    pub(crate) fn at(step: Option<usize>, error: pg::Error) -> Error {
        match error {
            pg::Error::Lost { .. } | pg::Error::Exhausted { .. } => Error::Stopped { step, source: error },
            error => Error::Server(error),
        }
    }

    /// Whether the connection is gone.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Error::Stopped { source, .. } | Error::Server(source) if matches!(source, pg::Error::Lost { .. }))
    }

    /// The same, of what met a run with no statement under way.
    pub(crate) fn anywhere(self) -> Error {
        match self {
            Error::Server(error) => Error::at(None, error),
            other => other,
        }
    }
}

fn gave_out(error: &pg::Error) -> String {
    match error {
        pg::Error::Exhausted { host, why, .. } => {
            format!("the server {host} could not go on: {why}\n  free some room on its disk, or mend it")
        }
        other => other.to_string(),
    }
}

fn listed(blockers: &[Blocker]) -> String {
    blockers.iter().map(|one| format!("\n  {one}")).collect()
}
