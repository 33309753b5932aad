//! A pending set proven on a database of our own: the history first, rows into every table, the set as
//! its runner runs it, and before and after it the queries of both apps.
//!
//! Gives what was seen beside what was predicted. Says nothing about how bad it is.

use crate::Error;
use crate::back::{Returned, there_and_back};
use crate::breaks::{BreakDisagreement, breaks};
use crate::compare::Disagreement;
use crate::fill::{Amounts, Filled};
use crate::fresh::{Fresh, fresh};
use crate::history::{Refused, before_set};
use crate::migrate::{End, Run, run_set};
use crate::needed::{Later, Needed, filled, run_later};
use crate::queries::{AppQuery, BrokenQuery, Details, Line, broken, broken_anew, queries};
use catalog::QName;
use drizzle::{Layout, Migration, Project};
use facts::{Analysis, JudgedSet};
use pg::{Connection, Observer, Scratch, Target};
use runner::ledger;
use std::collections::BTreeMap;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Rows to fill in.
    pub amounts: Amounts,
    /// The role that the app connects as, where it is known.
    pub app_role: Option<String>,
    /// Whether roles that the migrations name may be made: only on a server of our own.
    pub make_roles: bool,
    /// What the heads of the set's migrations say that has to be so before they run.
    pub needed: Needed,
    /// What the path of the set leaves to later deploys.
    pub later: Later,
    /// Files that take migrations of the set back, each with the migration as an index into `Project::migrations`.
    pub backs: Vec<(usize, Migration)>,
}

