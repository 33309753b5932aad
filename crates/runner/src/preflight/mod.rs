//! Looks at a database before migrations run on it, and says what would make them fail or hurt, each with
//! what to do.
//!
//! Only looks, in short statements that give up on a lock. What is coming ([`Coming`]) was predicted before;
//! whether anything runs after this is the caller's affair.

mod coming;
mod connections;
mod disk;
pub(crate) mod indexes;
mod pooler;
mod readers;
mod replication;
mod rights;
mod server;
mod timeouts;
mod transactions;
pub(crate) mod words;
mod wraparound;

pub use coming::Coming;
pub use server::CITUS;

use pg::{Connection, Error, Target};
use std::time::{Duration, Instant};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What it belongs to.
    pub topic: Topic,
    /// How it is.
    pub state: State,
    /// The table, index, slot, role or setting it is about, where it is about one.
    pub object: Option<String>,
    /// What was seen, on one line.
    pub what: String,
    /// What to do, on one line; where nothing is to be done, `None`.
    pub cure: Option<String>,
    /// The numbers behind it, by name. Times are seconds, sizes bytes.
    pub numbers: Vec<(&'static str, f64)>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing is in the way.
    Ok,
    /// It could not be looked at.
    Unknown,
    /// It would hurt, or make a migration wait.
    Warning,
    /// A migration would fail, or must not run.
    Stop,
}

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Whether the server takes writes, and its version.
    Server,
    /// What stands between brolly and the server.
    Pooler,
    /// What the role may do.
    Rights,
    /// Open transactions of others.
    Transactions,
    /// Prepared transactions.
    Prepared,
    /// Connections in use.
    Connections,
    /// Timeouts that the role's sessions begin with.
    Timeouts,
    /// Replicas that are behind.
    Replication,
    /// Slots that keep WAL.
    Slots,
    /// Room for what is written anew, and for indexes.
    Disk,
    /// Indexes that are kept up and not used.
    Indexes,
    /// The age of transaction IDs.
    Wraparound,
}

impl Topic {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Topic::Server => "server",
            Topic::Pooler => "pooler",
            Topic::Rights => "rights",
            Topic::Transactions => "transactions",
            Topic::Prepared => "prepared",
            Topic::Connections => "connections",
            Topic::Timeouts => "timeouts",
            Topic::Replication => "replication",
            Topic::Slots => "slots",
            Topic::Disk => "disk",
            Topic::Indexes => "indexes",
            Topic::Wraparound => "wraparound",
        }
    }
}

/// From where on something is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The age of a transaction.
    pub long: Duration,
    /// How far a replica may be behind.
    pub lag: Duration,
    /// The share of the connections that may be in use, in percent.
    pub connections: u8,
    /// Bytes that are free on the server's disk, where somebody knows.
    pub free_disk: Option<u64>,
    /// The major version of Postgres that the settings name.
    pub version: Option<u8>,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            long: Duration::from_secs(5),
            lag: Duration::from_secs(10),
            connections: 70,
            free_disk: None,
            version: None,
        }
    }
}

/// Looks at everything. Topics come in their order; each has at least one check.
///
/// Errors: those of connecting, and [`Error::Lost`]. A question that the server refuses becomes a check that
/// is [`State::Unknown`]; a replica that can't be asked, [`State::Stop`].
pub async fn preflight(
    target: &Target,
    replicas: &[Target],
    coming: &Coming,
    bounds: &Bounds,
) -> Result<Vec<Check>, Error> {
    let start = Instant::now();
    let target = target.named(NAME);
    let session = pg::connect(&target).await?;
    let path =
        "SELECT pg_catalog.current_schema() WHERE NOT 'public' = ANY (pg_catalog.current_schemas(false))";
    let moved = session.value(path).await?.map(|schema| coming.clone().in_path(&schema));
    let coming = moved.as_ref().unwrap_or(coming);
    // What this session is told now would hide what it began with.
    let timeouts = timeouts::checks(&session, coming).await;
    session.batch("SET lock_timeout = '1s'; SET statement_timeout = '10s'").await?;
    let mut found = Found::default();
    found.add(Topic::Server, server::checks(&session, bounds).await)?;
    found.add(Topic::Pooler, pooler::checks(&session, &target, start).await)?;
    found.add(Topic::Rights, rights::checks(&session, coming).await)?;
    found.add(Topic::Transactions, transactions::open(&session, coming, bounds).await)?;
    found.add(Topic::Prepared, transactions::prepared(&session, coming, bounds).await)?;
    found.add(Topic::Connections, connections::checks(&session, bounds).await)?;
    found.add(Topic::Timeouts, timeouts)?;
    found.add(Topic::Replication, replication::lag(&session, bounds).await)?;
    found.add(Topic::Replication, readers::checks(&session, replicas, coming, bounds).await)?;
    found.add(Topic::Slots, replication::slots(&session).await)?;
    found.add(Topic::Disk, disk::checks(&session, coming, bounds).await)?;
    found.add(Topic::Indexes, indexes::checks(&session).await)?;
    found.add(Topic::Wraparound, wraparound::checks(&session, coming).await)?;
    session.close().await;
    Ok(found.checks)
}

/// What sessions of it are called.
const NAME: &str = "brolly preflight";

/// What was found so far.
#[derive(Default)]
struct Found {
    checks: Vec<Check>,
}

impl Found {
    fn add(&mut self, topic: Topic, seen: Result<Vec<Check>, Error>) -> Result<(), Error> {
        match seen {
            Ok(checks) => self.checks.extend(checks),
            Err(Error::Refused(refusal)) => {
                let what = format!("the server did not say: {} ({})", refusal.message, refusal.code);
                self.checks.push(Check::new(topic, State::Unknown, what));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Check {
    fn new(topic: Topic, state: State, what: impl Into<String>) -> Check {
        Check { topic, state, object: None, what: what.into(), cure: None, numbers: Vec::new() }
    }

    fn ok(topic: Topic, what: impl Into<String>) -> Check {
        Check::new(topic, State::Ok, what)
    }

    fn about(mut self, object: impl Into<String>) -> Check {
        self.object = Some(object.into());
        self
    }

    fn cure(mut self, cure: impl Into<String>) -> Check {
        self.cure = Some(cure.into());
        self
    }

    fn number(mut self, name: &'static str, number: f64) -> Check {
        self.numbers.push((name, number));
        self
    }
}

/// The checks of a topic, or else that all is well.
fn or_ok(checks: Vec<Check>, topic: Topic, what: &str) -> Vec<Check> {
    if checks.is_empty() { vec![Check::ok(topic, what)] } else { checks }
}

/// What every session of the role is told when it begins, in the server's own unit.
async fn setting(session: &Connection, name: &str) -> Result<Option<f64>, Error> {
    let query = format!("SELECT reset_val FROM pg_catalog.pg_settings WHERE name = '{name}'");
    Ok(session.value(&query).await?.and_then(|value| value.parse().ok()))
}
