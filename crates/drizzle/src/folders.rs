//! The v1 format: one folder a migration, holding `migration.sql` and `snapshot.json`.
//!
//! Folders run in the order of their names as JavaScript's `localeCompare` has it (see `icu`).

use crate::files::{Entry, Files, join};
use crate::find::starts_with_time;
use crate::project::{Layout, Migration, Project, has_file};
use crate::say::{Say, say, say_path};
use crate::sql_file::{SqlFile, read_sql};
use crate::time::folder_millis;
use crate::{FileError, icu, rules};
use rayon::prelude::*;
use source::{Diagnostic, Span};

/// Fills `project` from a folder that has no journal.
pub(crate) fn load(
    files: &dyn Files,
    project: &mut Project,
    entries: &[Entry],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let dirs: Vec<&Entry> = entries.iter().filter(|entry| entry.is_dir).collect();
    let listed: Vec<(String, Result<Vec<Entry>, FileError>)> =
        dirs.iter().map(|entry| (entry.name.clone(), files.list(&join(&project.dir, &entry.name)))).collect();
    let mut names: Vec<(String, bool)> = Vec::new();
    for (name, inside) in &listed {
        match inside {
            Ok(inside) if has_file(inside, "migration.sql") => {
                names.push((name.clone(), has_file(inside, "snapshot.json")));
            }
            Ok(_) if starts_with_time(name) && name.len() > 14 => {
                diagnostics.push(no_migration(&join(&project.dir, name), name));
            }
            Err(FileError::Other(error)) if starts_with_time(name) => {
                let error = FileError::Other(error.clone());
                diagnostics.push(crate::sql_file::unreadable(&join(&project.dir, name), name, &error));
            }
            _ => {}
        }
    }
    if names.is_empty() {
        diagnostics.push(unsupported(&project.dir, entries));
        return;
    }
    project.layout = Layout::Folders;
    names.sort_by(|(a, _), (b, _)| icu::compare(a, b));
    let read: Vec<SqlFile> = names
        .par_iter()
        .map(|(name, _)| read_sql(files, &join(&project.dir, &format!("{name}/migration.sql")), name))
        .collect();
    for ((name, has_snapshot), sql) in names.into_iter().zip(read) {
        diagnostics.extend(sql.diagnostics);
        let sql_path = join(&project.dir, &format!("{name}/migration.sql"));
        if sql.missing {
            diagnostics.push(crate::sql_file::unreadable(&sql_path, &name, &FileError::NotFound));
        }
        let when = folder_millis(&name);
        if when.is_none() {
            let what = format!("the folder name `{name}` does not begin with a time");
            diagnostics.push(
                say(&rules::BROKEN_JOURNAL, &sql.file, Span::default(), what)
                    .why("Drizzle turns the first 14 digits into the time that it records; here that is NaN, and after the SQL has run the insert fails with 22P02 and rolls everything back")
                    .fix("Begin the folder's name with the UTC time as yyyymmddhhmmss, as `drizzle-kit generate` does.")
                    .of(&name),
            );
        }
        let snapshot = has_snapshot.then(|| join(&project.dir, &format!("{name}/snapshot.json")));
        project.migrations.push(Migration {
            tag: name,
            file: sql.file,
            readable: sql.readable,
            when,
            chunks: sql.chunks,
            snapshot,
            breakpoints: true,
            sql_path,
            journal_span: None,
        });
    }
    let mut loose: Vec<&str> =
        entries.iter().filter(|e| !e.is_dir && e.name.ends_with(".sql")).map(|e| e.name.as_str()).collect();
    loose.sort_unstable();
    diagnostics.extend(loose.iter().map(|name| {
        let path = join(&project.dir, name);
        say_path(&rules::UNJOURNALED_SQL, &path, format!("`{name}` lies beside the migration folders, so Drizzle never runs it"))
            .why("in this format Drizzle runs `migration.sql` of each folder and passes over other files")
            .fix("Generate migrations with `drizzle-kit generate` (`--custom` for SQL of your own), or move the file out of the folder.")
            .of(name.strip_suffix(".sql").unwrap_or(name))
    }));
}

fn no_migration(path: &str, name: &str) -> Diagnostic {
    say_path(
        &rules::MISSING_SQL_FILE,
        path,
        format!("the migration folder `{name}` holds no `migration.sql`"),
    )
    .why("Drizzle passes over a folder without that file")
    .fix("Restore the file from version control, or remove the folder.")
    .of(name)
}

fn unsupported(dir: &str, entries: &[Entry]) -> Diagnostic {
    let prehistoric =
        entries.iter().any(|e| e.is_dir && e.name.len() == 14 && e.name.bytes().all(|b| b.is_ascii_digit()));
    if prehistoric {
        return say_path(&rules::UNSUPPORTED_LAYOUT, dir, format!("`{dir}` is in a migration format older than drizzle-kit 0.19"))
            .why("its folders are named by 14 digits only; neither today's drizzle-kit nor this tool reads that")
            .fix("Bring the folder to the present format with the drizzle-kit version that wrote it (`drizzle-kit up`).");
    }
    let sql = entries.iter().filter(|e| !e.is_dir && e.name.ends_with(".sql")).count();
    let diagnostic =
        say_path(&rules::UNSUPPORTED_LAYOUT, dir, format!("`{dir}` is no Drizzle migrations folder"))
            .why("there is neither `meta/_journal.json` nor a folder with a `migration.sql` in it");
    match sql {
        0 => diagnostic.fix("Pass the folder that drizzle-kit writes migrations to with `--out DIR`."),
        count => diagnostic
            .why(format!(
                "{count} SQL files lie in it; without a journal their order is not known to Drizzle"
            ))
            .fix("To judge them anyway, pass the SQL files themselves."),
    }
}
