//! Brings a database to where a pending set meets it: the migrations before it, each in a transaction
//! of its own, as they were deployed one after the other.
//!
//! What this server refuses (an extension that it lacks, say) is noted and passed over, so that the
//! rest can still be looked at.

use crate::roles::{make_roles, roles_of};
use drizzle::{Migration, Project};
use facts::{Analysis, JudgedSet};
use pg::{Connection, Error};
use runner::ledger;
use sql::{Stmt, Transaction};

/// A statement of the history that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Index into `Project::migrations`.
    pub migration: usize,
    /// The statement.
    pub sql: String,
    /// SQLSTATE.
    pub sqlstate: String,
    /// The server's words.
    pub message: String,
}

/// Brings a session's empty database, which is ours alone, to where a judged set meets it: its TimeZone, roles
/// where they may be made, Drizzle's ledger, and the migrations before the set, noted as run. `before` is called ahead
/// of each, with its number and how many there are.
pub async fn before_set(
    session: &Connection,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    may_make_roles: bool,
    before: &mut dyn FnMut(&Migration, usize, usize),
) -> Result<Vec<Refused>, Error> {
    // Of the database too: it is for the sessions that come, which reset what was set in them.
    let zone = analysis.options.time_zone.replace('\'', "''");
    let of_all = format!(
        "select pg_catalog.format('alter database %I set timezone = %L', pg_catalog.current_database(), '{zone}')"
    );
    let of_all = session.value(&of_all).await?.unwrap_or_default();
    session.batch(&format!("{of_all}; set timezone = '{zone}'")).await?;
    if may_make_roles {
        make_roles(session, &roles_of(project)).await?;
    }
    ledger::prepare(session, project).await?;
    let earlier = earlier(project, &analysis.sets[set]);
    let mut done = 0;
    let refused = apply_history(session, project, &earlier, &mut |migration| {
        done += 1;
        before(migration, done, earlier.len());
    })
    .await?;
    for index in &earlier {
        ledger::note(session, project, &project.migrations[*index]).await?;
    }
    Ok(refused)
}

/// Migrations that a set stands on.
pub fn earlier(project: &Project, judged: &JudgedSet) -> Vec<usize> {
    let first = judged.migrations.iter().min().copied().unwrap_or(project.migrations.len());
    (0..first).collect()
}

/// Applies migrations in this order, calling `before` ahead of each, and gives what was refused.
pub async fn apply_history(
    session: &Connection,
    project: &Project,
    migrations: &[usize],
    before: &mut dyn FnMut(&Migration),
) -> Result<Vec<Refused>, Error> {
    let mut refused = Vec::new();
    for index in migrations {
        let migration = &project.migrations[*index];
        before(migration);
        let left = whole(session, migration).await?;
        for chunk in left {
            for sql in statements(chunk) {
                if let Err(error) = session.batch(sql).await {
                    refused.push(noted(*index, sql, error)?);
                }
            }
        }
    }
    Ok(refused)
}

/// Runs a migration in one transaction. Gives the chunks that are left to run one by one: none, or
/// all of them where one was refused (what can't run in a transaction is), or those behind a COMMIT.
async fn whole<'a>(session: &Connection, migration: &'a Migration) -> Result<Vec<&'a str>, Error> {
    let text = &migration.file.text;
    let mut chunks: Vec<&str> = migration.chunks.iter().map(|chunk| chunk.of(text)).collect();
    session.batch("BEGIN").await?;
    let mut done = 0;
    for at in 0..chunks.len() {
        let chunk = chunks[at];
        let parsed = sql::parse(chunk, 0);
        let controls = parsed.statements.iter().any(|statement| ends_transaction(&statement.stmt));
        match session.batch(chunk).await {
            Ok(()) if controls => done = at + 1,
            Ok(()) => {}
            Err(Error::Refused(_)) => {
                session.batch("ROLLBACK").await?;
                return Ok(chunks.split_off(done));
            }
            Err(error) => return Err(error),
        }
    }
    match session.batch("COMMIT").await {
        Ok(()) => Ok(Vec::new()),
        Err(Error::Refused(_)) => Ok(chunks.split_off(done)),
        Err(error) => Err(error),
    }
}

/// Whether a statement ends the transaction that is open.
pub(crate) fn ends_transaction(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Transaction(Transaction::Commit { .. } | Transaction::Rollback { .. }))
}

fn statements(chunk: &str) -> Vec<&str> {
    let parsed = sql::parse(chunk, 0);
    let good = parsed.statements.iter().map(|statement| statement.span);
    let mut spans: Vec<_> = good.chain(parsed.errors.iter().map(|error| error.statement)).collect();
    spans.sort_by_key(|span| span.start);
    spans.into_iter().map(|span| span.of(chunk)).collect()
}

fn noted(migration: usize, sql: &str, error: Error) -> Result<Refused, Error> {
    match error {
        Error::Refused(refusal) => {
            Ok(Refused { migration, sql: sql.to_owned(), sqlstate: refusal.code, message: refusal.message })
        }
        error => Err(error),
    }
}
