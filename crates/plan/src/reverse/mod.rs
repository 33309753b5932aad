//! The way back of a migration: what undoes its statements, last first, out of the schema that each of them met.
//!
//! What can't be undone without loss says what is lost, and what can't be undone at all says so and why; nothing is
//! guessed. Does not say what the way back locks, and writes no file ([`text`] gives the words of one).

mod alter;
mod check;
mod create;
mod drop;
mod json;
mod needed;
mod other;
mod passing;
mod restore;
mod said;
mod step;
mod text;
mod words;

pub use json::{Document, Rollback, Statement, json, schema};
pub use said::{Said, left};
pub use text::{HEADER, text};

use catalog::Difference;
use facts::Step;
use std::sync::Arc;

/// The way back of one migration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reverse {
    /// The migration's tag.
    pub tag: String,
    /// What to run, in order, and what is to say about it.
    pub sql: Vec<ReverseStatement>,
    /// What is different from the schema before when all of it has run, by a replay.
    pub left: Vec<Difference>,
    /// Statements of it that a replay refuses; there is none unless brolly is wrong.
    pub refused: Vec<String>,
}

/// One statement of the way back, or what is said in the place of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReverseStatement {
    /// The statement, without a semicolon; `None` where there is only something to say.
    pub sql: Option<String>,
    /// What is to know about it.
    pub notes: Vec<Note>,
    /// Index of the statement in the migration that it undoes.
    pub undoes: usize,
    /// It runs outside of a transaction block only.
    pub outside_transaction: bool,
}

/// What is to know about a part of the way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Running it loses this, or what it brings back lacks this.
    Lost(String),
    /// This is not undone.
    NotReversed(String),
    /// It fails if this holds.
    Fails(String),
}

impl Reverse {
    /// What is lost, in order.
    pub fn lost(&self) -> impl Iterator<Item = &str> {
        self.notes().filter_map(|note| match note {
            Note::Lost(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// What is not undone, in order.
    pub fn not_reversed(&self) -> impl Iterator<Item = &str> {
        self.notes().filter_map(|note| match note {
            Note::NotReversed(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Whether a difference from the schema before is one that is said to stay.
    pub fn says(&self, difference: &Difference) -> bool {
        check::is_said(difference, &self.not_reversed().collect::<Vec<_>>())
    }

    /// All that is to know, in order.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.sql.iter().flat_map(|statement| &statement.notes)
    }
}

/// The way back of one migration out of its steps, or of several in one go, under the tag of the first.
pub fn reverse(steps: &[Step]) -> Reverse {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Reverse::default() };
    let mut back = Reverse { tag: first.tag.clone(), ..Reverse::default() };
    let passing = passing::passing(steps);
    let mut rest = steps;
    while let Some((step, before)) = rest.split_last() {
        rest = before;
        match taken_back(step, before) {
            Some(left) => rest = left,
            None => back.sql.extend(step::undone(step, &first.before, &last.after, &passing)),
        }
    }
    let said: Vec<&str> = back.not_reversed().collect();
    let replayed = check::replayed(&back.sql, &first.before, &last.after);
    let unsaid = replayed.left.iter().filter(|difference| !check::is_said(difference, &said));
    let unsaid: Vec<ReverseStatement> =
        unsaid.map(|difference| said_only(0, Note::NotReversed(words::difference(difference)))).collect();
    back.sql.extend(unsaid);
    Reverse { left: replayed.left, refused: replayed.refused, ..back }
}

/// Where a step is a ROLLBACK that took back what ran before it in its transaction, the steps ahead of that.
fn taken_back<'s>(step: &Step, before: &'s [Step]) -> Option<&'s [Step]> {
    use sql::{Stmt, Transaction};
    let rolled = matches!(
        step.statement.as_ref().map(|statement| &statement.stmt),
        Some(Stmt::Transaction(Transaction::Rollback { .. }))
    );
    let began = || before.iter().position(|other| Arc::ptr_eq(&other.before, &step.after));
    if rolled { began().map(|at| &before[..at]) } else { None }
}

/// Nothing to run, and something to say.
fn said_only(undoes: usize, note: Note) -> ReverseStatement {
    ReverseStatement { undoes, notes: vec![note], ..ReverseStatement::default() }
}

/// The ways back of all migrations among these steps, in the order of the steps.
pub fn reverse_each(steps: &[Step]) -> Vec<Reverse> {
    steps.chunk_by(|a, b| Arc::ptr_eq(&a.file, &b.file) && a.migration == b.migration).map(reverse).collect()
}
