//! What a plan is made for: the pending set of each project, or the migrations that were named.

use crate::args::{self, Pending, Server};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Choice, Judge, Selected, line};
use crate::projects::{self, Target};
use crate::settings_file::SettingsFiles;
use drizzle::Project;
use facts::PendingSet;
use plan::{Plan, Request, Rows, is_name_of, shown};
use std::collections::BTreeSet;

/// A pending set and its path.
pub struct Planned {
    /// The project as it is on the disk.
    pub project: Project,
    /// The path.
    pub plan: Plan,
    /// Migrations of the set that are no news to the base: databases may have run them.
    pub deployed: Vec<String>,
    /// How many rows tables have, as far as somebody said or counted.
    pub rows: Rows,
}

/// The path of each pending set, and what was passed over.
pub fn planned(
    disk: &Disk,
    pending: &Pending,
    choice: &args::Choice,
    server: &Server,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(Vec<Planned>, Vec<String>), Error> {
    let found = projects::find(disk, &pending.places())?;
    let mut notes = found.notes;
    let mut files = SettingsFiles::new(disk, pending.settings.as_deref());
    let mut judge = Judge::new(disk, Choice::New, choice, env);
    let mut named: BTreeSet<&String> = pending.migrations.iter().collect();
    let mut all = Vec::new();
    for target in found.targets {
        let settings = files.of(&target.project)?;
        let options = server.options(&settings.settings);
        let paths = wanted(disk, &target.project, &pending.migrations, &mut named);
        if !pending.migrations.is_empty() && paths.is_empty() {
            continue;
        }
        // What is new is asked in any case: what is not may have run somewhere.
        let again = Target { project: target.project.clone(), diagnostics: Vec::new(), named: None };
        let mut selected = judge.select(again, &settings)?;
        let fresh: BTreeSet<String> = selected.judged().map(|migration| migration.tag.clone()).collect();
        let everything = selected.about.everything;
        if !paths.is_empty() {
            selected = judge.select(Target { named: Some(paths), ..target }, &settings)?;
        }
        notes.extend(selected.unreadable().map(line));
        notes.extend(selected.codes.notes.iter().cloned());
        if selected.sets.is_empty() || (everything && pending.migrations.is_empty()) {
            notes.push(match everything {
                true => format!("{}: {}: name the migrations to plan", selected.project.dir, selected.text),
                false => format!("{}: {}", selected.project.dir, selected.text),
            });
            continue;
        }
        for set in 0..selected.sets.len() {
            let (project, set) = last(&selected, set);
            let weights = settings.weights();
            let values = &pending.value;
            let plan = plan::plan(Request {
                project: &project,
                set: &set,
                options: &options,
                weights: &weights,
                values,
                keep_dropped: pending.keep_dropped,
            });
            let tags = set.migrations.iter().map(|index| project.migrations[*index].tag.clone());
            let deployed = tags.filter(|tag| everything || !fresh.contains(tag)).collect();
            let (project, rows) = (selected.as_written.clone(), settings.settings.rows.clone());
            all.push(Planned { project, plan, deployed, rows });
        }
    }
    values_fit(&pending.value, &all, &mut notes)?;
    match named.first() {
        Some(name) => Err(Error::NoSuchMigration { name: (*name).clone() }),
        None => Ok((all, notes)),
    }
}

/// Whether each value was given for a column that wants one. Where none does, as in a path that is written already,
/// that is a note.
fn values_fit(values: &[(String, String)], all: &[Planned], notes: &mut Vec<String>) -> Result<(), Error> {
    let known = || all.iter().flat_map(|one| &one.plan.valued);
    let fitting: BTreeSet<String> =
        known().map(|(table, column)| format!("{}.{column}", shown(table))).collect();
    for (name, _) in values.iter().filter(|_| !all.is_empty()) {
        if known().any(|(table, column)| is_name_of(name, table, column)) {
            continue;
        }
        let fits = match fitting.is_empty() {
            true if all.iter().any(|one| is_there(one, name)) => {
                notes.push(format!("--value `{name}`: nothing that is pending wants a value there"));
                continue;
            }
            true => "no column of what is pending wants one".to_owned(),
            false => {
                let list = fitting.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                format!("a value may be given for {list}")
            }
        };
        return Err(Error::ValueFitsNothing { name: name.clone(), fits });
    }
    Ok(())
}

/// Whether a column of this name is there once all of the set has run.
fn is_there(planned: &Planned, name: &str) -> bool {
    planned
        .plan
        .before
        .sets
        .iter()
        .flat_map(|set| set.end.relations())
        .any(|table| table.columns.iter().any(|column| is_name_of(name, &table.name, &column.name)))
}

/// The SQL files of a project that the words name.
fn wanted<'a>(
    disk: &Disk,
    project: &Project,
    words: &'a [String],
    left: &mut BTreeSet<&'a String>,
) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for word in words {
        let path = disk.tidy(word);
        let meant = project.migrations.iter().filter(|migration| {
            migration.tag == *word
                || migration.sql_path == path
                || migration.sql_path.strip_suffix("/migration.sql") == Some(path.as_str())
        });
        for migration in meant {
            paths.insert(migration.sql_path.clone());
            left.remove(word);
        }
    }
    paths
}

/// The project up to a set, which is at its end.
fn last(selected: &Selected, set: usize) -> (Project, PendingSet) {
    let set = selected.sets[set].clone();
    let mut project = selected.project.clone();
    project.migrations.truncate(set.migrations.last().map_or(0, |last| last + 1));
    (project, set)
}
