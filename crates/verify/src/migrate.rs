//! Runs migrations the way Drizzle's migrator does, with every statement observed.
//!
//! What is sent is written down elsewhere ([`runner::script`]), so that it can be shown before.

use crate::compare::{Disagreement, disagreements};
use crate::history::ends_transaction;
use crate::holds::{Hold, Holds};
use drizzle::Project;
use facts::{Analysis, Step};
use pg::{Connection, Error, Observation, Observer, Seen};
use runner::script::{Place, Sent, script};
use std::time::Instant;

/// A pending set that ran.
#[derive(Clone, Debug)]
pub struct Run {
    /// The statements that ran, in order.
    pub steps: Vec<Ran>,
    /// How it ended.
    pub end: End,
    /// The locks that were held, and for how long.
    pub holds: Vec<Hold>,
}

/// One statement that ran.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Index into [`Analysis::steps`].
    pub step: usize,
    /// What it was seen to do.
    pub observation: Observation,
    /// Where that is not what was predicted.
    pub disagreements: Vec<Disagreement>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All statements ran, and the transaction was committed.
    Committed,
    /// A statement failed; what was open is rolled back.
    Failed {
        /// Index into [`Analysis::steps`].
        step: usize,
    },
    /// A deferred constraint refused the commit.
    RefusedAtCommit {
        /// SQLSTATE.
        sqlstate: String,
        /// The server's words.
        message: String,
    },
}

/// Runs the statements of a judged set. `rows` says whether a relation holds rows as the set begins,
/// where that is known; `before` is called ahead of each statement.
pub async fn run_set(
    session: &Connection,
    observer: &mut Observer<'_>,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    rows: &dyn Fn(&str) -> Option<bool>,
    before: &mut dyn FnMut(&Step),
) -> Result<Run, Error> {
    let mut steps = Vec::new();
    let mut holds = Holds::default();
    let mut touched: Vec<&str> = Vec::new();
    let mut end = End::Committed;
    for sent in script(project, analysis, set) {
        let (at, place) = match sent {
            Sent::Statement { step, place } => (step, place),
            Sent::Own(text) => {
                let start = Instant::now();
                let result = session.batch(&text).await;
                holds.passed(start.elapsed());
                observer.disturbed();
                if text == "COMMIT" {
                    holds.released();
                }
                match result {
                    Err(Error::Refused(refusal)) if text == "COMMIT" => {
                        end = End::RefusedAtCommit { sqlstate: refusal.code, message: refusal.message };
                        break;
                    }
                    result => result?,
                }
                continue;
            }
        };
        let step = &analysis.steps[at];
        before(step);
        let sql = step.span.of(&step.file.text);
        let observation = match place {
            Place::Inside => observer.in_transaction(sql).await?,
            Place::Alone => observer.alone(sql).await?,
            Place::Control => {
                let start = Instant::now();
                session.batch(sql).await?;
                observer.disturbed();
                Observation { seen: Seen::EndOnly, duration: start.elapsed(), ..Observation::default() }
            }
        };
        holds.saw(at, &observation);
        let over = match place {
            Place::Alone => true,
            Place::Control => {
                step.statement.as_ref().is_some_and(|statement| ends_transaction(&statement.stmt))
            }
            // It was COMMIT in disguise; what failed leaves its transaction open until the ROLLBACK.
            Place::Inside => observation.seen == Seen::EndOnly && observation.facts.failures.is_empty(),
        };
        if over {
            holds.released();
        }
        let known = |relation: &str| if touched.contains(&relation) { None } else { rows(relation) };
        let disagreements = disagreements(step.statement.as_deref(), &step.facts, &observation, &known);
        let failed = !observation.facts.failures.is_empty();
        steps.push(Ran { step: at, observation, disagreements });
        if failed {
            // Where none is open, a warning is all that comes of it.
            session.batch("ROLLBACK").await?;
            end = End::Failed { step: at };
            break;
        }
        touched.extend(step.facts.writes.iter().map(|write| write.relation.as_str()));
        let emptied = step.facts.rewrites.iter().filter(|one| one.cause == facts::RewriteCause::Truncate);
        touched.extend(emptied.map(|one| one.relation.as_str()));
    }
    Ok(Run { steps, end, holds: holds.all() })
}
