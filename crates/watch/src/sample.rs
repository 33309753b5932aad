//! One look at a server. What can't be told is `None`, never zero.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a server was like at one moment, and what it did since the look before. Times are seconds, sizes bytes,
/// unless a name says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sample {
    /// When, since the watch began.
    pub at: f64,
    /// How long ago the look before was; zero for the first.
    pub seconds: f64,
    /// Why the server could not be asked. All else is empty then.
    pub unreachable: Option<String>,
    /// Connections of clients.
    pub connections: Option<Connections>,
    /// Sessions of clients that wait for a lock, the longest first.
    pub waits: Option<Vec<Wait>>,
    /// What the database counted since the look before; `null` in the first, and where the counters were reset.
    pub work: Option<Work>,
    /// What `pg_stat_statements` counted since the look before.
    pub statements: Option<Slice>,
    /// Replicas: those that read from this server, and those that were named.
    pub replicas: Vec<Replica>,
    /// Replication slots.
    pub slots: Vec<Slot>,
    /// Tables, the largest first; looked at less often than the rest.
    pub tables: Option<Vec<Table>>,
    /// Indexes that are invalid and not being built.
    pub invalid_indexes: Option<Vec<Index>>,
}

/// Connections of clients, our own left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// To the whole server.
    pub used: u32,
    /// The most that the server takes of ordinary roles.
    pub most: u32,
    /// Those that run a statement.
    pub active: u32,
    /// Those with an open transaction and nothing to do.
    pub idle_in_transaction: u32,
    /// How long the longest of those has had nothing to do.
    pub longest_idle: f64,
    /// Those whose state this role may not see.
    pub hidden: u32,
}

/// A session that waits for a lock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// Who waits.
    pub session: Session,
    /// For how long. Before Postgres 14: since its statement began.
    pub waited: f64,
    /// `relation`, `transactionid`, `tuple`, `advisory` ..
    pub lock: String,
    /// The mode that is asked for.
    pub mode: String,
    /// The relation, where one is known: `schema.name`.
    pub relation: Option<String>,
    /// Who is in the way; those that wait themselves are among them.
    pub blockers: Vec<Session>,
}

/// A session of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Its process; `null` for a prepared transaction.
    pub pid: Option<i32>,
    /// Its role.
    pub role: String,
    /// Its `application_name`.
    pub application: String,
    /// `active`, `idle in transaction` ..
    pub state: String,
    /// How long its transaction has been open.
    pub transaction: f64,
    /// What it runs, or ran last, without its values.
    pub query: String,
}

/// What the database counted, as numbers since the look before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    /// Transactions that were committed. Our own looks are a few of them.
    pub commits: u64,
    /// Transactions that were rolled back: by the app, or since a statement failed.
    pub rollbacks: u64,
    /// Deadlocks.
    pub deadlocks: u64,
    /// Queries of a replica that were cancelled for what it replays.
    pub conflicts: u64,
    /// Sessions that ended with an error (Postgres 14 and later).
    pub fatal: Option<u64>,
    /// Sessions that an operator ended (Postgres 14 and later).
    pub killed: Option<u64>,
    /// Sessions whose client was gone (Postgres 14 and later).
    pub abandoned: Option<u64>,
}

/// What statements did since the look before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slice {
    /// How often one was run to its end.
    pub calls: u64,
    /// Milliseconds that all of them took.
    pub milliseconds: f64,
    /// Those that took most of it, a few.
    pub most: Vec<Statement>,
}

/// A statement, by its text without values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    /// What stands for the whole text: the same before a deploy and after it, on each server and version.
    pub id: String,
    /// The text, cut.
    pub text: String,
    /// How often it was run to its end.
    pub calls: u64,
    /// Milliseconds that this took.
    pub milliseconds: f64,
}

impl Statement {
    /// Milliseconds for one call.
    pub fn mean(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.milliseconds / self.calls as f64 }
    }
}

/// A replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replica {
    /// Its `application_name`, or else its address.
    pub name: String,
    /// How far it is behind, where that is known. Zero where all was replayed.
    pub lag: Option<f64>,
    /// WAL that it has not replayed.
    pub bytes: Option<u64>,
    /// Why a replica that was named could not be asked.
    pub trouble: Option<String>,
}

/// A replication slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether somebody reads it.
    pub active: bool,
    /// WAL that is kept for it.
    pub bytes: u64,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// `schema.name`.
    pub name: String,
    /// With TOAST, without indexes.
    pub bytes: u64,
    /// Its indexes.
    pub index_bytes: u64,
    /// Rows, as the server estimates them.
    pub live: u64,
    /// Old versions of rows that no vacuum has cleared, as the server estimates them.
    pub dead: u64,
}

impl Table {
    /// The share of old versions, from 0 to 1.
    pub fn dead_share(&self) -> f64 {
        let all = self.live + self.dead;
        if all == 0 { 0.0 } else { self.dead as f64 / all as f64 }
    }
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// `schema.name`.
    pub name: String,
    /// What was seen of it.
    pub what: String,
    /// What to do.
    pub cure: String,
}

/// What this role or server doesn't show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// What it would be about.
    pub topic: crate::Topic,
    /// What can't be seen, and why.
    pub what: String,
    /// What makes it visible.
    pub cure: Option<String>,
}
