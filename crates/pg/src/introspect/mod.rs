//! The schema of a live database as the value that replaying its migrations would give.
//!
//! The server writes its own objects back as SQL ([`queries`], one for each kind, PostgreSQL 13 to
//! 18), and the statements go through `sql::parse` and `catalog::apply` in the order of dependency:
//! there is one builder of meaning. What no statement can say, such as an invalid index, is set
//! behind them. Left out are system schemas, what belongs to extensions (the extensions themselves are
//! kept), temporary objects, and the schema `drizzle`, which holds Drizzle's ledger.
//!
//! Reads only. Run in a transaction, it sees one moment (from REPEATABLE READ on).

mod objects;
mod queries;
mod tables;

use crate::{Connection, Error};
use catalog::{Catalog, QName};
use std::collections::BTreeSet;

/// What was read, and what could not be.
#[derive(Clone, Debug)]
pub struct Introspected {
    /// The schema.
    pub catalog: Catalog,
    /// Objects that could not be understood, a line each: they are not in the schema.
    pub unread: Vec<String>,
}

/// Reads the schema of the database.
///
/// Errors: those of the connection; [`Error::Protocol`] where an object can't be understood.
pub async fn introspect(connection: &Connection) -> Result<Catalog, Error> {
    let read = introspected(connection).await?;
    match read.unread.first() {
        None => Ok(read.catalog),
        Some(first) => Err(Error::Protocol { host: connection.host().to_owned(), why: first.clone() }),
    }
}

/// Reads the schema of the database as far as it can be understood.
pub async fn introspected(connection: &Connection) -> Result<Introspected, Error> {
    // With nothing but the system's schema on the path, all other names come back qualified.
    let path = connection.value("SELECT pg_catalog.current_setting('search_path')").await?;
    connection.rows("SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)").await?;
    let read = read(connection).await;
    let path = path.unwrap_or_default().replace('\'', "''");
    let back =
        connection.rows(&format!("SELECT pg_catalog.set_config('search_path', '{path}', false)")).await;
    let read = read?;
    back?;
    Ok(read)
}

async fn read(connection: &Connection) -> Result<Introspected, Error> {
    let mut read = Introspected { catalog: Catalog::new(), unread: Vec::new() };
    for query in queries::BEFORE_VIEWS {
        for row in connection.rows(query).await? {
            read.take(row.first().and_then(Option::as_deref));
        }
    }
    let views = connection.rows(queries::VIEWS).await?;
    for view in in_order(views) {
        read.take(Some(&view));
    }
    for query in queries::AFTER_VIEWS {
        for row in connection.rows(query).await? {
            read.take(row.first().and_then(Option::as_deref));
        }
    }
    let name = |row: &crate::Row| Some(QName::new(row.first()?.clone()?, row.get(1)?.clone()?));
    for row in connection.rows(queries::INDEX_VALIDITY).await? {
        if let Some(index) = name(&row) {
            read.catalog.set_index_valid(&index, row.get(2).and_then(Option::as_deref) == Some("t"));
        }
    }
    for row in connection.rows(queries::INDEX_PARTS).await? {
        let whole = row.get(2..).map(<[Option<String>]>::to_vec);
        if let (Some(part), Some(whole)) = (name(&row), whole.as_ref().and_then(name)) {
            read.catalog.set_index_part(&part, &whole);
        }
    }
    for row in connection.rows(queries::INHERITED_COLUMNS).await? {
        if let (Some(table), Some(column)) = (name(&row), row.get(2).and_then(Option::as_deref)) {
            read.catalog.set_inherited(&table, column);
        }
    }
    Ok(read)
}

impl Introspected {
    /// Applies a statement that the server wrote.
    fn take(&mut self, statement: Option<&str>) {
        let Some(text) = statement else { return };
        let parsed = sql::parse(text, 0);
        for error in &parsed.errors {
            let start: String = text.chars().take(80).collect();
            self.unread.push(format!("brolly can't read what the server says: {}: {start}", error.message));
        }
        for statement in &parsed.statements {
            let applied = catalog::apply(&mut self.catalog, &statement.stmt);
            // What is missing belongs to an extension or to the system.
            for refusal in applied.refusals.iter().filter(|refusal| !refusal.outside_history) {
                let start: String = text.chars().take(80).collect();
                self.unread.push(format!("brolly stumbled over its own rules: {}: {start}", refusal.message));
            }
        }
    }
}

/// Views behind the views that they read. A row is the view's oid, its statement, and the oids of
/// what it reads, with blanks between.
fn in_order(rows: Vec<crate::Row>) -> Vec<String> {
    let mut waiting: Vec<(String, String, Vec<String>)> = rows
        .into_iter()
        .filter_map(|row| {
            let mut values = row.into_iter();
            let (oid, statement) = (values.next()??, values.next()??);
            let reads = values.next()?.unwrap_or_default();
            Some((oid, statement, reads.split(' ').map(str::to_owned).collect()))
        })
        .collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let left: BTreeSet<String> = waiting.iter().map(|(oid, ..)| oid.clone()).collect();
        let is_ready = |(oid, _, reads): &(String, String, Vec<String>)| {
            reads.iter().all(|read| read == oid || !left.contains(read))
        };
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        // Views that read each other can't be made by any order: as they come.
        let stuck = ready.is_empty();
        let (ready, rest) = if stuck { (rest, Vec::new()) } else { (ready, rest) };
        ordered.extend(ready.into_iter().map(|(_, statement, _)| statement));
        waiting = rest;
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_come_behind_what_they_read() {
        let row = |oid: &str, reads: &str| {
            vec![Some(oid.to_owned()), Some(format!("v{oid}")), Some(reads.to_owned())]
        };
        let rows = vec![row("3", "1 2"), row("2", "1"), row("1", "100"), row("5", "6"), row("6", "5")];
        assert_eq!(in_order(rows), ["v1", "v2", "v3", "v5", "v6"]);
    }
}
