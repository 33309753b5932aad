//! The two connections of a run: one changes rows, the other holds the lock, looks on, and hears wishes.
//!
//! The lock is of the session, so that it goes with a run that dies. Where a connection is cut, both are opened again.

use super::batch::text_of;
use super::{Asked, Error, Job, state};
use crate::all_rows::ALL_ROWS;
use crate::deadlock::{deadlock_timeout, of_a_batch};
use crate::pooled::through_a_pooler;
use crate::run_lock::NOTICED;
use pg::Connection;
use std::time::Duration;

/// How often the lock is asked for, 50 ms apart.
const ASKS: u32 = 10;
/// How often is looked whether what was ended is gone, 20 ms apart.
const PATIENCE: u32 = 100;

/// The connections of a run.
pub(super) struct Session {
    /// Changes rows.
    pub worker: Connection,
    /// Holds the lock, and is idle else.
    pub watcher: Connection,
    /// The server processes of both.
    pub pids: [i32; 2],
    /// The limits of what the worker does.
    pub timeouts: Timeouts,
}

/// How long a statement may take.
#[derive(Clone, Copy)]
pub(super) struct Timeouts {
    /// `lock_timeout`.
    pub lock: Duration,
    /// `statement_timeout`.
    pub statement: Duration,
}

impl Timeouts {
    /// Those that are asked for, as far as they hurt nobody on this server.
    pub(super) async fn on(connection: &Connection, asked: &Asked) -> Result<Timeouts, Error> {
        let lock = of_a_batch(deadlock_timeout(connection).await?, asked.lock_timeout);
        Ok(Timeouts { lock, statement: asked.statement_timeout })
    }

    /// As SQL, for a transaction.
    pub(super) fn sql(self) -> String {
        let Timeouts { lock, statement } = self;
        format!(
            "SET LOCAL lock_timeout = '{}ms'; SET LOCAL statement_timeout = '{}ms';",
            lock.as_millis(),
            statement.as_millis()
        )
    }
}

/// Whether the lock is ours.
pub(super) enum Opened {
    /// It is.
    Ours(Box<Session>),
    /// Somebody else runs this backfill: the process.
    Taken(Option<i32>),
}

/// Opens both connections and takes the lock, without waiting for it.
pub(super) async fn open(asked: &Asked, job: &Job) -> Result<Opened, Error> {
    let watcher = pg::connect(&asked.target.named("brolly backfill (watch)")).await?;
    takes_writes(&watcher).await?;
    if let Some(how) = through_a_pooler(&watcher, &asked.target).await? {
        return Err(Error::Pooled { how });
    }
    let name = &job.backfill.name;
    state::prepare(&watcher, &asked.schema).await?;
    state::note(&watcher, &asked.schema, job).await?;
    quiet(&watcher).await?;
    let lock = state::lock(&asked.schema, name);
    let ask = format!("SELECT pg_catalog.pg_try_advisory_lock({lock})");
    let mut asks = 1;
    let mut got = watcher.value(&ask).await?;
    // The server may not have noticed yet that an earlier run is gone.
    while got.as_deref() != Some("t") && asks < ASKS {
        tokio::time::sleep(Duration::from_millis(50)).await;
        (got, asks) = (watcher.value(&ask).await?, asks + 1);
    }
    if got.as_deref() != Some("t") {
        return Ok(Opened::Taken(state::holder(&watcher, &asked.schema, name).await?));
    }
    let application = application(lock);
    end_orphans(&watcher, &application).await?;
    let worker = pg::connect(&asked.target.named(&application)).await?;
    quiet(&worker).await?;
    worker.batch(ALL_ROWS).await?;
    let pids = [worker.pid().await?, watcher.pid().await?];
    let timeouts = Timeouts::on(&watcher, asked).await?;
    Ok(Opened::Ours(Box::new(Session { worker, watcher, pids, timeouts })))
}

/// What the session that changes rows is called.
fn application(lock: i64) -> String {
    format!("brolly backfill {:08x}", lock.cast_unsigned() >> 32)
}

/// Ends what a run left behind that was killed: with the lock in hand no other is alive, but the server may be at its
/// last batch still, and hold its rows.
async fn end_orphans(watcher: &Connection, application: &str) -> Result<(), Error> {
    let orphans = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
         WHERE application_name = '{application}' AND datname = pg_catalog.current_database()"
    );
    for _ in 0..PATIENCE {
        match watcher.rows(&orphans).await {
            Ok(rows) if rows.is_empty() => return Ok(()),
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            // Of another role: it is waited for as any other session is.
            Err(pg::Error::Refused(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Timeouts of the role that would cut a session which waits, and a statement that goes on when nobody hears it.
async fn quiet(connection: &Connection) -> Result<(), Error> {
    if connection.version().major >= 14 {
        connection.batch("SET idle_session_timeout = 0").await?;
        // Not every system can tell that a client is gone.
        match connection.batch("SET client_connection_check_interval = '1s'").await {
            Ok(()) | Err(pg::Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    connection.batch(NOTICED).await?;
    Ok(connection.batch("SET statement_timeout = 0").await?)
}

/// That the server takes writes of this session.
pub(super) async fn takes_writes(connection: &Connection) -> Result<(), Error> {
    let query = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')";
    let row = connection.rows(query).await?.into_iter().next().unwrap_or_default();
    let why = match (text_of(&row, 0), text_of(&row, 1)) {
        ("t", _) => "it is a replica",
        (_, "on") => "default_transaction_read_only is on for this role, database or server",
        _ => return Ok(()),
    };
    Err(Error::ReadOnly { host: connection.host().to_owned(), why: why.to_owned() })
}
