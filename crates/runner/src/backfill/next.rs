//! Where the next batch begins and ends.
//!
//! Only reads, with the limits of a batch. What the batch does is not known here.

use super::batch::{passes, text_of};
use super::session::Timeouts;
use super::shape::{Part, Shape, pages};
use super::state::Saved;
use super::statements::{Range, Statements};
use super::{Error, Job};
use pg::{Connection, Row};

/// The next batch.
pub(super) struct Next {
    /// Index of the part in [`Shape::parts`].
    pub at: usize,
    /// Its rows.
    pub range: Range,
    /// Rows that it looks at, or about so many.
    pub rows: u64,
    /// What is saved: the part, the first key or page behind it (nothing at the end of the pass), the last one.
    pub part: Option<String>,
    pub cursor: Vec<String>,
    pub upper: Vec<String>,
    /// The file that its pages are of, where it goes by pages: in another one they hold other rows.
    pub file: Option<File>,
    /// Whether it begins a part anew, which was written anew behind the pages that were done.
    pub anew: bool,
}

/// A part and the number of its file, as `pg_relation_filenode` gives it. What writes a table anew changes it: VACUUM FULL,
/// CLUSTER, TRUNCATE, ALTER TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// The part.
    pub oid: u32,
    /// The number.
    pub number: String,
}

/// The next batch of so many rows, none at the end of the pass; within, what another try may get by.
pub(super) async fn next(
    worker: &Connection,
    timeouts: Timeouts,
    job: &Job,
    shape: &Shape,
    saved: &Saved,
    rows: u64,
) -> Result<Result<Option<Next>, pg::Error>, Error> {
    if saved.cursor.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Ok(None));
    }
    let found = match job.backfill.key.is_empty() {
        true => by_page(worker, shape, saved, rows).await,
        false => by_key(worker, timeouts, job, shape, saved, rows).await,
    };
    match found {
        Ok(next) => Ok(Ok(next)),
        Err(Error::Server(why)) if passes(&why) => {
            worker.batch("ROLLBACK").await?;
            Ok(Err(why))
        }
        Err(error) => Err(error),
    }
}

async fn by_key(
    worker: &Connection,
    timeouts: Timeouts,
    job: &Job,
    shape: &Shape,
    saved: &Saved,
    mut rows: u64,
) -> Result<Option<Next>, Error> {
    let statements = Statements::new(&job.backfill, shape);
    let (from, upper) = match (&saved.cursor, &saved.upper) {
        (Some(from), Some(upper)) => (from.clone(), upper.clone()),
        _ => {
            let [first, last] = statements.ends();
            match (one(worker, timeouts, &first).await?, one(worker, timeouts, &last).await?) {
                (Some(first), Some(last)) => (first, last),
                _ => return Ok(None),
            }
        }
    };
    let all = |from, upper: Vec<String>, rows: u64| Next {
        at: 0,
        range: Range::Key { from, to: (upper.clone(), true) },
        rows: saved.total.saturating_sub(saved.passed).min(rows),
        part: None,
        cursor: Vec::new(),
        upper,
        file: None,
        anew: false,
    };
    if shape.counts && width(&from, &upper).is_some_and(|width| width <= i128::from(rows)) {
        return Ok(Some(all(from, upper, rows)));
    }
    loop {
        let Some(boundary) = one(worker, timeouts, &statements.boundary(&from, &upper, rows)).await? else {
            return Ok(Some(all(from, upper, rows)));
        };
        if boundary != from {
            let range = Range::Key { from, to: (boundary.clone(), false) };
            let (part, file) = (None, None);
            return Ok(Some(Next { at: 0, range, rows, part, cursor: boundary, upper, file, anew: false }));
        }
        // More rows have this key than a batch takes.
        rows = rows.saturating_mul(2);
    }
}

/// Whole numbers from one to another.
fn width(from: &[String], to: &[String]) -> Option<i128> {
    let number = |values: &[String]| values.first()?.parse::<i128>().ok();
    Some(number(to)? - number(from)? + 1)
}

async fn by_page(
    worker: &Connection,
    shape: &Shape,
    saved: &Saved,
    rows: u64,
) -> Result<Option<Next>, Error> {
    let number = |values: &Option<Vec<String>>| values.as_ref()?.first()?.parse::<u64>().ok();
    // Partitions come and go: the one that was left, or the next by name.
    let named = |name: &str| shape.parts.iter().position(|part| part.name.as_str() >= name);
    let mut at = match saved.part.as_deref().map(named) {
        None => 0,
        Some(Some(at)) => at,
        Some(None) => return Ok(None),
    };
    let same = saved.part.as_deref() == shape.parts.get(at).map(|part| part.name.as_str());
    let mut from = number(&saved.cursor).filter(|_| same).unwrap_or(0);
    let mut upper = number(&saved.upper).filter(|_| same);
    while let Some(part) = shape.parts.get(at) {
        let file = file(worker, part).await?;
        // Before the first page nothing is done. Afterwards the number says whether pages are those that were meant.
        let known = saved.cursor.as_ref().and_then(|cursor| cursor.get(1));
        let anew = from > 0 && known != Some(&file.number);
        if anew {
            (from, upper) = (0, None);
        }
        let end = match upper {
            Some(upper) => upper,
            None => pages(worker, part).await?,
        };
        if from < end {
            let step = ((rows as f64 / shape.density) as u64).max(1);
            let to = (from + step).min(end);
            let looked_at = ((to - from) as f64 * shape.density) as u64;
            let (part, cursor, upper) = match (to < end, shape.parts.get(at + 1)) {
                (true, _) => {
                    let cursor = vec![to.to_string(), file.number.clone()];
                    (Some(part.name.clone()), cursor, vec![end.to_string()])
                }
                // How long the next one is, is asked when it is begun.
                (false, Some(next)) => (Some(next.name.clone()), vec!["0".to_owned()], Vec::new()),
                (false, None) => (Some(part.name.clone()), Vec::new(), Vec::new()),
            };
            let range = Range::Pages { from, to };
            let file = Some(file);
            return Ok(Some(Next { at, range, rows: looked_at, part, cursor, upper, file, anew }));
        }
        (at, from, upper) = (at + 1, 0, None);
    }
    Ok(None)
}

/// The file of a part as it is now.
async fn file(worker: &Connection, part: &Part) -> Result<File, Error> {
    let query = format!("SELECT pg_catalog.pg_relation_filenode({})", part.oid);
    let number = worker.value(&query).await?.unwrap_or_default();
    Ok(File { oid: part.oid, number })
}

/// A row of texts, asked for with the limits of a batch, and with times as they can be read again anywhere.
async fn one(worker: &Connection, timeouts: Timeouts, query: &str) -> Result<Option<Vec<String>>, Error> {
    let text = format!(
        "BEGIN READ ONLY; {} \
         SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL datestyle = 'ISO'; \
         SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 3; {query}; COMMIT",
        timeouts.sql(),
    );
    let found: Option<Row> = worker.rows(&text).await?.into_iter().next();
    Ok(found.map(|row| (0..row.len()).map(|at| text_of(&row, at).to_owned()).collect()))
}
