//! The path while both versions of the app write rows: none of their statements may fail, and what was acknowledged
//! has to be there in the end, under whatever name and type.

use crate::deploys::{gone_with, ships_with, waiting};
use crate::page::{Example, Planned};
use crate::writer::{Table, Values, Writer, is_written, read, texts};
use crate::{Naive, rows};
use catalog::written::{literal, quoted, sql_name, sql_type};
use catalog::{Catalog, ColumnId, Relation};
use pg::{Connection, Scratch, Server};
use plan::Checked;
use runner::script::script;
use runner::send::{Plain, send};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use verify::Error;
use verify::history::before_set;

/// How long the app is left alone between deploys, at least.
const BETWEEN: Duration = Duration::from_millis(40);
/// How many statements each session of it has sent by then, however slow the machine is.
const SENT: usize = 5;
/// Whoever has sent less by then is stuck.
const STUCK: Duration = Duration::from_secs(10);

/// What is wrong with the path where both versions of the app are at work.
pub async fn loaded(
    server: &Server,
    example: &Example,
    planned: &Planned,
    naive: &Naive,
) -> Result<Vec<String>, Error> {
    let Some(path) = &planned.plan.path else { return Ok(Vec::new()) };
    let scratch = Scratch::create(&server.target("postgres")).await?;
    let session = scratch.connect().await?;
    before_set(&session, &path.project, &path.analysis, 0, true, &mut |_, _, _| {}).await?;
    // More than one batch, where there are batches.
    let amount = if planned.plan.texts.backfills.is_empty() { 300 } else { 2_200 };
    rows::fill(&session, example, &planned.plan.before, rows::must_suit(planned, naive), amount).await?;
    let problems = problems(&scratch, &session, planned, path).await?;
    session.close().await;
    scratch.finish().await?;
    Ok(problems)
}

/// A session of a version of the app that is at work.
struct Working {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    task: JoinHandle<Result<Writer, pg::Error>>,
}

impl Working {
    /// The writers of these numbers.
    async fn start(
        scratch: &Scratch,
        catalog: &Arc<Catalog>,
        tables: &[Table],
        which: [usize; 2],
    ) -> Result<Vec<Working>, Error> {
        let mut all = Vec::new();
        for one in which {
            let stop = Arc::new(AtomicBool::new(false));
            let writer = Writer::new(catalog, tables, one);
            let acknowledged = Arc::clone(&writer.acknowledged);
            let task = tokio::spawn(writer.work(scratch.connect().await?, Arc::clone(&stop)));
            all.push(Working { stop, acknowledged, task });
        }
        Ok(all)
    }

    /// Lets all of these work for a while.
    async fn pass<'w>(all: impl Iterator<Item = &'w Working>) {
        let known: Vec<_> = all.map(|one| (one, one.acknowledged.load(Ordering::Relaxed))).collect();
        tokio::time::sleep(BETWEEN).await;
        let start = Instant::now();
        let sent = |(one, before): &(&Working, usize)| {
            one.task.is_finished() || one.acknowledged.load(Ordering::Relaxed) >= before + SENT
        };
        while !known.iter().all(sent) && start.elapsed() < STUCK {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn stop(self) -> Result<Writer, Error> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.task.await.expect("it does not panic")?)
    }
}

async fn problems(
    scratch: &Scratch,
    session: &Connection,
    planned: &Planned,
    path: &Checked,
) -> Result<Vec<String>, Error> {
    let judged = &planned.plan.before.sets[0];
    let (start, end) = (&judged.start, &judged.end);
    let tables = tables(session, start, end).await?;
    let mut old = Working::start(scratch, start, &tables, [0, 1]).await?;
    let mut new = Vec::new();
    let mut done: Vec<(&str, Writer)> = Vec::new();
    let mut changed = Changed::default();
    let mut problems = Vec::new();
    Working::pass(old.iter()).await;
    for (n, deploy) in path.deploys.iter().enumerate() {
        if n == gone_with(planned, path) {
            for old in old.drain(..) {
                done.push(("the deployed app", old.stop().await?));
            }
        }
        changed.fixed.extend(rows::put_right(session, &waiting(planned, deploy.phase), end).await?);
        if let Err(error) = deployed(session, path, n).await {
            problems.push(format!("under load, deploy {} fails: {error}", n + 1));
            break;
        }
        if n == 0 {
            for backfill in &planned.plan.texts.backfills {
                changed.took(backfill);
                session.batch(&plan::script(backfill)).await?;
            }
        }
        if n == ships_with(path) {
            new = Working::start(scratch, end, &tables, [2, 3]).await?;
        }
        Working::pass(old.iter().chain(&new)).await;
    }
    for (whose, all) in [("the deployed app", old), ("the new app", new)] {
        for working in all {
            done.push((whose, working.stop().await?));
        }
    }
    for (whose, writer) in &done {
        let failures: BTreeSet<&String> = writer.failures.iter().collect();
        problems.extend(failures.into_iter().map(|one| format!("under load, {whose} fails: {one}")));
        let acknowledged = writer.acknowledged.load(Ordering::Relaxed);
        if acknowledged < SENT && !writer.tables.is_empty() {
            problems.push(format!("{whose} wrote {acknowledged} rows only"));
        }
    }
    if problems.is_empty() {
        let writers: Vec<&Writer> = done.iter().map(|(_, writer)| writer).collect();
        for table in &tables {
            problems.extend(lost(session, end, table, &writers, &changed).await?);
        }
    }
    Ok(problems)
}

