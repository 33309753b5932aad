//! Whether a later step may rely on a backfill: what the table of states and the rows themselves say.
//!
//! Only reads. Rows decide where they can be counted, since writers may have left some after it was finished. Once what
//! it asks for is gone, that it was finished is all that can be known.

use super::state::{State, standings};
use super::{Error, Job};
use crate::all_rows::value_of_all_rows;
use pg::Connection;
use plan::rows_left;

/// What is known of a backfill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// No row is left.
    Open,
    /// So many rows are left.
    Left(u64),
    /// Rows can't be counted, and it is in this state.
    Unfinished(State),
    /// Rows can't be counted, and what is finished was another text of its file.
    Edited,
    /// What its `where` names is not there any more, and it is in this state.
    Gone(State, Box<pg::Refusal>),
}

/// Asks whether a backfill is done. `schema` is that of Drizzle's ledger.
pub async fn gate(connection: &Connection, schema: &str, job: &Job) -> Result<Gate, Error> {
    let gone = match rows(connection, job).await? {
        Rows::Left(0) => return Ok(Gate::Open),
        Rows::Left(left) => return Ok(Gate::Left(left)),
        Rows::Gone(said) => Some(said),
        Rows::Untold => None,
    };
    let standing = standings(connection, schema, std::slice::from_ref(job)).await?.into_iter().next();
    let standing = standing.unwrap_or_default();
    Ok(match (standing.state, standing.edited, standing.left) {
        (State::Finished, true, _) => Gate::Edited,
        (State::Finished, false, Some(left)) if left > 0 && gone.is_none() => Gate::Left(left),
        (State::Finished, false, _) => Gate::Open,
        (state, ..) => match gone {
            Some(said) => Gate::Gone(state, said),
            None => Gate::Unfinished(state),
        },
    })
}

/// What a table says of a backfill by itself.
pub(super) enum Rows {
    /// So many rows are left.
    Left(u64),
    /// What its `where` names is not there any more: a later step of the path has taken it away (42703, 42P01).
    Gone(Box<pg::Refusal>),
    /// Its file does not say which rows are still to be done.
    Untold,
}

/// Asks the table.
pub(super) async fn rows(connection: &Connection, job: &Job) -> Result<Rows, Error> {
    let Some(query) = rows_left(&job.backfill) else { return Ok(Rows::Untold) };
    match value_of_all_rows(connection, &query).await {
        Ok(count) => Ok(Rows::Left(count.and_then(|count| count.parse().ok()).unwrap_or(0))),
        Err(pg::Error::Refused(said)) if matches!(said.code.as_str(), "42703" | "42P01") => {
            Ok(Rows::Gone(said))
        }
        Err(error) => Err(error.into()),
    }
}
