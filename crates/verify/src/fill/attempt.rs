//! Sends what was planned, and tries again in another way where the server refuses.
//!
//! Each group of tables is one transaction, each try a savepoint: a table that can't be filled takes
//! nothing with it.

use super::order::is_hard;
use super::plan::{self, Plan};
use super::references::{self, References};
use super::schema::{Schema, Table, TableId};
use super::statement;
use crate::Error;
use crate::error::{Refused, failed, refusal};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::{Client, SimpleQueryMessage};

/// What became of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub inserted: u64,
    pub reason: Option<String>,
    pub without_triggers: bool,
    /// Foreign keys (positions) that were left NULL until all tables have rows.
    pub late: Vec<usize>,
}

/// Rows that a table has, and rows that it is to get.
pub(crate) type Wanted = BTreeMap<TableId, (u64, u64)>;

/// Tables that hold at least one row.
pub(crate) async fn holding(client: &Client, schema: &Schema) -> Result<BTreeSet<TableId>, Error> {
    let mut holding = BTreeSet::new();
    let readable: Vec<&Table> = schema.tables.iter().filter(|table| table.readable).collect();
    for tables in readable.chunks(200) {
        let one =
            |table: &&Table| format!("SELECT {}::oid WHERE EXISTS (SELECT FROM {})", table.id, table.sql());
        let sql = tables.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ");
        let rows = client.query(&sql, &[]).await.map_err(|error| failed(error, &sql))?;
        holding.extend(rows.iter().map(|row| row.get::<_, u32>(0)));
    }
    Ok(holding)
}

/// Rows of a table.
pub(crate) async fn count(client: &Client, table: &Table) -> Result<u64, Error> {
    number(client, &format!("SELECT count(*) FROM {}", table.sql())).await
}

async fn number(client: &Client, sql: &str) -> Result<u64, Error> {
    let row = client.query_one(sql, &[]).await.map_err(|error| failed(error, sql))?;
    Ok(row.get::<_, i64>(0).unsigned_abs())
}

/// Statistics for the planner, as autovacuum would have made them.
pub(crate) async fn analyze(client: &Client, table: &Table) -> Result<(), Error> {
    run(client, &format!("ANALYZE {}", table.sql())).await?.map(drop).or(Ok(()))
}

/// Runs statements as one message; how many rows they changed.
pub(crate) async fn run(client: &Client, sql: &str) -> Result<Result<u64, Refused>, Error> {
    match client.simple_query(sql).await {
        Ok(messages) => Ok(Ok(messages
            .iter()
            .map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => *rows,
                _ => 0,
            })
            .sum())),
        Err(error) => refusal(error).map(Err),
    }
}

/// Runs what has to work.
pub(crate) async fn must(client: &Client, sql: &str) -> Result<(), Error> {
    client.batch_execute(sql).await.map_err(|error| failed(error, sql))
}

const BEGIN: &str =
    "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL jit = off; SET CONSTRAINTS ALL DEFERRED";

/// So many rows that it pays to trust the keys that were chosen for them.
const MANY: u64 = 500;

/// Fills the tables of a group.
pub(crate) async fn group(
    client: &Client,
    schema: &Schema,
    group: &[TableId],
    wanted: &Wanted,
    ready: &BTreeSet<TableId>,
) -> Result<Vec<(TableId, Outcome)>, Error> {
    let mut results = Vec::new();
    if !group.iter().any(|id| wanted.contains_key(id)) {
        return Ok(results);
    }
    must(client, BEGIN).await?;
    let circle = group.len() > 1;
    for table in group.iter().filter_map(|id| schema.table(*id)) {
        let Some((start, rows)) = wanted.get(&table.id) else { continue };
        let outcome = one(client, schema, table, (*start, *rows), ready, circle).await?;
        results.push((table.id, outcome));
    }
    for table in group.iter().filter_map(|id| schema.table(*id)) {
        let late = references::references(table, ready, &BTreeSet::new()).late;
        for key in late.iter().map(|key| &table.foreign_keys[*key]) {
            if is_hard(table, &key.columns)
                && wanted.contains_key(&table.id)
                && let Some(sql) = statement::point(schema, table, key, 0, true)
            {
                let _ = tried(client, &sql, false).await?;
            }
        }
    }
    match run(client, "COMMIT").await? {
        Ok(_) => {}
        Err(refused) => {
            let _ = run(client, "ROLLBACK").await?;
            for (_, outcome) in &mut results {
                *outcome = Outcome { reason: Some(said(&refused)), ..Outcome::default() };
            }
        }
    }
    Ok(results)
}

fn said(refused: &Refused) -> String {
    format!("{} ({})", refused.message, refused.sqlstate)
}

/// One try, undone if it is refused. Deferred constraints are checked too, unless the rows of other
/// tables have to come first.
async fn tried(client: &Client, sql: &str, defer: bool) -> Result<Result<u64, Refused>, Error> {
    let check = if defer { "" } else { "; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED" };
    // By itself: of a message that does not even parse, nothing is done.
    must(client, "SAVEPOINT brolly").await?;
    let result = run(client, &format!("{sql}{check}; RELEASE brolly")).await?;
    if result.is_err() {
        must(client, "ROLLBACK TO brolly; RELEASE brolly").await?;
    }
    Ok(result)
}

