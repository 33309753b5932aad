//! What the sessions of the old app send: for each table its reads and its writes, on rows that are
//! there.
//!
//! All leave the data as it was: an update sets a column to itself, an insert is rolled back. What a
//! database refuses before the migration says nothing about the migration, and is left out.

use crate::Error;
use crate::fill::{literal, quoted};
use crate::queries::{Declared, Line, insert_like};
use catalog::QName;
use pg::Connection;

/// Whether a statement reads or writes: what it waits for differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `SELECT`.
    Read,
    /// `INSERT`, `UPDATE`.
    Write,
}

/// A statement that is sent over and over.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub kind: Kind,
    /// What it is, for people.
    pub label: String,
    /// What is sent, as one message.
    pub sql: String,
    /// It opens a transaction, which has to be closed where it fails.
    pub undone: bool,
}

/// A statement that this database refuses before anything is migrated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The table.
    pub relation: QName,
    /// Which statement.
    pub label: String,
    /// SQLSTATE.
    pub sqlstate: String,
    /// The server's words.
    pub message: String,
}

/// Rows of a table that are read and written, from both ends of its key.
const ROWS: usize = 32;

/// So many queries by key for one that is not.
const MIX: usize = 4;

/// The statements on one table, of which this database takes all; and those that it refuses.
pub(super) async fn statements(
    session: &Connection,
    table: &Declared,
    line: Line,
) -> Result<(Vec<Statement>, Vec<LeftOut>), Error> {
    let name = format!("{}.{}", quoted(&table.name.schema), quoted(&table.name.name));
    let keys = keys(session, table, &name).await?;
    let plain = plain(session, table, &name, line).await?;
    let mut all = plain.clone();
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let free = |name: &&String| {
        let column = table.columns.iter().find(|column| quoted(&column.name) == **name);
        column.is_some_and(|c| !c.generated && !c.always && !table.primary_key.contains(&c.name))
    };
    let mut set = columns.iter().filter(free).cycle();
    for (at, key) in keys.iter().enumerate() {
        if at % MIX == 0 {
            all.extend(plain.iter().cloned());
        }
        all.push(Statement {
            kind: Kind::Read,
            label: "select() by its key".to_owned(),
            sql: format!("select {} from {name} where {key}", columns.join(", ")),
            undone: false,
        });
        if let Some(column) = set.next() {
            all.push(Statement {
                kind: Kind::Write,
                label: format!("update of {column}"),
                sql: format!("update {name} set {column} = {column} where {key}"),
                undone: false,
            });
        }
    }
    let mut fine = Vec::new();
    let mut left: Vec<LeftOut> = Vec::new();
    for statement in all {
        match session.batch(&statement.sql).await {
            Ok(()) => fine.push(statement),
            Err(pg::Error::Refused(refusal)) => {
                session.batch("rollback").await?;
                if !left.iter().any(|known| known.label == statement.label) {
                    left.push(LeftOut {
                        relation: table.name.clone(),
                        label: statement.label,
                        sqlstate: refusal.code,
                        message: refusal.message,
                    });
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((fine, left))
}

/// `select()` and `insert()` as Drizzle sends them. Of its other queries, those for one row look for it
/// themselves, and would all meet at the same one.
async fn plain(
    session: &Connection,
    table: &Declared,
    name: &str,
    line: Line,
) -> Result<Vec<Statement>, Error> {
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let texts: Vec<String> = columns.iter().map(|column| format!("{column}::text")).collect();
    let row = rows(session, &format!("select {} from {name} limit 1", texts.join(", "))).await?.pop();
    let like = |column: &str| {
        let at = table.columns.iter().position(|known| known.name == column)?;
        row.as_ref()?.get(at).cloned().flatten()
    };
    let select = Statement {
        kind: Kind::Read,
        label: "select()".to_owned(),
        sql: format!("select {} from {name} limit 1", columns.join(", ")),
        undone: false,
    };
    let insert = Statement {
        kind: Kind::Write,
        label: "insert()".to_owned(),
        sql: format!("begin; {}; rollback", insert_like(table, &like, line)),
        undone: true,
    };
    Ok(vec![select, insert])
}

/// The rows of a query; none where it is refused, since the app may declare what this database does
/// not have.
async fn rows(session: &Connection, sql: &str) -> Result<Vec<pg::Row>, Error> {
    match session.rows(sql).await {
        Ok(rows) => Ok(rows),
        Err(pg::Error::Refused(_)) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Conditions that find one row each.
async fn keys(session: &Connection, table: &Declared, name: &str) -> Result<Vec<String>, Error> {
    if table.primary_key.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<String> = table.primary_key.iter().map(|column| quoted(column)).collect();
    let texts: Vec<String> = columns.iter().map(|column| format!("{column}::text")).collect();
    let down: Vec<String> = columns.iter().map(|column| format!("{column} desc")).collect();
    let (texts, up, down) = (texts.join(", "), columns.join(", "), down.join(", "));
    let sql = format!(
        "(select {texts} from {name} order by {up} limit {ROWS}) \
         union all (select {texts} from {name} order by {down} limit {ROWS})"
    );
    let rows = rows(session, &sql).await?;
    let condition = |row: &pg::Row| {
        let pairs = columns.iter().zip(row).map(|(column, value)| {
            let value = value.as_deref().map_or("null".to_owned(), literal);
            format!("{column} = {value}")
        });
        pairs.collect::<Vec<_>>().join(" and ")
    };
    Ok(rows.iter().map(condition).collect())
}
