//! A migrations folder as a value, and which of the folder formats it is in.

use crate::files::{Entry, FileError, Files, join};
use crate::say::{Say, say_path};
use crate::{Config, Dialect, folders, journal, rules};
use source::{Diagnostic, SourceFile, Span};
use std::sync::Arc;

/// A migrations folder.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder.
    pub dir: String,
    /// Its format.
    pub layout: Layout,
    /// The config it was found through, if there is one.
    pub config: Option<Config>,
    /// The database it is for, as far as config and journal say.
    pub dialect: Dialect,
    /// Drizzle's own table.
    pub ledger: Ledger,
    /// The migrations in the order in which Drizzle executes them on an empty database. An entry
    /// whose file is missing is here too, with an empty file, so that indexes and tags agree with
    /// the journal.
    pub migrations: Vec<Migration>,
    /// The journal file, in the journal format.
    pub journal: Option<Arc<SourceFile>>,
    /// Statements that were put off for a later deploy (`contract/*.sql`), in the order in which they go.
    pub waiting: Vec<Arc<SourceFile>>,
}

/// How a folder keeps its migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `meta/_journal.json` and numbered SQL files (drizzle-kit 0.x).
    Journal,
    /// One folder a migration (v1).
    Folders,
    /// SQL files without anything of Drizzle's.
    Bare,
}

/// Where Drizzle notes which migrations it has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger { schema: "drizzle".to_owned(), table: "__drizzle_migrations".to_owned() }
    }
}

/// One migration.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The journal's tag, the v1 folder's name or the bare file's stem.
    pub tag: String,
    /// The SQL; empty if it could not be read.
    pub file: Arc<SourceFile>,
    /// Whether the SQL could be read; if not, a diagnostic says why.
    pub readable: bool,
    /// Milliseconds since 1970: the journal's `when`, or the time in the v1 folder's name.
    pub when: Option<i64>,
    /// The pieces that Drizzle sends one by one, as byte spans in the file's text.
    pub chunks: Vec<Span>,
    /// Path of its snapshot, if there is one that is its own.
    pub snapshot: Option<String>,
    /// Whether the journal says that the file has breakpoints. Drizzle cuts either way.
    pub breakpoints: bool,
    /// Path of the SQL file.
    pub sql_path: String,
    /// The tag in the journal, where there is one.
    pub journal_span: Option<Span>,
}

/// Loads one migrations folder.
pub fn load(files: &dyn Files, dir: &str, config: Option<Config>) -> (Project, Vec<Diagnostic>) {
    let dir = join("", dir);
    let ledger = config.as_ref().map_or_else(Ledger::default, |config| Ledger {
        schema: config.migrations_schema.clone(),
        table: config.migrations_table.clone(),
    });
    let dialect = config.as_ref().map_or(Dialect::Unknown, |config| config.dialect.clone());
    let mut project = Project {
        dir,
        layout: Layout::Bare,
        config,
        dialect,
        ledger,
        migrations: Vec::new(),
        journal: None,
        waiting: Vec::new(),
    };
    let mut diagnostics = Vec::new();

    if let Dialect::Other(name) = &project.dialect {
        let path = project.config.as_ref().map_or(project.dir.as_str(), |config| &config.path);
        diagnostics.push(other_dialect(path, &project.dir, name));
        return (project, diagnostics);
    }
    let entries = match files.list(&project.dir) {
        Ok(entries) => entries,
        Err(error) => {
            diagnostics.push(no_folder(&project.dir, &error));
            return (project, diagnostics);
        }
    };
    let meta = if has_dir(&entries, "meta") {
        files.list(&join(&project.dir, "meta")).unwrap_or_default()
    } else {
        Vec::new()
    };
    if has_file(&meta, "_journal.json") {
        journal::load(files, &mut project, &entries, &meta, &mut diagnostics);
    } else {
        folders::load(files, &mut project, &entries, &mut diagnostics);
    }
    if has_dir(&entries, WAITING) {
        project.waiting = waiting(files, &project);
    }
    (project, diagnostics)
}

/// The folder of what waits for a later deploy, beside the migrations.
pub const WAITING: &str = "contract";

/// What waits: by the migration that it comes from, then by the number behind its tag.
fn waiting(files: &dyn Files, project: &Project) -> Vec<Arc<SourceFile>> {
    let dir = join(&project.dir, WAITING);
    let place = |name: &str| {
        let of = |m: &Migration| name.strip_prefix(&*m.tag).is_some_and(|rest| rest.starts_with('.'));
        let at = project.migrations.iter().rposition(of);
        let rest = at.map_or(name, |at| &name[project.migrations[at].tag.len() + 1..]);
        let number = rest.split('_').next().and_then(|digits| digits.parse().ok()).unwrap_or(u32::MAX);
        (at.unwrap_or(usize::MAX), number)
    };
    let entries = files.list(&dir).unwrap_or_default().into_iter();
    let names = entries.filter(|entry| !entry.is_dir && entry.name.ends_with(".sql")).map(|entry| entry.name);
    let mut names: Vec<((usize, u32), String)> = names.map(|name| (place(&name), name)).collect();
    names.sort();
    let read = |(_, name): ((usize, u32), String)| {
        let path = join(&dir, &name);
        let text = source::decode(&files.read(&path).ok()?).text;
        Some(SourceFile::new(path, text))
    };
    names.into_iter().filter_map(read).collect()
}

/// A folder of another database, which is named and left alone.
pub(crate) fn other_dialect(path: &str, dir: &str, name: &str) -> Diagnostic {
    say_path(&rules::OTHER_DIALECT, path, format!("`{dir}` holds migrations for {name} and was skipped"))
        .why(format!("only Postgres migrations are judged; this project's dialect is `{name}`"))
        .fix("Nothing to do if that is right; otherwise set `dialect: \"postgresql\"` in the Drizzle config.")
}

fn no_folder(dir: &str, error: &FileError) -> Diagnostic {
    let (what, why) = match error {
        FileError::NotFound => (
            format!("there is no migrations folder `{dir}`"),
            "the directory does not exist or is empty".to_owned(),
        ),
        FileError::Other(error) => (format!("the migrations folder `{dir}` can't be listed"), error.clone()),
    };
    say_path(&rules::UNREADABLE_FILE, dir, what)
        .why(why)
        .fix("Pass the folder that drizzle-kit writes migrations to with `--out DIR`.")
}

pub(crate) fn has_file(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| !entry.is_dir && entry.name == name)
}

pub(crate) fn has_dir(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.is_dir && entry.name == name)
}
