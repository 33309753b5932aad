//! `brolly migrate`: read the ledger, show what is pending, judge it, run it, tell how it goes.

mod dry;
mod human;
mod lines;

use crate::Outcome;
use crate::args::{Choice as ChoiceArguments, MigrateArguments, Skipped};
use crate::database::database;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge, Selected, unread};
use crate::ledger::standing_of;
use crate::place::version_of;
use crate::preflight::check;
use crate::projects::{self, Target};
use crate::settings_file::{Found, SettingsFiles};
use drizzle::{Layout, Project};
use facts::{Analysis, Options, Runner};
pub use human::Told;
pub use lines::end as last_line;
use pg::Connection;
use report::{HumanOptions, MigrateLine, PreflightCheck, PreflightState};
use runner::preflight::{Bounds, Coming};
use runner::standing::{LedgerRows, Standing, ledger_rows};
use runner::{Job, Limits};
use source::{Diagnostic, Severity};
use std::time::Duration;

/// Migrates the database of a project.
pub fn migrate(
    disk: &Disk,
    wanted: &MigrateArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.place.places())?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let target = only("migrate", found.targets)?;
    let server = database(disk, &target.project, &wanted.database, env)?;
    let settings = SettingsFiles::new(disk, wanted.place.settings.as_deref()).of(&target.project)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let called = server.named("brolly migrate");
    let seen = runtime.block_on(pg::unless_interrupted(looked(&called, &target.project)))??;
    let mut standing = standing_of(&target.project, &seen.rows)?;
    let told = Told::new(wanted.format);
    told.line(&pending(&target.project, &standing, &seen));
    if !standing.passed_over.is_empty() {
        skipped(&target.project, &mut standing, wanted)?;
    }
    if wanted.check {
        let waits = !standing.pending.is_empty();
        return Ok(Outcome { code: if waits { errors::FINDINGS } else { errors::CLEAN }, ..outcome });
    }
    if standing.pending.is_empty() {
        told.line(&MigrateLine::End { migrated: Vec::new(), by_others: Vec::new(), failed: None });
        return Ok(outcome);
    }
    let options = Options {
        version: seen.version,
        runner: Runner::Brolly,
        ..wanted.server.options(&settings.settings)
    };
    let selected = selected(disk, target, &standing, wanted, &settings, env)?;
    outcome.notes.extend(selected.codes.notes.iter().cloned());
    let analysis = facts::analyze(&selected.project, &selected.sets, &options);
    runnable(&analysis)?;
    let errors = errors_of(&selected, &analysis, &settings);
    if wanted.dry_run {
        outcome.output = dry::text(&selected.project, &analysis, wanted.format);
    }
    if !errors.is_empty() {
        let run = report::Run {
            migrations: selected.judged().map(|migration| migration.tag.clone()).collect(),
            postgres: options.version.0,
            ..report::Run::default()
        };
        outcome.notes.push(report::human(&errors, &run, paper));
        if wanted.allow.is_none() {
            outcome.notes.push(format!(
                "nothing was run: {} of lint; mend them (brolly plan, brolly fix), or run it all the same: --allow REASON",
                if errors.len() == 1 { "1 error".to_owned() } else { format!("{} errors", errors.len()) }
            ));
            outcome.code = errors::FINDINGS;
            return Ok(outcome);
        }
    }
    if wanted.dry_run {
        return Ok(outcome);
    }
    let limits = Limits {
        lock_wait: wanted.lock_wait,
        patience: wanted.patience,
        statement: wanted.statement_timeout,
        ..Limits::default()
    };
    if !wanted.skip_preflight {
        let bounds = Bounds { version: settings.settings.postgres, ..Bounds::default() };
        let coming = Coming::of(&selected.project, &analysis, 0);
        let work = runner::preflight::preflight(&server, &coming, &bounds);
        let found = runtime.block_on(pg::unless_interrupted(work))??;
        if let Some(end) = stopped(found.iter().map(check), &told) {
            told.line(&end);
            outcome.code = errors::COULD_NOT;
            return Ok(outcome);
        }
    }
    let job = Job {
        project: &selected.project,
        analysis: &analysis,
        set: 0,
        shown: &seen.rows,
        limits: &limits,
        allowed: wanted.allow.as_deref().filter(|_| !errors.is_empty()),
    };
    let result = runtime.block_on(async {
        let mut tell = |event: runner::Event<'_>| told_of(&told, &event, &analysis);
        let result = pg::unless_interrupted(runner::migrate(&server, &job, &mut tell)).await;
        left_nothing(&server, &selected.project, &told, result).await
    });
    let (end, code) = lines::end(result, &analysis);
    told.line(&end);
    outcome.code = outcome.code.max(code);
    Ok(outcome)
}

