//! Statements that can't run in a transaction. Nothing rolls back what they leave where they fail, so each is
//! looked at before and after: an invalid index is dropped and built anew, what is done already is not done
//! again, and who keeps a build from going on is named.
//!
//! No lock_timeout: a build that waits for an old snapshot would die of it, and leave an invalid index.

use crate::ledger::literal;
use crate::migrate::Room;
use crate::progress::{Mark, noting};
use crate::tries::{readers_gone, transaction, watched};
use crate::{Error, Event, Unit};
use catalog::written::quoted;
use facts::Step;
use sql::{AlterAction, CreateIndex, Name, Stmt};
use std::time::Duration;

/// Runs a unit that is a statement on its own. `mark` is what an earlier run left of it.
pub(crate) async fn alone(
    room: &Room<'_>,
    unit: &Unit,
    mark: Option<&Mark>,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let Some(at) = unit.steps.first().copied() else { return Ok(()) };
    let step = &room.job.analysis.steps[at];
    let migration = &room.job.project.migrations[unit.migration];
    let done = noting(room.job.project, migration, step, true);
    let begun = mark.is_some();
    readers_gone(room, unit, tell).await?;
    match step.statement.as_deref().map(|statement| &statement.stmt) {
        Some(Stmt::Do(_) | Stmt::Call(_)) => {
            if !begun {
                match in_one_transaction(room, unit, &done, tell).await {
                    Err(Error::Refused { refusal, .. }) if refusal.code == "2D000" => {}
                    result => return result,
                }
            }
            note(room, step, unit, false).await?;
            bare(room, at, tell).await?;
        }
        Some(Stmt::CreateIndex(create)) => {
            note(room, step, unit, false).await?;
            build(room, at, create, begun, tell).await?;
        }
        Some(Stmt::Drop(drop)) if begun && !drop.if_exists => {
            let mut left = false;
            for object in &drop.objects {
                left |= there(room, &object.name).await?;
            }
            if left {
                bare(room, at, tell).await?;
            }
        }
        Some(Stmt::AlterTable(alter)) if begun => {
            let child = alter.commands.iter().find_map(|command| match &command.action {
                AlterAction::DetachPartition { partition, .. } => Some(partition),
                _ => None,
            });
            match child {
                Some(child) => detach(room, at, &alter.name, child, tell).await?,
                None => bare(room, at, tell).await?,
            }
        }
        Some(Stmt::Reindex(_)) => {
            note(room, step, unit, false).await?;
            clear_leftovers(room, step, tell).await?;
            let result = bare(room, at, tell).await;
            if !result.as_ref().is_err_and(Error::is_lost) {
                clear_leftovers(room, step, tell).await?;
            }
            result?;
        }
        _ => {
            note(room, step, unit, false).await?;
            bare(room, at, tell).await?;
        }
    }
    room.session.batch(&done).await?;
    Ok(())
}

/// A block or a call that does not end transactions runs in one as well, and then happens once.
async fn in_one_transaction(
    room: &Room<'_>,
    unit: &Unit,
    done: &str,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let mut sent = unit.sent.clone();
    sent.insert(0, crate::script::Sent::Own("BEGIN".to_owned()));
    sent.push(crate::script::Sent::Own("COMMIT".to_owned()));
    let whole = Unit { sent, ..unit.clone() };
    transaction(room, &whole, &[done.to_owned()], tell).await
}

async fn note(room: &Room<'_>, step: &Step, unit: &Unit, done: bool) -> Result<(), Error> {
    let migration = &room.job.project.migrations[unit.migration];
    Ok(room.session.batch(&noting(room.job.project, migration, step, done)).await?)
}

/// Sends the statement as it is.
async fn bare(room: &Room<'_>, at: usize, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    let step = &room.job.analysis.steps[at];
    tell(Event::Statement { step: at, attempt: 1 });
    send(room, at, step.span.of(&step.file.text), tell).await?;
    tell(Event::Ran { step: at });
    Ok(())
}

async fn send(room: &Room<'_>, at: usize, sql: &str, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    let limits = room.session.rows("SHOW lock_timeout").await?;
    let before = limits.into_iter().flatten().flatten().next().unwrap_or_default();
    room.session.batch("SET lock_timeout = 0").await?;
    let result = {
        let mut waits = |by: Vec<crate::Blocker>| tell(Event::Waits { step: at, by: &by });
        watched(room, room.session.batch(sql), &mut waits).await
    };
    if !matches!(result, Err(pg::Error::Lost { .. })) {
        room.session.batch(&format!("SET lock_timeout = {}", literal(&before))).await?;
    }
    match result {
        Err(pg::Error::Refused(refusal)) => Err(Error::Refused { step: Some(at), refusal }),
        Err(error) => Err(Error::at(Some(at), error)),
        Ok(()) => Ok(()),
    }
}

/// What is known of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Valid,
    /// Invalid, and nobody is at work on it.
    Wreck(String),
    /// Invalid as yet: this process builds it.
    Building(i32),
}

