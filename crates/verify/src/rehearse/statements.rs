//! What the sessions of the old app send: for each table its reads and its writes, on rows that are
//! there.
//!
//! All leave the data as it was: an update sets a column to itself, an insert is rolled back. What a
//! database refuses before the migration says nothing about the migration, and is left out.

use crate::Error;
use crate::fill::{literal, quoted};
use crate::queries::{AppQuery, Declared};
use catalog::QName;
use facts::Operation;
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

/// The statements on one table, of which this database takes all; and those that it refuses.
pub(super) async fn statements(
    session: &Connection,
    table: &Declared,
    queries: &[AppQuery],
) -> Result<(Vec<Statement>, Vec<LeftOut>), Error> {
    let keys = keys(session, table).await?;
    let own = queries.iter().filter(|query| query.relation == table.name);
    let mut all: Vec<Statement> = own.filter_map(of_query).collect();
    let name = format!("{}.{}", quoted(&table.name.schema), quoted(&table.name.name));
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let free = |name: &&String| {
        let column = table.columns.iter().find(|column| quoted(&column.name) == **name);
        column.is_some_and(|c| !c.generated && !c.always && !table.primary_key.contains(&c.name))
    };
    let mut set = columns.iter().filter(free).cycle();
    for key in &keys {
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

/// The plain ones of Drizzle's queries. Those that look for their row themselves would all meet at
/// the same one, and wait for each other.
fn of_query(query: &AppQuery) -> Option<Statement> {
    match (query.operation, query.label.as_str()) {
        (Operation::Select, "select()") => Some(Statement {
            kind: Kind::Read,
            label: query.label.clone(),
            sql: query.sql.clone(),
            undone: false,
        }),
        (Operation::Insert, "insert()") => Some(Statement {
            kind: Kind::Write,
            label: query.label.clone(),
            sql: format!("begin; {}; rollback", query.sql),
            undone: true,
        }),
        _ => None,
    }
}

/// Conditions that find one row each.
async fn keys(session: &Connection, table: &Declared) -> Result<Vec<String>, Error> {
    if table.primary_key.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<String> = table.primary_key.iter().map(|column| quoted(column)).collect();
    let name = format!("{}.{}", quoted(&table.name.schema), quoted(&table.name.name));
    let texts: Vec<String> = columns.iter().map(|column| format!("{column}::text")).collect();
    let down: Vec<String> = columns.iter().map(|column| format!("{column} desc")).collect();
    let (texts, up, down) = (texts.join(", "), columns.join(", "), down.join(", "));
    let sql = format!(
        "(select {texts} from {name} order by {up} limit {ROWS}) \
         union all (select {texts} from {name} order by {down} limit {ROWS})"
    );
    let rows = match session.rows(&sql).await {
        Ok(rows) => rows,
        // The app may declare what this database does not have.
        Err(pg::Error::Refused(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let condition = |row: &pg::Row| {
        let pairs = columns.iter().zip(row).map(|(column, value)| {
            let value = value.as_deref().map_or("null".to_owned(), literal);
            format!("{column} = {value}")
        });
        pairs.collect::<Vec<_>>().join(" and ")
    };
    Ok(rows.iter().map(condition).collect())
}