/// Ends the session that an interrupted run leaves behind on the server.
pub async fn left_nothing<T>(
    server: &pg::Target,
    project: &Project,
    told: &Told,
    result: Result<T, pg::Error>,
) -> Result<T, pg::Error> {
    if let (Err(pg::Error::Interrupted { .. }), Some(pid)) = (&result, told.session.get()) {
        // What can't be ended now is ended by the next run.
        let _ = tokio::time::timeout(PATIENCE, runner::end_session(server, project, pid)).await;
    }
    result
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Tells what the runner tells.
pub fn told_of(told: &Told, event: &runner::Event<'_>, analysis: &Analysis) {
    if let runner::Event::Session { pid } = event {
        told.session.set(Some(*pid));
    }
    if let Some(line) = lines::line(event, analysis) {
        told.line(&line);
    }
}

/// Tells what was found before anything is run; the last line, where the run has to end with that.
fn stopped(found: impl Iterator<Item = PreflightCheck>, told: &Told) -> Option<MigrateLine> {
    let checks: Vec<PreflightCheck> = found.filter(|check| check.state != PreflightState::Ok).collect();
    let stops = checks.iter().filter(|check| check.state == PreflightState::Stop).count();
    if !checks.is_empty() {
        told.line(&MigrateLine::Preflight { checks });
    }
    let message = match stops {
        0 => return None,
        1 => "nothing was run: something has to be mended first".to_owned(),
        more => format!("nothing was run: {more} things have to be mended first"),
    };
    let message = format!("{message}\n  brolly preflight looks again; --skip-preflight runs all the same");
    let failed = Some(report::Failed { message, sqlstate: None, place: None });
    Some(MigrateLine::End { migrated: Vec::new(), by_others: Vec::new(), failed })
}

/// The one project that a database can be of, with a journal: else no ledger can say what of it has run.
pub fn only(command: &'static str, targets: Vec<Target>) -> Result<Target, Error> {
    let target = projects::only(command, targets)?;
    if target.project.layout != Layout::Bare {
        return Ok(target);
    }
    let dir = &target.project.dir;
    let what = format!("{dir} has no journal, so that Drizzle's ledger can't say what of it has run");
    Err(Error::CannotMigrate { what })
}

/// What a first look at the database tells.
pub struct Seen {
    /// The database.
    pub database: String,
    /// Host and port, or the folder of the socket.
    pub host: String,
    /// The version, as the server words it.
    pub server: String,
    /// The version.
    pub version: facts::Version,
    /// What the ledger holds.
    pub rows: LedgerRows,
}

/// Takes that look.
pub async fn looked(server: &pg::Target, project: &Project) -> Result<Seen, Error> {
    let connection: Connection = pg::connect(server).await?;
    let seen = Seen {
        database: connection.value("SELECT pg_catalog.current_database()").await?.unwrap_or_default(),
        host: connection.host().to_owned(),
        server: connection.server_version().to_owned(),
        version: version_of(&connection),
        rows: ledger_rows(&connection, project).await?,
    };
    connection.close().await;
    Ok(seen)
}

fn pending(project: &Project, standing: &Standing, seen: &Seen) -> MigrateLine {
    let tags = |indexes: &[usize]| indexes.iter().map(|at| project.migrations[*at].tag.clone()).collect();
    MigrateLine::Pending {
        project: project.dir.clone(),
        database: seen.database.clone(),
        host: seen.host.clone(),
        server: seen.server.clone(),
        pending: tags(&standing.pending),
        skipped: tags(&standing.passed_over),
        edited: tags(&standing.edited),
        unknown: standing.unknown.clone(),
    }
}

/// Migrations that came late run or stay out as was said; where nothing was said, nothing is run.
fn skipped(project: &Project, standing: &mut Standing, wanted: &MigrateArguments) -> Result<(), Error> {
    match wanted.skipped {
        Some(Skipped::Leave) => {}
        Some(Skipped::Run) => {
            standing.applied.retain(|one| !standing.passed_over.contains(one));
            standing.pending.append(&mut standing.passed_over);
            standing.pending.sort_unstable();
        }
        None if wanted.check || wanted.dry_run => {}
        None => {
            let tags: Vec<&str> =
                standing.passed_over.iter().map(|at| project.migrations[*at].tag.as_str()).collect();
            return Err(Error::CannotMigrate {
                what: format!(
                    "{} did not run, and Drizzle would never run {}: the ledger has a row of a later time\n  \
                     --skipped run runs what was skipped, --skipped leave leaves it out\n  \
                     brolly ledger mark TAG notes for good that it is not to run",
                    tags.join(", "),
                    if tags.len() == 1 { "it" } else { "them" }
                ),
            });
        }
    }
    Ok(())
}

fn selected(
    disk: &Disk,
    target: Target,
    standing: &Standing,
    wanted: &MigrateArguments,
    settings: &Found,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Selected, Error> {
    let choice = ChoiceArguments { deployed: wanted.deployed.clone(), ..ChoiceArguments::default() };
    let mut judge = Judge::new(disk, Choice::New, &choice, env);
    let text = "pending by the ledger".to_owned();
    let selected = judge.pending(target, standing, settings, text)?;
    match unread(&selected) {
        (unread, _) if unread.is_empty() => Ok(selected),
        (unread, _) => Err(Error::CannotMigrate { what: unread.join("\n") }),
    }
}

/// Nothing of the set is beyond what can be run unit by unit, where that is how it runs.
pub fn runnable(analysis: &Analysis) -> Result<(), Error> {
    if analysis.options.runner != Runner::Brolly {
        return Ok(());
    }
    let Some(step) = runner::taken_back(analysis).map(|step| &analysis.steps[step]) else { return Ok(()) };
    let line = step.file.position(step.span.start).line;
    let what = format!("{}:{line}: ROLLBACK takes the work of its own migration back", step.file.path);
    Err(Error::CannotMigrate { what })
}

/// What `lint` has errors about.
fn errors_of(selected: &Selected, analysis: &Analysis, settings: &Found) -> Vec<Diagnostic> {
    let found = linter::accept(linter::lint(analysis, &selected.project), analysis, &selected.project);
    let found = linter::weigh(found, &settings.weights());
    found.into_iter().filter(|one| one.severity == Severity::Error && one.accepted.is_none()).collect()
}
