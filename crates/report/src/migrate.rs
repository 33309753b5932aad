//! What `brolly migrate` and `brolly rollback --run` tell machines: a JSON document a line, one for each thing that happens.

use crate::preflight::PreflightCheck;
use schemars::JsonSchema;
use serde::Serialize;

/// Something that happens while migrations run, or are taken back. Times are milliseconds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum MigrateLine {
    /// What is pending, and how folder and ledger differ.
    Pending {
        /// The migrations folder.
        project: String,
        /// The database.
        database: String,
        /// Host and port, or the folder of the socket.
        host: String,
        /// The version, as the server words it.
        server: String,
        /// What will run, or would.
        pending: Vec<String>,
        /// What Drizzle skips, since the ledger has a later row.
        skipped: Vec<String>,
        /// What was edited after it ran.
        edited: Vec<String>,
        /// Rows of the ledger that belong to no file.
        unknown: Vec<String>,
        /// What an earlier run has begun and not brought to its end.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        begun: Vec<BegunLine>,
    },
    /// What was seen of the database before anything is run; what is as it should be is left out.
    Preflight {
        /// What was seen.
        checks: Vec<PreflightCheck>,
    },
    /// What would keep a migration from running, and does not since `--allow` gave a reason.
    Allowed {
        /// What.
        what: String,
        /// The reason.
        reason: String,
    },
    /// With `--dry-run`: what would happen whole or not at all.
    WouldRun {
        /// The migration.
        migration: String,
        /// Whether it is a transaction; else a statement that can't run in one.
        transaction: bool,
        /// What has to be so before the migration runs, as its head says: asked of a database when it is its turn.
        needs: Vec<String>,
        /// Its statements.
        statements: Vec<WouldRun>,
    },
    /// Another run is at work; this one waits for it.
    WaitsForRun {
        /// Its sessions.
        sessions: Vec<Session>,
        /// So far.
        waited: u64,
    },
    /// Sessions of a run that died are ended, or waited for where they build an index.
    Orphans {
        /// The sessions.
        sessions: Vec<Session>,
    },
    /// A migration begins.
    Migration {
        /// Its tag.
        migration: String,
        /// Its number among those that run, from 1.
        at: usize,
        /// How many there are.
        of: usize,
    },
    /// Statements that an earlier run has done.
    DoneBefore {
        /// The statements.
        statements: Vec<StatementPlace>,
    },
    /// A statement is sent.
    Statement {
        /// The statement.
        #[serde(flatten)]
        place: StatementPlace,
        /// Its text.
        sql: String,
        /// The number of the try, from 1.
        attempt: u32,
    },
    /// Old transactions hold the table, here or on a replica: no lock is asked for yet.
    Held {
        /// Their sessions.
        sessions: Vec<Session>,
        /// So far.
        waited: u64,
    },
    /// A replica does not say who reads there: no lock is asked for yet.
    Silent {
        /// Its host.
        replica: String,
        /// Why.
        why: String,
        /// So far.
        waited: u64,
    },
    /// A statement waits for others.
    Waits {
        /// The statement.
        #[serde(flatten)]
        place: StatementPlace,
        /// For whom.
        sessions: Vec<Session>,
    },
    /// A try gave up on a lock, and is made again after a pause.
    GaveUp {
        /// The statement.
        #[serde(flatten)]
        place: StatementPlace,
        /// The number of the try, from 1.
        attempt: u32,
        /// How long it waited for the lock at most.
        wait: u64,
        /// The pause.
        pause: u64,
        /// Who was in the way.
        sessions: Vec<Session>,
        /// What the server said.
        message: String,
    },
    /// How far an index is built.
    Building {
        /// The statement.
        #[serde(flatten)]
        place: StatementPlace,
        /// The phase, in the server's words.
        phase: String,
        /// Blocks or rows done.
        done: u64,
        /// Of how many; 0 where there is nothing to count.
        total: u64,
    },
    /// An index is not as it should be.
    Index {
        /// Its name.
        name: String,
        /// What is found and done.
        what: String,
    },
    /// A migration is through, its row in the ledger.
    Migrated {
        /// Its tag.
        migration: String,
        /// How long it took.
        time: u64,
    },
    /// With `--targets`: work on a target begins.
    Begins {
        /// Whether it is one that has to go well before others are begun.
        canary: bool,
    },
    /// The last line; with `--targets`, the last one of a target.
    End {
        /// What this run brought to its end.
        migrated: Vec<String>,
        /// What another run did while this one waited.
        by_others: Vec<String>,
        /// What `brolly rollback --run` took back, in this order; it is pending again.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        taken_back: Vec<String>,
        /// Backfills of what was migrated that are not finished here: `brolly backfill` is next.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        backfills: Vec<String>,
        /// Why it ended early, where it did.
        failed: Option<Failed>,
    },
    /// With `--targets`: the last line of all.
    Summary {
        /// How many went well, whether or not there was something to do.
        done: usize,
        /// In how many something is pending, as `--check` finds.
        pending: usize,
        /// How many failed.
        failed: usize,
        /// How many were not begun.
        not_started: usize,
        /// Each of them, in the order of the file.
        targets: Vec<TargetEnd>,
    },
}