/// What a proof is doing, for those who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase<'a> {
    /// Applying a migration of the history: its tag, and how many of how many.
    History(&'a str, usize, usize),
    /// Filling tables.
    Filling,
    /// Asking the queries of the apps.
    Asking,
    /// Running a statement: its migration, and how many of how many.
    Statement(&'a str, usize, usize),
    /// Applying everything to an empty database.
    Fresh,
    /// Taking a migration back.
    Back(&'a str),
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The version of the server, as it words it.
    pub server: String,
    /// What of the history this server refused.
    pub refused: Vec<Refused>,
    /// The rows that the set met.
    pub filled: Filled,
    /// The set itself.
    pub run: Run,
    /// The set on empty tables, where it failed on what the rows held: what it would do to rows that
    /// suit it.
    pub without_rows: Option<Run>,
    /// Bytes of each old table that changed its size, with indexes: before, after.
    pub sizes: BTreeMap<String, (u64, u64)>,
    /// The old app on the new schema; nothing where there is none, since the set failed.
    pub old_app: Asking,
    /// The new app on the old schema, as it is while pods are deployed before the migration.
    pub new_app_early: Asking,
    /// The same for the new app.
    pub new_app: Asking,
    /// Queries of the new app that fail on the new schema and no more once what the set leaves to later deploys has
    /// run: the new version goes out after that.
    pub until_later: Vec<BrokenQuery>,
    /// Where the broken queries of the old app are not those that were predicted.
    pub breaks: Vec<BreakDisagreement>,
    /// The whole history and the set on an empty database, in one transaction as Drizzle does; not where
    /// there was no database of our own to try it on.
    pub fresh: Option<Fresh>,
    /// The ways back that were asked for; none where the set itself failed.
    pub backs: Vec<Returned>,
    /// Migrations that Drizzle would run again.
    pub pending_again: Vec<String>,
    /// The database of the user's that all this happened to; `None` where it was one of our own.
    pub database: Option<String>,
    /// What could not be looked at, in words.
    pub notes: Vec<String>,
}

/// What became of the queries of an app.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// How many were asked.
    pub asked: usize,
    /// Those that the set (or its absence) breaks.
    pub broken: Vec<BrokenQuery>,
}

impl Proof {
    /// Whether the empty database stopped at what this server refused of the history as well: something
    /// that it lacks, and no fault of the set.
    pub fn fresh_needs_more(&self) -> bool {
        let stopped = self.fresh.as_ref().and_then(|fresh| fresh.stopped.as_ref());
        stopped.is_some_and(|(_, sqlstate, message)| {
            self.refused.iter().any(|refused| refused.sqlstate == *sqlstate && refused.message == *message)
        })
    }

    /// All that contradicts a prediction, by index into [`Analysis::steps`].
    pub fn disagreements(&self) -> impl Iterator<Item = (usize, &Disagreement)> {
        let steps = self.run.steps.iter().chain(self.without_rows.iter().flat_map(|run| &run.steps));
        steps.flat_map(|ran| ran.disagreements.iter().map(|one| (ran.step, one)))
    }
}

/// Proves one set of an analysis on databases that it makes on this server, and drops.
pub async fn prove(
    server: &Target,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Proof, Error> {
    let scratch = Scratch::create(server).await?;
    let proof = on_scratch(&scratch, project, analysis, set, asked, tell).await;
    scratch.finish().await?;
    let mut proof = proof?;
    if failed_on_rows(&proof.run) {
        let scratch = Scratch::create(server).await?;
        let run = on_empty_tables(&scratch, project, analysis, set, asked, tell).await;
        scratch.finish().await?;
        proof.without_rows = Some(run?);
    }
    tell(Phase::Fresh);
    let scratch = Scratch::create(server).await?;
    let fresh = fresh(&scratch, project, analysis, set).await;
    scratch.finish().await?;
    proof.fresh = Some(fresh?);
    if !asked.backs.is_empty() && proof.run.end == End::Committed {
        proof.backs = there_and_back(server, project, analysis, set, asked, tell).await?;
    }
    Ok(proof)
}

fn failed_on_rows(run: &Run) -> bool {
    let failures = run.steps.last().map(|ran| ran.observation.facts.failures.as_slice()).unwrap_or_default();
    failures.iter().any(|failure| is_of_rows(failure.sqlstate))
}

/// Classes 22 (data exception) and 23 (integrity constraint violation) of appendix A of the manual.
pub(crate) fn is_of_rows(sqlstate: &str) -> bool {
    sqlstate.starts_with("22") || sqlstate.starts_with("23")
}

async fn on_empty_tables(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Run, Error> {
    let watcher = scratch.connect().await?;
    let (session, _) = prepare(scratch, project, analysis, set, asked, tell).await?;
    let mut observer = Observer::begin(&session, Some(&watcher)).await?;
    let run = run_set(&session, &mut observer, project, analysis, set, &|_| None, &mut |_| {}).await?;
    session.close().await;
    watcher.close().await;
    Ok(run)
}

/// A database as the set meets it, and the session that will run it: a new one, as in a deploy.
pub(crate) async fn prepare(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<(Connection, Vec<Refused>), Error> {
    let session = scratch.connect().await?;
    let mut told = |migration: &Migration, at, of| tell(Phase::History(&migration.tag, at, of));
    let refused = before_set(&session, project, analysis, set, asked.make_roles, &mut told).await?;
    session.close().await;
    Ok((scratch.connect().await?, refused))
}

async fn on_scratch(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Proof, Error> {
    let watcher = scratch.connect().await?;
    let judged = &analysis.sets[set];
    let (session, refused) = prepare(scratch, project, analysis, set, asked, tell).await?;
    tell(Phase::Filling);
    let (filled, mut notes) = filled(&session, analysis, set, &asked.amounts, &asked.needed).await?;

    tell(Phase::Asking);
    let role = asked.app_role.as_deref();
    let apps = Apps::of(project, judged);
    let old_before = broken(watcher.client(), &apps.old, role).await?;
    let new_before = broken(watcher.client(), &apps.new, role).await?;
    let sizes_before = sizes(&watcher).await?;

    let rows = |relation: &str| {
        let (schema, name) = relation.split_once('.')?;
        Some(filled.tables.get(&QName::new(schema, name))?.rows() > 0)
    };
    let total = judged.steps.len();
    let mut at = 0;
    let mut observer = Observer::begin(&session, Some(&watcher)).await?;
    let run = run_set(&session, &mut observer, project, analysis, set, &rows, &mut |step| {
        at += 1;
        tell(Phase::Statement(&step.tag, at, total));
    })
    .await?;

    tell(Phase::Asking);
    let sizes_after = sizes(&watcher).await?;
    let old_after = broken(watcher.client(), &apps.old, role).await?;
    let new_after = broken(watcher.client(), &apps.new, role).await?;
    // Later migrations of the folder are no part of this.
    let last = judged.migrations.iter().max().copied().unwrap_or_default();
    let pending = ledger::pending(&session, project).await?.into_iter().filter(|index| *index <= last);
    let committed = run.end == End::Committed;
    let old_app =
        if committed { asking(&apps.old, broken_anew(&old_before, &old_after)) } else { Asking::default() };
    let breaks = if committed {
        breaks(judged, analysis, &apps.old, &old_app.broken, &old_before)
    } else {
        Vec::new()
    };
    let new_app_early = match committed {
        true => asking(&apps.new, broken_anew(&new_after, &new_before)),
        false => Asking::default(),
    };
    let mut new_app = if committed { asking(&apps.new, new_after) } else { Asking::default() };
    let until_later = until_later(&session, &watcher, &apps, role, &asked.later, &mut new_app).await?;
    notes.sort();
    let proof = Proof {
        server: session.server_version().to_owned(),
        refused,
        filled,
        run,
        without_rows: None,
        sizes: changed(sizes_before, &sizes_after),
        old_app,
        new_app_early,
        new_app,
        until_later,
        breaks,
        fresh: None,
        backs: Vec::new(),
        pending_again: pending.map(|index| project.migrations[index].tag.clone()).collect(),
        database: None,
        notes,
    };
    session.close().await;
    watcher.close().await;
    Ok(proof)
}

/// Takes from what breaks for the new app what works once the path has come to its end.
async fn until_later(
    session: &Connection,
    watcher: &Connection,
    apps: &Apps,
    role: Option<&str>,
    later: &Later,
    new_app: &mut Asking,
) -> Result<Vec<BrokenQuery>, Error> {
    if new_app.broken.is_empty() || later.files.is_empty() {
        return Ok(Vec::new());
    }
    run_later(session, later).await?;
    let then = broken(watcher.client(), &apps.new, role).await?;
    let then: Vec<BrokenQuery> = then.into_iter().filter(|one| one.unjudged.is_none()).collect();
    let still = |one: &BrokenQuery| then.iter().any(|other| other.query == one.query);
    let (still, passing) = std::mem::take(&mut new_app.broken).into_iter().partition(still);
    new_app.broken = still;
    Ok(passing)
}

pub(crate) struct Apps {
    pub old: Vec<AppQuery>,
    pub new: Vec<AppQuery>,
}

impl Apps {
    pub fn of(project: &Project, judged: &JudgedSet) -> Apps {
        let line = if project.layout == Layout::Folders { Line::V1 } else { Line::Stable };
        let new = judged.new_app.as_ref().filter(|app| !app.stand_in);
        Apps {
            old: queries(judged.old_app(), Details::Catalog(&judged.start), line),
            new: new.map(|app| queries(app, Details::Catalog(&judged.end), line)).unwrap_or_default(),
        }
    }
}

pub(crate) fn asking(asked: &[AppQuery], broken: Vec<BrokenQuery>) -> Asking {
    let broken = broken.into_iter().filter(|one| one.unjudged.is_none()).collect();
    Asking { asked: asked.len(), broken }
}

pub(crate) async fn sizes(session: &Connection) -> Result<BTreeMap<String, u64>, Error> {
    let rows = session
        .rows(
            "select n.nspname || '.' || c.relname, pg_total_relation_size(c.oid) from pg_class c \
             join pg_namespace n on n.oid = c.relnamespace \
             where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'",
        )
        .await?;
    let cell = |row: &pg::Row, at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    Ok(rows.iter().map(|row| (cell(row, 0), cell(row, 1).parse().unwrap_or_default())).collect())
}

pub(crate) fn changed(
    before: BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> BTreeMap<String, (u64, u64)> {
    let pair = |(name, before): (String, u64)| {
        let after = *after.get(&name)?;
        (before != after).then_some((name, (before, after)))
    };
    before.into_iter().filter_map(pair).collect()
}
