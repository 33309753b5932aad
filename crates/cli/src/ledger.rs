//! Which migrations a database has run, by Drizzle's own ledger: what `diff` compares it with.
//!
//! The stable line goes by the newest `created_at`, v1 by names (it adds the column `name` to the
//! table). Whether Drizzle would skip one of those that are pending is the affair of `lint`.

use drizzle::{Layout, Project};
use pg::Connection;

/// A project cut down to what a database has run.
pub struct Applied {
    /// The project with these migrations only.
    pub project: Project,
    /// What was left out and why, for people.
    pub notes: Vec<String>,
}

/// What the database behind the connection has run of the project. All of it, where nothing there
/// says so.
///
/// Errors: those of the connection.
pub async fn applied(connection: &Connection, project: &Project) -> Result<Applied, pg::Error> {
    let table = format!("{}.{}", quoted(&project.ledger.schema), quoted(&project.ledger.table));
    let whole = |note: String| Applied { project: project.clone(), notes: vec![note] };
    if project.layout == Layout::Bare {
        return Ok(whole("SQL files without a journal: all of them are taken as run".to_owned()));
    }
    // Asks the system's tables, since the role may not even be allowed to name the ledger.
    let query = format!(
        "SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), \
         EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'name' \
         AND NOT a.attisdropped) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
        literal(&project.ledger.schema),
        literal(&project.ledger.table)
    );
    let rows = connection.rows(&query).await?;
    let is = |at: usize| rows.first().and_then(|row| row.get(at)?.as_deref()) == Some("t");
    if rows.is_empty() {
        return Ok(whole(format!("the database has no ledger {table}: compared with the whole history")));
    }
    if !is(0) {
        return Ok(whole(format!("the ledger {table} may not be read: compared with the whole history")));
    }
    let named = is(1) && project.layout == Layout::Folders;
    let column = if named { "name" } else { "NULL" };
    let rows = connection.rows(&format!("SELECT created_at::text, {column} FROM {table}")).await?;
    let times = rows.iter().filter_map(|row| row.first()?.as_deref()?.parse::<f64>().ok());
    let newest = times.fold(f64::NEG_INFINITY, f64::max);
    let names: Vec<&str> = rows.iter().filter_map(|row| row.get(1)?.as_deref()).collect();
    let has_run = |migration: &drizzle::Migration| match named {
        true => names.contains(&migration.tag.as_str()),
        false => migration.when.is_none_or(|when| when as f64 <= newest),
    };
    let mut cut = project.clone();
    cut.migrations.retain(has_run);
    let left: Vec<&str> =
        project.migrations.iter().filter(|m| !has_run(m)).map(|migration| migration.tag.as_str()).collect();
    let notes = match left.as_slice() {
        [] => Vec::new(),
        [one] => vec![format!("left out, since the database has not run it yet: {one}")],
        more => vec![format!("left out, since the database has not run them yet: {}", more.join(", "))],
    };
    Ok(Applied { project: cut, notes })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
