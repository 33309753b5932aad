//! The sessions of the old app, and the one that watches them: a thread of their own, so that nothing
//! else of this program makes them late.
//!
//! Each session keeps a timetable: a statement is due whether or not the one before it is through, and
//! its wait counts from when it was due. A session that stands still would otherwise hide all that it
//! could not send meanwhile (coordinated omission). A session stays with one table and one kind, so
//! that a wait is never that of another table.

use super::queue::{Watched, watch};
use super::statements::{Kind, Statement};
use crate::Error;
use pg::{Connection, Target};
use std::sync::atomic::AtomicI32;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch as signal};

/// One session: what it sends, and when.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Index of its table.
    pub table: usize,
    pub kind: Kind,
    pub statements: Vec<Statement>,
    /// When its first statement is due.
    pub first: Duration,
    /// From one due time to the next.
    pub every: Duration,
}

/// A statement that was sent. Times count from the start of the traffic.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub table: usize,
    pub kind: Kind,
    pub label: Arc<str>,
    pub due: Duration,
    pub done: Duration,
    /// SQLSTATE and message.
    pub refused: Option<(String, String)>,
}

/// All that the thread has measured.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub sent: Vec<Sent>,
    pub watched: Watched,
}

/// The process of the session that migrates; it may be known only once it runs.
pub(super) type Migrating = Arc<AtomicI32>;

/// Sessions by process number, for those who look into `pg_locks`.
pub(super) type Processes = Arc<Mutex<Vec<(i32, Kind)>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Run,
    /// No new statements.
    Finish,
    /// Leave everything as it is.
    Abort,
}

/// Running traffic. Dropping it ends it at once.
pub(super) struct Traffic {
    orders: signal::Sender<Order>,
    done: oneshot::Receiver<Result<Measured, Error>>,
    thread: Option<JoinHandle<()>>,
    /// When it began.
    pub clock: Instant,
}

/// What sessions may take to end once they are told to.
const PATIENCE: Duration = Duration::from_secs(10);

impl Traffic {
    /// Opens all sessions and sets them going.
    pub async fn start(
        target: &Target,
        role: Option<&str>,
        sessions: Vec<Session>,
        migrating: Migrating,
    ) -> Result<Traffic, Error> {
        let (orders, heard) = signal::channel(Order::Run);
        let (sender, done) = oneshot::channel();
        let (ready, begun) = oneshot::channel();
        let (target, role) = (target.named("brolly rehearse"), role.map(str::to_owned));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            let mut abort = heard.clone();
            let measured = runtime.block_on(async {
                tokio::select! {
                    measured = all(&target, role.as_deref(), sessions, migrating, heard, ready) => measured,
                    _ = abort.wait_for(|order| *order == Order::Abort) => Ok(Measured::default()),
                }
            });
            let _ = sender.send(measured);
        });
        let mut traffic = Traffic { orders, done, thread: Some(thread), clock: Instant::now() };
        match begun.await {
            Ok(clock) => traffic.clock = clock,
            // It ended before it began, and says why.
            Err(_) => return Err((&mut traffic.done).await.map_or(Error::NoThread, not_begun)),
        }
        Ok(traffic)
    }

    /// Time since the start.
    pub fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Ends it and gives what was measured.
    pub async fn finish(mut self) -> Result<Measured, Error> {
        let _ = self.orders.send(Order::Finish);
        match tokio::time::timeout(PATIENCE, &mut self.done).await {
            Ok(Ok(measured)) => measured,
            Ok(Err(_)) => Err(Error::NoThread),
            Err(_) => Err(Error::Stuck),
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Abort);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn not_begun(measured: Result<Measured, Error>) -> Error {
    measured.err().unwrap_or(Error::NoThread)
}

async fn all(
    target: &Target,
    role: Option<&str>,
    sessions: Vec<Session>,
    migrating: Migrating,
    orders: signal::Receiver<Order>,
    ready: oneshot::Sender<Instant>,
) -> Result<Measured, Error> {
    let watcher = pg::connect(target).await?;
    let processes = Processes::default();
    let mut open = Vec::new();
    for session in sessions {
        let connection = pg::connect(target).await?;
        if let Some(role) = role {
            connection.batch(&format!("set role {}", crate::fill::quoted(role))).await?;
        }
        let pid = connection.pid().await?;
        processes.lock().unwrap_or_else(PoisonError::into_inner).push((pid, session.kind));
        open.push((connection, session));
    }
    let clock = Instant::now();
    let _ = ready.send(clock);
    let (ended, end) = signal::channel(false);
    let watching = tokio::spawn(watch(watcher, processes, migrating, clock, end));
    let running: Vec<_> = open
        .into_iter()
        .map(|(connection, session)| tokio::spawn(run(connection, session, clock, orders.clone())))
        .collect();
    let mut measured = Measured::default();
    for session in running {
        measured.sent.extend(session.await.map_err(|_| Error::NoThread)??);
    }
    let _ = ended.send(true);
    measured.watched = watching.await.map_err(|_| Error::NoThread)??;
    Ok(measured)
}

async fn run(
    connection: Connection,
    session: Session,
    clock: Instant,
    mut orders: signal::Receiver<Order>,
) -> Result<Vec<Sent>, Error> {
    let labels: Vec<Arc<str>> = session.statements.iter().map(|one| one.label.as_str().into()).collect();
    let mut sent = Vec::new();
    let mut due = session.first;
    for at in (0..session.statements.len()).cycle() {
        tokio::select! {
            biased;
            _ = orders.wait_for(|order| *order != Order::Run) => break,
            () = tokio::time::sleep_until((clock + due).into()) => {}
        }
        let statement = &session.statements[at];
        let refused = match connection.batch(&statement.sql).await {
            Ok(()) => None,
            Err(pg::Error::Refused(refusal)) => {
                if statement.undone {
                    connection.batch("rollback").await?;
                }
                Some((refusal.code, refusal.message))
            }
            Err(error) => return Err(error.into()),
        };
        sent.push(Sent {
            table: session.table,
            kind: session.kind,
            label: labels[at].clone(),
            due,
            done: clock.elapsed(),
            refused,
        });
        due += session.every;
    }
    connection.close().await;
    Ok(sent)
}
