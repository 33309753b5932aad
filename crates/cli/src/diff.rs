//! `brolly diff`: the replayed history, the newest snapshot and a live database, held against each
//! other. The database is only read, in one transaction that can't write.

use crate::Outcome;
use crate::args::{DiffArguments, DiffFormat};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::ledger::{Applied, applied};
use crate::projects::{self, Target};
use crate::schema_filter::left_out;
use catalog::{Catalog, QName, Scope, diff_within, fingerprint};
use drizzle::Project;
use report::{Comparison, Drift, Side};
use source::{Diagnostic, Severity};
use std::sync::Arc;

/// Compares, and says what differs.
pub fn diff(
    disk: &Disk,
    wanted: &DiffArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let url = url(wanted, env)?;
    if let (Some(_), [_, _, ..]) = (&url, found.targets.as_slice()) {
        let projects = found.targets.iter().map(|target| target.project.dir.clone()).collect();
        return Err(Error::SeveralProjects { command: "diff", projects });
    }
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let mut all = Vec::new();
    for target in &found.targets {
        let unread = target.diagnostics.iter().filter(|diagnostic| is_unread(diagnostic));
        outcome.notes.extend(unread.map(line));
        let mut drift = Drift { project: target.project.dir.clone(), comparisons: Vec::new() };
        drift.comparisons.extend(with_snapshot(disk, target, &wanted.schema, &mut outcome.notes));
        if let Some(url) = &url {
            let server = pg::target_here(url)?;
            drift.comparisons.push(with_database(&target.project, &server, &wanted.schema, Part::Applied)?);
        }
        if drift.comparisons.is_empty() {
            let dir = &target.project.dir;
            outcome
                .notes
                .push(format!("{dir}: no snapshot and no --database-url to compare the history with"));
        }
        all.push(drift);
    }
    outcome.output = match (wanted.fingerprint, wanted.format) {
        (true, _) => fingerprints(&all),
        (false, DiffFormat::Human) => report::drift_text(&all),
        (false, DiffFormat::Json) => report::drift_json(&all),
    };
    let mut comparisons = all.iter().flat_map(|drift| &drift.comparisons);
    let compared = all.iter().any(|drift| !drift.comparisons.is_empty());
    outcome.code = match comparisons.any(Comparison::has_drift) {
        true => errors::FINDINGS,
        false if !compared => errors::COULD_NOT,
        false => errors::CLEAN,
    };
    Ok(outcome)
}

/// The URL of the database, from the flag or from the variable that a flag names.
fn url(wanted: &DiffArguments, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, Error> {
    match (&wanted.database_url, &wanted.database_url_env) {
        (Some(url), _) => Ok(Some(url.clone())),
        (None, Some(name)) => match env(name).filter(|url| !url.is_empty()) {
            Some(url) => Ok(Some(url)),
            None => Err(Error::NoSuchVariable { name: name.clone() }),
        },
        (None, None) => Ok(None),
    }
}

fn replayed(project: &Project) -> Arc<Catalog> {
    facts::analyze(project, &[], &facts::Options::default()).end
}

fn migrations(count: usize) -> String {
    if count == 1 { "1 migration".to_owned() } else { format!("{count} migrations") }
}

/// The history and the newest snapshot, on what a snapshot can express. The snapshot is where the history comes to once
/// what waits in `contract/` has run.
fn with_snapshot(
    disk: &Disk,
    target: &Target,
    schemas: &[String],
    notes: &mut Vec<String>,
) -> Option<Comparison> {
    let project = &target.project;
    let newest = project.migrations.iter().rposition(|migration| migration.snapshot.is_some())?;
    let (snapshot, diagnostics) = drizzle::snapshot(disk, project, newest);
    notes.extend(diagnostics.iter().map(line));
    let history = replayed(project);
    let settled = facts::settled(&history, &project.waiting);
    let waits = if settled.is_some() { ", and what waits" } else { "" };
    let history = settled.unwrap_or(history);
    let snapshot = snapshot?;
    let declared = facts::declared(&snapshot, &history);
    let scope = facts::beyond_snapshot(&Scope { schemas: schemas.to_vec(), ..Scope::default() });
    let unread = declared.unread.iter().map(|what| format!("not understood in the snapshot: {what}"));
    Some(Comparison {
        differences: diff_within(&history, &declared.catalog, &scope),
        left: Side {
            word: "history",
            text: format!("{}{waits}", migrations(project.migrations.len())),
            fingerprint: fingerprint(&history, &scope),
        },
        right: Side {
            word: "snapshot",
            text: project.migrations[newest].tag.clone(),
            fingerprint: fingerprint(&declared.catalog, &scope),
        },
        notes: unread.collect(),
    })
}

/// How much of the history a database is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What its ledger says that it has run.
    Applied,
    /// All of it, whatever the ledger says.
    Whole,
}

