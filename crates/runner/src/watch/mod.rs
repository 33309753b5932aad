//! Looks at a server again and again, for `brolly watch`: one file a topic, each a question or two.
//!
//! Only reads, in a session that is read only and gives up on a lock after half a second. What a look means is judged
//! in crate `watch`. A server that goes away meanwhile is one of the things that are seen: the session is opened
//! again at the next look.

mod connections;
mod locks;
mod replication;
mod statements;
mod tables;
mod work;

use crate::preflight::indexes;
use pg::{Connection, Error, Target};
use replication::{Named, Replicas};
use statements::Statements;
use std::time::{Duration, Instant};
use watch::{Index, Sample, Statement, Topic, Unknown};

/// What sessions of it are called.
const NAME: &str = "brolly watch";
/// The longest that a look may take, and a new session besides.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often tables are looked at: their sizes are asked of the file system.
const TABLES: Duration = Duration::from_secs(60);

/// Looks at one server.
pub struct Watcher {
    target: Target,
    session: Option<Connection>,
    replicas: Replicas,
    place: Place,
    start: Instant,
    last: Option<Instant>,
    tables: Option<Instant>,
    work: Option<work::Counted>,
    statements: Statements,
    unknown: Vec<Unknown>,
}

/// Which server it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The database.
    pub database: String,
    /// Host and port, or the folder of the socket.
    pub host: String,
    /// The version, as the server words it.
    pub server: String,
}

impl Watcher {
    /// Opens a session. Replicas are asked at the first look.
    ///
    /// Errors: those of connecting, and what the server says to a first question.
    pub async fn open(target: &Target, replicas: &[Target]) -> Result<Watcher, Error> {
        let target = target.named(NAME);
        let session = session(&target).await?;
        let database = session.value("SELECT pg_catalog.current_database()").await?.unwrap_or_default();
        let place =
            Place { database, host: session.host().to_owned(), server: session.server_version().to_owned() };
        Ok(Watcher {
            target,
            session: Some(session),
            replicas: Replicas::new(replicas.iter().map(|one| Named::new(one.named(NAME))).collect()),
            place,
            start: Instant::now(),
            last: None,
            tables: None,
            work: None,
            statements: Statements::default(),
            unknown: Vec::new(),
        })
    }

    /// Which server it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The time of the server, in UTC, as `2024-02-29T12:00:00Z`; empty where it can't be asked.
    pub async fn clock(&self) -> String {
        let query = "SELECT pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
        match &self.session {
            Some(session) => session.value(query).await.ok().flatten().unwrap_or_default(),
            None => String::new(),
        }
    }

    /// Takes a look. With `whole`, tables are looked at whenever that was last.
    pub async fn look(&mut self, whole: bool) -> Sample {
        let now = Instant::now();
        let rounded = |time: Duration| (time.as_secs_f64() * 1e3).round() / 1e3;
        let seconds = self.last.map_or(0.0, |last| rounded(now - last));
        let at = rounded(now - self.start);
        let looked = tokio::time::timeout(PATIENCE, self.looked(whole)).await;
        let why = match looked {
            Ok(Ok(sample)) => {
                self.last = Some(now);
                return Sample { at, seconds, ..sample };
            }
            Ok(Err(error)) => error.headline(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        self.session = None;
        Sample { at, unreachable: Some(why), ..Sample::default() }
    }

    /// What statements did since this was asked last, or since the first look; `None` where that can't be told.
    pub fn statements(&mut self) -> Option<Vec<Statement>> {
        self.statements.take()
    }

    /// What this role or server doesn't show.
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// Closes all sessions.
    pub async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
        for replica in self.replicas.named {
            replica.close().await;
        }
    }

    async fn looked(&mut self, whole: bool) -> Result<Sample, Error> {
        let session = match self.session.take().filter(|session| !session.is_closed()) {
            Some(session) => session,
            None => session(&self.target).await?,
        };
        let unknown = &mut self.unknown;
        let connections = seen(Topic::Connections, connections::connections(&session).await, unknown)?;
        let mut sample = Sample { connections, ..Sample::default() };
        if sample.connections.as_ref().is_some_and(|one| one.hidden > 0) {
            let what = "what sessions of other roles do is hidden from this role";
            note(unknown, Topic::Connections, what, Some("GRANT pg_read_all_stats to the role"));
        }
        sample.waits = seen(Topic::Locks, locks::waits(&session).await, unknown)?;
        let counted = seen(Topic::Errors, work::counted(&session).await, unknown)?;
        sample.work = counted.as_ref().zip(self.work.as_ref()).and_then(|(now, before)| now.since(before));
        self.work = counted.or(self.work.take());
        let slice = self.statements.look(&session, unknown).await;
        sample.statements = seen(Topic::Statements, slice, unknown)?.flatten();
        let replicas = self.replicas.look(&session, unknown).await;
        sample.replicas = seen(Topic::Replication, replicas, unknown)?.unwrap_or_default();
        let slots = seen(Topic::Replication, replication::slots(&session).await, unknown)?;
        sample.slots = slots.unwrap_or_default();
        if whole || self.tables.is_none_or(|last| last.elapsed() >= TABLES) {
            sample.tables = seen(Topic::Tables, tables::tables(&session, unknown).await, unknown)?;
            self.tables = Some(Instant::now());
        }
        sample.invalid_indexes = seen(Topic::Indexes, invalid(&session).await, unknown)?;
        self.session = Some(session);
        Ok(sample)
    }
}

async fn session(target: &Target) -> Result<Connection, Error> {
    let session = pg::connect(target).await?;
    session
        .batch("SET default_transaction_read_only = on; SET lock_timeout = '500ms'; SET statement_timeout = '5s'; SET jit = off")
        .await?;
    if session.version().major >= 14 {
        session.batch("SET idle_session_timeout = 0").await?;
    }
    Ok(session)
}

/// Indexes that are invalid and that nobody is building, as `brolly preflight` finds them.
async fn invalid(session: &Connection) -> Result<Vec<Index>, Error> {
    let checks = indexes::checks(session).await?.into_iter();
    let index = |check: crate::preflight::Check| {
        let name = check.object.filter(|_| check.state == crate::preflight::State::Warning)?;
        Some(Index { name, what: check.what, cure: check.cure.unwrap_or_default() })
    };
    Ok(checks.filter_map(index).collect())
}

/// What was seen; `None` where the server would not say. A look that gave up on a lock or ran too long is not told:
/// the next one is soon.
fn seen<T>(topic: Topic, looked: Result<T, Error>, unknown: &mut Vec<Unknown>) -> Result<Option<T>, Error> {
    match looked {
        Ok(seen) => Ok(Some(seen)),
        Err(Error::Refused(refusal)) => {
            if !matches!(refusal.code.as_str(), "55P03" | "57014") {
                let what = format!("the server did not say: {} ({})", refusal.message, refusal.code);
                note(unknown, topic, &what, None);
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn note(unknown: &mut Vec<Unknown>, topic: Topic, what: &str, cure: Option<&str>) {
    if !unknown.iter().any(|one| one.topic == topic && one.what == what) {
        unknown.push(Unknown { topic, what: what.to_owned(), cure: cure.map(str::to_owned) });
    }
}