impl MigrateLine {
    /// The last line of a run that did nothing; why, where that is a failure.
    pub fn nothing(failed: Option<Failed>) -> MigrateLine {
        let (migrated, by_others, taken_back) = (Vec::new(), Vec::new(), Vec::new());
        MigrateLine::End { migrated, by_others, taken_back, backfills: Vec::new(), failed }
    }
}

/// How a target ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TargetEnd {
    /// What it is called.
    pub target: String,
    /// How.
    pub state: TargetState,
    /// Tags of the migrations that this run brought to their end.
    pub migrated: Vec<String>,
    /// Tags of the migrations that `brolly rollback --run` took back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_back: Vec<String>,
    /// Why it failed, where it did: the first line. Why there was nothing to take back.
    pub why: Option<String>,
}

/// How a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// All that was pending is done, or all that was named is taken back.
    Done,
    /// Nothing was pending, or nothing of what is taken back has run there.
    Nothing,
    /// Something is pending, as `--check` and `--dry-run` find.
    Pending,
    /// It failed, or could not be looked at.
    Failed,
    /// It was not begun, since others failed or the run was interrupted.
    NotStarted,
}

/// A statement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StatementPlace {
    /// The tag of its migration.
    pub migration: String,
    /// Its number in the file, from 1.
    pub statement: usize,
    /// The file.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: u32,
}

/// A migration, or the way back of one, that is half run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BegunLine {
    /// The migration.
    pub migration: String,
    /// Whether it is its way back.
    pub way_back: bool,
    /// The numbers of the statements that are done, from 1.
    pub done: Vec<usize>,
}

impl BegunLine {
    /// How far it is, in words.
    pub fn words(&self) -> String {
        let what = if self.way_back { "its way back is half run" } else { "half run" };
        let done: Vec<String> = self.done.iter().map(usize::to_string).collect();
        match done.as_slice() {
            [] => format!("{what}: its first statement was begun"),
            [one] => format!("{what}: statement {one} of it is done"),
            more => format!("{what}: statements {} of it are done", more.join(", ")),
        }
    }
}

/// A statement that would run, and what it does to relations that are there, as predicted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WouldRun {
    /// The statement.
    #[serde(flatten)]
    pub place: StatementPlace,
    /// Its text.
    pub sql: String,
    /// What it locks.
    pub locks: Vec<WouldLock>,
    /// What it writes anew.
    pub rewrites: Vec<String>,
    /// What it reads whole.
    pub scans: Vec<String>,
    /// Whether an earlier run has done it, so that it is not run again.
    pub done: bool,
}

/// A lock.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WouldLock {
    /// `schema.name`.
    pub relation: String,
    /// The mode, as the manual writes it.
    pub mode: String,
}

/// A session of the server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Session {
    /// Its process; `null` for a prepared transaction.
    pub pid: Option<i32>,
    /// How long its transaction has been open.
    pub age: u64,
    /// `active`, `idle in transaction` ..
    pub state: String,
    /// `client backend`, `autovacuum worker` ..
    pub kind: String,
    /// Its `application_name`.
    pub application: String,
    /// Its role.
    pub role: String,
    /// What it runs, or ran last.
    pub query: String,
    /// The host of the replica that it reads on; `null` on the server that is migrated.
    pub replica: Option<String>,
}

/// Why a run ended early.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failed {
    /// The first line says what, the others what to do.
    pub message: String,
    /// The SQLSTATE, where the server refused something.
    pub sqlstate: Option<String>,
    /// What the server said beside the sentence: who is in the way, or the values of a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the server thinks might help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The statement that was refused, or waited in vain.
    pub place: Option<StatementPlace>,
}

impl Failed {
    /// A failure that no statement is to blame for.
    pub fn saying(message: String) -> Failed {
        Failed { message, sqlstate: None, detail: None, hint: None, place: None }
    }
}

/// An event as a line; with `--targets`, of the target that it is about.
pub fn migrate_line(target: Option<&str>, line: &MigrateLine) -> String {
    serde_json::to_string(&TargetLine { target, line }).unwrap_or_default()
}

#[derive(Serialize)]
struct TargetLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(flatten)]
    line: &'a MigrateLine,
}
