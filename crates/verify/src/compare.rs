//! Holds a prediction against what a server was seen to do with the same statement.
//!
//! Pure. A difference is brolly's own error: nothing here softens one, but for what a server can't
//! show, and each of these cases says why.

use facts::{Certainty, Cost, Facts, Lock, LockMode, ScanCause};
use pg::{Observation, Seen};
use sql::{AlterAction, Statement, Stmt};
use std::collections::BTreeSet;

/// A claim that a server contradicts.
#[derive(Clone, Debug, PartialEq)]
pub enum Disagreement {
    /// Another lock on a relation, or one on one side only.
    Lock {
        /// `schema.name`.
        relation: String,
        /// What was predicted.
        predicted: Option<LockMode>,
        /// What was seen.
        observed: Option<LockMode>,
    },
    /// Written anew on one side only.
    Rewrite {
        /// `schema.name`.
        relation: String,
        /// On the side of the prediction.
        predicted: bool,
    },
    /// Read whole on one side only.
    Scan {
        /// `schema.name`.
        relation: String,
        /// On the side of the prediction.
        predicted: bool,
    },
    /// Failed in a way that was not foreseen, or did not fail.
    Failure {
        /// The SQLSTATEs that were foreseen.
        predicted: Vec<&'static str>,
        /// SQLSTATE and message of the server.
        observed: Option<(&'static str, String)>,
    },
}

/// Where a prediction and an observation differ. `rows` tells whether a relation held rows, where that
/// is known.
pub fn disagreements(
    statement: Option<&Statement>,
    predicted: &Facts,
    observed: &Observation,
    rows: &dyn Fn(&str) -> Option<bool>,
) -> Vec<Disagreement> {
    let mut found: Vec<Disagreement> = failure(predicted, observed, rows).into_iter().collect();
    if !observed.facts.failures.is_empty() || !found.is_empty() || observed.seen == Seen::EndOnly {
        return found;
    }
    let known = predicted.unknown.is_empty();
    let brief = statement.is_some_and(|statement| ends_stronger(&statement.stmt));
    found.extend(locks(predicted, observed, brief).into_iter().filter(|one| known || overstated(one)));
    if !known {
        // Said to be unknown, and never taken for safe: there is nothing to hold against.
        return found;
    }
    let rewrites = both(&predicted.rewrites, &observed.facts.rewrites);
    found.extend(rewrites.map(|(relation, predicted)| Disagreement::Rewrite { relation, predicted }));
    if !statement.is_some_and(|statement| plans_itself(&statement.stmt)) {
        let scans = both(&predicted.scans, &observed.facts.scans);
        let real = scans
            .filter(|(relation, foreseen)| !is_planners_choice(relation, *foreseen, predicted, observed));
        found.extend(real.map(|(relation, predicted)| Disagreement::Scan { relation, predicted }));
    }
    found
}

fn failure(
    predicted: &Facts,
    observed: &Observation,
    rows: &dyn Fn(&str) -> Option<bool>,
) -> Option<Disagreement> {
    let foreseen = || predicted.failures.iter().map(|failure| failure.sqlstate).collect();
    if let Some(seen) = observed.facts.failures.first() {
        let told = predicted.failures.iter().any(|failure| failure.sqlstate == seen.sqlstate);
        return (!told && predicted.unknown.is_empty()).then(|| Disagreement::Failure {
            predicted: foreseen(),
            observed: Some((seen.sqlstate, seen.when.clone())),
        });
    }
    let sure = predicted.failures.iter().any(|failure| match failure.certainty {
        Certainty::Always => true,
        Certainty::IfRows => failure.relation.as_deref().and_then(rows) == Some(true),
        Certainty::DependsOnData => false,
    });
    sure.then(|| Disagreement::Failure { predicted: foreseen(), observed: None })
}

/// Locks on relations that were there before, by relation.
fn locks(predicted: &Facts, observed: &Observation, brief: bool) -> Vec<Disagreement> {
    let old = |locks: &[Lock]| -> Vec<Lock> { locks.iter().filter(|lock| !lock.new).cloned().collect() };
    let (claimed, seen) = (old(&predicted.locks), old(&observed.facts.locks));
    let names: BTreeSet<&str> = claimed.iter().chain(&seen).map(|lock| lock.relation.as_str()).collect();
    let mut found = Vec::new();
    for relation in names {
        let claim = claimed.iter().find(|lock| lock.relation == relation);
        let real = seen.iter().find(|lock| lock.relation == relation).map(|lock| lock.mode);
        let missed = brief && observed.seen == Seen::Glimpses && claim.map(|lock| lock.mode) > real;
        if !missed && !agree(claim, real, relation, observed) {
            found.push(Disagreement::Lock {
                relation: relation.to_owned(),
                predicted: claim.map(|lock| lock.mode),
                observed: real,
            });
        }
    }
    found
}

fn agree(claim: Option<&Lock>, real: Option<LockMode>, relation: &str, observed: &Observation) -> bool {
    let mode = claim.map(|lock| lock.mode);
    if mode == real {
        return true;
    }
    let Some(claim) = claim else { return false };
    // A mode that the transaction has already does not show when it is taken again; then only weaker
    // ones can appear.
    let again = observed.held.get(relation).is_some_and(|held| held.contains(&claim.mode));
    if again && real.is_none_or(|real| real < claim.mode) {
        return true;
    }
    // Behind a condition that did not hold, or too short for the second session.
    let less = real.is_none_or(|real| real < claim.mode);
    if (claim.conditional && less) || (observed.seen == Seen::Glimpses && real.is_none()) {
        return true;
    }
    // Foreign keys are checked only where there are rows; the table may be locked for reading before.
    let read = real.is_some() || observed.held.contains_key(relation);
    less && read && claim.mode <= LockMode::RowExclusive
}

/// Whether the strongest lock comes last and for a moment, so that a second session may miss it.
fn ends_stronger(stmt: &Stmt) -> bool {
    let Stmt::AlterTable(alter) = stmt else { return false };
    let detaches =
        |action: &AlterAction| matches!(action, AlterAction::DetachPartition { concurrently: true, .. });
    alter.commands.iter().any(|command| detaches(&command.action))
}

/// What a prediction claims too much of counts even where it leaves other things open.
fn overstated(one: &Disagreement) -> bool {
    matches!(one, Disagreement::Lock { predicted: Some(_), observed: None, .. })
}

/// Relations that are on one side only, with whether it is the side of the prediction.
fn both<Cause>(predicted: &[Cost<Cause>], observed: &[Cost<Cause>]) -> impl Iterator<Item = (String, bool)> {
    let names = |costs: &[Cost<Cause>], sure: bool| -> BTreeSet<String> {
        let old = costs.iter().filter(|cost| !(cost.new || sure && cost.conditional));
        old.map(|cost| cost.relation.clone()).collect()
    };
    let (sure, maybe, real) = (names(predicted, true), names(predicted, false), names(observed, false));
    let foreseen = sure.difference(&real).map(|name| (name.clone(), true));
    let missed = real.difference(&maybe).map(|name| (name.clone(), false));
    foreseen.chain(missed).collect::<Vec<_>>().into_iter()
}

/// Whether the planner decides how the statement reads: then a scan is no claim.
pub(crate) fn plans_itself(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Query(_) | Stmt::Do(_) | Stmt::Call(_))
}

/// A query that fills a new relation reads what it needs: nothing of a table that is joined with an
/// empty one. A foreign key is checked by one query over both tables: how it reads the referenced one
/// depends on sizes, and where one of the two is empty the other may not be read at all.
pub(crate) fn is_planners_choice(
    relation: &str,
    foreseen: bool,
    predicted: &Facts,
    observed: &Observation,
) -> bool {
    if foreseen {
        let other_read = predicted.scans.iter().any(|scan| {
            let seen = observed.facts.scans.iter().any(|real| real.relation == scan.relation);
            scan.cause == ScanCause::ForeignKey && scan.relation != relation && seen
        });
        let mut causes = predicted.scans.iter().filter(|scan| scan.relation == relation);
        return causes.all(|scan| match scan.cause {
            ScanCause::Query => true,
            ScanCause::ForeignKey => other_read,
            _ => false,
        });
    }
    let key = predicted.scans.iter().any(|scan| scan.cause == ScanCause::ForeignKey);
    let shared =
        observed.facts.lock_on(relation).is_some_and(|lock| lock.mode == LockMode::ShareRowExclusive)
            || observed.held.get(relation).is_some_and(|held| held.contains(&LockMode::ShareRowExclusive));
    key && shared
}
