//! A pending set rehearsed: it runs as it is judged for, by Drizzle's migrator or by brolly's, on tables of a given
//! size, while sessions send what the deployed app sends, and it is measured who waits and for how long.
//!
//! Gives what was measured, and holds it against [`Limits`] where asked. Which locks a statement takes
//! is [`crate::prove`]'s affair.

mod ahead;
mod blockers;
mod judge;
mod migration;
mod plan;
mod queue;
mod statements;
mod traffic;
mod waits;

pub use blockers::{Blocker, Waiting};
pub use judge::{Limits, Verdict, verdict};
pub use migration::{End, Timed, Try};
pub use queue::Sample;
pub use statements::{Kind, LeftOut};
pub use waits::{FailedStatement, Spread, TableWaits, Waits};

use crate::Error;
use crate::fill::{Amounts, Filled, fill, quoted};
use crate::history::{Refused, before_set};
pub(crate) use ahead::{constrain, release};
use catalog::QName;
use drizzle::{Migration, Project};
use facts::{Analysis, Runner};
use migration::{Pending, as_brolly, as_drizzle};
use pg::{Connection, Scratch, Target};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::Duration;
use traffic::Traffic;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Rows to fill in.
    pub amounts: Amounts,
    /// The role that the app connects as, where it is known.
    pub app_role: Option<String>,
    /// Whether the server is ours alone, so that roles may be made on it.
    pub ours: bool,
    /// Statements a second, of all sessions.
    pub rate: f64,
    /// Sessions that read the tables of the migration, shared out among them; each gets one at least.
    pub readers: usize,
    /// Sessions that write to them.
    pub writers: usize,
    /// Traffic before the migration, and after it.
    pub around: Duration,
    /// How long a transaction that read the tables before the migration stays open.
    pub long_reader: Option<Duration>,
    /// `lock_timeout` of the migrating session; as brolly migrates the longest that it asks for a lock at a time.
    pub lock_timeout: Option<Duration>,
    /// How often it is tried again where it gave up on a lock. As brolly migrates it is tried until it is through.
    pub retries: u32,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked {
            amounts: Amounts::default(),
            app_role: None,
            ours: false,
            rate: 200.0,
            readers: 4,
            writers: 4,
            around: Duration::from_secs(1),
            long_reader: None,
            lock_timeout: None,
            retries: 0,
        }
    }
}

/// What a rehearsal is doing, for those who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase<'a> {
    /// Applying a migration of the history: its tag, and how many of how many.
    History(&'a str, usize, usize),
    /// Filling tables.
    Filling,
    /// Traffic alone, before the migration.
    WarmUp,
    /// Running a statement: its migration, and how many of how many.
    Statement(&'a str, usize, usize),
    /// Waiting before another try.
    Pause,
    /// Traffic alone, after the migration.
    After,
}

/// What was measured. Times count from the start of the traffic.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The version of the server, as it words it.
    pub server: String,
    /// What of the history this server refused.
    pub refused: Vec<Refused>,
    /// The rows that the set met.
    pub filled: Filled,
    /// Tables of the set that the app does not declare, or that were too many: no traffic there.
    pub passed_over: Vec<String>,
    /// Statements of the app that fail here without the migration.
    pub left_out: Vec<LeftOut>,
    /// Sessions of the app.
    pub sessions: usize,
    /// Waits, table by table; those that the set locks first.
    pub tables: Vec<TableWaits>,
    /// Statements of the app that failed.
    pub failed: Vec<FailedStatement>,
    /// Each time the set was tried; the last one counts.
    pub tries: Vec<Try>,
    /// The lock queue.
    pub queue: Vec<Sample>,
    /// Who was in the way of those that waited, the longest first.
    pub blockers: Vec<Blocker>,
    /// When the traffic ended.
    pub end: Duration,
    /// The most by which the measuring itself was late.
    pub late: Duration,
}

impl Rehearsal {
    /// From the beginning of the first try to the end of the last.
    pub fn duration(&self) -> Duration {
        match (self.tries.first(), self.tries.last()) {
            (Some(first), Some(last)) => last.to.saturating_sub(first.from),
            _ => Duration::ZERO,
        }
    }

    /// How the last try ended.
    pub fn outcome(&self) -> Option<&End> {
        self.tries.last().map(|last| &last.end)
    }
}

/// The tables of a set that existed before it and that it locks or writes to.
pub fn touched(analysis: &Analysis, set: usize) -> Vec<QName> {
    plan::touched(analysis, set)
}

