//! What a database's ledger says about a migrations folder: what has run, what is pending, and where
//! the two contradict each other.
//!
//! Only reads. What Drizzle would run is decided by its own rules: by the newest time in the stable
//! line, by names in v1. Neither looks at the hashes that they write; here they tell an edited file.

use crate::ledger::{hash_of, literal, table};
use drizzle::{Layout, Migration, Project};
use pg::{Connection, Error};

/// What a ledger holds, or why that can't be told.
#[derive(Clone, Debug, PartialEq)]
pub enum LedgerRows {
    /// There is no such table.
    Absent,
    /// The role may not read it.
    Forbidden,
    /// Its rows.
    Rows {
        /// Whether it has the column `name`, as that of v1 has.
        named: bool,
        /// The rows.
        rows: Vec<LedgerRow>,
    },
}

/// A row of the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerRow {
    /// Its number: rows that were made later have higher ones. `None` where the table has no such column.
    pub id: Option<i64>,
    /// SHA-256 of the file as it was.
    pub hash: String,
    /// Milliseconds since 1970.
    pub created_at: Option<f64>,
    /// The folder of a v1 migration.
    pub name: Option<String>,
}

impl LedgerRow {
    /// Whether it may be the row of a migration, by name or by time.
    fn is_of(&self, migration: &Migration, by_name: bool) -> bool {
        match by_name {
            true => self.name.as_deref() == Some(migration.tag.as_str()),
            false => self.created_at.is_some() && self.created_at == migration.when.map(|when| when as f64),
        }
    }
}

impl LedgerRows {
    /// The rows; none where there is no ledger, or it may not be read.
    pub fn rows(&self) -> &[LedgerRow] {
        match self {
            LedgerRows::Rows { rows, .. } => rows,
            LedgerRows::Absent | LedgerRows::Forbidden => &[],
        }
    }

    /// The migration of each row: see [`owners`].
    pub fn owners(&self, project: &Project) -> Vec<Option<usize>> {
        owners(project, matches!(self, LedgerRows::Rows { named: true, .. }), self.rows())
    }

    /// The migrations that have a row, in the order in which the rows were made: what ran last is the last of them.
    /// Indexes into `Project::migrations`.
    pub fn in_turn(&self, project: &Project) -> Vec<usize> {
        let owners: Vec<usize> = self.owners(project).into_iter().flatten().collect();
        let is_last = |at: &usize| !owners[at + 1..].contains(&owners[*at]);
        (0..owners.len()).filter(is_last).map(|at| owners[at]).collect()
    }

    /// Whether a project's rows go by the names of migrations, as in v1, and not by their times.
    pub fn by_name(&self, project: &Project) -> bool {
        let named = matches!(self, LedgerRows::Rows { named: true, .. } | LedgerRows::Absent);
        is_by_name(project, named)
    }
}

/// The migration that each row is of, as index into `Project::migrations`: by name, or by time. Of several migrations of
/// one time the row is of the one whose text has its hash, else of one that no other row is of.
pub fn owners(project: &Project, named: bool, rows: &[LedgerRow]) -> Vec<Option<usize>> {
    let by_name = is_by_name(project, named);
    let candidates = |row: &LedgerRow| -> Vec<usize> {
        let all = project.migrations.iter().enumerate();
        all.filter(|(_, migration)| row.is_of(migration, by_name)).map(|(at, _)| at).collect()
    };
    let fits = |row: &LedgerRow, at: &usize| is_hash_of(row, &project.migrations[*at]);
    let found: Vec<Vec<usize>> = rows.iter().map(candidates).collect();
    let mut owners: Vec<Option<usize>> =
        rows.iter().zip(&found).map(|(row, found)| found.iter().find(|at| fits(row, at)).copied()).collect();
    for (at, found) in found.iter().enumerate() {
        if owners[at].is_none() {
            let free = found.iter().find(|one| !owners.contains(&Some(**one)));
            owners[at] = free.or(found.first()).copied();
        }
    }
    owners
}

fn is_by_name(project: &Project, named: bool) -> bool {
    named && project.layout == Layout::Folders
}

/// How a folder stands against a ledger. Indexes into `Project::migrations`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// What Drizzle takes as run.
    pub applied: Vec<usize>,
    /// What it would run now.
    pub pending: Vec<usize>,
    /// Taken as run, though no row is theirs: they are older than the newest row.
    pub passed_over: Vec<usize>,
    /// Run with another text than the file has now.
    pub edited: Vec<usize>,
    /// Rows that belong to no file, in words.
    pub unknown: Vec<String>,
}

/// Reads the ledger of a project.
pub async fn ledger_rows(connection: &Connection, project: &Project) -> Result<LedgerRows, Error> {
    // Asks the system's tables, since the role may not even be allowed to name the ledger.
    let has = |column: &str| {
        format!(
            "EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '{column}' \
             AND NOT a.attisdropped)"
        )
    };
    let query = format!(
        "SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), \
         {}, {} \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
        has("name"),
        has("id"),
        literal(&project.ledger.schema),
        literal(&project.ledger.table)
    );
    let found = connection.rows(&query).await?;
    let Some(found) = found.first() else { return Ok(LedgerRows::Absent) };
    let is = |at: usize| found.get(at).is_some_and(|cell| cell.as_deref() == Some("t"));
    if !is(0) {
        return Ok(LedgerRows::Forbidden);
    }
    let name = if is(1) { "name" } else { "NULL" };
    let (id, order) = if is(2) { ("l.id::text", "l.id") } else { ("NULL", "l.created_at") };
    let query = format!(
        "SELECT hash, created_at::text, {name}, {id} FROM {} l ORDER BY {order}",
        table(&project.ledger)
    );
    let mut rows = Vec::new();
    for row in connection.rows(&query).await? {
        let mut cells = row.into_iter();
        let mut cell = || cells.next().flatten();
        let (hash, created_at, name, id) = (cell(), cell(), cell(), cell());
        let created_at = created_at.and_then(|text| text.parse().ok());
        let id = id.and_then(|text| text.parse().ok());
        rows.push(LedgerRow { id, hash: hash.unwrap_or_default(), created_at, name });
    }
    Ok(LedgerRows::Rows { named: is(1), rows })
}

