//! Whether each migration has its snapshot and each snapshot follows the one before it.
//!
//! drizzle-kit compares `schema.ts` with one snapshot when it generates. If that snapshot is not
//! the newest, or two were made from the same parent, the next migration repeats or undoes
//! something. Only the ids are read here, never the schemas.

use crate::conflicts::branches;
use crate::files::{FileError, Files, file_name, join};
use crate::journal::snapshot_name;
use crate::project::{Layout, Migration, Project};
use crate::rules::{BROKEN_SNAPSHOT_CHAIN, CONFLICTING_BRANCHES, MISSING_SNAPSHOT};
use crate::say::{Say, read_text, say, say_path};
use crate::snapshot::{Head, Problem, head};
use rayon::prelude::*;
use source::{Diagnostic, RuleMeta, Severity, SourceFile, Span};
use std::collections::HashMap;

/// The `prevId` of a first snapshot.
const ORIGIN: &str = "00000000-0000-0000-0000-000000000000";

/// What is wrong with the snapshots of a project: missing ones, unreadable ones, and breaks in the
/// chain. Reads every snapshot once, but keeps only its ids.
pub fn check_snapshots(files: &dyn Files, project: &Project) -> Vec<Diagnostic> {
    if project.layout == Layout::Bare {
        return Vec::new();
    }
    let read: Vec<Option<Result<Head, Box<Diagnostic>>>> =
        project.migrations.par_iter().map(|migration| read_head(files, migration)).collect();
    if read.iter().all(Option::is_none) {
        return project.migrations.last().map(none_at_all).into_iter().collect();
    }
    let mut diagnostics = Vec::new();
    let mut heads: Vec<Option<Head>> = Vec::with_capacity(read.len());
    let sharers = by_snapshot_name(project);
    for (migration, result) in project.migrations.iter().zip(read) {
        match result {
            Some(Ok(head)) => heads.push(Some(head)),
            Some(Err(diagnostic)) => {
                diagnostics.push(*diagnostic);
                heads.push(None);
            }
            None => {
                diagnostics.push(missing(project, migration, &sharers));
                heads.push(None);
            }
        }
    }
    match project.layout {
        Layout::Folders => {
            diagnostics.extend(parents(project, &heads));
            diagnostics.extend(branches(project, &heads));
        }
        _ => {
            diagnostics.extend(links(project, &heads));
            diagnostics.extend(compared_next(files, project));
        }
    }
    diagnostics
}

fn read_head(files: &dyn Files, migration: &Migration) -> Option<Result<Head, Box<Diagnostic>>> {
    let path = migration.snapshot.as_deref()?;
    let text = match read_text(files, path) {
        Ok(decoded) => decoded.text,
        Err(FileError::NotFound) => return None,
        Err(FileError::Other(error)) => {
            let what = format!("the snapshot of `{}` can't be read", migration.tag);
            let diagnostic = say_path(&crate::rules::BROKEN_SNAPSHOT, path, what)
                .why(error)
                .fix("Make the file readable, then check again.")
                .of(&migration.tag);
            return Some(Err(Box::new(diagnostic)));
        }
    };
    Some(head(&text).map_err(|error| Box::new(Problem::Json(error).diagnostic(path, &text, &migration.tag))))
}

/// The migrations that a snapshot's file name would belong to, in order.
fn by_snapshot_name(project: &Project) -> HashMap<String, Vec<&Migration>> {
    let mut found: HashMap<String, Vec<&Migration>> = HashMap::new();
    for migration in &project.migrations {
        found.entry(snapshot_name(&migration.tag)).or_default().push(migration);
    }
    found
}

/// A folder that is kept without snapshots: said once, and no fault of a single migration.
fn none_at_all(newest: &Migration) -> Diagnostic {
    let what = "no migration of this folder has a snapshot".to_owned();
    let mut diagnostic = say(&MISSING_SNAPSHOT, &newest.file, Span::default(), what)
        .why("what the deployed app declares is taken from the migrations themselves")
        .fix(
            "Keep the snapshots that drizzle-kit writes under version control, together with the migrations.",
        )
        .of(&newest.tag);
    diagnostic.severity = Severity::Info;
    diagnostic
}

