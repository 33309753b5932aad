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
}

/// Rows that a table has, and rows that it is to get.
pub(crate) type Wanted = BTreeMap<TableId, (u64, u64)>;

/// Tables that hold at least one row.
pub(crate) async fn holding(client: &Client, schema: &Schema) -> Result<BTreeSet<TableId>, Error> {
    let mut holding = BTreeSet::new();
    for tables in schema.tables.chunks(200) {
        let one =
            |table: &Table| format!("SELECT {}::oid WHERE EXISTS (SELECT FROM {})", table.id, table.sql());
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

async fn must(client: &Client, sql: &str) -> Result<(), Error> {
    client.batch_execute(sql).await.map_err(|error| failed(error, sql))
}

const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET CONSTRAINTS ALL DEFERRED";

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
        let late = references::references(table, ready).late;
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
    let result = run(client, &format!("SAVEPOINT brolly; {sql}{check}; RELEASE brolly")).await?;
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
    let mut references: References = references::references(table, ready);
    for at in 0..references.clusters.len() {
        let cluster = &references.clusters[at];
        let Some(candidates) = cluster.candidates(schema, table, start + rows) else { continue };
        let count = number(client, &format!("SELECT count(*) FROM ({candidates}) s")).await?;
        references.clusters[at].count = count;
    }
    let plan = match plan::plan(schema, table, &references, start, rows) {
        Ok(plan) => plan,
        Err(reason) => return Ok(Outcome { reason: Some(reason), ..Outcome::default() }),
    };
    insert(client, schema, table, plan, circle).await
}

async fn insert(
    client: &Client,
    schema: &Schema,
    table: &Table,
    mut plan: Plan,
    circle: bool,
) -> Result<Outcome, Error> {
    let mut checked = false;
    let mut hopeless: Option<String> = None;
    let mut outcome = Outcome::default();
    let mut refusals: Vec<Refused> = Vec::new();
    for _ in 0..6 {
        let mut sql = statement::insert(table, &plan);
        if outcome.without_triggers {
            let role = "SET LOCAL session_replication_role";
            sql = format!("{role} = replica; {sql}; {role} = origin");
        }
        match tried(client, &sql, circle).await? {
            Ok(inserted) => {
                outcome.inserted = inserted;
                break;
            }
            Err(refused) => {
                let again = match refused.sqlstate.as_str() {
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
                    _ if !table.triggers.is_empty() && !outcome.without_triggers => {
                        outcome.without_triggers = true;
                        true
                    }
                    _ => false,
                };
                refusals.push(refused);
                if !again {
                    break;
                }
            }
        }
    }
    if outcome.inserted == 0 {
        outcome.without_triggers = false;
        outcome.reason = hopeless.or_else(|| refusals.last().map(said));
    } else if let Some(columns) = &plan.limit {
        let columns = table.sql_columns(columns).join(", ");
        outcome.reason = Some(format!("a key on ({columns}) leaves room for no more"));
    }
    Ok(outcome)
}

/// Gives values to some of the keys that had to stay NULL when their table was filled.
pub(crate) async fn point_back(client: &Client, schema: &Schema, wanted: &Wanted) -> Result<(), Error> {
    let mut before = BTreeSet::new();
    for table in super::order::order(schema).iter().flatten().filter_map(|id| schema.table(*id)) {
        let references = references::references(table, &before);
        before.insert(table.id);
        let Some((_, rows)) = wanted.get(&table.id) else { continue };
        for key in references.late.iter().map(|key| &table.foreign_keys[*key]) {
            if is_hard(table, &key.columns) {
                continue;
            }
            if let Some(sql) = statement::point(schema, table, key, *rows, false) {
                must(client, BEGIN).await?;
                // A row that refuses keeps its NULL.
                let _ = tried(client, &sql, false).await?;
                must(client, "COMMIT").await?;
            }
        }
    }
    Ok(())
}
