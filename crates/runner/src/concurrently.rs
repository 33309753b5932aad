//! Statements that can't run in a transaction. Nothing rolls back what they leave where they fail, so each is
//! looked at before and after: what is done already is not done again, and who keeps one from going on is named.
//! How an index is built is in `index`.
//!
//! No lock_timeout: a build that waits for an old snapshot would die of it, and leave an invalid index.

use crate::ledger::literal;
use crate::migrate::Room;
use crate::progress::{Mark, noting};
use crate::tries::{readers_gone, transaction, watched};
use crate::{Error, Event, Unit, index};
use catalog::written::quoted;
use facts::Step;
use sql::{AlterAction, Name, Stmt};

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
        Some(Stmt::CreateIndex(create)) => index::build(room, unit, at, create, mark, tell).await?,
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

pub(crate) async fn note(room: &Room<'_>, step: &Step, unit: &Unit, done: bool) -> Result<(), Error> {
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

pub(crate) async fn send(
    room: &Room<'_>,
    at: usize,
    sql: &str,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
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
pub(crate) fn written(name: &Name) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    }
}