fn missing(
    project: &Project,
    migration: &Migration,
    sharers: &HashMap<String, Vec<&Migration>>,
) -> Diagnostic {
    let tag = migration.tag.as_str();
    let what = format!("`{tag}` has no snapshot");
    if project.layout == Layout::Folders {
        return say(&MISSING_SNAPSHOT, &migration.file, Span::default(), what)
            .why(format!("there is no `snapshot.json` in `{tag}`; drizzle-kit takes the schema before it for the present one"))
            .why("the next `generate` emits this migration's changes again")
            .fix("Restore the file from version control, or generate the migration again.")
            .of(tag);
    }
    let name = snapshot_name(tag);
    let sharer = sharers.get(&name).and_then(|all| all.iter().rev().find(|other| other.tag != tag));
    let diagnostic = match (&project.journal, migration.journal_span) {
        (Some(journal), Some(span)) => say(&MISSING_SNAPSHOT, journal, span, what),
        _ => say(&MISSING_SNAPSHOT, &migration.file, Span::default(), what),
    };
    let diagnostic = match sharer {
        Some(other) if other.snapshot.is_some() => diagnostic.why(format!(
            "`meta/{name}` would be its snapshot, but `{}` has the same prefix and claims it",
            other.tag
        )),
        _ => diagnostic.why(format!("there is no `meta/{name}`")),
    };
    let newest = project.migrations.last().is_some_and(|last| last.tag == tag);
    let diagnostic = if newest {
        diagnostic.why("it is the newest migration: the next `generate` compares with an older schema and emits its changes again")
    } else {
        diagnostic.why("what `schema.ts` declared after this migration is not known; later snapshots hold its changes if it was generated")
    };
    diagnostic
        .fix("Generate migrations with `drizzle-kit generate` (`--custom` for SQL of your own), which writes the snapshot; or restore the file from version control.")
        .of(tag)
}

