//! Rows as the heads of a set's migrations say that they are: what `brolly migrate` and `brolly contract` make sure of
//! before they run. And what waits for later deploys, run once all else was looked at.
//!
//! Finds no file and reads no head: what they say is an argument. Anything that can't be brought about is noted.

use crate::Error;
use crate::fill::{Amounts, Filled, fill};
use crate::rehearse::{constrain, release};
use catalog::QName;
use facts::Analysis;
use pg::Connection;
use std::collections::BTreeSet;

/// What has to be so before migrations run.
#[derive(Clone, Debug, Default)]
pub struct Needed {
    /// The migrations that say something, as indexes into `Project::migrations`.
    pub migrations: BTreeSet<usize>,
    /// Backfills that are finished by then: their names, and their scripts for psql.
    pub backfills: Vec<(String, String)>,
    /// Rows that are not there by then: a table and a condition, as SQL.
    pub no_rows: Vec<(String, String)>,
}

/// What the path of a set leaves to later deploys.
#[derive(Clone, Debug, Default)]
pub struct Later {
    /// What has to be so before.
    pub needed: Needed,
    /// The SQL of each file, in order.
    pub files: Vec<String>,
}

/// Fills all tables of a session's database, and brings about what a set needs of their rows. The second value is
/// what could not be brought about, a line each.
///
/// Errors: those of [`fill()`].
pub(crate) async fn filled(
    session: &Connection,
    analysis: &Analysis,
    set: usize,
    amounts: &Amounts,
    needed: &Needed,
) -> Result<(Filled, Vec<String>), Error> {
    if needed.migrations.is_empty() {
        return Ok((fill(session.client(), amounts).await?, Vec::new()));
    }
    // What those migrations will ask of new rows holds of all that are there by then.
    let before =
        constrain(session, analysis, set, &|migration| needed.migrations.contains(&migration)).await?;
    let mut filled = fill(session.client(), amounts).await?;
    release(session, &before).await?;
    if filled.empty().next().is_some() {
        let again = fill(session.client(), amounts).await?;
        let late = again.tables.into_iter().filter(|(_, table)| table.inserted > 0);
        filled.tables.extend(late);
    }
    let notes = put_right(session, needed).await?;
    for table in emptied(session, needed).await? {
        if let Some(known) = filled.tables.get_mut(&table) {
            known.inserted = 0;
            known.before = 0;
        }
    }
    Ok((filled, notes))
}

/// Runs backfills, and deletes rows that must not be there. What the server refuses is given, a line each.
async fn put_right(session: &Connection, needed: &Needed) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    for (name, script) in &needed.backfills {
        if let Some(why) = refused(session, script).await? {
            notes.push(format!("backfill {name} did not run before the set: {why}"));
        }
    }
    for (table, condition) in &needed.no_rows {
        let delete = format!("DELETE FROM {table} WHERE {condition}");
        if let Some(why) = refused(session, &delete).await? {
            notes.push(format!("rows of {table} where {condition} may be there: {why}"));
        }
    }
    Ok(notes)
}

/// Why the server refuses a statement; nothing where it ran, or where what it is about comes with the set.
async fn refused(session: &Connection, sql: &str) -> Result<Option<String>, Error> {
    match session.batch(sql).await {
        Ok(()) => Ok(None),
        // Undefined table, column, function (appendix A of the manual).
        Err(pg::Error::Refused(refusal)) if ["42P01", "42703", "42883"].contains(&refusal.code.as_str()) => {
            Ok(None)
        }
        Err(pg::Error::Refused(refusal)) => Ok(Some(format!("{} {}", refusal.code, refusal.message))),
        Err(error) => Err(error.into()),
    }
}

/// The tables of these needs that are there without a row.
async fn emptied(session: &Connection, needed: &Needed) -> Result<Vec<QName>, Error> {
    let mut found = Vec::new();
    for (table, _) in &needed.no_rows {
        let names = format!(
            "select n.nspname, c.relname from pg_catalog.pg_class c \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where c.oid = pg_catalog.to_regclass('{}') and not exists (select from {table})",
            table.replace('\'', "''")
        );
        let rows = match session.rows(&names).await {
            Ok(rows) => rows,
            Err(pg::Error::Refused(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        for row in rows {
            let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
            found.push(QName::new(cell(0), cell(1)));
        }
    }
    Ok(found)
}

/// Runs what waits for later deploys, as far as the server takes it.
pub(crate) async fn run_later(session: &Connection, later: &Later) -> Result<(), Error> {
    put_right(session, &later.needed).await?;
    for file in &later.files {
        for chunk in drizzle::split_chunks(file) {
            for statement in sql::parse(chunk.of(file), 0).statements {
                match session.batch(statement.span.of(chunk.of(file))).await {
                    Ok(()) => {}
                    Err(pg::Error::Refused(_)) => {
                        session.batch("ROLLBACK").await?;
                        return Ok(());
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    Ok(())
}
