//! Whether what waits may go: what history, deployed code and the database say to each gate.

use super::migration_name;
use super::waiting::Waits;
use crate::args::ContractArguments;
use crate::database::{database, is_said};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Judge, line};
use crate::plan::{BACKFILLS, bare_name};
use crate::projects::Target;
use crate::settings_file::Found;
use drizzle::{Files, Migration, Project, join, split_chunks};
use plan::Gate;
use runner::backfill::{self, Job};
use runner::{refusal_with_cure, value_of_all_rows};
use source::{Diagnostic, Severity, SourceFile};
use std::collections::BTreeSet;

/// Who is asked.
pub struct Asked<'a, 'd> {
    /// The disk.
    pub disk: &'d Disk,
    /// Knows deployed versions.
    pub judge: &'a mut Judge<'d>,
    /// The settings of the project.
    pub settings: &'a Found,
    /// The arguments.
    pub wanted: &'a ContractArguments,
    /// The project.
    pub target: &'a Target,
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// For each waiting file: why it may not go, a line each; nothing where it may.
pub fn answers(asked: &mut Asked<'_, '_>, all: &[Waits]) -> Result<Vec<Vec<String>>, Error> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let serving = asked.judge.serving(&asked.target.project, asked.settings)?;
    let mut rows = Rows::of(asked, all)?;
    let mut found = Vec::new();
    for waits in all {
        let mut why_not = Vec::new();
        let mut tags: BTreeSet<&str> = BTreeSet::from([waits.waiting.of.as_str()]);
        for gate in &waits.waiting.gates {
            match gate {
                Gate::Deployed { migration } => drop(tags.insert(migration)),
                // What the code says is asked below, by the same rules that `lint` goes by.
                Gate::Unused { .. } => {}
                Gate::Backfilled { .. } | Gate::NoRows { .. } => {
                    why_not.extend(rows.answer(gate, &waits.waiting.name))
                }
            }
        }
        for tag in tags {
            why_not.extend(not_deployed(asked, &serving, all, tag));
        }
        found.push(why_not);
    }
    let broken = broken(asked, all)?;
    for (why_not, more) in found.iter_mut().zip(broken) {
        why_not.extend(more);
    }
    Ok(found)
}

/// Why a migration is not everywhere, where that is so.
fn not_deployed(
    asked: &mut Asked<'_, '_>,
    serving: &[std::sync::Arc<crate::versions::Version>],
    all: &[Waits],
    tag: &str,
) -> Option<String> {
    let project = &asked.target.project;
    if let Some(first) = all.iter().find(|other| other.waiting.name == tag) {
        return Some(format!("{} goes first, in a deploy of its own", first.waiting.name));
    }
    let Some(migration) = project.migrations.iter().rfind(|migration| became(migration, tag)) else {
        return Some(format!("there is no migration {tag}, which it comes from"));
    };
    if serving.is_empty() {
        return Some(format!(
            "nothing tells whether {tag} is deployed: name the versions that serve with --deployed"
        ));
    }
    let versions = asked.judge.versions();
    let lacking = serving.iter().find(|version| {
        let path = versions.inside(version, &migration.sql_path);
        !path.is_some_and(|path| version.has(&path))
    })?;
    Some(format!("{} has no {tag}: it waits until every deployed version has it", lacking.label()))
}

/// Whether a migration is the one that a tag means, or that the waiting file of this name has become.
fn became(migration: &Migration, tag: &str) -> bool {
    let waited = tag.split_once('.').is_some_and(|(of, _)| {
        let head = migration.file.text.lines().next().unwrap_or_default();
        bare_name(&migration.tag) == migration_name(tag, of) && head.ends_with(&format!(", from {of}"))
    });
    migration.tag == tag || waited
}

