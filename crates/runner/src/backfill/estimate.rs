//! What a backfill would do, without doing it: how many rows, which statements, and roughly for how long.
//!
//! Only reads. How long is a guess from one batch that was read, and from what writing a row takes elsewhere.

use super::next::next;
use super::session::Timeouts;
use super::shape::shape;
use super::state::Saved;
use super::statements::Statements;
use super::{Asked, Error, Job};
use crate::all_rows::ALL_ROWS;
use crate::pooled::through_a_pooler;
use pg::Connection;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Instant;

/// Tables of more rows are not counted.
const COUNTED: u64 = 2_000_000;
/// Seconds of writing a row, and of each index of it.
const WRITE: f64 = 5e-6;
const INDEX: f64 = 3e-6;

/// What would be done.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// The backfill.
    pub backfill: String,
    /// The table as the file names it.
    pub table: String,
    /// Rows of the table, as the planner estimates them.
    pub rows: u64,
    /// Rows that are to be changed, where they could be counted in short time.
    pub to_change: Option<u64>,
    /// Rows of the first batch.
    pub batch: u64,
    /// The statement of the first batch.
    pub statement: Option<String>,
    /// Roughly how long it takes, in seconds, with nothing that holds it.
    pub seconds: u64,
}

/// Looks at a backfill that is not run.
pub async fn estimate(connection: &Connection, asked: &Asked, job: &Job) -> Result<Estimate, Error> {
    if let Some(how) = through_a_pooler(connection, &asked.target).await? {
        return Err(Error::Pooled { how });
    }
    connection.batch(&format!("SET statement_timeout = 0; {ALL_ROWS}")).await?;
    let shape = shape(connection, job).await?;
    let statements = Statements::new(&job.backfill, &shape);
    let batch = asked.pace.first.unwrap_or(u64::from(job.backfill.batch));
    let timeouts = Timeouts::on(connection, asked).await?;
    let began = Instant::now();
    let found =
        next(connection, timeouts, job, &shape, &Saved { total: shape.total, ..Saved::default() }, batch)
            .await?;
    let found = found.map_err(Error::Server)?;
    let part = |at: usize| shape.parts.get(at).map_or("", |part| part.name.as_str());
    let statement = found.as_ref().map(|next| statements.change(part(next.at), &next.range));
    if let Some(statement) = &statement {
        connection.rows(&format!("EXPLAIN {statement}")).await?;
    }
    let looked = began.elapsed().as_secs_f64() / batch.max(1) as f64;
    let to_change = match statements.left().filter(|_| shape.total <= COUNTED) {
        Some(query) => counted(connection, &query).await?,
        None => None,
    };
    let indexes: f64 = connection
        .value(&format!(
            "SELECT count(*) FROM pg_catalog.pg_index WHERE indrelid = {}",
            shape.parts.first().map_or(0, |part| part.oid)
        ))
        .await?
        .and_then(|count| count.parse().ok())
        .unwrap_or(0.0);
    let written = to_change.unwrap_or(shape.total) as f64 * (WRITE + INDEX * indexes);
    let read = shape.total as f64 * looked.min(WRITE);
    let seconds = (read + written) * (1.0 + asked.pace.nice);
    Ok(Estimate {
        backfill: job.backfill.name.clone(),
        table: job.backfill.table.clone(),
        rows: shape.total,
        to_change,
        batch,
        statement,
        seconds: seconds.ceil() as u64,
    })
}

/// A count, unless it takes long.
async fn counted(connection: &Connection, query: &str) -> Result<Option<u64>, Error> {
    let text = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = '3s'; {query}; COMMIT");
    match connection.value(&text).await {
        Ok(value) => Ok(value.and_then(|count| count.parse().ok())),
        Err(pg::Error::Refused(_)) => {
            connection.batch("ROLLBACK").await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
