//! Runs migrations the way Drizzle's migrator does, with every statement observed: all pending files
//! in one transaction, chunk by chunk, a row of the ledger after each.
//!
//! Which statements share a transaction is not decided here: it was predicted, and the run follows
//! the prediction so closely that a wrong one shows as a disagreement.

use crate::compare::{Disagreement, disagreements};
use crate::ledger;
use drizzle::Project;
use facts::{Analysis, Step};
use pg::{Connection, Error, Observation, Observer, Seen};
use sql::{Statement, Stmt, Transaction};

/// A pending set that ran.
#[derive(Clone, Debug)]
pub struct Run {
    /// The statements that ran, in order.
    pub steps: Vec<Ran>,
    /// How it ended.
    pub end: End,
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
    let judged = &analysis.sets[set];
    ledger::prepare(session, project).await?;
    session.batch("BEGIN").await?;
    observer.disturbed();
    let first = analysis.steps_of(set).first().and_then(|step| step.transaction);
    let mut run = Walk { session, open: Some(Open { number: first, implicit: false }), steps: Vec::new() };
    let mut touched: Vec<&str> = Vec::new();
    for migration in &judged.migrations {
        for at in judged.steps.clone().filter(|at| analysis.steps[*at].migration == *migration) {
            let step = &analysis.steps[at];
            before(step);
            let observation = run.statement(observer, step).await?;
            let known = |relation: &str| if touched.contains(&relation) { None } else { rows(relation) };
            let disagreements = disagreements(step.statement.as_deref(), &step.facts, &observation, &known);
            let failed = !observation.facts.failures.is_empty();
            run.steps.push(Ran { step: at, observation, disagreements });
            if failed {
                if run.open.is_some() {
                    session.batch("ROLLBACK").await?;
                }
                return Ok(Run { steps: run.steps, end: End::Failed { step: at } });
            }
            touched.extend(step.facts.writes.iter().map(|write| write.relation.as_str()));
            let emptied = step.facts.rewrites.iter().filter(|one| one.cause == facts::RewriteCause::Truncate);
            touched.extend(emptied.map(|one| one.relation.as_str()));
        }
        run.leave_implicit().await?;
        ledger::note(session, project, &project.migrations[*migration]).await?;
        observer.disturbed();
    }
    let end = match run.open {
        None => End::Committed,
        Some(_) => match session.batch("COMMIT").await {
            Ok(()) => End::Committed,
            Err(Error::Refused(refusal)) => {
                End::RefusedAtCommit { sqlstate: refusal.code, message: refusal.message }
            }
            Err(error) => return Err(error),
        },
    };
    Ok(Run { steps: run.steps, end })
}

/// The transaction that the server is in.
struct Open {
    /// Its number in the prediction, as far as a statement has named it.
    number: Option<u32>,
    /// Opened by a message of several statements, and closed at its end.
    implicit: bool,
}

struct Walk<'a> {
    session: &'a Connection,
    open: Option<Open>,
    steps: Vec<Ran>,
}

impl Walk<'_> {
    async fn statement(&mut self, observer: &mut Observer<'_>, step: &Step) -> Result<Observation, Error> {
        let sql = step.span.of(&step.file.text);
        if let Some(control) = step.statement.as_deref().and_then(transaction) {
            self.leave_implicit().await?;
            return self.control(observer, control, sql).await;
        }
        match (step.transaction, &self.open) {
            (Some(_), Some(Open { number: None, implicit })) => {
                let implicit = *implicit;
                self.open = Some(Open { number: step.transaction, implicit });
            }
            (Some(number), Some(open)) if open.number == Some(number) => {}
            (Some(_), _) => {
                self.leave_implicit().await?;
                if self.open.is_none() {
                    self.session.batch("BEGIN").await?;
                    observer.disturbed();
                    self.open = Some(Open { number: step.transaction, implicit: true });
                }
            }
            (None, _) => {
                self.leave_implicit().await?;
                if self.open.is_none() {
                    return observer.alone(sql).await;
                }
            }
        }
        observer.in_transaction(sql).await
    }

    /// BEGIN, COMMIT and their kin in the file.
    async fn control(
        &mut self,
        observer: &mut Observer<'_>,
        control: &Transaction,
        sql: &str,
    ) -> Result<Observation, Error> {
        self.session.batch(sql).await?;
        observer.disturbed();
        match control {
            Transaction::Begin if self.open.is_none() => {
                self.open = Some(Open { number: None, implicit: false });
            }
            Transaction::Commit { chain } | Transaction::Rollback { chain } => {
                self.open = chain.then_some(Open { number: None, implicit: false });
            }
            _ => {}
        }
        Ok(Observation { seen: Seen::EndOnly, ..Observation::default() })
    }

    async fn leave_implicit(&mut self) -> Result<(), Error> {
        if self.open.as_ref().is_some_and(|open| open.implicit) {
            self.session.batch("COMMIT").await?;
            self.open = None;
        }
        Ok(())
    }
}

fn transaction(statement: &Statement) -> Option<&Transaction> {
    match &statement.stmt {
        Stmt::Transaction(control) => Some(control),
        _ => None,
    }
}
