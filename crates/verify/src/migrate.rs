//! Runs migrations the way the runner does that they are judged for, with every statement observed.
//!
//! What is sent is written down elsewhere ([`runner::script`]), so that it can be shown before, and is sent by
//! [`runner::send`]; here is what looks on.

use crate::compare::{Disagreement, disagreements};
use crate::history::ends_transaction;
use crate::holds::{Hold, Holds};
use drizzle::Project;
use facts::{Analysis, Step};
use pg::{Connection, Error, Observation, Observer, Refusal, Seen};
use runner::script::{Place, script};
use runner::send::{Sender, send};
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
    let mut observed = Observed {
        session,
        observer,
        analysis,
        rows,
        before,
        steps: Vec::new(),
        holds: Holds::default(),
        touched: Vec::new(),
    };
    let refused = send(session, &script(project, analysis, set), &mut observed).await?;
    let end = match refused {
        None => End::Committed,
        Some(refused) => match (refused.own.as_deref(), refused.step) {
            (None, Some(step)) => End::Failed { step },
            (Some("COMMIT"), _) => {
                End::RefusedAtCommit { sqlstate: refused.refusal.code, message: refused.refusal.message }
            }
            _ => return Err(Error::Refused(refused.refusal)),
        },
    };
    Ok(Run { steps: observed.steps, end, holds: observed.holds.all() })
}

/// Sends through an observer.
struct Observed<'a, 'o> {
    session: &'a Connection,
    observer: &'a mut Observer<'o>,
    analysis: &'a Analysis,
    rows: &'a dyn Fn(&str) -> Option<bool>,
    before: &'a mut dyn FnMut(&Step),
    steps: Vec<Ran>,
    holds: Holds,
    /// Relations that statements have written to.
    touched: Vec<&'a str>,
}

impl Sender for Observed<'_, '_> {
    async fn own(&mut self, text: &str) -> Result<(), Error> {
        let start = Instant::now();
        let result = self.session.batch(text).await;
        self.holds.passed(start.elapsed());
        self.observer.disturbed();
        if text == "COMMIT" {
            self.holds.released();
        }
        result
    }

    async fn statement(&mut self, at: usize, place: Place) -> Result<(), Error> {
        let step = &self.analysis.steps[at];
        (self.before)(step);
        let sql = step.span.of(&step.file.text);
        let observation = match place {
            Place::Inside => self.observer.in_transaction(sql).await?,
            Place::Alone => self.observer.alone(sql).await?,
            Place::Control => {
                let start = Instant::now();
                self.session.batch(sql).await?;
                self.observer.disturbed();
                Observation { seen: Seen::EndOnly, duration: start.elapsed(), ..Observation::default() }
            }
        };
        self.holds.saw(at, &observation);
        let over = match place {
            Place::Alone => true,
            Place::Control => {
                step.statement.as_ref().is_some_and(|statement| ends_transaction(&statement.stmt))
            }
            // It was COMMIT in disguise; what failed leaves its transaction open until the ROLLBACK.
            Place::Inside => observation.seen == Seen::EndOnly && observation.facts.failures.is_empty(),
        };
        if over {
            self.holds.released();
        }
        let known =
            |relation: &str| if self.touched.contains(&relation) { None } else { (self.rows)(relation) };
        let disagreements = disagreements(step.statement.as_deref(), &step.facts, &observation, &known);
        let refusal = observation.facts.failures.first().map(|failure| Refusal {
            code: failure.sqlstate.to_owned(),
            message: failure.when.clone(),
            ..Refusal::default()
        });
        self.steps.push(Ran { step: at, observation, disagreements });
        if let Some(refusal) = refusal {
            return Err(Error::Refused(Box::new(refusal)));
        }
        self.touched.extend(step.facts.writes.iter().map(|write| write.relation.as_str()));
        let emptied = step.facts.rewrites.iter().filter(|one| one.cause == facts::RewriteCause::Truncate);
        self.touched.extend(emptied.map(|one| one.relation.as_str()));
        Ok(())
    }
}
