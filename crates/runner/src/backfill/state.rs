//! The state of backfills in a table of our own beside Drizzle's ledger: how far each is, and what other terminals
//! want of it.
//!
//! `state` is what the run says and `wanted` what somebody wishes; neither is ever waited for. Whether a run is alive
//! is told by the lock that it holds.

use super::session::takes_writes;
use super::{Error, Job};
use crate::ledger::{hash_of, literal};
use catalog::written::quoted;
use pg::Connection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The table's name.
const TABLE: &str = "__brolly_backfills";

/// Where a backfill is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Not begun, or to be gone on with.
    #[default]
    Pending,
    /// Batches are done.
    Running,
    /// Somebody paused it.
    Paused,
    /// Something else goes first.
    Throttled,
    /// It met something that it can't get by.
    Failed,
    /// All is done.
    Finished,
    /// Somebody cancelled it.
    Cancelled,
}

/// What somebody wants of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wish {
    /// Stop until it is resumed.
    Pause,
    /// Go on.
    Resume,
    /// Stop for good.
    Cancel,
}

/// How one backfill stands, for those who look on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The name of its file without `.sql`.
    pub backfill: String,
    /// Where it is. Running and throttled ones whose run is gone are pending.
    pub state: State,
    /// The server process that holds its lock, while a run is alive.
    pub pid: Option<i32>,
    /// Whether its file is another one than it was begun with.
    pub edited: bool,
    /// Rows changed.
    pub changed: u64,
    /// Rows looked at in this pass.
    pub passed: u64,
    /// Rows of the table, as estimated when it began.
    pub total: u64,
    /// Which run through the table this is, from 1.
    pub pass: u32,
    /// Batches that were committed.
    pub batches: u64,
    /// Rows that were left when it was last counted.
    pub left: Option<u64>,
    /// What holds it, or why it failed.
    pub why: Option<String>,
    /// When it began, as the server writes times.
    pub started: Option<String>,
    /// When it was last heard of.
    pub updated: Option<String>,
}

/// A row as a run reads it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Saved {
    pub hash: String,
    #[serde(default)]
    pub state: State,
    pub wanted: Option<Wish>,
    pub part: Option<String>,
    /// The first key or page that is still to be done.
    pub cursor: Option<Vec<String>>,
    /// The last one of this pass.
    pub upper: Option<Vec<String>>,
    pub pass: u32,
    pub batch: u64,
    pub size: Option<u64>,
    pub changed: u64,
    pub passed: u64,
    pub total: u64,
    pub rows_left: Option<u64>,
}

/// The table, quoted.
pub(super) fn table(schema: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(TABLE))
}

/// The number of the lock that a run of this backfill holds.
pub(super) fn lock(schema: &str, name: &str) -> i64 {
    let hash = hash_of(format!("brolly backfill {schema} {name}").as_bytes());
    u64::from_str_radix(&hash[..16], 16).unwrap_or_default().cast_signed()
}

async fn exists(connection: &Connection, schema: &str) -> Result<bool, pg::Error> {
    let query = format!("SELECT pg_catalog.to_regclass({})", literal(&table(schema)));
    Ok(connection.value(&query).await?.is_some())
}

/// Makes the table where it is missing.
pub(super) async fn prepare(connection: &Connection, schema: &str) -> Result<(), pg::Error> {
    let mut tries = 0;
    while !exists(connection, schema).await? {
        // Asked for first: `IF NOT EXISTS` needs the right to make it even where it is there.
        let query = format!("SELECT FROM pg_catalog.pg_namespace WHERE nspname = {}", literal(schema));
        let has_schema = !connection.rows(&query).await?.is_empty();
        let first = if has_schema { String::new() } else { format!("CREATE SCHEMA {}; ", quoted(schema)) };
        let made = connection
            .batch(&format!(
                "{first}CREATE TABLE {} (name text PRIMARY KEY, hash text NOT NULL, \
                 state text NOT NULL DEFAULT 'pending', wanted text, part text, cursor text[], upper text[], \
                 pass integer NOT NULL DEFAULT 1, batch bigint NOT NULL DEFAULT 0, size bigint, \
                 changed bigint NOT NULL DEFAULT 0, passed bigint NOT NULL DEFAULT 0, \
                 total bigint NOT NULL DEFAULT 0, rows_left bigint, error text, started_at timestamptz, \
                 updated_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz)",
                table(schema)
            ))
            .await;
        match made {
            // Several made it at once, and one of them has.
            Err(error) if tries < 20 && matches!(error.sqlstate(), Some("23505" | "42P06" | "42P07")) => {
                tries += 1
            }
            other => other?,
        }
    }
    Ok(())
}