/// Sends what Drizzle's migrator sends.
pub async fn deployed(session: &Connection, path: &Checked, set: usize) -> Result<(), pg::Error> {
    let mut plain = Plain { session, analysis: &path.analysis };
    match send(session, &script(&path.project, &path.analysis, set), &mut plain).await? {
        None => Ok(()),
        Some(refused) => Err(pg::Error::Refused(refused.refusal)),
    }
}

/// What the path itself does to rows.
#[derive(Default)]
struct Changed {
    /// Columns whose NULLs were given a value.
    fixed: BTreeSet<(String, String)>,
    /// Columns that backfills set, and whether only those that are NULL.
    set: BTreeMap<(String, String), bool>,
    /// Tables that rows are deleted from.
    deleted: BTreeSet<String>,
}

impl Changed {
    fn took(&mut self, backfill: &plan::Backfill) {
        let table = backfill.table.replace('"', "");
        match backfill.set.split_once('=') {
            None => drop(self.deleted.insert(table)),
            Some((column, _)) => {
                let nulls = backfill.condition.as_ref().is_some_and(|one| one.ends_with("IS NULL"));
                self.set.insert((table, column.trim().replace('"', "")), nulls);
            }
        }
    }

    /// Whether a column may hold something else than was written.
    fn may_differ(&self, table: &str, column: &str, written: Option<&String>) -> bool {
        let key = (table.to_owned(), column.to_owned());
        let null = written.is_none();
        (null && self.fixed.contains(&key)) || self.set.get(&key).is_some_and(|nulls| null || !nulls)
    }
}

/// The tables of a schema that is there, with what is known of their rows; what is unique in another one counts too.
pub async fn tables(session: &Connection, there: &Catalog, other: &Catalog) -> Result<Vec<Table>, Error> {
    session.batch("set timezone = 'UTC'").await?;
    let mut tables = Vec::new();
    for relation in there.relations().filter(|one| is_written(one)) {
        let name = sql_name(&relation.name);
        let after = other.relation(relation.id);
        let mut keys = Vec::new();
        for (catalog, relation) in
            [Some((there, relation)), after.map(|after| (other, after))].into_iter().flatten()
        {
            for index in relation.indexes.iter().filter_map(|id| catalog.index(*id)).filter(|one| one.unique)
            {
                let columns: Option<Vec<ColumnId>> = index.keys.iter().copied().collect();
                keys.extend(columns);
            }
        }
        let known = |relation: &Relation| relation.primary_key().map(|key| key.columns.clone());
        let both = |key: &Vec<ColumnId>| key.iter().all(|id| relation.column_by_id(*id).is_some());
        let key = known(relation).or_else(|| after.and_then(|after| known(after))).or(keys.first().cloned());
        let count = session.value(&format!("SELECT count(*) FROM {name}")).await?;
        let some = session.rows(&format!("SELECT {} FROM {name} LIMIT 16", texts(relation))).await?;
        tables.push(Table {
            id: relation.id,
            key: key.filter(both).unwrap_or_default(),
            unique: keys.into_iter().flatten().collect(),
            rows: some.iter().map(|row| read(relation, row)).collect(),
            count: count.and_then(|count| count.parse().ok()).unwrap_or_default(),
        });
    }
    Ok(tables)
}

/// Rows of a table that are not what was written last.
async fn lost(
    session: &Connection,
    end: &Catalog,
    table: &Table,
    writers: &[&Writer],
    changed: &Changed,
) -> Result<Vec<String>, Error> {
    let Some(relation) = end.relation(table.id) else { return Ok(Vec::new()) };
    let (name, plain) = (sql_name(&relation.name), sql_name(&relation.name).replace('"', ""));
    let there = session.rows(&format!("SELECT {} FROM {name}", texts(relation))).await?;
    let there: Vec<Values> = there.iter().map(|row| read(relation, row)).collect();
    let key_of = |row: &Values| -> Vec<Option<String>> {
        table.key.iter().map(|id| row.get(id).cloned().flatten()).collect()
    };
    let mut problems = Vec::new();
    let deletes = changed.deleted.contains(&plain);
    let at = |writer: &Writer| writer.tables.iter().position(|one| one.id == table.id);
    let grown: i64 = writers.iter().filter_map(|writer| Some(writer.grown[at(writer)?])).sum();
    if !deletes && there.len() as i64 != table.count + grown {
        problems.push(format!("{plain} has {} rows, not {} and {grown}", there.len(), table.count));
    }
    if table.key.is_empty() {
        return Ok(problems);
    }
    let by_key: BTreeMap<Vec<Option<String>>, &Values> = there.iter().map(|row| (key_of(row), row)).collect();
    for writer in writers {
        let Some(at) = at(writer) else { continue };
        for row in &writer.mine[at] {
            let key = key_of(row);
            if key.iter().any(Option::is_none) {
                continue;
            }
            let Some(real) = by_key.get(&key) else {
                if !deletes {
                    problems.push(format!("{plain} has lost row {key:?}"));
                }
                continue;
            };
            for column in &relation.columns {
                let (Some(written), Some(now)) = (row.get(&column.id), real.get(&column.id)) else {
                    continue;
                };
                if written == now || changed.may_differ(&plain, &column.name, written.as_ref()) {
                    continue;
                }
                // Another type may write the same value in another way.
                let ty = sql_type(end, &column.ty).unwrap_or_else(|| "text".to_owned());
                let cast = match written {
                    Some(text) => session.value(&format!("SELECT {}::{ty}::text", literal(text))).await?,
                    None => None,
                };
                if cast != *now {
                    let column = quoted(&column.name);
                    problems.push(format!(
                        "{plain}.{column} of {key:?} is {now:?}, and was written as {written:?}"
                    ));
                }
            }
        }
    }
    Ok(problems)
}
