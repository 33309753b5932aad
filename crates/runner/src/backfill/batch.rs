//! One batch: a transaction that changes a range of rows and saves how far that came.
//!
//! It commits only while the number of the batch is the one that was read, so that of two runs that believe
//! themselves alone one does it. What is done about a refusal is not decided here.

use super::next::File;
use super::session::Session;
use super::state::{Wish, array, table, text};
use super::throttle::{Cause, Reason, reason};
use super::{Asked, Error};
use crate::ledger::literal;
use pg::{Connection, Row};
use std::time::{Duration, Instant};
use tokio_postgres::SimpleQueryMessage;

/// What a batch does, and what is saved with it.
pub(super) struct Batch<'a> {
    pub name: &'a str,
    /// What changes the rows.
    pub change: &'a str,
    /// Whether the planner is to keep from reading whole tables: a batch of one table goes by an index.
    pub by_index: bool,
    /// Its number.
    pub number: u64,
    pub part: Option<&'a str>,
    pub cursor: &'a [String],
    pub upper: &'a [String],
    /// The file that its pages are of.
    pub file: Option<&'a File>,
    /// Rows that it looks at.
    pub passed: u64,
    /// Rows of the next one.
    pub size: u64,
}

/// What became of a batch.
pub(super) enum Became {
    /// It is committed.
    Committed {
        /// Rows that it changed.
        rows: u64,
        /// What somebody wants by now.
        wanted: Option<Wish>,
        /// Who waited for it.
        waiters: Option<Reason>,
    },
    /// Another run did it, or the table was written anew, and its pages hold other rows.
    Overtaken,
    /// It was rolled back: a timeout, a deadlock.
    Refused {
        /// What the server said.
        why: pg::Error,
        /// Who was in the way.
        by: Option<String>,
    },
}

/// Runs a batch.
pub(super) async fn run(session: &Session, asked: &Asked, batch: &Batch<'_>) -> Result<Became, Error> {
    let worker = &session.worker;
    let plan = if batch.by_index { "SET LOCAL enable_seqscan = off; " } else { "" };
    let begin = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; {} \
         SET LOCAL idle_in_transaction_session_timeout = '1min'; SET LOCAL jit = off; {plan}{}",
        session.timeouts.sql(),
        batch.change
    );
    let mut seen = Seen::default();
    let changed = {
        let work = changed(worker, &begin);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                () = tokio::time::sleep(LOOK) => seen.look(session).await?,
            }
        }
    };
    let rows = match changed {
        Ok(rows) => rows,
        Err(why) if passes(&why) => {
            worker.batch("ROLLBACK").await?;
            return Ok(Became::Refused { why, by: seen.blocker });
        }
        Err(why) => return Err(why.into()),
    };
    // It holds a lock of the table by now, so that nobody writes that anew until the end of this transaction.
    let same = batch.file.map_or(String::new(), |File { oid, number }| {
        format!(" AND pg_catalog.pg_relation_filenode({oid}) IS NOT DISTINCT FROM {}::oid", literal(number))
    });
    let saving = format!(
        "UPDATE {} SET state = 'running', error = NULL, part = {}, cursor = {}, upper = {}, batch = batch + 1, \
         size = {}, changed = changed + {rows}, passed = passed + {}, updated_at = pg_catalog.clock_timestamp() \
         WHERE name = {} AND batch = {}{same} RETURNING coalesce(wanted, '')",
        table(&asked.schema),
        batch.part.map_or("NULL".to_owned(), text),
        array(Some(batch.cursor)),
        array(Some(batch.upper)),
        batch.size,
        batch.passed,
        literal(batch.name),
        batch.number,
    );
    let saved = match worker.rows(&saving).await {
        Ok(saved) => saved,
        Err(why) if passes(&why) => {
            worker.batch("ROLLBACK").await?;
            return Ok(Became::Refused { why, by: seen.blocker });
        }
        Err(why) => return Err(why.into()),
    };
    let Some(row) = saved.first() else {
        worker.batch("ROLLBACK").await?;
        return Ok(Became::Overtaken);
    };
    worker.batch("COMMIT").await?;
    Ok(Became::Committed { rows, wanted: wish(text_of(row, 0)), waiters: seen.waiters() })
}

/// The wish that a word stands for.
pub(super) fn wish(word: &str) -> Option<Wish> {
    match word {
        "pause" => Some(Wish::Pause),
        "cancel" => Some(Wish::Cancel),
        _ => None,
    }
}

/// A cell of a row; nothing for NULL.
pub(super) fn text_of(row: &Row, at: usize) -> &str {
    row.get(at).and_then(Option::as_deref).unwrap_or_default()
}

/// The rows that the last statement changed.
async fn changed(worker: &Connection, sql: &str) -> Result<u64, pg::Error> {
    let messages = worker.client().simple_query(sql).await.map_err(|error| worker.failure(&error))?;
    let counts = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::CommandComplete(count) => Some(*count),
        _ => None,
    });
    Ok(counts.last().unwrap_or(0))
}

/// What another try may get by: a lock, a deadlock, a timeout, somebody who cancelled it, a row that moved.
pub(super) fn passes(error: &pg::Error) -> bool {
    matches!(error.sqlstate(), Some("57014" | "55P03" | "40P01" | "40001"))
}

/// A batch that takes less is not looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What was seen of a batch while it ran.
#[derive(Default)]
struct Seen {
    waiting: u64,
    blocker: Option<String>,
    since: Option<Instant>,
}

impl Seen {
    /// Who waits for the batch, and whom it waits for.
    async fn look(&mut self, session: &Session) -> Result<(), Error> {
        let worker = session.pids[0];
        let query = format!(
            "SELECT count(*)::text FROM pg_catalog.pg_stat_activity WHERE wait_event_type = 'Lock' \
             AND {worker} = ANY (pg_catalog.pg_blocking_pids(pid)) UNION ALL \
             (SELECT CASE WHEN query = '<insufficient privilege>' THEN pg_catalog.concat('pid ', pid, ', ' || \
             nullif(application_name, ''), ', for an unknown time; grant pg_read_all_stats to ', current_user, ' to see it') ELSE \
             pg_catalog.format('pid %s, %s, %s, for %s s: %s', pid, application_name, coalesce(state, backend_type), \
             coalesce(round(extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)), 0), \
             pg_catalog.left(pg_catalog.regexp_replace(query, '\\s+', ' ', 'g'), 120)) END \
             FROM pg_catalog.pg_stat_activity WHERE pid = ANY (pg_catalog.pg_blocking_pids({worker})) LIMIT 1)"
        );
        let rows = session.watcher.rows(&query).await?;
        let waiting = rows.first().and_then(|row| text_of(row, 0).parse().ok()).unwrap_or(0);
        self.waiting = self.waiting.max(waiting);
        if waiting > 0 {
            self.since.get_or_insert_with(Instant::now);
        }
        if let Some(row) = rows.get(1) {
            self.blocker = Some(text_of(row, 0).to_owned());
        }
        Ok(())
    }

    fn waiters(&self) -> Option<Reason> {
        let since = self.since?;
        let plural = if self.waiting == 1 { "session" } else { "sessions" };
        let what = format!(
            "{} {plural} waited for the last batch, for {} ms",
            self.waiting,
            since.elapsed().as_millis()
        );
        Some(reason(Cause::Waiters, what))
    }
}