/// Notes a backfill that nobody has noted yet.
pub(super) async fn note(connection: &Connection, schema: &str, job: &Job) -> Result<(), pg::Error> {
    connection
        .batch(&format!(
            "INSERT INTO {} (name, hash) VALUES ({}, {}) ON CONFLICT (name) DO NOTHING",
            table(schema),
            literal(&job.backfill.name),
            literal(&job.hash)
        ))
        .await
}

/// The row of a backfill.
pub(super) async fn saved(connection: &Connection, schema: &str, name: &str) -> Result<Saved, Error> {
    let query = format!(
        "SELECT pg_catalog.row_to_json(b) FROM {} AS b WHERE name = {}",
        table(schema),
        literal(name)
    );
    let unusable = |why: String| Error::State { name: name.to_owned(), table: table(schema), why };
    let Some(text) = connection.value(&query).await? else {
        return Err(unusable("its row is gone".to_owned()));
    };
    serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))
}

/// Changes the row of a backfill: `set` is the list of an UPDATE.
pub(super) async fn set(
    connection: &Connection,
    schema: &str,
    name: &str,
    set: &str,
) -> Result<(), pg::Error> {
    connection.batch(&setting(schema, name, set)).await
}

/// What changes the row of a backfill.
pub(super) fn setting(schema: &str, name: &str, set: &str) -> String {
    format!(
        "UPDATE {} SET {set}, updated_at = pg_catalog.clock_timestamp() WHERE name = {}",
        table(schema),
        literal(name)
    )
}

/// Values as an array, or NULL.
pub(super) fn array(values: Option<&[String]>) -> String {
    let list = |values: &[String]| {
        let each: Vec<String> = values.iter().map(|value| text(value)).collect();
        format!("ARRAY[{}]::text[]", each.join(", "))
    };
    values.map_or("NULL".to_owned(), list)
}

/// A text as a literal.
pub(super) fn text(value: &str) -> String {
    match value.contains('\\') {
        true => format!("E{}", literal(&value.replace('\\', "\\\\"))),
        false => literal(value),
    }
}

/// What begins a backfill anew, as if it had never run.
const ANEW: &str = "state = 'pending', wanted = NULL, part = NULL, cursor = NULL, upper = NULL, pass = 1, size = NULL, \
                    changed = 0, passed = 0, rows_left = NULL, error = NULL, started_at = NULL, finished_at = NULL";

/// Forgets how far backfills are, and takes their files as they are now. Those that run now are left alone, and
/// named.
pub async fn restart(connection: &Connection, schema: &str, jobs: &[&Job]) -> Result<Vec<String>, Error> {
    takes_writes(connection).await?;
    prepare(connection, schema).await?;
    let mut running = Vec::new();
    for job in jobs {
        let name = &job.backfill.name;
        if holder(connection, schema, name).await?.is_some() {
            running.push(name.clone());
            continue;
        }
        note(connection, schema, job).await?;
        // A batch of a run that is gone may still be on its way; with another number it commits nothing.
        let to = format!("{ANEW}, batch = batch + 1, hash = {}", literal(&job.hash));
        set(connection, schema, name, &to).await?;
    }
    Ok(running)
}

/// What forgets the backfills of a migration that is taken back, so that they run again with it; nothing where no state
/// is there that this role may delete.
pub(crate) async fn forgetting(
    connection: &Connection,
    schema: &str,
    tag: &str,
) -> Result<Option<String>, pg::Error> {
    let query = format!(
        "SELECT pg_catalog.has_table_privilege(pg_catalog.to_regclass({})::oid, 'DELETE')",
        literal(&table(schema))
    );
    let may = connection.value(&query).await?.as_deref() == Some("t");
    let prefix = literal(&format!("{tag}."));
    Ok(may.then(|| format!("delete from {} where pg_catalog.starts_with(name, {prefix})", table(schema))))
}

/// What a wish came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A run of it is there, and hears it after the batch.
    ByItsRun,
    /// Nobody runs it: its state is as wished.
    Noted,
    /// It is finished, and stays so.
    Finished,
}

