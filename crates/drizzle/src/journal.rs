//! The journal format (drizzle-kit 0.x): `meta/_journal.json`, SQL files beside `meta`.
//!
//! Array order is the order of execution. `idx` and the file names decide nothing; `when` decides
//! what is pending.

use crate::files::{Entry, Files, join};
use crate::journal_file::{Journal, read_journal};
use crate::project::{Layout, Migration, Project, has_file, other_dialect};
use crate::say::{Say, read_text, say, say_path};
use crate::sql_file::{SqlFile, read_sql};
use crate::time::show_millis;
use crate::{Dialect, rules};
use rayon::prelude::*;
use source::{Diagnostic, SourceFile, Span};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Fills `project` from a folder whose `meta` directory holds a journal.
pub(crate) fn load(
    files: &dyn Files,
    project: &mut Project,
    entries: &[Entry],
    meta: &[Entry],
    diagnostics: &mut Vec<Diagnostic>,
) {
    project.layout = Layout::Journal;
    let path = join(&project.dir, "meta/_journal.json");
    let file = match read_text(files, &path) {
        Ok(decoded) => SourceFile::new(&path, decoded.text),
        Err(error) => {
            let unreadable = say_path(&rules::UNREADABLE_FILE, &path, format!("`{path}` can't be read"));
            diagnostics.push(
                unreadable
                    .why(error.to_string())
                    .why("without the journal nothing can be said about the folder's migrations")
                    .fix("Make the file readable, then check again."),
            );
            return;
        }
    };
    project.journal = Some(file.clone());
    let (journal, found) = read_journal(&file);
    diagnostics.extend(found);
    let journal_dialect = journal.dialect.as_deref().map(Dialect::from_name);
    if project.dialect == Dialect::Unknown
        && let Some(dialect) = journal_dialect
    {
        project.dialect = dialect;
    }
    if let Dialect::Other(name) = &project.dialect {
        diagnostics.push(other_dialect(&path, &project.dir, name));
        return;
    }

    let paths: Vec<(String, &str)> =
        journal.entries.iter().map(|e| (join(&project.dir, &format!("{}.sql", e.tag)), &*e.tag)).collect();
    let read: Vec<SqlFile> = paths.par_iter().map(|(path, tag)| read_sql(files, path, tag)).collect();
    let snapshots = own_snapshots(&journal, meta);
    for (index, ((entry, sql), (sql_path, _))) in journal.entries.iter().zip(read).zip(&paths).enumerate() {
        diagnostics.extend(sql.diagnostics);
        if sql.missing {
            diagnostics.push(missing_sql(&file, &journal, index, sql_path, entries));
        }
        project.migrations.push(Migration {
            tag: entry.tag.clone(),
            file: sql.file,
            readable: sql.readable,
            when: entry.when,
            chunks: sql.chunks,
            snapshot: snapshots[index].as_ref().map(|name| join(&project.dir, &format!("meta/{name}"))),
            breakpoints: entry.breakpoints,
            sql_path: sql_path.clone(),
            journal_span: Some(entry.tag_span),
        });
    }
    diagnostics.extend(skipped(&file, &journal));
    let tags: HashSet<&str> = journal.entries.iter().map(|entry| &*entry.tag).collect();
    let mut loose: Vec<&str> = sql_stems(entries).filter(|stem| !tags.contains(stem)).collect();
    loose.sort_unstable();
    diagnostics.extend(loose.iter().map(|stem| unjournaled(&project.dir, stem)));
}

/// The name of the snapshot file that drizzle-kit writes for a tag.
pub(crate) fn snapshot_name(tag: &str) -> String {
    format!("{}_snapshot.json", tag.split('_').next().unwrap_or(tag))
}

/// Which existing snapshot belongs to which entry. Two entries with one prefix share a file name;
/// the file is then that of the later one, which was generated last.
fn own_snapshots(journal: &Journal, meta: &[Entry]) -> Vec<Option<String>> {
    let names: Vec<String> = journal.entries.iter().map(|entry| snapshot_name(&entry.tag)).collect();
    let last: HashMap<&str, usize> =
        names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    names
        .iter()
        .enumerate()
        .map(|(index, name)| (last[name.as_str()] == index && has_file(meta, name)).then(|| name.clone()))
        .collect()
}