/// Holds a folder against the rows of a ledger. `named` says whether the rows carry names.
pub fn standing(project: &Project, named: bool, rows: &[LedgerRow]) -> Standing {
    let newest = rows.iter().filter_map(|row| row.created_at).fold(f64::NEG_INFINITY, f64::max);
    let by_name = is_by_name(project, named);
    let owners = owners(project, named, rows);
    let mut standing = Standing::default();
    for (at, migration) in project.migrations.iter().enumerate() {
        let mut own = rows.iter().zip(&owners).filter(|(_, owner)| **owner == Some(at)).peekable();
        let has_row = own.peek().is_some();
        if by_name && !has_row || !by_name && migration.when.is_some_and(|when| when as f64 > newest) {
            standing.pending.push(at);
            continue;
        }
        standing.applied.push(at);
        if !has_row {
            standing.passed_over.push(at);
        } else if migration.readable && !own.any(|(row, _)| is_hash_of(row, migration)) {
            standing.edited.push(at);
        }
    }
    for (row, _) in rows.iter().zip(&owners).filter(|(_, owner)| owner.is_none()) {
        let called = match (&row.name, row.created_at) {
            (Some(name), _) if by_name => format!("`{name}`"),
            (_, Some(time)) => format!("a migration of {time} (created_at)"),
            _ => "a migration without a time".to_owned(),
        };
        let like = project.migrations.iter().find(|migration| is_hash_of(row, migration));
        let like = like.map_or(String::new(), |like| format!(", with the text of {}", like.tag));
        standing.unknown.push(format!("{called}{like}"));
    }
    standing
}

/// Whether a row holds the hash of a file. The line ends of a checkout are no edit, nor is a byte order
/// mark that was there when it ran.
fn is_hash_of(row: &LedgerRow, migration: &Migration) -> bool {
    let text = &migration.file.text;
    let unix = text.replace("\r\n", "\n");
    let windows = unix.replace('\n', "\r\n");
    [text, &unix, &windows].iter().any(|text| {
        row.hash == hash_of(text.as_bytes()) || row.hash == hash_of(format!("\u{feff}{text}").as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use drizzle::{MemoryFiles, load};

    /// A journal of three files, 1000 apart from each other.
    fn project() -> Project {
        let entry = |n: usize| format!(r#"{{"idx":{n},"when":{n}000,"tag":"000{n}_x","breakpoints":true}}"#);
        let entries = [1, 2, 3].map(entry).join(",");
        let journal = format!(r#"{{"version":"7","dialect":"postgresql","entries":[{entries}]}}"#);
        let mut files = vec![("d/meta/_journal.json".to_owned(), journal)];
        files.extend([1, 2, 3].map(|n| (format!("d/000{n}_x.sql"), format!("select {n};\n"))));
        load(&MemoryFiles::new(files), "d", None).0
    }

    fn row(text: &str, created_at: f64) -> LedgerRow {
        LedgerRow { hash: hash_of(text.as_bytes()), created_at: Some(created_at), ..LedgerRow::default() }
    }

    #[test]
    fn the_newest_row_decides_and_hashes_tell_edits() {
        let rows = [row("select 1;\n", 1000.0), row("select 2;\r\n", 2000.0)];
        let plain = standing(&project(), false, &rows);
        assert_eq!((plain.applied, plain.pending), (vec![0, 1], vec![2]));
        assert_eq!((plain.edited, plain.passed_over, plain.unknown), (vec![], vec![], vec![]));

        let odd = standing(&project(), false, &[row("select 0;", 2000.0), row("select 3;\n", 1500.0)]);
        assert_eq!((odd.applied, odd.pending), (vec![0, 1], vec![2]));
        assert_eq!((odd.edited, odd.passed_over), (vec![1], vec![0]));
        assert_eq!(odd.unknown, ["a migration of 1500 (created_at), with the text of 0003_x"]);

        assert_eq!(standing(&project(), false, &[]).pending, [0, 1, 2]);
    }

    #[test]
    fn a_row_is_of_one_migration_of_its_time() {
        let mut project = project();
        project.migrations[1].when = Some(1000);
        let of = |rows: &[LedgerRow]| {
            let found = standing(&project, false, rows);
            (found.pending, found.passed_over, found.edited)
        };
        let (first, second) = (row("select 1;\n", 1000.0), row("select 2;\n", 1000.0));
        assert_eq!(of(std::slice::from_ref(&first)), (vec![2], vec![1], vec![]));
        assert_eq!(of(std::slice::from_ref(&second)), (vec![2], vec![0], vec![]));
        assert_eq!(of(&[first, second.clone()]), (vec![2], vec![], vec![]));
        // Edited since is the one that has no other row.
        assert_eq!(of(&[row("select 0;", 1000.0), second]), (vec![2], vec![], vec![0]));
        assert_eq!(of(&[row("select 0;", 1000.0)]), (vec![2], vec![1], vec![0]));
    }

    #[test]
    fn what_ran_last_has_the_last_row() {
        let rows = [row("select 2;\n", 2000.0), row("select 1;\n", 1000.0), row("select 9;\n", 9000.0)];
        let rows = LedgerRows::Rows { named: false, rows: rows.to_vec() };
        assert_eq!(rows.in_turn(&project()), [1, 0]);
    }
}
