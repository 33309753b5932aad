//! SQL files that no journal speaks of: each one a migration, in the order given.

use crate::files::{Files, file_stem, join};
use crate::project::{Layout, Ledger, Migration, Project};
use crate::say::{Say, say_path};
use crate::sql_file::{SqlFile, read_sql};
use crate::{Dialect, FileError, rules};
use rayon::prelude::*;
use source::Diagnostic;

/// A project of bare SQL files. A path that is a directory stands for its `*.sql` files in byte
/// order of their names.
pub fn load_sql_files(files: &dyn Files, paths: &[String]) -> (Project, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut wanted: Vec<String> = Vec::new();
    for path in paths {
        let path = join("", path);
        match files.list(&path) {
            Ok(entries) if !path.ends_with(".sql") => {
                let mut names: Vec<String> = entries
                    .into_iter()
                    .filter(|entry| !entry.is_dir && entry.name.ends_with(".sql"))
                    .map(|entry| join(&path, &entry.name))
                    .collect();
                names.sort();
                if names.is_empty() {
                    diagnostics.push(no_sql(&path));
                }
                wanted.append(&mut names);
            }
            _ => wanted.push(path),
        }
    }
    let read: Vec<SqlFile> = wanted.par_iter().map(|path| read_sql(files, path, file_stem(path))).collect();
    let mut migrations = Vec::new();
    for (path, sql) in wanted.into_iter().zip(read) {
        let tag = file_stem(&path).to_owned();
        diagnostics.extend(sql.diagnostics);
        if sql.missing {
            diagnostics.push(crate::sql_file::unreadable(&path, &tag, &FileError::NotFound));
        }
        migrations.push(Migration {
            tag,
            file: sql.file,
            readable: sql.readable,
            when: None,
            chunks: sql.chunks,
            snapshot: None,
            breakpoints: true,
            sql_path: path,
            journal_span: None,
        });
    }
    let dir = migrations.first().map_or_else(|| ".".to_owned(), |m| crate::parent(&m.sql_path));
    let project = Project {
        dir,
        layout: Layout::Bare,
        config: None,
        dialect: Dialect::Unknown,
        ledger: Ledger::default(),
        migrations,
        journal: None,
        waiting: Vec::new(),
    };
    (project, diagnostics)
}

fn no_sql(path: &str) -> Diagnostic {
    say_path(&rules::UNREADABLE_FILE, path, format!("`{path}` holds no SQL file"))
        .why("a directory stands for the `*.sql` files directly inside it")
        .fix("Pass the files themselves, or the directory that they lie in.")
}
