//! A pending set run on a database of the user's, which keeps it: what the runner would do that it is judged for, with
//! every statement observed.
//!
//! Whoever calls has shown [`runner::script`] and was told to go on. Beside it, system tables are read,
//! and queries of the apps are planned, not run: no rows are filled in, and nothing is tried on data.

use crate::compare::Disagreement;
use crate::migrate::{End, Run, run_set};
use crate::proof::{Apps, Asking, Phase, Proof, asking, changed, sizes};
use crate::queries::{AppQuery, BrokenQuery, broken_anew, broken_as_planned};
use crate::{Error, Filled};
use drizzle::Project;
use facts::Analysis;
use pg::{Connection, Observer, Seen};
use runner::ledger;
use runner::standing::{LedgerRows, ledger_rows};
use std::collections::BTreeMap;

/// Runs one set of an analysis on the database of these two connections. `shown` is what the ledger held
/// when the set was shown.
///
/// Errors: [`runner::Error::LedgerMoved`] where it holds something else by now, and nothing was run; those of the
/// connections.
pub async fn apply(
    session: &Connection,
    watcher: &Connection,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    shown: &LedgerRows,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Proof, Error> {
    let judged = &analysis.sets[set];
    watcher.batch("SET lock_timeout = '2s'; SET statement_timeout = '30s'").await?;
    tell(Phase::Asking);
    let apps = Apps::of(project, judged);
    let mut notes = Vec::new();
    let old_before = planned(watcher, &apps.old, &mut notes).await;
    let new_before = planned(watcher, &apps.new, &mut notes).await;
    let sizes_before = measured(watcher, &mut notes).await;

    let mut observer = Observer::begin(session, Some(watcher)).await?.without_locks();
    if ledger_rows(session, project).await? != *shown {
        return Err(runner::Error::LedgerMoved.into());
    }
    let total = judged.steps.len();
    let mut at = 0;
    let mut run = run_set(session, &mut observer, project, analysis, set, &|_| None, &mut |step| {
        at += 1;
        tell(Phase::Statement(&step.tag, at, total));
    })
    .await?;
    forget_missed(&mut run);

    // What is done is done: from here on, what can't be looked at is noted, and no error.
    tell(Phase::Asking);
    let committed = run.end == End::Committed;
    let sizes_after = measured(watcher, &mut notes).await;
    let (mut old_app, mut new_app_early, mut new_app) =
        (Asking::default(), Asking::default(), Asking::default());
    if committed {
        let old_after = planned(watcher, &apps.old, &mut notes).await;
        let new_after = planned(watcher, &apps.new, &mut notes).await;
        if let (Some(before), Some(after)) = (&old_before, &old_after) {
            old_app = asking(&apps.old, broken_anew(before, after));
        }
        if let (Some(before), Some(after)) = (&new_before, new_after) {
            new_app_early = asking(&apps.new, broken_anew(&after, before));
            new_app = asking(&apps.new, after);
        }
    }
    let pending = match ledger::pending(session, project).await {
        Ok(pending) => pending,
        // Where the set failed and the ledger was to be made by it, there is none: all is pending.
        Err(pg::Error::Refused(refusal)) if refusal.code == "42P01" || refusal.code == "3F000" => {
            (0..project.migrations.len()).collect()
        }
        Err(error) => {
            notes.push(format!("the ledger could not be read afterwards: {error}"));
            Vec::new()
        }
    };
    notes.dedup();
    Ok(Proof {
        server: session.server_version().to_owned(),
        refused: Vec::new(),
        filled: Filled::default(),
        run,
        without_rows: None,
        sizes: changed(sizes_before, &sizes_after),
        old_app,
        new_app_early,
        new_app,
        until_later: Vec::new(),
        breaks: Vec::new(),
        fresh: None,
        backs: Vec::new(),
        pending_again: pending.into_iter().map(|index| project.migrations[index].tag.clone()).collect(),
        database: session.value("SELECT pg_catalog.current_database()").await.ok().flatten(),
        notes,
    })
}

async fn planned(
    watcher: &Connection,
    queries: &[AppQuery],
    notes: &mut Vec<String>,
) -> Option<Vec<BrokenQuery>> {
    match broken_as_planned(watcher.client(), queries).await {
        Ok(broken) => Some(broken),
        Err(error) => {
            notes.push(format!("the queries of the apps could not be planned: {error}"));
            None
        }
    }
}

async fn measured(watcher: &Connection, notes: &mut Vec<String>) -> BTreeMap<String, u64> {
    match sizes(watcher).await {
        Ok(sizes) => sizes,
        Err(error) => {
            notes.push(format!("the sizes of tables could not be read: {error}"));
            BTreeMap::new()
        }
    }
}

/// Without locks of its own a watcher misses what is short: no less than predicted contradicts anything.
fn forget_missed(run: &mut Run) {
    for ran in run.steps.iter_mut().filter(|ran| ran.observation.seen == Seen::Glimpses) {
        ran.disagreements.retain(|one| match one {
            Disagreement::Lock { predicted, observed, .. } => observed > predicted,
            Disagreement::Scan { predicted, .. } => !predicted,
            _ => true,
        });
    }
}