/// The history, and the database.
pub fn with_database(
    project: &Project,
    server: &pg::Target,
    schemas: &[String],
    part: Part,
) -> Result<Comparison, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let server = server.named("brolly diff");
    let work = async {
        let connection = pg::connect(&server).await?;
        connection
            .batch(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = '5s'; \
                 SET LOCAL statement_timeout = '60s'",
            )
            .await?;
        let read = pg::introspected(&connection).await?;
        let applied = match part {
            Part::Applied => applied(&connection, project).await?,
            Part::Whole => Applied { project: project.clone(), notes: Vec::new() },
        };
        let name = connection.value("SELECT pg_catalog.current_database()").await?.unwrap_or_default();
        connection.batch("ROLLBACK").await?;
        let host = connection.host().to_owned();
        connection.close().await;
        Ok::<_, pg::Error>((read, applied, format!("{name} on {host}")))
    };
    let (read, applied, name) = runtime.block_on(pg::unless_interrupted(work))??;
    let Applied { project, notes } = applied;
    let mut notes = notes;
    notes.extend(read.unread);
    let history = replayed(&project);
    let mut scope = Scope { schemas: schemas.to_vec(), ..without_ledger(&project, &read.catalog) };
    if schemas.is_empty() {
        let (out, note) = left_out(&project, &history, &read.catalog);
        notes.extend(note);
        scope.except_schemas.extend(out);
    }
    Ok(Comparison {
        differences: diff_within(&history, &read.catalog, &scope),
        left: Side {
            word: "history",
            text: migrations(project.migrations.len()),
            fingerprint: fingerprint(&history, &scope),
        },
        right: Side { word: "database", text: name, fingerprint: fingerprint(&read.catalog, &scope) },
        notes,
    })
}

/// Everything but Drizzle's ledger, and the schema that is there for it alone.
fn without_ledger(project: &Project, database: &Catalog) -> Scope {
    let ledger = QName::new(project.ledger.schema.clone(), project.ledger.table.clone());
    let mut others = database.relations().filter(|relation| {
        let owner = relation.owned_by.and_then(|(table, _)| database.relation(table));
        relation.name.schema == ledger.schema
            && relation.name != ledger
            && !relation.name.name.starts_with("__brolly_")
            && owner.is_none_or(|owner| owner.name != ledger)
    });
    let mut except_schemas = vec!["drizzle".to_owned()];
    if others.next().is_none() && ledger.schema != "public" {
        except_schemas.push(ledger.schema.clone());
    }
    // What brolly keeps beside it.
    let own = database.relations().map(|relation| &relation.name);
    let own = own.filter(|name| name.schema == ledger.schema && name.name.starts_with("__brolly_")).cloned();
    let except_relations = own.chain([ledger.clone()]).collect();
    Scope { except_schemas, except_relations, ..Scope::default() }
}

/// A line for each schema; those of one project that are equal mean the same.
fn fingerprints(all: &[Drift]) -> String {
    let mut text = String::new();
    for drift in all {
        for comparison in &drift.comparisons {
            // A snapshot can say less, so that its line can be that of what it can say of the history only.
            let within = match comparison.right.word {
                "snapshot" => "history, as far as a snapshot goes",
                _ => "history",
            };
            for (word, side) in [(within, &comparison.left), (comparison.right.word, &comparison.right)] {
                let (print, project, which) = (&side.fingerprint, &drift.project, &side.text);
                text.push_str(&format!("{print} {project}: {word} ({which})\n"));
            }
        }
    }
    text
}

fn is_unread(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

fn line(diagnostic: &Diagnostic) -> String {
    let file = &diagnostic.primary.file;
    let place = file.position(diagnostic.primary.span.start);
    format!("{}:{}:{}: {}", file.path, place.line, place.column, diagnostic.what)
}