fn sql_stems(entries: &[Entry]) -> impl Iterator<Item = &str> {
    entries.iter().filter(|entry| !entry.is_dir).filter_map(|entry| entry.name.strip_suffix(".sql"))
}

fn missing_sql(
    file: &Arc<SourceFile>,
    journal: &Journal,
    index: usize,
    path: &str,
    entries: &[Entry],
) -> Diagnostic {
    let entry = &journal.entries[index];
    let prefix = entry.tag.split('_').next().unwrap_or_default();
    let named = |stem: &str| journal.entries.iter().any(|other| other.tag == stem);
    let similar = sql_stems(entries).find(|stem| stem.split('_').next() == Some(prefix) && !named(stem));
    let diagnostic = say(
        &rules::MISSING_SQL_FILE,
        file,
        entry.tag_span,
        format!("the journal names `{}`, but there is no file `{path}`", entry.tag),
    )
    .why("`migrate` reads every file of the journal before it runs one: it fails on every database, also on those that have this migration")
    .of(&entry.tag);
    match similar {
        Some(stem) => diagnostic
            .why(format!("`{stem}.sql` has the same prefix and is not in the journal"))
            .fix(format!("Rename `{stem}.sql` to `{}.sql`, or correct the tag in the journal.", entry.tag)),
        None => {
            diagnostic.fix("Restore the file from version control, or remove the entry from the journal.")
        }
    }
}

fn unjournaled(dir: &str, stem: &str) -> Diagnostic {
    let path = join(dir, &format!("{stem}.sql"));
    say_path(&rules::UNJOURNALED_SQL, &path, format!("`{stem}.sql` is not in the journal, so Drizzle never runs it"))
        .why("Drizzle runs what `meta/_journal.json` lists; other files in the folder are passed over without a word")
        .fix("Generate migrations with `drizzle-kit generate` (`--custom` for SQL of your own), or move the file out of the folder.")
        .of(stem)
}

/// Entries that a database which has all earlier ones never runs.
fn skipped(file: &Arc<SourceFile>, journal: &Journal) -> Vec<Diagnostic> {
    let mut newest: Option<(i64, usize)> = None;
    let mut found = Vec::new();
    for (index, entry) in journal.entries.iter().enumerate() {
        let Some(when) = entry.when else { continue };
        match newest {
            Some((limit, by)) if when <= limit => {
                found.push(skipped_entry(file, journal, index, (when, entry.when_span), (limit, by)));
            }
            _ => newest = Some((when, index)),
        }
    }
    found
}

fn skipped_entry(
    file: &Arc<SourceFile>,
    journal: &Journal,
    index: usize,
    (when, span): (i64, Span),
    (limit, by): (i64, usize),
) -> Diagnostic {
    let (entry, hiding) = (&journal.entries[index], &journal.entries[by]);
    let newest = journal.entries.iter().filter_map(|entry| entry.when).max().unwrap_or(limit);
    let relation = if when == limit { "the same as" } else { "older than" };
    say(
        &rules::SKIPPED_BY_DRIZZLE,
        file,
        span,
        format!("a database that has `{}` never runs `{}`", hiding.tag, entry.tag),
    )
    .why(format!(
        "its `when` {when} ({}) is {relation} that of `{}`, {limit} ({})",
        show_millis(when),
        hiding.tag,
        show_millis(limit)
    ))
    .why("Drizzle runs only entries whose `when` is greater than the newest one recorded in the database; others are passed over and reported as success")
    .why("an empty database runs it, so a test on a fresh database does not show this")
    .fix(if index + 1 == journal.entries.len() {
        "Give the entry a `when` above all earlier ones. A database that already ran it would then run it again.".to_owned()
    } else {
        format!(
            "If deployed databases lack `{}`, move its entry to the end of the journal and give it a `when` above all others. A database that already ran it would then run it again.",
            entry.tag
        )
    })
    .code(format!("\"when\": {}", newest.saturating_add(1)))
    .of(&entry.tag)
    .also(file, hiding.when_span, format!("`{}` is newer and comes first", hiding.tag))
}
