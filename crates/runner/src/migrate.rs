//! A pending set migrated for good: under the run lock, unit by unit, with what an earlier run has done
//! taken into account.

use crate::deadlock::deadlock_timeout;
use crate::ledger;
use crate::progress::{self, Begun, Left};
use crate::replicas::Replica;
use crate::run_lock::{application, end_orphans, hold};
use crate::script::AFRESH;
use crate::standing::{LedgerRows, ledger_rows, standing};
use crate::tries::transaction;
use crate::units::{Unit, units};
use crate::{Error, Event, Limits, allowed, concurrently};
use drizzle::Project;
use facts::Analysis;
use pg::{Connection, Target};
use sql::{Query, QueryKind, Stmt};
use std::time::{Duration, Instant};

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The project.
    pub project: &'a Project,
    /// What is known of the pending set, judged for [`facts::Runner::Brolly`].
    pub analysis: &'a Analysis,
    /// The set.
    pub set: usize,
    /// What the ledger held when the set was made out.
    pub shown: &'a LedgerRows,
    /// Times.
    pub limits: &'a Limits,
    /// The first migration of the set that may not run yet, where there is one: index into `Project::migrations`.
    pub until: Option<usize>,
    /// Replicas whose readers are waited for before a lock is asked for.
    pub replicas: &'a [Target],
    /// Why it runs though `lint` has errors about it, where that is so.
    pub allowed: Option<&'a str>,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Tags of the migrations that it brought to their end.
    pub migrated: Vec<String>,
    /// Tags of those that another run did while this one waited.
    pub by_others: Vec<String>,
}

/// The connections of a run, and what it is about.
pub(crate) struct Room<'a> {
    pub job: &'a Job<'a>,
    /// Runs the statements.
    pub session: Connection,
    /// Looks on.
    pub watcher: Connection,
    /// Whose readers are waited for.
    pub replicas: Vec<Replica>,
    /// The process of `session`.
    pub pid: i32,
    /// `deadlock_timeout` of the server.
    pub deadlock_timeout: Duration,
}

/// Migrates the database.
///
/// Errors: see [`Error`]. Whatever it is, what was committed is noted, and the next call goes on from there.
pub async fn migrate(target: &Target, job: &Job<'_>, tell: &mut dyn FnMut(Event<'_>)) -> Result<Done, Error> {
    let (guard, room) = opened(target, job, tell).await?;
    let done = under_lock(&room, tell).await.map_err(Error::anywhere)?;
    guard.close().await;
    Ok(done)
}

/// Ends the session of a run that was interrupted ([`Event::Session`] names it): by itself it would go on with its
/// statement, and hold its locks. What it has open is rolled back.
///
/// Errors: those of the connection.
pub async fn end_session(target: &Target, project: &Project, pid: i32) -> Result<(), Error> {
    let other = pg::connect(&target.named("brolly migrate")).await?;
    let mine = format!(
        "FROM pg_catalog.pg_stat_activity WHERE pid = {pid} AND usename = current_user AND application_name = {}",
        ledger::literal(&application(project))
    );
    while !other.rows(&format!("SELECT pg_catalog.pg_terminate_backend(pid) {mine}")).await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.close().await;
    Ok(())
}

/// The connections of a run, with the run lock in hand, and nobody left of a run that was killed.
pub(crate) async fn opened<'a>(
    target: &Target,
    job: &'a Job<'a>,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(Connection, Room<'a>), Error> {
    // What waits for the lock is not at work: it has another name than what is.
    let guard = pg::connect(&target.named("brolly migrate")).await?;
    hold(&guard, target, job.project, job.limits.patience, tell).await?;
    let target = target.named(&application(job.project));
    let session = pg::connect(&target).await?;
    let watcher = pg::connect(&target).await?;
    let mine = [session.pid().await?, watcher.pid().await?];
    end_orphans(&guard, job.project, &mine, tell).await?;
    tell(Event::Session { pid: mine[0] });
    let deadlock_timeout = deadlock_timeout(&watcher).await?;
    let database = watcher.value("SELECT pg_catalog.current_database()").await?.unwrap_or_default();
    let replicas = job.replicas.iter().map(|replica| Replica::new(replica, &database)).collect();
    Ok((guard, Room { job, session, watcher, replicas, pid: mine[0], deadlock_timeout }))
}

async fn under_lock(room: &Room<'_>, tell: &mut dyn FnMut(Event<'_>)) -> Result<Done, Error> {
    let job = room.job;
    let now = ledger_rows(&room.session, job.project).await?;
    let pending = still_pending(job, &now)?;
    progress::forget_ended(&room.session, job.project, &now).await?;
    if let Some(half) = half_back(job.project, &progress::begun(&room.session, job.project, &now).await?) {
        return Err(half);
    }
    if now == LedgerRows::Absent {
        ledger::prepare(&room.session, job.project).await?;
    }
    if let (Some(reason), false) = (job.allowed, pending.is_empty()) {
        room.session.batch(&allowed::noting(job.project, &pending, reason)).await?;
    }
    let mut done = Done::default();
    let set = &job.analysis.sets[job.set].migrations;
    let all = units(job.project, job.analysis, job.set);
    let until = job.until.and_then(|until| set.iter().position(|one| *one == until)).unwrap_or(set.len());
    for (at, migration) in set.iter().enumerate().take(until) {
        let tag = &job.project.migrations[*migration].tag;
        if !pending.contains(migration) {
            done.by_others.push(tag.clone());
            continue;
        }
        tell(Event::Migration { tag, at: at + 1, of: set.len() });
        let start = Instant::now();
        let own: Vec<&Unit> = all.iter().filter(|unit| unit.migration == *migration).collect();
        one(room, *migration, &own, tell).await?;
        tell(Event::Migrated { tag, time: start.elapsed() });
        done.migrated.push(tag.clone());
    }
    Ok(done)
}

