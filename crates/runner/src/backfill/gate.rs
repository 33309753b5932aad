//! Whether a later step may rely on a backfill: what the table of states and the rows themselves say.
//!
//! Only reads. Rows decide where they can be counted, since writers may have left some after it was finished.

use super::state::{State, standings};
use super::{Error, Job};
use pg::Connection;
use plan::rows_left;

/// What is known of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// No row is left.
    Open,
    /// So many rows are left.
    Left(u64),
    /// Rows can't be counted, and it is in this state.
    Unfinished(State),
    /// Rows can't be counted, and what is finished was another text of its file.
    Edited,
}

/// Asks whether a backfill is done. `schema` is that of Drizzle's ledger.
pub async fn gate(connection: &Connection, schema: &str, job: &Job) -> Result<Gate, Error> {
    if let Some(query) = rows_left(&job.backfill) {
        let left = connection.value(&query).await?.and_then(|count| count.parse().ok()).unwrap_or(0);
        return Ok(if left == 0 { Gate::Open } else { Gate::Left(left) });
    }
    let standing = standings(connection, schema, std::slice::from_ref(job)).await?.into_iter().next();
    let standing = standing.unwrap_or_default();
    Ok(match (standing.state, standing.edited, standing.left) {
        (State::Finished, true, _) => Gate::Edited,
        (State::Finished, false, Some(left)) if left > 0 => Gate::Left(left),
        (State::Finished, false, _) => Gate::Open,
        (state, ..) => Gate::Unfinished(state),
    })
}