/// Fills one table, in a transaction that is open.
async fn one(
    client: &Client,
    schema: &Schema,
    table: &Table,
    (start, rows): (u64, u64),
    ready: &BTreeSet<TableId>,
    circle: bool,
) -> Result<Outcome, Error> {
    let references = counted(client, schema, table, ready, start + rows).await?;
    let plan = match plan::plan(schema, table, &references, start, rows) {
        Ok(plan) => plan,
        Err(reason) => return Ok(Outcome { reason: Some(reason), ..Outcome::default() }),
    };
    let outcome = insert(client, schema, table, plan, &references.late, circle).await?;
    Ok(Outcome { late: references.late, ..outcome })
}

/// The keys of a table, with the candidates of each cluster counted. A key that no candidate serves
/// and that may be NULL waits.
async fn counted(
    client: &Client,
    schema: &Schema,
    table: &Table,
    ready: &BTreeSet<TableId>,
    rows: u64,
) -> Result<References, Error> {
    let mut late = BTreeSet::new();
    loop {
        let mut references = references::references(table, ready, &late);
        let mut waiting = false;
        for cluster in &mut references.clusters {
            let Some(candidates) = cluster.candidates(schema, table, rows) else { continue };
            cluster.count = number(client, &format!("SELECT count(*) FROM ({candidates}) s")).await?;
            let soft = |key: &&usize| !is_hard(table, &table.foreign_keys[**key].columns);
            if cluster.count == 0
                && let Some(key) = cluster.keys.iter().find(soft)
            {
                waiting |= late.insert(*key);
            }
        }
        if !waiting {
            return Ok(references);
        }
    }
}

async fn insert(
    client: &Client,
    schema: &Schema,
    table: &Table,
    mut plan: Plan,
    late: &[usize],
    circle: bool,
) -> Result<Outcome, Error> {
    let mut checked = false;
    let mut hopeless: Option<String> = None;
    let mut outcome = Outcome::default();
    let mut refusals: Vec<Refused> = Vec::new();
    // Keys were taken from the tables they point to: to look for each again would cost more than all
    // the rest. Only where nothing else hangs on triggers.
    let mut trusted = plan.rows >= MANY
        && table.triggers.is_empty()
        && late.is_empty()
        && !table.foreign_keys.iter().any(|key| key.full);
    for _ in 0..7 {
        let mut sql = statement::insert(table, &plan);
        if outcome.without_triggers || (trusted && !plan.soft) {
            let role = "SET LOCAL session_replication_role";
            sql = format!("{role} = replica; {sql}; {role} = origin");
        }
        match tried(client, &sql, circle).await? {
            // A trigger may drop rows without a word.
            Ok(0) if plan.rows > 0 && !table.triggers.is_empty() && !outcome.without_triggers => {
                outcome.without_triggers = true;
            }
            Ok(inserted) => {
                outcome.inserted = inserted;
                break;
            }
            Err(refused) => {
                let again = match refused.sqlstate.as_str() {
                    "42501" if trusted => {
                        trusted = false;
                        true
                    }
                    "23505" | "23P01" if !plan.soft => {
                        plan.soft = true;
                        true
                    }
                    "23514" if !checked => {
                        checked = true;
                        match super::checks::satisfied(client, schema, table, &plan).await? {
                            Ok(better) => {
                                plan = better;
                                true
                            }
                            Err(why) => {
                                hopeless = Some(why);
                                false
                            }
                        }
                    }
                    // Keys in a circle that can't wait are mended before the transaction ends.
                    "23503" if circle && !outcome.without_triggers => {
                        outcome.without_triggers = true;
                        true
                    }
                    _ if !table.triggers.is_empty() && !outcome.without_triggers => {
                        outcome.without_triggers = true;
                        true
                    }
                    _ => false,
                };
                // That we may not do without triggers is no reason why the rows were refused.
                if !(refused.sqlstate == "42501" && refused.message.contains("session_replication_role")) {
                    refusals.push(refused);
                }
                if !again {
                    break;
                }
            }
        }
    }
    if outcome.inserted == 0 {
        outcome.without_triggers = false;
        outcome.reason = hopeless.or_else(|| refusals.last().map(said));
    } else if outcome.inserted < plan.rows {
        outcome.reason = Some("rows that would have repeated a key were left out".to_owned());
    } else if let Some(columns) = &plan.limit {
        let columns = table.sql_columns(columns).join(", ");
        outcome.reason = Some(format!("a key on ({columns}) leaves room for no more"));
    }
    Ok(outcome)
}

/// Gives values to some of the keys that had to stay NULL when their table was filled.
pub(crate) async fn point_back(
    client: &Client,
    schema: &Schema,
    late: &[(TableId, u64, usize)],
) -> Result<(), Error> {
    for (table, rows, key) in late {
        let Some(table) = schema.table(*table) else { continue };
        let Some(key) = table.foreign_keys.get(*key).filter(|key| !is_hard(table, &key.columns)) else {
            continue;
        };
        must(client, BEGIN).await?;
        // Where a key takes only one, one; a row that refuses keeps its NULL.
        for rows in [*rows, 1] {
            let Some(sql) = statement::point(schema, table, key, rows, false) else { break };
            if tried(client, &sql, false).await?.is_ok() {
                break;
            }
        }
        must(client, "COMMIT").await?;
    }
    Ok(())
}
