//! The apps that meet pending sets: what snapshots declare, and where the code of deployed versions can
//! be read, what that declares and uses.

use crate::disk::Disk;
use crate::judge::Choice;
use crate::versions::{Start, Version, Versions};
use code::{Code, Schema};
use drizzle::{Project, QName, Snapshot};
use facts::{App, AppCode, CodeVersion, PendingSet, SchemaDifference};
use rayon::prelude::*;
use source::Diagnostic;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The pending sets with the apps that meet them: the one that the snapshot before the set declares,
/// and the one that the set's last snapshot declares. Reads no more snapshots than are needed.
pub fn with_snapshots(
    disk: &Disk,
    project: &Project,
    sets: &[Vec<usize>],
    choice: Choice,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<PendingSet> {
    let many = sets.len() > 2;
    let mut read = Vec::new();
    if many {
        let (snapshots, found) = drizzle::snapshots(disk, project);
        diagnostics.extend(found);
        read = snapshots;
    }
    let mut app = |index: usize| -> Option<Arc<App>> {
        let snapshot: Option<Arc<Snapshot>> = match read.get(index) {
            Some(snapshot) => snapshot.clone(),
            None if many => None,
            None => {
                let (snapshot, found) = drizzle::snapshot(disk, project, index);
                diagnostics.extend(found);
                snapshot
            }
        };
        let tag = &project.migrations.get(index)?.tag;
        snapshot.map(|snapshot| Arc::new(App::of_snapshot(&snapshot, format!("the snapshot of {tag}"))))
    };
    let mut newest: Option<(usize, Option<Arc<App>>)> = None;
    let mut pending = Vec::with_capacity(sets.len());
    for set in sets {
        let (Some(first), Some(last)) = (set.first(), set.last()) else { continue };
        let before = match (first.checked_sub(1), newest.take()) {
            (None, _) => None,
            (Some(before), Some((index, known))) if index == before => known,
            (Some(before), _) => app(before),
        };
        let new_app = app(*last);
        let kept = if choice == Choice::Facts {
            new_app.clone().or_else(|| before.clone())
        } else {
            new_app.clone()
        };
        newest = Some((*last, kept));
        pending.push(PendingSet { migrations: set.clone(), old_apps: before.into_iter().collect(), new_app });
    }
    pending
}

/// What was read of the code, beside the apps.
#[derive(Default)]
pub struct Codes {
    /// The deployed versions whose code was read, with what they declare.
    pub deployed: Vec<(Arc<Version>, Schema)>,
    /// What could not be read, a line each.
    pub notes: Vec<String>,
}

/// A version to read.
struct Reading {
    version: Arc<Version>,
    start: Start,
    /// The version that is on its way to be deployed.
    new: bool,
}

/// Gives the pending sets the apps that code declares and uses, in the place of those of snapshots. A
/// version meets the sets that it does not have the files of (`serving`: all of them, since it is known to serve), and
/// the working tree is the app to come.
/// Nothing changes where there is no code, or none that can be read.
pub fn with_code(
    disk: &Disk,
    versions: &mut Versions<'_>,
    project: &Project,
    sets: &mut [PendingSet],
    deployed: &[Arc<Version>],
    serving: bool,
) -> Codes {
    let mut codes = Codes::default();
    // The places of the versions in `deployed` that meet a set.
    let met: Vec<Vec<usize>> = sets
        .iter()
        .map(|set| {
            let lacks = |version, index| serving || !has(versions, version, project, index);
            let meets = |n: &usize| set.migrations.iter().any(|index| lacks(&deployed[*n], *index));
            (0..deployed.len()).filter(meets).collect()
        })
        .collect();
    let wanted: BTreeSet<usize> = met.iter().flatten().copied().collect();
    let with_code = |n: &usize| deployed[*n].has_code();
    if !wanted.iter().any(with_code) {
        return codes;
    }
    let pending = sets.iter().zip(&met).filter(|(_, met)| !met.is_empty());
    let interest = touched(project, &pending.map(|(set, _)| set.clone()).collect::<Vec<_>>());
    if interest.is_empty() {
        return codes;
    }
    let newest = sets.iter().position(|set| set.migrations.last() == Some(&(project.migrations.len() - 1)));
    let now = newest.map(|_| versions.now(project));
    let mut readings: Vec<Reading> = deployed
        .iter()
        .map(|version| Reading { version: version.clone(), start: Start::default(), new: false })
        .collect();
    readings.extend(now.map(|version| Reading { version, start: Start::default(), new: true }));
    for reading in &mut readings {
        reading.start = versions.start(&reading.version, project);
    }
    let read: Vec<(Code, Option<String>)> = readings
        .par_iter()
        .enumerate()
        .map(|(n, reading)| match reading.new || wanted.contains(&n) {
            true => versions.code(&reading.version, &reading.start, Some(&interest)),
            false => (Code::default(), None),
        })
        .collect();
    let mut apps: Vec<Option<Arc<App>>> = Vec::new();
    for (n, (reading, (code, note))) in readings.iter().zip(&read).enumerate() {
        if !reading.new && !wanted.contains(&n) {
            apps.push(None);
            continue;
        }
        let version = &reading.version;
        codes.notes.extend(note.clone());
        codes.notes.extend(unread(version, &reading.start, code, project));
        if code.schema.relations.is_empty() {
            apps.push(None);
            continue;
        }
        let newest = (0..project.migrations.len()).rev().find(|index| {
            project.migrations[*index].snapshot.is_some()
                && (reading.new || has(versions, version, project, *index))
        });
        // What is wrong with a snapshot has been said where it was read first.
        let snapshot = newest.and_then(|index| drizzle::snapshot(disk, project, index).0);
        let named = CodeVersion { name: version.name.clone(), commit: version.short().map(str::to_owned) };
        let app = App::of_code(code, snapshot.as_deref(), named, version.files.clone());
        apps.push(Some(Arc::new(app)));
        if !reading.new {
            codes.deployed.push((version.clone(), code.schema.clone()));
        }
    }
    for (set, met) in sets.iter_mut().zip(met) {
        let read: Vec<Arc<App>> = met.iter().filter_map(|n| apps[*n].clone()).collect();
        if read.is_empty() {
            continue;
        }
        // The snapshot stands for those that could not be read.
        let all = read.len() == met.len();
        set.old_apps.retain(|_| !all);
        // The newest comes last, and people name it first.
        set.old_apps.extend(read.into_iter().rev());
    }
    if let (Some(set), Some(Some(app)), Some(true)) =
        (newest, apps.last(), readings.last().map(|reading| reading.new))
    {
        sets[set].new_app = Some(app.clone());
    }
    codes
}

/// Where the schema in the working tree and the newest snapshot differ.
pub struct Differences {
    /// The differences.
    pub found: Vec<SchemaDifference>,
    /// The code of the working tree.
    pub code: Arc<AppCode>,
    /// The newest snapshot.
    pub snapshot: Arc<Snapshot>,
}

/// What the schema in the working tree and the newest snapshot part ways in. Nothing where the config names
/// no schema, or the newest migration has no snapshot: then nothing says what should be equal.
pub fn differences(disk: &Disk, versions: &mut Versions<'_>, project: &Project) -> Option<Differences> {
    project.config.as_ref()?.schema.value()?;
    project.migrations.last()?.snapshot.as_ref()?;
    // What is wrong with a snapshot has been said where it was read first.
    let snapshot = drizzle::snapshot(disk, project, project.migrations.len() - 1).0?;
    let version = versions.now(project);
    if !version.has_code() {
        return None;
    }
    let code = versions.schema(&version, project);
    let found = facts::schema_differences(&code, &snapshot);
    let named = CodeVersion { name: version.name.clone(), commit: None };
    let code = App::of_code(&code, None, named, version.files.clone()).code?;
    Some(Differences { found, code, snapshot })
}

/// The same as findings.
pub fn schema_differences(disk: &Disk, versions: &mut Versions<'_>, project: &Project) -> Vec<Diagnostic> {
    let newest = project.migrations.last().map_or("", |newest| &newest.tag);
    let findings = differences(disk, versions, project)
        .map(|differences| linter::schema_without_migration(&differences.found, &differences.code, newest));
    findings.unwrap_or_default()
}

/// Whether a version has the file of a migration.
fn has(versions: &Versions<'_>, version: &Version, project: &Project, index: usize) -> bool {
    let path = versions.inside(version, &project.migrations[index].sql_path);
    path.is_some_and(|path| version.has(&path))
}

/// The relations that the pending sets change, by all names that they go by.
fn touched(project: &Project, sets: &[PendingSet]) -> BTreeSet<QName> {
    let analysis = facts::analyze(project, sets, &facts::Options::default());
    let mut found = BTreeSet::new();
    for step in &analysis.steps {
        let start = &analysis.sets[step.set].start;
        for change in &step.changes {
            let names = match change {
                catalog::Change::RelationRenamed { from, to, .. } => vec![from, to],
                catalog::Change::RelationDropped { name, .. } => vec![name],
                _ => Vec::new(),
            };
            let of = |catalog: &Arc<catalog::Catalog>| {
                change.relation().and_then(|id| catalog.relation(id).map(|known| known.name.clone()))
            };
            let known = [start, &step.before, &step.after].into_iter().filter_map(of);
            found.extend(names.into_iter().cloned().chain(known));
        }
    }
    found.into_iter().map(|name| QName::new(&name.schema, &name.name)).collect()
}

/// What could not be read of a version's schema, and what that means.
fn unread(version: &Version, start: &Start, code: &Code, project: &Project) -> Option<String> {
    let label = version.label();
    let gaps: Vec<&code::Gap> = code.gaps.iter().filter(|gap| gap.in_schema).collect();
    let first = gaps.first().map(|gap| match &*gap.place.file {
        "" => gap.what.clone(),
        file => format!("{file}:{}: {}", gap.place.line, gap.what),
    });
    let why = first.or_else(|| start.note.clone());
    if code.schema.relations.is_empty() {
        // Where neither a config nor code speaks of a schema, there is nothing to miss.
        let why = why.or_else(|| project.config.as_ref().map(|_| "it declares no table".to_owned()))?;
        return Some(format!("{label}: the snapshot stands for the code: {why}"));
    }
    let more = if gaps.len() > 1 { format!(" (and {} more)", gaps.len() - 1) } else { String::new() };
    let stands = if gaps.is_empty() { "" } else { "; the snapshot stands in for what that hides" };
    why.map(|why| format!("{label}: {why}{more}{stands}"))
}