/// For each waiting file, what would break, and what else `lint` has against it: each is put behind all migrations
/// as the one that is pending.
fn broken(asked: &mut Asked<'_, '_>, all: &[Waits]) -> Result<Vec<Vec<String>>, Error> {
    let project = with_waiting(&asked.target.project, all);
    let named = all.iter().map(|waits| as_migration(&asked.target.project, waits)).collect();
    let target = Target { project, diagnostics: Vec::new(), named: Some(named) };
    let options = asked.wanted.server.options(&asked.settings.settings);
    let selected = asked.judge.select(target, asked.settings)?;
    let analysis = facts::analyze(&selected.project, &selected.sets, &options);
    let found = linter::accept(linter::lint(&analysis, &selected.project), &analysis, &selected.project);
    let found = linter::weigh(found, &asked.settings.weights());
    let of = |waits: &Waits| {
        let about = |one: &&Diagnostic| {
            one.severity == Severity::Error
                && one.accepted.is_none()
                && one.migration.as_deref() == Some(&waits.waiting.name)
        };
        let mut lines: Vec<String> = Vec::new();
        for one in found.iter().filter(about) {
            lines.push(one.what.clone());
            lines.extend(one.secondary.iter().take(3).map(|label| {
                let place = label.file.position(label.span.start);
                format!("  {}:{}", label.file.shown(), place.line)
            }));
        }
        lines
    };
    let mut answers: Vec<Vec<String>> = all.iter().map(of).collect();
    if let (Some(first), false) = (answers.first_mut(), selected.diagnostics.is_empty()) {
        first.extend(selected.unreadable().map(line));
    }
    Ok(answers)
}

/// The project with what waits behind its migrations.
fn with_waiting(project: &Project, all: &[Waits]) -> Project {
    let mut project = Project { waiting: Vec::new(), ..project.clone() };
    for waits in all {
        let text = &waits.waiting.sql;
        project.migrations.push(Migration {
            tag: waits.waiting.name.clone(),
            file: SourceFile::new(waits.path.clone(), text.clone()),
            readable: true,
            when: None,
            chunks: split_chunks(text),
            snapshot: None,
            breakpoints: true,
            sql_path: as_migration(&project, waits),
            journal_span: None,
        });
    }
    project
}

/// Where no version has a file: one that has what waits has not run it.
fn as_migration(project: &Project, waits: &Waits) -> String {
    join(&project.dir, &format!("{}.sql", waits.waiting.name))
}

/// A query, and how many rows it counts or why it counts none.
type Counted = (String, Result<u64, String>);

/// A backfill, and what keeps a later step from relying on it, if anything does.
type Gated = (String, Option<String>);

/// What the database says of rows, or the user.
struct Rows {
    /// What was asked.
    counted: Vec<Counted>,
    /// The backfills that were asked for.
    backfills: Vec<Gated>,
    /// What is known to be done.
    done: Vec<String>,
    asked: bool,
}

impl Rows {
    fn of(asked: &Asked<'_, '_>, all: &[Waits]) -> Result<Rows, Error> {
        let named = &asked.wanted.database;
        let is_asked = is_said(named);
        let done = asked.wanted.done.clone();
        let mut rows = Rows { counted: Vec::new(), backfills: Vec::new(), done, asked: is_asked };
        if !is_asked {
            return Ok(rows);
        }
        let server = database(asked.disk, &asked.target.project, named, asked.env)?;
        let (mut queries, mut jobs) = (BTreeSet::new(), Vec::new());
        for gate in all.iter().flat_map(|waits| &waits.waiting.gates) {
            match gate {
                Gate::Backfilled { backfill } => match job(asked.disk, &asked.target.project, backfill) {
                    Ok(job) => jobs.push(job),
                    Err(why) => rows.backfills.push((backfill.clone(), Some(why))),
                },
                Gate::NoRows { table, condition } => {
                    queries.insert(format!("SELECT count(*) FROM {table} WHERE {condition}"));
                }
                _ => {}
            }
        }
        let (counted, backfills) = counted(&server, queries, &asked.target.project.ledger.schema, &jobs)?;
        rows.counted = counted;
        rows.backfills.extend(backfills);
        Ok(rows)
    }

    /// Why a gate does not hold, where that is so.
    fn answer(&mut self, gate: &Gate, name: &str) -> Option<String> {
        let query = match gate {
            Gate::Backfilled { backfill } if self.done.contains(backfill) => return None,
            Gate::Backfilled { backfill } if self.asked => {
                let known = self.backfills.iter().find(|(known, _)| known == backfill);
                return known
                    .map_or(Some(format!("nobody asked for backfill {backfill}")), |(_, why)| why.clone());
            }
            Gate::Backfilled { .. } => String::new(),
            Gate::NoRows { .. } if self.done.iter().any(|done| done == name) => return None,
            Gate::NoRows { table, condition } => format!("SELECT count(*) FROM {table} WHERE {condition}"),
            _ => return None,
        };
        if !self.asked {
            let name = if let Gate::Backfilled { backfill } = gate { backfill } else { name };
            return Some(format!("needs that {gate}: ask with --database-url URL, or say --done {name}"));
        }
        match self.counted.iter().find(|(known, _)| *known == query).map(|(_, count)| count) {
            Some(Ok(0)) => None,
            Some(Ok(count)) => Some(format!("{} left: {query}", rows_are(*count))),
            Some(Err(why)) => Some(format!("the database does not say: {why}")),
            None => Some(format!("nobody asked the database for {query}")),
        }
    }
}

