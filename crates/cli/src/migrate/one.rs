//! One database migrated: looked at once more, then run, then told how it ended.

use super::gates::{in_the_way as in_the_way_of, unfinished};
use super::judged::Judged;
use super::lines;
use super::look::Ready;
use super::told::Told;
use crate::args::MigrateArguments;
use crate::backfill::is_of;
use crate::errors;
use crate::preflight::check;
use crate::settings_file::Found;
use crate::targets::Place;
use drizzle::Project;
use facts::Analysis;
use report::{Failed, MigrateLine, PreflightCheck, PreflightState};
use runner::preflight::{Bounds, CITUS, Coming};
use runner::{Job, Limits, in_schema};
use std::borrow::Cow;
use std::time::Duration;

/// What is to be run where.
#[derive(Clone, Copy)]
pub struct One<'a> {
    /// Where.
    pub place: &'a Place,
    /// What was seen there.
    pub ready: &'a Ready,
    /// What is pending.
    pub judged: &'a Judged,
    /// The arguments.
    pub wanted: &'a MigrateArguments,
    /// The settings of the project.
    pub settings: &'a Found,
    /// Who tells it.
    pub told: &'a Told,
}

/// Runs it. The last line, and the exit code.
pub async fn run(one: One<'_>) -> (MigrateLine, u8) {
    let (mut end, code) = ran(one).await;
    if let MigrateLine::End { migrated, by_others, backfills, failed: None, .. } = &mut end {
        let tags: Vec<&String> = migrated.iter().chain(by_others.iter()).collect();
        let jobs = one.judged.backfills.iter();
        let jobs: Vec<_> = jobs.filter(|job| tags.iter().any(|tag| is_of(job, tag))).cloned().collect();
        let schema = one.place.project(&one.judged.selected.project).ledger.schema.clone();
        let asked = pg::unless_interrupted(unfinished(&one.place.server, &schema, &jobs)).await;
        *backfills = asked.ok().and_then(Result::ok).unwrap_or_default();
    }
    (end, code)
}

async fn ran(one: One<'_>) -> (MigrateLine, u8) {
    let One { place, ready, judged, wanted, told, .. } = one;
    let (server, judged_project) = (&place.server, &judged.selected.project);
    let project = place.project(judged_project);
    let analysis = match &place.schema {
        Some(schema) => Cow::Owned(in_schema(&judged.analysis, schema)),
        None => Cow::Borrowed(&judged.analysis),
    };
    let asked = pg::unless_interrupted(in_the_way(one, &project)).await;
    let InTheWay { stops, mut waits, found } = match asked {
        Ok(Ok(asked)) => asked,
        Ok(Err(error)) | Err(error) => return lines::end(Err(error), &analysis),
    };
    if let Some(end) = stops {
        return (end, errors::COULD_NOT);
    }
    let limits = Limits {
        lock_wait: wanted.lock_wait,
        patience: wanted.patience,
        statement: wanted.statement_timeout,
        ..Limits::default()
    };
    let mut migrated = Vec::new();
    loop {
        let until = waits.map(|(until, _)| until);
        let job = Job {
            project: &project,
            analysis: &analysis,
            set: 0,
            shown: &ready.seen.rows,
            limits: &limits,
            until,
            replicas: &place.replicas,
            allowed: wanted.allow.as_deref().filter(|_| found || !judged.errors.is_empty()),
        };
        let mut tell = |event: runner::Event<'_>| {
            if let runner::Event::Migrated { tag, .. } = &event {
                migrated.push((*tag).to_owned());
            }
            told_of(told, &event, &analysis);
        };
        let result = pg::unless_interrupted(runner::migrate(server, &job, &mut tell)).await;
        let result = left_nothing(server, &project, told, result).await;
        let (line, code) = lines::end(result, &analysis);
        let line = crediting(line, &migrated);
        let (Some(until), errors::CLEAN) = (until, code) else { return (line, code) };
        // What came before it may be all that it waited for.
        waits = match pg::unless_interrupted(waiting(one, &project, Some(until))).await {
            Ok(Ok(waits)) => waits,
            Ok(Err(error)) | Err(error) => {
                let (line, code) = lines::end(Err(error), &analysis);
                return (crediting(line, &migrated), code);
            }
        };
        if let Some((_, mut why)) = waits.take_if(|(still, _)| *still == until) {
            why.push(format!("  what comes before it is migrated; then start again, or {ALL_THE_SAME}"));
            return (crediting(ended(why.join("\n")), &migrated), errors::COULD_NOT);
        }
    }
}

