//! What was seen in the place of what was predicted, so that every rule can be asked about either.
//!
//! A server shows what and not why: causes, and what can't be seen at all (broken apps, losses, data
//! that might be there), stay those of the prediction.

use crate::compare::{is_planners_choice, plans_itself};
use crate::migrate::{Ran, Run};
use facts::{Analysis, Certainty, Cost, Facts, Failure, FailureCause, RewriteCause, ScanCause};
use pg::{Observation, Seen};

/// The analysis with the facts of a run.
pub fn observed(analysis: &Analysis, run: &Run) -> Analysis {
    let mut analysis = analysis.clone();
    for Ran { step, observation, .. } in &run.steps {
        let step = &mut analysis.steps[*step];
        let planned = step.statement.as_ref().is_some_and(|statement| plans_itself(&statement.stmt));
        step.facts = seen(&step.facts, observation, planned);
    }
    analysis
}

fn seen(predicted: &Facts, observation: &Observation, planned: bool) -> Facts {
    let real = &observation.facts;
    let mut facts = Facts { failures: failures(&predicted.failures, &real.failures), ..predicted.clone() };
    if observation.seen == Seen::EndOnly {
        return facts;
    }
    facts.locks = real.locks.clone();
    for lock in &predicted.locks {
        let again = observation.held.get(&lock.relation).is_some_and(|held| held.contains(&lock.mode));
        if again || lock.new || observation.seen == Seen::Glimpses {
            facts.add_lock(lock.clone());
        }
    }
    facts.rewrites = costs(&predicted.rewrites, &real.rewrites, RewriteCause::Observed);
    if !planned {
        facts.scans = costs(&predicted.scans, &real.scans, ScanCause::Observed);
        let chosen = |scan: &Cost<ScanCause>| {
            scan.cause == ScanCause::Observed
                && is_planners_choice(&scan.relation, false, predicted, observation)
        };
        facts.scans.retain(|scan| !chosen(scan));
    }
    facts
}

/// What was seen, with the causes that were predicted for it.
fn costs<Cause: Copy>(
    predicted: &[Cost<Cause>],
    real: &[Cost<Cause>],
    unexplained: Cause,
) -> Vec<Cost<Cause>> {
    let explained = |real: &Cost<Cause>| {
        let known = predicted.iter().find(|one| one.relation == real.relation && one.new == real.new);
        Cost {
            relation: real.relation.clone(),
            cause: known.map_or(unexplained, |known| known.cause),
            column: known.and_then(|known| known.column.clone()),
            new: real.new,
            conditional: false,
        }
    };
    real.iter().map(explained).collect()
}

/// A failure that was seen is certain; what other rows may bring about is still to be told.
fn failures(predicted: &[Failure], real: &[Failure]) -> Vec<Failure> {
    let mut failures: Vec<Failure> =
        predicted.iter().filter(|failure| failure.certainty == Certainty::DependsOnData).cloned().collect();
    for seen in real {
        let known = predicted.iter().find(|failure| failure.sqlstate == seen.sqlstate);
        failures.retain(|failure| failure.sqlstate != seen.sqlstate);
        failures.push(match known {
            Some(known) => Failure { certainty: Certainty::Always, ..known.clone() },
            None => Failure { cause: FailureCause::Observed, ..seen.clone() },
        });
    }
    failures
}