/// Fills all tables of a session's database with rows that suit the constraints that a set will add.
///
/// Errors: those of [`fill()`].
pub async fn fill_ahead(
    session: &Connection,
    analysis: &Analysis,
    set: usize,
    amounts: &Amounts,
) -> Result<Filled, Error> {
    let before = constrain(session, analysis, set, &|_| true).await?;
    let filled = fill(session.client(), amounts).await?;
    release(session, &before).await?;
    Ok(filled)
}

/// Rehearses one set of an analysis on a database that it makes on this server, and drops.
pub async fn rehearse(
    server: &Target,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Rehearsal, Error> {
    let scratch = Scratch::create(server).await?;
    let rehearsal = on_scratch(&scratch, project, analysis, set, asked, tell).await;
    scratch.finish().await?;
    rehearsal
}

async fn on_scratch(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Rehearsal, Error> {
    let session = scratch.connect().await?;
    let mut told = |migration: &Migration, at, of| tell(Phase::History(&migration.tag, at, of));
    let refused = before_set(&session, project, analysis, set, asked.ours, &mut told).await?;
    tell(Phase::Filling);
    let filled = fill_ahead(&session, analysis, set, &asked.amounts).await?;
    settle(&session, &filled, asked).await?;

    let plan = plan::plan(scratch, project, analysis, set, asked).await?;
    tell(Phase::WarmUp);
    let (sessions, role) = (plan.sessions.len(), asked.app_role.as_deref());
    let target = scratch.target();
    let migrating = Arc::new(AtomicI32::new(session.pid().await?));
    let traffic = Traffic::start(&target, role, plan.sessions, Arc::clone(&migrating)).await?;
    tokio::time::sleep(asked.around).await;
    let reader = match asked.long_reader {
        Some(time) => Some(long_reader(scratch, &plan.touched, time).await?),
        None => None,
    };
    let pending = Pending { project, analysis, set, clock: traffic.clock };
    let tries = match analysis.options.runner {
        Runner::Drizzle => {
            if let Some(timeout) = asked.lock_timeout {
                session.batch(&format!("set lock_timeout = {}", timeout.as_millis())).await?;
            }
            as_drizzle(&session, &pending, asked.retries, tell).await?
        }
        Runner::Brolly => {
            let usual = runner::Limits::default();
            let lock_wait = asked.lock_timeout.unwrap_or(usual.lock_wait);
            let limits = runner::Limits { lock_wait, ..usual };
            as_brolly(&target, &session, &pending, &limits, &migrating, tell).await?
        }
    };
    tell(Phase::After);
    tokio::time::sleep(asked.around).await;
    let end = traffic.now();
    let measured = traffic.finish().await?;
    if let Some(reader) = reader {
        reader.abort();
    }
    let server = session.server_version().to_owned();
    session.close().await;
    let from = tries.first().map_or(end, |first| first.from);
    Ok(Rehearsal {
        server,
        refused,
        filled,
        passed_over: plan.passed_over,
        left_out: plan.left_out,
        sessions,
        tables: waits::tables(&plan.tables, &measured.sent, from),
        failed: waits::failed(&plan.tables, &measured.sent),
        tries,
        queue: measured.watched.samples,
        blockers: measured.watched.blockers,
        end,
        late: measured.watched.late,
    })
}

/// What a table that has been in use for a while has behind it: its rows are known to be committed,
/// and written out. Else the first to read them would do that, and it would be the migration.
async fn settle(session: &Connection, filled: &Filled, asked: &Asked) -> Result<(), Error> {
    for (name, table) in &filled.tables {
        if table.inserted >= SETTLED {
            session.batch(&format!("vacuum {}.{}", quoted(&name.schema), quoted(&name.name))).await?;
        }
    }
    if asked.ours {
        session.batch("checkpoint").await?;
    }
    Ok(())
}

const SETTLED: u64 = 1_000;

/// Opens a transaction that has read these tables, and closes it after that time.
async fn long_reader(
    scratch: &Scratch,
    tables: &[QName],
    time: Duration,
) -> Result<tokio::task::JoinHandle<()>, Error> {
    let reader = pg::connect(&scratch.target().named("brolly long reader")).await?;
    reader.batch("begin").await?;
    for name in tables {
        let sql = format!("select 1 from {}.{} limit 1", quoted(&name.schema), quoted(&name.name));
        match reader.batch(&sql).await {
            Ok(()) => {}
            // A view without rights, say: it has its lock, but the transaction is lost.
            Err(pg::Error::Refused(_)) => reader.batch("rollback; begin").await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(tokio::spawn(async move {
        tokio::time::sleep(time).await;
        let _ = reader.batch("commit").await;
    }))
}
