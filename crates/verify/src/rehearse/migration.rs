//! The migrating session: what Drizzle's migrator sends, chunk by chunk, and nothing beside it.
//!
//! Nobody looks at locks here, as [`crate::migrate`] does between statements: it would hold them
//! longer than they are held in production.

use crate::Error;
use drizzle::Project;
use pg::Connection;
use runner::ledger;
use std::time::{Duration, Instant};

/// A chunk of a migration that ran. Times count from the start of the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Its migration.
    pub tag: String,
    /// Its text.
    pub sql: String,
    /// When it was sent.
    pub from: Duration,
    /// When it was through.
    pub to: Duration,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything is committed.
    Committed,
    /// The server refused a chunk (the last of the list), or the commit behind them.
    Refused {
        /// SQLSTATE.
        sqlstate: String,
        /// The server's words.
        message: String,
    },
}

/// One try to run the pending set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// When it began.
    pub from: Duration,
    /// When it was over.
    pub to: Duration,
    /// What ran.
    pub statements: Vec<Timed>,
    /// How it ended.
    pub end: End,
}

impl Try {
    /// Whether another try may do better: it gave up on a lock, or was the victim of a deadlock.
    pub fn lost_a_lock(&self) -> bool {
        matches!(&self.end, End::Refused { sqlstate, .. } if sqlstate == "55P03" || sqlstate == "40P01")
    }
}

/// Runs these migrations in one transaction, unless they say otherwise.
pub(super) async fn attempt(
    session: &Connection,
    project: &Project,
    migrations: &[usize],
    clock: Instant,
    before: &mut dyn FnMut(&str, usize, usize),
) -> Result<Try, Error> {
    let from = clock.elapsed();
    let of: usize = migrations.iter().map(|index| project.migrations[*index].chunks.len()).sum();
    let mut statements = Vec::new();
    let ended = |statements, refusal: Box<pg::Refusal>| Try {
        from,
        to: clock.elapsed(),
        statements,
        end: End::Refused { sqlstate: refusal.code, message: refusal.message },
    };
    session.batch("begin").await?;
    for index in migrations {
        let migration = &project.migrations[*index];
        for chunk in &migration.chunks {
            let sql = chunk.of(&migration.file.text);
            before(&migration.tag, statements.len() + 1, of);
            let from = clock.elapsed();
            let result = session.batch(sql).await;
            let to = clock.elapsed();
            statements.push(Timed { tag: migration.tag.clone(), sql: sql.trim().to_owned(), from, to });
            match result {
                Ok(()) => {}
                Err(pg::Error::Refused(refusal)) => {
                    session.batch("rollback").await?;
                    return Ok(ended(statements, refusal));
                }
                Err(error) => return Err(error.into()),
            }
        }
        ledger::note(session, project, migration).await?;
    }
    match session.batch("commit").await {
        Ok(()) => Ok(Try { from, to: clock.elapsed(), statements, end: End::Committed }),
        Err(pg::Error::Refused(refusal)) => Ok(ended(statements, refusal)),
        Err(error) => Err(error.into()),
    }
}