/// How to run what waits.
const ALL_THE_SAME: &str = "--allow REASON runs it all the same";

/// A last line that says what was migrated, whatever became of the rest.
fn crediting(mut line: MigrateLine, all: &[String]) -> MigrateLine {
    if let MigrateLine::End { migrated, by_others, .. } = &mut line {
        by_others.retain(|tag| !all.contains(tag));
        all.clone_into(migrated);
    }
    line
}

/// What would make a run fail or hurt.
struct InTheWay {
    /// The last line, where that ends it before it begins.
    stops: Option<MigrateLine>,
    /// What may not run yet, and why.
    waits: Option<(usize, Vec<String>)>,
    /// Whether it runs only since somebody gave a reason.
    found: bool,
}

/// Looks for it.
async fn in_the_way(one: One<'_>, project: &Project) -> Result<InTheWay, pg::Error> {
    let One { place, judged, wanted, told, .. } = one;
    let mut lines = Vec::new();
    if let (Some(at), Some(_)) = (&judged.public, &place.schema) {
        lines.push(format!(
            "{at} names the schema public, which all tenants share: leave it out, so that search_path says which it is"
        ));
    }
    let mut waits = waiting(one, project, None).await?;
    let at_once = |until: usize| judged.analysis.sets[0].migrations.first() == Some(&until);
    let allowed = wanted.allow.is_some();
    if let Some((_, why)) = waits.take_if(|(until, _)| allowed || at_once(*until)) {
        lines.extend(why);
    }
    let found = !lines.is_empty();
    if found && !allowed {
        lines[0] = format!("nothing was run: {}", lines[0]);
        lines.push(format!("  {ALL_THE_SAME}"));
        return Ok(InTheWay { stops: Some(ended(lines.join("\n"))), waits, found });
    }
    let reason = wanted.allow.clone().unwrap_or_default();
    for what in lines {
        told.line(&MigrateLine::Allowed { what, reason: reason.clone() });
    }
    if wanted.skip_preflight {
        return Ok(InTheWay { stops: None, waits, found });
    }
    let bounds = Bounds { version: one.settings.settings.postgres, ..Bounds::default() };
    let coming = Coming::of(project, &judged.analysis, 0);
    let coming = match &place.schema {
        Some(schema) => coming.in_schema(schema),
        None => coming,
    };
    let seen = runner::preflight::preflight(&place.server, &place.replicas, &coming, &bounds).await?;
    let citus = seen.iter().any(|one| one.object.as_deref() == Some(CITUS));
    Ok(InTheWay { stops: stopped(seen.iter().map(check), allowed, told), waits, found: found || citus })
}

/// The first migration that may not run here yet, of all or of those from one on. In a new database no row can be left.
async fn waiting(
    one: One<'_>,
    project: &Project,
    from: Option<usize>,
) -> Result<Option<(usize, Vec<String>)>, pg::Error> {
    if one.ready.standing.applied.is_empty() {
        return Ok(None);
    }
    let set = &one.judged.analysis.sets[0].migrations;
    let needs = one.judged.needs.iter();
    let needs: Vec<_> = needs.filter(|one| from.is_none_or(|from| one.is_from(set, from))).collect();
    in_the_way_of(&one.place.server, &project.ledger.schema, &needs, one.wanted.allow.is_some()).await
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

/// Tells what was found before anything is run; the last line, where the run has to end with that. What may be allowed
/// does not end it where it is.
fn stopped(found: impl Iterator<Item = PreflightCheck>, allowed: bool, told: &Told) -> Option<MigrateLine> {
    let checks: Vec<PreflightCheck> = found.filter(|check| check.state != PreflightState::Ok).collect();
    let stops = |check: &&PreflightCheck| {
        check.state == PreflightState::Stop && !(allowed && check.object.as_deref() == Some(CITUS))
    };
    let whys: Vec<String> = checks.iter().filter(stops).map(|check| check.what.clone()).collect();
    if !checks.is_empty() {
        told.line(&MigrateLine::Preflight { checks });
    }
    let message = match whys.as_slice() {
        [] => return None,
        [why] => format!("nothing was run: something has to be mended first: {why}"),
        whys => {
            format!("nothing was run: {} things have to be mended first: {}", whys.len(), whys.join("; "))
        }
    };
    Some(ended(format!("{message}\n  brolly preflight looks again; --skip-preflight runs all the same")))
}

/// The last line of a run that ended before it began.
fn ended(message: String) -> MigrateLine {
    MigrateLine::nothing(Some(Failed::saying(message)))
}