/// Builds an index, and sees to it that it is valid.
async fn build(
    room: &Room<'_>,
    at: usize,
    create: &CreateIndex,
    begun: bool,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let step = &room.job.analysis.steps[at];
    let Some(name) = create.name.as_ref().map(|name| name.text.as_str()) else {
        return bare(room, at, tell).await;
    };
    let mut tries = 0;
    loop {
        match state(room, &create.table, name).await? {
            State::Valid if begun || create.if_not_exists => {
                tell(Event::Index { name, what: "is there already, and valid" });
                return Ok(());
            }
            State::Wreck(full) => {
                tell(Event::Index {
                    name,
                    what: "is invalid, left by a build that failed: it is dropped and built anew",
                });
                send(room, at, &format!("DROP INDEX CONCURRENTLY IF EXISTS {full}"), tell).await?;
            }
            State::Building(pid) => {
                let blocker =
                    crate::Blocker { pid: Some(pid), query: "CREATE INDEX".to_owned(), ..Default::default() };
                tell(Event::Waits { step: at, by: &[blocker] });
                tokio::time::sleep(LOOK).await;
                continue;
            }
            State::Absent | State::Valid => {}
        }
        tries += 1;
        tell(Event::Statement { step: at, attempt: tries });
        let built = built(room, at, step.span.of(&step.file.text), tell).await;
        let left = match built {
            // The next run finds what is left.
            Err(ref error) if error.is_lost() => return built,
            _ => state(room, &create.table, name).await?,
        };
        match (built, left) {
            (Ok(()), State::Valid) => {
                tell(Event::Ran { step: at });
                return Ok(());
            }
            (Ok(()), _) => return Err(Error::InvalidIndex { name: name.to_owned() }),
            (Err(error), left) => {
                if let State::Wreck(full) = left {
                    tell(Event::Index { name, what: "could not be built: what is left of it is dropped" });
                    send(room, at, &format!("DROP INDEX CONCURRENTLY IF EXISTS {full}"), tell).await?;
                }
                let lost = matches!(&error, Error::Refused { refusal, .. } if refusal.code == "40P01");
                if !lost || tries >= TRIES {
                    return Err(error);
                }
            }
        }
    }
}

const TRIES: u32 = 3;
const LOOK: Duration = Duration::from_millis(500);

/// Sends the build, and tells how far it is.
async fn built(room: &Room<'_>, at: usize, sql: &str, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    let mut quiet = |_: Event<'_>| {};
    let work = send(room, at, sql, &mut quiet);
    tokio::pin!(work);
    let progress = format!(
        "SELECT phase, CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END, \
         CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END \
         FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {}",
        room.pid
    );
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK) => {}
        }
        let look = async {
            let rows = room.watcher.rows(&progress).await.unwrap_or_default();
            let by = crate::blockers::before(&room.watcher, room.pid).await.unwrap_or_default();
            (rows.into_iter().next().unwrap_or_default(), by)
        };
        tokio::select! {
            biased;
            done = &mut work => return done,
            (row, by) = look => {
                if let [Some(phase), done, total] = row.as_slice() {
                    let number = |cell: &Option<String>| cell.as_ref().and_then(|n| n.parse().ok()).unwrap_or(0);
                    tell(Event::Building { step: at, phase, done: number(done), total: number(total) });
                }
                if !by.is_empty() {
                    tell(Event::Waits { step: at, by: &by });
                }
            }
        }
    }
}

async fn state(room: &Room<'_>, table: &Name, name: &str) -> Result<State, Error> {
    let query = format!(
        "SELECT i.indisvalid, pg_catalog.format('%I.%I', n.nspname, c.relname), \
         (SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid LIMIT 1) \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE i.indrelid = pg_catalog.to_regclass({}) AND c.relname = {}",
        literal(&written(table)),
        literal(name)
    );
    let rows = room.session.rows(&query).await?;
    let Some([valid, full, pid]) = rows.first().map(Vec::as_slice) else { return Ok(State::Absent) };
    let pid = pid.as_ref().and_then(|pid| pid.parse().ok());
    Ok(match (valid.as_deref() == Some("t"), pid) {
        (true, _) => State::Valid,
        (false, Some(pid)) => State::Building(pid),
        (false, None) => State::Wreck(full.clone().unwrap_or_default()),
    })
}

async fn there(room: &Room<'_>, name: &Name) -> Result<bool, Error> {
    let query = format!("SELECT pg_catalog.to_regclass({})", literal(&written(name)));
    Ok(room.session.value(&query).await?.is_some())
}

/// A detachment that was begun: finished, where it is still pending.
async fn detach(
    room: &Room<'_>,
    at: usize,
    parent: &Name,
    child: &Name,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let (parent, child) = (written(parent), written(child));
    let query = format!(
        "SELECT inhdetachpending FROM pg_catalog.pg_inherits WHERE inhrelid = pg_catalog.to_regclass({}) \
         AND inhparent = pg_catalog.to_regclass({})",
        literal(&child),
        literal(&parent)
    );
    match room.session.value(&query).await?.as_deref() {
        None => Ok(()),
        Some("t") => {
            tell(Event::Statement { step: at, attempt: 1 });
            send(room, at, &format!("ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE"), tell).await
        }
        Some(_) => bare(room, at, tell).await,
    }
}

/// Drops what REINDEX CONCURRENTLY leaves where it fails: invalid indexes with an ending of its own.
async fn clear_leftovers(room: &Room<'_>, step: &Step, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    let Some(Stmt::Reindex(reindex)) = step.statement.as_deref().map(|statement| &statement.stmt) else {
        return Ok(());
    };
    if !reindex.concurrently {
        return Ok(());
    }
    let query = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND i.indrelid IN \
         (SELECT coalesce((SELECT x.indrelid FROM pg_catalog.pg_index x WHERE x.indexrelid = t.oid), t.oid) \
         FROM (SELECT pg_catalog.to_regclass({})::oid AS oid) t) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)",
        literal(&written(&reindex.name))
    );
    for name in room.session.rows(&query).await?.into_iter().flatten().flatten() {
        tell(Event::Index {
            name: &name,
            what: "is left by a REINDEX CONCURRENTLY that failed: it is dropped",
        });
        room.session.batch(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
    }
    Ok(())
}

/// A name as it is written in SQL.
fn written(name: &Name) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    }
}