/// What keeps a project from being migrated: a way back that is half run. What it has taken is missed by what comes.
pub fn half_back(project: &Project, begun: &[Begun]) -> Option<Error> {
    let half = begun.iter().find(|one| one.back)?;
    let of = project.migrations.iter().find(|one| one.tag == half.tag)?;
    Some(Error::HalfBack { tag: half.tag.clone(), path: of.sql_path.clone(), far: half.far() })
}

/// What of the set is pending still. Others may have run a part of it meanwhile; what else happened to the
/// ledger was not shown to anybody.
fn still_pending(job: &Job<'_>, now: &LedgerRows) -> Result<Vec<usize>, Error> {
    let set = &job.analysis.sets[job.set].migrations;
    if now == job.shown {
        return Ok(set.clone());
    }
    let LedgerRows::Rows { named, rows } = now else { return Err(Error::LedgerMoved) };
    let kept = match job.shown {
        LedgerRows::Rows { rows: shown, .. } => shown.iter().all(|row| rows.contains(row)),
        LedgerRows::Absent => true,
        LedgerRows::Forbidden => false,
    };
    let standing = standing(job.project, *named, rows);
    if !kept || !standing.unknown.is_empty() || !standing.edited.is_empty() {
        return Err(Error::LedgerMoved);
    }
    let has_row = |one: &usize| standing.applied.contains(one) && !standing.passed_over.contains(one);
    Ok(set.iter().copied().filter(|one| !has_row(one)).collect())
}

/// Runs one migration, or what is left of it.
pub(crate) async fn one(
    room: &Room<'_>,
    migration: usize,
    units: &[&Unit],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let (project, analysis) = (room.job.project, room.job.analysis);
    let file = &project.migrations[migration];
    let left = progress::left(&room.session, project, file).await?;
    for unit in units {
        unchanged(analysis, unit, &left, &file.tag)?;
    }
    let several = units.len() > 1;
    if several && left.is_empty() {
        room.session.batch(&progress::preparation(project)).await?;
    }
    for text in AFRESH {
        room.session.batch(text).await?;
    }
    for unit in units {
        let mark = |step: &usize| left.get(&analysis.steps[*step].index);
        let through = !unit.steps.is_empty()
            && !unit.last
            && unit.steps.iter().all(|step| mark(step).is_some_and(|mark| mark.done));
        if through {
            tell(Event::DoneBefore { steps: &unit.steps });
            settings_again(room, unit).await?;
            continue;
        }
        if unit.alone {
            concurrently::alone(room, unit, unit.steps.first().and_then(mark), tell).await?;
            continue;
        }
        let ours: Vec<String> = match (several, unit.last) {
            (false, _) => Vec::new(),
            (true, true) => vec![progress::forgetting(project, file)],
            (true, false) => {
                let steps = unit.steps.iter().map(|step| &analysis.steps[*step]);
                steps.map(|step| progress::noting(project, file, step, true)).collect()
            }
        };
        transaction(room, unit, &ours, tell).await?;
    }
    Ok(())
}

/// What ran already is what the file still says.
fn unchanged(analysis: &Analysis, unit: &Unit, left: &Left, tag: &str) -> Result<(), Error> {
    for step in unit.steps.iter().map(|step| &analysis.steps[*step]) {
        if left.get(&step.index).is_some_and(|mark| mark.done && mark.hash != progress::hash(step)) {
            let done = format!("mark {tag}");
            return Err(Error::EditedMidway { tag: tag.to_owned(), statement: step.index, done });
        }
    }
    Ok(())
}

/// Settings that statements of an earlier run made for those behind them.
async fn settings_again(room: &Room<'_>, unit: &Unit) -> Result<(), Error> {
    for step in unit.steps.iter().map(|step| &room.job.analysis.steps[*step]) {
        if step.statement.as_deref().is_some_and(|one| only_sets(&one.stmt)) {
            room.session.batch(step.span.of(&step.file.text)).await?;
        }
    }
    Ok(())
}

/// Whether a statement changes settings of the session and nothing else, so that it may run again: `SET`, or a SELECT of
/// `set_config`.
fn only_sets(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Set(set) => !set.local,
        Stmt::Query(query) => calls_only_set_config(query),
        _ => false,
    }
}

fn calls_only_set_config(query: &Query) -> bool {
    let Query { kind, target, reads, opaque_sources, uses, .. } = query;
    let names = || uses.functions.iter().map(|call| call.name.name.as_str());
    *kind == QueryKind::Select
        && target.is_none()
        && reads.is_empty()
        && !opaque_sources
        && uses.queries.is_empty()
        && names().any(|name| name == "set_config")
        && names().all(|name| READS.contains(&name))
}

/// Functions that change nothing but settings.
const READS: [&str; 5] = ["set_config", "current_setting", "current_schema", "quote_ident", "concat"];
