//! What can keep this crate from doing its work. A table that can't be filled and a query that fails
//! are results, not errors.

/// Why filling or asking could not be done at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused one of our own questions.
    #[error("the server refused to answer ({sqlstate}): {message}")]
    Refused {
        /// Its SQLSTATE.
        sqlstate: String,
        /// Its words.
        message: String,
        /// What was asked.
        sql: String,
    },
    /// The thread of the traffic could not be started, or it died.
    #[error(
        "the traffic could not be kept going\n  see whether this machine is out of threads or memory, and start again"
    )]
    NoThread,
    /// A session of the traffic did not end.
    #[error(
        "a statement of the app hangs, though the migration is over\n  something else on the server holds a lock: use a throwaway server"
    )]
    Stuck,
    /// What migrates ended before its end.
    #[error(transparent)]
    Runner(#[from] runner::Error),
    /// There is no server, or it said no.
    #[error(transparent)]
    Server(#[from] pg::Error),
    /// The machine of the server can't go on, and no statement is to blame.
    #[error("the server could not go on ({sqlstate}): {message}\n  {}", pg::MORE_ROOM)]
    Exhausted {
        /// `53100` for a full disk, `58030` for one that fails.
        sqlstate: String,
        /// Its words.
        message: String,
    },
    /// The connection is gone.
    #[error("the connection to the server was lost: {source}")]
    Lost {
        /// What the client library says.
        source: tokio_postgres::Error,
    },
}

/// What a server said to a statement, as far as it is a plain refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub sqlstate: String,
    pub message: String,
}

/// Splits an error into what the server refused and what keeps us from going on.
pub(crate) fn refusal(error: tokio_postgres::Error) -> Result<Refused, Error> {
    match error.as_db_error() {
        Some(said) if matches!(said.code().code(), "53100" | "58030") => Err(Error::Exhausted {
            sqlstate: said.code().code().to_owned(),
            message: said.message().to_owned(),
        }),
        Some(said) => Ok(Refused {
            sqlstate: said.code().code().to_owned(),
            message: match said.detail() {
                Some(detail) => format!("{} ({detail})", said.message()),
                None => said.message().to_owned(),
            },
        }),
        None => Err(Error::Lost { source: error }),
    }
}

/// The error of a question of ours that has to work.
pub(crate) fn failed(error: tokio_postgres::Error, sql: &str) -> Error {
    match refusal(error) {
        Ok(Refused { sqlstate, message }) => Error::Refused { sqlstate, message, sql: sql.to_owned() },
        Err(error) => error,
    }
}