/// Says what is wanted of a backfill.
pub async fn wish(connection: &Connection, schema: &str, job: &Job, wish: Wish) -> Result<Heard, Error> {
    takes_writes(connection).await?;
    prepare(connection, schema).await?;
    note(connection, schema, job).await?;
    let name = &job.backfill.name;
    let runs = holder(connection, schema, name).await?.is_some();
    if !runs && saved(connection, schema, name).await?.state == State::Finished {
        return Ok(Heard::Finished);
    }
    let wanted = match wish {
        Wish::Pause => "wanted = 'pause'",
        Wish::Cancel => "wanted = 'cancel'",
        Wish::Resume => "wanted = NULL",
    };
    set(connection, schema, name, wanted).await?;
    if runs {
        return Ok(Heard::ByItsRun);
    }
    let to = match wish {
        Wish::Pause => "state = 'paused'",
        Wish::Cancel => "state = 'cancelled'",
        Wish::Resume => "state = 'pending', error = NULL",
    };
    // Its run may have come to its end just now: what is finished stays so.
    let query = format!("{} AND state <> 'finished'", setting(schema, name, to));
    connection.batch(&query).await?;
    Ok(Heard::Noted)
}

/// The first of these backfills that is not finished, in words that say what to do; nothing where all are. What another
/// one has to find done counts as done once its run came to its end here, not where no row happens to be left.
pub(super) async fn waits(
    connection: &Connection,
    schema: &str,
    names: &[String],
) -> Result<Option<String>, pg::Error> {
    for name in names {
        let query = format!("SELECT state FROM {} WHERE name = {}", table(schema), literal(name));
        let state = connection.value(&query).await?;
        let how = match state.as_deref() {
            Some("finished") => continue,
            None | Some("pending") => format!("has not run here yet: brolly backfill {name}"),
            Some("paused") => format!("is paused: brolly backfill --resume {name} lets it go on"),
            Some("cancelled") => format!("is cancelled: brolly backfill --resume {name} lets it go on"),
            Some("failed") => format!("failed: brolly backfill --status {name} says why"),
            Some(_) => "is not through yet".to_owned(),
        };
        return Ok(Some(format!("it waits for {name}, which {how}")));
    }
    Ok(None)
}

/// The process that holds the lock of a backfill.
pub(super) async fn holder(
    connection: &Connection,
    schema: &str,
    name: &str,
) -> Result<Option<i32>, pg::Error> {
    let lock = lock(schema, name).cast_unsigned();
    let query = format!(
        "SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
         AND classid = {} AND objid = {} AND database = (SELECT oid FROM pg_catalog.pg_database \
         WHERE datname = pg_catalog.current_database()) AND pid <> pg_catalog.pg_backend_pid()",
        lock >> 32,
        lock & 0xffff_ffff
    );
    Ok(connection.value(&query).await?.and_then(|pid| pid.parse().ok()))
}

/// How backfills stand. Only reads.
pub async fn standings(connection: &Connection, schema: &str, jobs: &[Job]) -> Result<Vec<Standing>, Error> {
    let there = exists(connection, schema).await?;
    let mut all = Vec::new();
    for job in jobs {
        let mut standing = Standing { backfill: job.backfill.name.clone(), pass: 1, ..Standing::default() };
        if there {
            read(connection, schema, job, &mut standing).await?;
        }
        all.push(standing);
    }
    Ok(all)
}

async fn read(
    connection: &Connection,
    schema: &str,
    job: &Job,
    standing: &mut Standing,
) -> Result<(), Error> {
    let name = &job.backfill.name;
    let query =
        format!("SELECT error, started_at, updated_at FROM {} WHERE name = {}", table(schema), literal(name));
    let Some(row) = connection.rows(&query).await?.into_iter().next() else { return Ok(()) };
    let saved = saved(connection, schema, name).await?;
    let pid = holder(connection, schema, name).await?;
    let mut cells = row.into_iter();
    let mut cell = || cells.next().flatten();
    let why = cell();
    let gone = pid.is_none() && matches!(saved.state, State::Running | State::Throttled);
    *standing = Standing {
        backfill: name.clone(),
        state: if gone { State::Pending } else { saved.state },
        pid,
        edited: saved.hash != job.hash,
        changed: saved.changed,
        passed: saved.passed,
        total: saved.total,
        pass: saved.pass,
        batches: saved.batch,
        left: saved.rows_left,
        why: why.filter(|_| !gone),
        started: cell(),
        updated: cell(),
    };
    Ok(())
}
