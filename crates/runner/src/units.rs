//! What is sent as brolly migrates: units that either happen whole or not at all, each of one migration.
//!
//! A unit is a transaction, or a statement that can't run in one. Which is which was predicted
//! ([`facts::Runner::Brolly`]); how a unit is tried, and tried again, is not decided here.

use crate::ledger;
use crate::script::{Place, Sent, transaction};
use drizzle::Project;
use facts::{Analysis, Step, needs_no_transaction};
use sql::{Stmt, Transaction};

/// What happens whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Index into `Project::migrations`.
    pub migration: usize,
    /// Its statements, by index into [`Analysis::steps`].
    pub steps: Vec<usize>,
    /// All that is sent, BEGIN and COMMIT with it; the row of the ledger too, in the last unit of a
    /// migration.
    pub sent: Vec<Sent>,
    /// Whether it is a statement outside of any transaction.
    pub alone: bool,
    /// Whether the migration is through with it.
    pub last: bool,
}

/// The units of a judged set, in order.
pub fn units(project: &Project, analysis: &Analysis, set: usize) -> Vec<Unit> {
    let judged = &analysis.sets[set];
    judged.migrations.iter().flat_map(|migration| of_migration(project, analysis, set, *migration)).collect()
}

fn of_migration(project: &Project, analysis: &Analysis, set: usize, migration: usize) -> Vec<Unit> {
    let mut groups: Vec<(Option<u32>, bool, Vec<usize>)> = Vec::new();
    let steps = analysis.sets[set].steps.clone();
    for at in steps.filter(|at| analysis.steps[*at].migration == migration) {
        let step = &analysis.steps[at];
        if is_boundary(step) {
            continue;
        }
        let alone = step.transaction.is_none() && runs_bare(step);
        match groups.last_mut() {
            Some((number, false, steps)) if number.is_some() && *number == step.transaction => steps.push(at),
            _ => groups.push((step.transaction, alone, vec![at])),
        }
    }
    if groups.last().is_none_or(|(_, alone, _)| *alone) {
        groups.push((None, false, Vec::new()));
    }
    let count = groups.len();
    let unit = |(at, (_, alone, steps)): (usize, (Option<u32>, bool, Vec<usize>))| {
        let last = at + 1 == count;
        let place = if alone { Place::Alone } else { Place::Inside };
        let statements = steps.iter().map(|step| Sent::Statement { step: *step, place });
        let mut sent: Vec<Sent> = statements.collect();
        if last {
            sent.push(Sent::Own(ledger::noting(project, &project.migrations[migration])));
        }
        if !alone {
            sent.insert(0, Sent::Own("BEGIN".to_owned()));
            sent.push(Sent::Own("COMMIT".to_owned()));
        }
        Unit { migration, steps, sent, alone, last }
    };
    groups.into_iter().enumerate().map(unit).collect()
}

/// Units that end with this statement instead of a row in the ledger.
pub(crate) fn closed_by(mut units: Vec<Unit>, sql: &str) -> Vec<Unit> {
    if let Some(last) = units.last_mut() {
        let row = last.sent.iter_mut().rev().find_map(|sent| match sent {
            Sent::Own(text) if !matches!(text.as_str(), "BEGIN" | "COMMIT") => Some(text),
            _ => None,
        });
        if let Some(row) = row {
            sql.clone_into(row);
        }
    }
    units
}

/// A ROLLBACK of a file, by index into [`Analysis::steps`]: it takes back what would have been a unit, so that
/// the file can't be run unit by unit.
pub fn taken_back(analysis: &Analysis) -> Option<usize> {
    let control = |step: &Step| step.statement.as_deref().and_then(transaction).cloned();
    analysis.steps.iter().position(|step| matches!(control(step), Some(Transaction::Rollback { .. })))
}

/// BEGIN, COMMIT and ROLLBACK of a file: the units begin and end there.
fn is_boundary(step: &Step) -> bool {
    let control = step.statement.as_deref().and_then(transaction);
    matches!(control, Some(Transaction::Begin | Transaction::Commit { .. } | Transaction::Rollback { .. }))
}

/// Whether a statement can't run in a transaction, or may end it from within.
fn runs_bare(step: &Step) -> bool {
    let Some(statement) = &step.statement else { return false };
    needs_no_transaction(&statement.stmt).is_some() || matches!(statement.stmt, Stmt::Do(_) | Stmt::Call(_))
}
