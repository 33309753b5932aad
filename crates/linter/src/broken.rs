//! Which queries of the deployed app a statement breaks: one value for each change, whatever the queries.

use crate::context::{At, Table};
use crate::evidence;
use crate::names::{listed, plain};
use facts::{BreakCause, Cited, Operation};
use std::sync::Arc;

/// Queries of the deployed app that one change breaks.
pub struct Broken<'a> {
    /// What they are about.
    pub table: Table<'a>,
    /// The column.
    pub column: Option<&'a str>,
    /// Whether it does not depend on values, roles or settings.
    pub sure: bool,
    /// Which queries.
    pub operations: Vec<Operation>,
    /// The error.
    pub sqlstate: Option<&'static str>,
    /// Why.
    pub cause: BreakCause,
    /// In words.
    pub reason: &'a str,
    /// Where the code does it, surest first.
    pub uses: Vec<&'a Cited>,
    /// The deployed versions whose code was read and for which it holds, the newest last.
    pub versions: Vec<Arc<str>>,
}

impl Broken<'_> {
    /// `users.nickname`, or `users`.
    pub fn shown(&self) -> String {
        match self.column {
            Some(column) => format!("{}.{column}", self.table.shown()),
            None => self.table.shown().to_owned(),
        }
    }

    /// Whether code of the app names it, and not a trigger alone.
    pub fn is_named(&self) -> bool {
        self.sure || !self.uses.is_empty() || self.operations.contains(&Operation::Select)
    }

    /// Which queries fail, and how.
    pub fn failing(&self) -> String {
        let word = |operation: &Operation| match operation {
            Operation::Select => "select",
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
            Operation::Upsert => "upsert",
        };
        let words: Vec<&str> = self.operations.iter().map(word).collect();
        let verb = if self.sure { "fail" } else { "may fail" };
        let app = evidence::who(&self.versions);
        if !self.sure && !self.versions.is_empty() && self.uses.is_empty() {
            return format!("{app}: {}", plain(self.reason));
        }
        match self.sqlstate {
            Some(code) => {
                format!(
                    "predicted: {} of the deployed {app} {verb} with {code} as soon as this is committed",
                    listed(&words)
                )
            }
            None => format!("predicted: {} of the deployed {app} go wrong without an error", listed(&words)),
        }
    }
}

impl<'a> At<'a> {
    /// What it breaks for this reason: one entry a relation and column, surest first.
    pub fn broken(&self, cause: BreakCause) -> Vec<Broken<'a>> {
        let facts = self.facts();
        let sure = facts.breaks_old_app.iter().map(|one| (one, true));
        let unsure = facts.may_break_old_app.iter().map(|one| (one, false));
        let mut all: Vec<Broken<'a>> = Vec::new();
        for (one, sure) in sure.chain(unsure).filter(|(one, _)| one.cause == cause) {
            let column = one.column.as_deref();
            let same = |other: &&mut Broken<'a>| {
                other.table.label == one.relation
                    && other.column == column
                    && (other.sure || other.reason == one.reason)
            };
            match all.iter_mut().find(same) {
                Some(other) if other.sure == sure => {
                    other.operations.push(one.operation);
                    let known = |cited: &Cited| other.uses.iter().any(|other| other.is_at(cited));
                    let fresh: Vec<&Cited> = one.uses.iter().filter(|cited| !known(cited)).collect();
                    other.uses.extend(fresh);
                    let known = &mut other.versions;
                    let fresh = one.versions.iter().filter(|version| !known.contains(version));
                    let fresh: Vec<Arc<str>> = fresh.cloned().collect();
                    known.extend(fresh);
                }
                Some(_) => {}
                None => all.push(Broken {
                    table: self.table(&one.relation),
                    column,
                    sure,
                    operations: vec![one.operation],
                    sqlstate: one.sqlstate,
                    cause,
                    reason: &one.reason,
                    uses: one.uses.iter().collect(),
                    versions: one.versions.clone(),
                }),
            }
        }
        all
    }
}