/// The journal format: every snapshot names the one before it.
fn links(project: &Project, heads: &[Option<Head>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut owner: HashMap<&str, usize> = HashMap::new();
    let mut follower: HashMap<String, usize> = HashMap::new();
    for (index, head) in heads.iter().enumerate() {
        let Some(head) = head else { continue };
        let id = head.id.as_deref().unwrap_or("");
        // `drizzle-kit pull` leaves the first one's `prevId` empty.
        let previous = head.prev_ids().into_iter().next().filter(|id| !id.is_empty());
        let previous = previous.unwrap_or_else(|| ORIGIN.to_owned());
        if let Some(twin) = owner.get(id).copied() {
            found.push(same_id(project, index, twin, id));
        } else {
            owner.insert(id, index);
        }
        if let Some(rival) = follower.get(&previous).copied() {
            found.push(forked(project, index, rival, owner.get(previous.as_str()).copied()));
        } else {
            follower.insert(previous.clone(), index);
            // Where the one before has no snapshot, that is said already.
            let before = index.checked_sub(1).map(|before| heads[before].as_ref());
            let expected = match before {
                None => Some(ORIGIN),
                Some(Some(before)) => before.id.as_deref(),
                Some(None) => None,
            };
            if expected.is_some_and(|expected| expected != previous) {
                found.push(off_chain(project, index, &previous, owner.get(previous.as_str()).copied()));
            }
        }
    }
    found
}

fn at_snapshot(rule: &RuleMeta, project: &Project, index: usize, what: String) -> Diagnostic {
    let migration = &project.migrations[index];
    let path = migration.snapshot.as_deref().unwrap_or(&migration.sql_path);
    say_path(rule, path, what).of(&migration.tag)
}

const REGENERATE: &str = "Remove the younger migration (SQL file, snapshot and journal entry) and generate it again on top of the other; if it is deployed already, set its snapshot's `prevId` to the `id` of the one before it.";

fn forked(project: &Project, index: usize, rival: usize, parent: Option<usize>) -> Diagnostic {
    let tag = |index: usize| project.migrations[index].tag.as_str();
    let after = parent.map_or_else(
        || "the same snapshot".to_owned(),
        |parent| format!("the snapshot of `{}`", tag(parent)),
    );
    let rival_path = project.migrations[rival].snapshot.as_deref().unwrap_or_default();
    let what = format!("the snapshots of `{}` and `{}` both follow {after}", tag(rival), tag(index));
    at_snapshot(&CONFLICTING_BRANCHES, project, index, what)
        .why("they were generated side by side, as on two branches; neither knows the other's changes")
        .why("drizzle-kit refuses to generate while two snapshots have the same `prevId`; and the next migration may undo what the other one did")
        .fix(REGENERATE)
        .also(&SourceFile::new(rival_path, ""), Span::default(), "the other snapshot")
}

fn off_chain(project: &Project, index: usize, previous: &str, parent: Option<usize>) -> Diagnostic {
    let tag = |index: usize| project.migrations[index].tag.as_str();
    let name = tag(index);
    let before = index.checked_sub(1).map(tag);
    let what = match before {
        Some(before) => format!("the snapshot of `{name}` does not follow that of `{before}`"),
        None => format!("the snapshot of `{name}`, the first one, follows another"),
    };
    let follows = match parent {
        Some(parent) => format!("its `prevId` is the id of `{}`", tag(parent)),
        None => format!("its `prevId` {previous} is the id of no earlier snapshot in the folder"),
    };
    let diagnostic = at_snapshot(&BROKEN_SNAPSHOT_CHAIN, project, index, what).why(follows);
    match before {
        Some(before) => diagnostic
            .why(format!("it was generated without the changes of `{before}`, or a snapshot between them was edited or removed"))
            .fix(REGENERATE),
        None => diagnostic
            .why("migrations before it were removed from the folder; a database built from this folder alone lacks what they did")
            .fix("If the older migrations were dropped on purpose, nothing is to be done; else restore them from version control."),
    }
}

fn same_id(project: &Project, index: usize, twin: usize, id: &str) -> Diagnostic {
    let tag = |index: usize| project.migrations[index].tag.as_str();
    at_snapshot(&BROKEN_SNAPSHOT_CHAIN, project, index, format!("the snapshots of `{}` and `{}` have the same id", tag(twin), tag(index)))
        .why(format!("one is a copy of the other: both say {id}"))
        .fix("Give the younger one an id of its own, and its `prevId` the id of the one before it; or generate that migration again.")
}

/// drizzle-kit compares with the snapshot whose file name comes last, whatever the journal says.
fn compared_next(files: &dyn Files, project: &Project) -> Option<Diagnostic> {
    let last = project.migrations.last()?;
    let meta = join(&project.dir, "meta");
    let entries = files.list(&meta).ok()?;
    let mut names: Vec<String> = entries
        .into_iter()
        .filter(|entry| {
            !entry.is_dir && !entry.name.starts_with('_') && entry.name.ends_with("_snapshot.json")
        })
        .map(|entry| entry.name)
        .collect();
    names.sort();
    if snapshot_name(&last.tag).starts_with('_') {
        let path = last.snapshot.as_deref()?;
        return Some(
            say_path(&BROKEN_SNAPSHOT_CHAIN, path, format!("drizzle-kit never reads `{}`", file_name(path)))
                .why("it passes over files in `meta` that begin with an underscore, and the prefix `none` makes such names")
                .why("every `generate` compares with an empty schema and emits the whole of it again")
                .fix("Set `migrations.prefix` to `index` or `timestamp` and rename the newest migration, its snapshot and its journal tag to match.")
                .of(&last.tag),
        );
    }
    let compared = names.pop()?;
    if last.snapshot.as_deref().is_none_or(|path| file_name(path) == compared) {
        return None;
    }
    let path = join(&meta, &compared);
    let owner = project.migrations.iter().find(|m| m.snapshot.as_deref() == Some(path.as_str()));
    let whose = owner.map_or_else(
        || "which belongs to no entry of the journal".to_owned(),
        |m| format!("that of `{}`", m.tag),
    );
    Some(
        say_path(
            &BROKEN_SNAPSHOT_CHAIN,
            &path,
            format!(
                "the next `generate` compares with `{compared}`, not with the newest migration's snapshot"
            ),
        )
        .why(format!(
            "drizzle-kit takes the snapshot whose file name sorts last, {whose}; the journal ends with `{}`",
            last.tag
        ))
        .why("the migration that it generates repeats or undoes what lies between the two")
        .fix("Remove snapshots that belong to no migration, and name the newest one so that it sorts last.")
        .of(&last.tag),
    )
}

/// v1: every parent is there and comes before its child.
fn parents(project: &Project, heads: &[Option<Head>]) -> Vec<Diagnostic> {
    let by_id: HashMap<&str, usize> = heads
        .iter()
        .enumerate()
        .filter_map(|(index, head)| Some((head.as_ref()?.id.as_deref()?, index)))
        .collect();
    let all_readable = heads.iter().all(Option::is_some);
    let mut found = Vec::new();
    for (index, head) in heads.iter().enumerate() {
        let Some(head) = head else { continue };
        let tag = project.migrations[index].tag.as_str();
        for previous in head.prev_ids() {
            match by_id.get(previous.as_str()) {
                Some(parent) if *parent >= index => {
                    let parent = project.migrations[*parent].tag.as_str();
                    let what = format!("`{tag}` runs before `{parent}`, which it was generated after");
                    found.push(
                        at_snapshot(&BROKEN_SNAPSHOT_CHAIN, project, index, what)
                            .why("folders run in the order of their names, so on an empty database the later changes come first")
                            .fix("Rename the folder so that it sorts after its parent, before it is deployed anywhere: Drizzle knows migrations by folder name."),
                    );
                }
                Some(_) => {}
                // Without all ids it can't be told whether the parent is gone.
                None if previous != ORIGIN && all_readable => {
                    let what = format!("the snapshot of `{tag}` follows one that is not in the folder");
                    found.push(
                        at_snapshot(&BROKEN_SNAPSHOT_CHAIN, project, index, what)
                            .why(format!("no snapshot has the id {previous}"))
                            .fix("Restore the missing migration folder from version control, or generate this one again."),
                    );
                }
                None => {}
            }
        }
    }
    found
}
