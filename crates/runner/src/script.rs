//! What is sent to run a pending set, statement by statement: as Drizzle's migrator does it, all pending
//! files in one transaction, a row of the ledger after each; or as brolly does ([`crate::units()`]).
//!
//! Written down before anything runs, so that it can be shown first; what migrates, verifies and rehearses
//! runs exactly this. Which statements share a transaction is not decided here: it was predicted, and is followed
//! so closely that a wrong prediction shows as a disagreement.

use crate::{ledger, units};
use drizzle::Project;
use facts::{Analysis, Runner, Step};
use sql::{Statement, Stmt, Transaction};

/// One thing that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Of Drizzle's own, beside the files: the ledger, its rows, BEGIN and COMMIT.
    Own(String),
    /// A statement of a file, by index into [`Analysis::steps`].
    Statement {
        /// The statement.
        step: usize,
        /// Where it runs.
        place: Place,
    },
}

/// Where a statement of a file runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the transaction that is open.
    Inside,
    /// In none, as after a COMMIT in the file.
    Alone,
    /// It is BEGIN, COMMIT or one of their kin.
    Control,
}

/// All that is sent for a judged set, in order, by the runner that the analysis was made for. Drizzle's
/// ledger is made in the transaction, so that nothing of it stays where a statement fails.
pub fn script(project: &Project, analysis: &Analysis, set: usize) -> Vec<Sent> {
    if analysis.options.runner == Runner::Brolly {
        return apart(project, analysis, set);
    }
    let judged = &analysis.sets[set];
    let first = analysis.steps_of(set).first().and_then(|step| step.transaction);
    let mut walk = Walk { open: Some(Open { number: first, implicit: false }), sent: Vec::new() };
    walk.own("BEGIN");
    for text in ledger::preparation(project) {
        walk.own(&text);
    }
    for migration in &judged.migrations {
        for at in judged.steps.clone().filter(|at| analysis.steps[*at].migration == *migration) {
            walk.statement(at, &analysis.steps[at]);
        }
        walk.leave_implicit();
        walk.own(&ledger::noting(project, &project.migrations[*migration]));
    }
    if walk.open.is_some() {
        walk.own("COMMIT");
    }
    walk.sent
}

/// What each migration begins with where it runs apart from the others: settings of a file are its own.
pub(crate) const AFRESH: [&str; 2] = ["RESET ALL", "RESET ROLE"];

/// As brolly does: unit by unit.
fn apart(project: &Project, analysis: &Analysis, set: usize) -> Vec<Sent> {
    let mut sent = ledger::preparation(project).map(Sent::Own).to_vec();
    let mut last = None;
    for unit in units(project, analysis, set) {
        if last != Some(unit.migration) {
            sent.extend(AFRESH.map(|text| Sent::Own(text.to_owned())));
            last = Some(unit.migration);
        }
        sent.extend(unit.sent);
    }
    sent
}

/// The transaction that the server is in.
struct Open {
    /// Its number in the prediction, as far as a statement has named it.
    number: Option<u32>,
    /// Opened by a message of several statements, and closed at its end.
    implicit: bool,
}

struct Walk {
    open: Option<Open>,
    sent: Vec<Sent>,
}

impl Walk {
    fn own(&mut self, text: &str) {
        self.sent.push(Sent::Own(text.to_owned()));
    }

    fn statement(&mut self, at: usize, step: &Step) {
        if let Some(control) = step.statement.as_deref().and_then(transaction) {
            self.leave_implicit();
            match control {
                Transaction::Begin if self.open.is_none() => {
                    self.open = Some(Open { number: None, implicit: false });
                }
                Transaction::Commit { chain } | Transaction::Rollback { chain } => {
                    self.open = chain.then_some(Open { number: None, implicit: false });
                }
                _ => {}
            }
            self.sent.push(Sent::Statement { step: at, place: Place::Control });
            return;
        }
        match (step.transaction, &self.open) {
            (Some(_), Some(Open { number: None, implicit })) => {
                let implicit = *implicit;
                self.open = Some(Open { number: step.transaction, implicit });
            }
            (Some(number), Some(open)) if open.number == Some(number) => {}
            (Some(_), _) => {
                self.leave_implicit();
                if self.open.is_none() {
                    self.own("BEGIN");
                    self.open = Some(Open { number: step.transaction, implicit: true });
                }
            }
            (None, _) => self.leave_implicit(),
        }
        let place = if self.open.is_some() { Place::Inside } else { Place::Alone };
        self.sent.push(Sent::Statement { step: at, place });
    }

    fn leave_implicit(&mut self) {
        if self.open.as_ref().is_some_and(|open| open.implicit) {
            self.own("COMMIT");
            self.open = None;
        }
    }
}

/// The transaction control that a statement is.
pub(crate) fn transaction(statement: &Statement) -> Option<&Transaction> {
    match &statement.stmt {
        Stmt::Transaction(control) => Some(control),
        _ => None,
    }
}
