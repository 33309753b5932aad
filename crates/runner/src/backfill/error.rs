//! Why a backfill does not go on, each with the way out.
//!
//! Whatever it is, what was done is saved with the batch that did it, and the next run goes on from there.

use crate::all_rows::refusal_with_cure;

/// Why a backfill does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A server, or what was asked of it.
    #[error("{}", met(.0))]
    Server(#[from] pg::Error),
    /// The server refused a statement that is not a batch's.
    #[error("backfill {name}: {}\n  what was done is kept", said(source))]
    Met {
        /// The backfill.
        name: String,
        /// What the server said.
        source: Box<pg::Error>,
    },
    /// The server refused a batch, and would refuse it again.
    #[error(
        "backfill {name} can't go on: {}\n  in {rows}\n  what was done before is kept; mend that row or the file, and run it again",
        said(source)
    )]
    Batch {
        /// The backfill.
        name: String,
        /// The rows of the batch in words.
        rows: String,
        /// What the server said.
        source: Box<pg::Error>,
    },
    /// The file does not fit the database.
    #[error("backfill {name} can't be run: {why}")]
    Unfit {
        /// The backfill.
        name: String,
        /// Why, with the way out.
        why: String,
    },
    /// The file says something else than the one that was begun.
    #[error(
        "backfill {name} was changed since it was begun\n  take its file back to what it was, or begin anew: brolly backfill {name} --restart"
    )]
    Changed {
        /// The backfill.
        name: String,
    },
    /// Nothing can be written there.
    #[error(
        "{host} takes no writes: {why}\n  name the primary in the database URL; nothing was changed by this run"
    )]
    ReadOnly {
        /// Host and port, or the socket.
        host: String,
        /// What tells.
        why: String,
    },
    /// A pooler stands between, and no session stays.
    #[error(
        "{}: {how}; nothing was changed by this run\n  {}",
        crate::pooled::BY_TRANSACTION,
        crate::pooled::CURE
    )]
    Pooled {
        /// How it shows.
        how: String,
    },
    /// A batch met the same obstacle each time.
    #[error(
        "backfill {name} gave up on a batch after {tries} tries: {source}{}\n  what was done is kept; run it again once that is out of the way",
        by.as_ref().map(|by| format!("\n  in the way: {by}")).unwrap_or_default()
    )]
    GaveUp {
        /// The backfill.
        name: String,
        /// How often it was tried.
        tries: u32,
        /// Who was in the way, where somebody was seen.
        by: Option<String>,
        /// The last refusal.
        source: Box<pg::Error>,
    },
    /// The query of the user's that holds it says nothing.
    #[error("the query that is to hold backfills can't be asked: {source}")]
    Query {
        /// What the server says.
        source: Box<pg::Error>,
    },
    /// The state can't be read.
    #[error("the state of backfill {name} in {table} can't be used: {why}")]
    State {
        /// The backfill.
        name: String,
        /// The table.
        table: String,
        /// What is wrong.
        why: String,
    },
}

/// The server's error, and what became of the rows where it may have come in the middle.
fn met(error: &pg::Error) -> String {
    const KEPT: &str = "what was done is kept; run it again, and it goes on from there";
    match error {
        pg::Error::Exhausted { host, sqlstate, why } => {
            format!(
                "the server {host} could not go on ({sqlstate}): {why}\n  free some room on its disk, or mend it; {KEPT}"
            )
        }
        pg::Error::Lost { .. } | pg::Error::Unreachable { .. } | pg::Error::Full { .. } => {
            format!("{error}\n  {KEPT}")
        }
        other => other.to_string(),
    }
}

/// The server's words, with the way out where row level security is why.
fn said(error: &pg::Error) -> String {
    match error {
        pg::Error::Refused(said) => refusal_with_cure(said),
        other => other.to_string(),
    }
}

impl Error {
    /// The same, of a backfill that it names where a statement was refused.
    pub(super) fn of(self, name: &str) -> Error {
        match self {
            Error::Server(source @ pg::Error::Refused(_)) => {
                Error::Met { name: name.to_owned(), source: Box::new(source) }
            }
            other => other,
        }
    }

    /// Whether the connection went, so that another one may go on.
    pub(super) fn is_lost(&self) -> bool {
        matches!(
            self,
            Error::Server(pg::Error::Lost { .. } | pg::Error::Unreachable { .. } | pg::Error::Full { .. })
        )
    }
}
