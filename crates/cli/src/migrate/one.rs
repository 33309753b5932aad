//! One database migrated: looked at once more, then run, then told how it ended.

use super::gates::in_the_way as in_the_way_of;
use super::judged::Judged;
use super::lines;
use super::look::Ready;
use super::told::Told;
use crate::args::MigrateArguments;
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
    let One { place, ready, judged, wanted, told, .. } = one;
    let (server, judged_project) = (&place.server, &judged.selected.project);
    let project = place.project(judged_project);
    let analysis = match &place.schema {
        Some(schema) => Cow::Owned(in_schema(&judged.analysis, schema)),
        None => Cow::Borrowed(&judged.analysis),
    };
    let asked = pg::unless_interrupted(in_the_way(one, &project)).await;
    let (stops, found) = match asked {
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
    let job = Job {
        project: &project,
        analysis: &analysis,
        set: 0,
        shown: &ready.seen.rows,
        limits: &limits,
        allowed: wanted.allow.as_deref().filter(|_| found || !judged.errors.is_empty()),
    };
    let mut tell = |event: runner::Event<'_>| told_of(told, &event, &analysis);
    let result = pg::unless_interrupted(runner::migrate(server, &job, &mut tell)).await;
    let result = left_nothing(server, &project, told, result).await;
    lines::end(result, &analysis)
}

/// Looks for what would make it fail or hurt. The last line, where that ends it; and whether it would have without a
/// reason to run all the same.
async fn in_the_way(one: One<'_>, project: &Project) -> Result<(Option<MigrateLine>, bool), pg::Error> {
    let One { place, judged, wanted, told, .. } = one;
    let mut lines = Vec::new();
    if let (Some(at), Some(_)) = (&judged.public, &place.schema) {
        lines.push(format!(
            "{at} names the schema public, which all tenants share: leave it out, so that search_path says which it is"
        ));
    }
    let new = one.ready.standing.applied.is_empty();
    lines.extend(in_the_way_of(&place.server, &project.ledger.schema, &judged.needs, new).await?);
    let (found, allowed) = (!lines.is_empty(), wanted.allow.is_some());
    if found && !allowed {
        lines[0] = format!("nothing was run: {}", lines[0]);
        lines.push("  --allow REASON runs it all the same".to_owned());
        return Ok((Some(ended(lines.join("\n"))), true));
    }
    if wanted.skip_preflight {
        return Ok((None, found));
    }
    let bounds = Bounds { version: one.settings.settings.postgres, ..Bounds::default() };
    let coming = Coming::of(project, &judged.analysis, 0);
    let coming = match &place.schema {
        Some(schema) => coming.in_schema(schema),
        None => coming,
    };
    let seen = runner::preflight::preflight(&place.server, &coming, &bounds).await?;
    let citus = seen.iter().any(|one| one.object.as_deref() == Some(CITUS));
    Ok((stopped(seen.iter().map(check), allowed, told), found || citus))
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
    let stops = checks.iter().filter(stops).count();
    if !checks.is_empty() {
        told.line(&MigrateLine::Preflight { checks });
    }
    let message = match stops {
        0 => return None,
        1 => "nothing was run: something has to be mended first".to_owned(),
        more => format!("nothing was run: {more} things have to be mended first"),
    };
    Some(ended(format!("{message}\n  brolly preflight looks again; --skip-preflight runs all the same")))
}

/// The last line of a run that ended before it began.
fn ended(message: String) -> MigrateLine {
    let failed = Some(Failed { message, sqlstate: None, place: None });
    MigrateLine::End { migrated: Vec::new(), by_others: Vec::new(), failed }
}