/// Whether `--done` can mean this: a backfill, something that waits, or what became of it.
pub fn is_known(disk: &Disk, project: &Project, all: &[Waits], done: &str) -> bool {
    let needs = |gate: &Gate| matches!(gate, Gate::Backfilled { backfill } if backfill == done);
    all.iter().any(|waits| waits.waiting.name == done || waits.waiting.gates.iter().any(needs))
        || project.migrations.iter().any(|migration| became(migration, done))
        || disk.read(&join(&project.dir, &format!("{BACKFILLS}/{done}.sql"))).is_ok()
}

/// The backfill of a name, or why it can't be read.
pub fn job(disk: &Disk, project: &Project, backfill: &str) -> Result<Job, String> {
    let path = join(&project.dir, &format!("{BACKFILLS}/{backfill}.sql"));
    let unasked = |why: String| {
        format!(
            "whether backfill {backfill} is finished can't be asked ({why}): say --done {backfill} once it is"
        )
    };
    let bytes = disk.read(&path).map_err(|error| unasked(format!("{path}: {error}")))?;
    let read = Job::read(backfill, &source::decode(&bytes).text);
    read.map_err(|(line, why)| unasked(format!("{path}:{line}: {why}")))
}

/// What the database counts, and what it says of backfills.
fn counted(
    server: &pg::Target,
    queries: BTreeSet<String>,
    schema: &str,
    jobs: &[Job],
) -> Result<(Vec<Counted>, Vec<Gated>), Error> {
    let target = server.named("brolly contract");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let work = async {
        let connection = pg::connect(&target).await?;
        let mut counted = Vec::new();
        for query in queries {
            let count = match value_of_all_rows(&connection, &query).await {
                Ok(value) => Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0)),
                Err(pg::Error::Refused(said)) => Err(refusal_with_cure(&said)),
                Err(error) => Err(error.to_string()),
            };
            counted.push((query, count));
        }
        let mut gated = Vec::new();
        for job in jobs {
            let why = match backfill::gate(&connection, schema, job).await {
                Ok(gate) => unfinished(job, gate),
                Err(backfill::Error::Server(pg::Error::Refused(said))) => {
                    Some(format!("the database does not say: {}", refusal_with_cure(&said)))
                }
                Err(error) => Some(format!("the database does not say: {error}")),
            };
            gated.push((job.backfill.name.clone(), why));
        }
        connection.close().await;
        Ok::<_, pg::Error>((counted, gated))
    };
    Ok(runtime.block_on(pg::unless_interrupted(work))??)
}

/// `1 row is`, `2 rows are`.
pub fn rows_are(count: u64) -> String {
    if count == 1 { "1 row is".to_owned() } else { format!("{count} rows are") }
}

/// Why a later step may not rely on a backfill, where that is so.
pub fn unfinished(job: &Job, gate: backfill::Gate) -> Option<String> {
    let name = &job.backfill.name;
    let run = format!("run brolly backfill {name}");
    match gate {
        backfill::Gate::Open => None,
        backfill::Gate::Left(left) => Some(format!("{} left of backfill {name}: {run}", rows_are(left))),
        backfill::Gate::Unfinished(backfill::State::Pending) => {
            Some(format!("backfill {name} is not finished: {run}"))
        }
        backfill::Gate::Unfinished(state) => Some(format!(
            "backfill {name} is {}: see brolly backfill --status",
            format!("{state:?}").to_lowercase()
        )),
        backfill::Gate::Gone(state, said) => Some(format!(
            "whether backfill {name} is finished can't be asked, since what it asks for is gone ({said}), and here it is {}: \
             say --done {name} if it is",
            format!("{state:?}").to_lowercase()
        )),
        backfill::Gate::Edited => {
            Some(format!("backfill {name} was changed since it was finished: {run} --restart"))
        }
    }
}
