//! What happens while a migration runs, statement by statement: which locks are held by then and until
//! when, who waits, what grows with the table, what fails and which app breaks. As values; the drawing
//! is in `timeline_text`.

use facts::{Analysis, Break, Facts, LockMode, Operation, Step};
use serde::Serialize;
use std::collections::BTreeSet;

/// The run of one pending set.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    version: u8,
    /// Major version of Postgres.
    pub postgres: u8,
    /// Its statements in execution order.
    pub statements: Vec<Moment>,
}

/// One statement.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// Tag or folder name of the migration.
    pub migration: String,
    /// Index in the migration.
    pub statement: usize,
    /// The file.
    pub file: String,
    /// Line in the file.
    pub line: u32,
    /// Its text.
    pub sql: String,
    /// Statements with the same number share a transaction; `None` runs outside any.
    pub transaction: Option<u32>,
    /// Whether its transaction ends behind it.
    pub commits: bool,
    /// Place in the timeline of the statement behind which its locks are freed.
    pub until: usize,
    /// Locks on what existed before, held while it runs.
    pub locks: Vec<Held>,
    /// Relations whose SELECTs wait.
    pub reads_wait: Vec<String>,
    /// Relations whose INSERTs, UPDATEs and DELETEs wait.
    pub writes_wait: Vec<String>,
    /// Work that grows with a relation.
    pub grows: Vec<Growth>,
    /// Ways in which it fails.
    pub fails: Vec<Fails>,
    /// Queries of the deployed app that stop working when its transaction commits.
    pub breaks_old_app: Vec<Breaks>,
    /// The same, depending on values, roles or settings.
    pub may_break_old_app: Vec<Breaks>,
    /// Queries of the app being deployed that don't work until then.
    pub breaks_new_app: Vec<Breaks>,
    /// What could not be judged.
    pub unknown: Vec<String>,
}

/// A lock at a moment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// `schema.name`.
    pub relation: String,
    /// Its mode.
    pub mode: LockMode,
    /// Place in the timeline of the statement that took it.
    pub since: usize,
    /// Only taken if a condition in code holds.
    pub conditional: bool,
}

/// Work that grows with a relation.
#[derive(Debug, Serialize)]
pub struct Growth {
    /// `schema.name`.
    pub relation: String,
    /// `rewrite`, `scan` or `write`.
    pub work: &'static str,
    /// In words.
    pub words: String,
}

/// A failure.
#[derive(Debug, Serialize)]
pub struct Fails {
    /// SQLSTATE.
    pub sqlstate: &'static str,
    /// When, in words.
    pub when: String,
}

/// Queries that stop working.
#[derive(Debug, Serialize)]
pub struct Breaks {
    /// Which, as kinds.
    pub operations: Vec<Operation>,
    /// The error; `None` where the result is wrong in silence.
    pub sqlstate: Option<&'static str>,
    /// Why.
    pub reason: String,
}

/// The timeline of a judged set.
pub fn timeline(analysis: &Analysis, set: usize) -> Timeline {
    let steps = analysis.steps_of(set);
    let mut held: Vec<Held> = Vec::new();
    let mut statements = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let ends = |n: usize| match (steps[n].transaction, steps.get(n + 1)) {
            (None, _) | (_, None) => true,
            (own, Some(next)) => next.transaction != own,
        };
        take(&mut held, step, at);
        let mut moment = moment(step, &held);
        moment.commits = ends(at);
        moment.until = (at..steps.len()).find(|n| ends(*n)).unwrap_or(at);
        if moment.commits {
            held.clear();
        }
        statements.push(moment);
    }
    Timeline { version: 1, postgres: analysis.options.version.0, statements }
}

/// The timeline as one JSON document.
pub fn timeline_json(timeline: &Timeline) -> String {
    let mut text = serde_json::to_string_pretty(timeline).unwrap_or_default();
    text.push('\n');
    text
}

fn take(held: &mut Vec<Held>, step: &Step, at: usize) {
    for lock in step.facts.locks.iter().filter(|lock| !lock.new) {
        match held.iter_mut().find(|other| other.relation == lock.relation) {
            Some(other) if other.mode < lock.mode => {
                (other.mode, other.since, other.conditional) = (lock.mode, at, lock.conditional);
            }
            Some(_) => {}
            None => held.push(Held {
                relation: lock.relation.clone(),
                mode: lock.mode,
                since: at,
                conditional: lock.conditional,
            }),
        }
    }
}

fn moment(step: &Step, held: &[Held]) -> Moment {
    let facts = &step.facts;
    let waiting = |waits: fn(LockMode) -> bool| -> Vec<String> {
        held.iter().filter(|lock| waits(lock.mode)).map(|lock| lock.relation.clone()).collect()
    };
    Moment {
        migration: step.tag.clone(),
        statement: step.index,
        file: step.file.path.clone(),
        line: step.file.position(step.span.start).line,
        sql: step.span.of(&step.file.text).to_owned(),
        transaction: step.transaction,
        locks: held.to_vec(),
        reads_wait: waiting(LockMode::blocks_reads),
        writes_wait: waiting(LockMode::blocks_writes),
        grows: growth(facts),
        fails: facts
            .failures
            .iter()
            .map(|failure| Fails { sqlstate: failure.sqlstate, when: failure.when.clone() })
            .collect(),
        breaks_old_app: together(&facts.breaks_old_app),
        may_break_old_app: together(&facts.may_break_old_app),
        breaks_new_app: together(&facts.breaks_new_app),
        unknown: facts.unknown.clone(),
        ..Moment::default()
    }
}

/// Each kind of work on a relation once; what is rewritten is read too, and that goes without saying.
fn growth(facts: &Facts) -> Vec<Growth> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    let mut add = |relation: &str, work: &'static str, words: &str| {
        if seen.insert((relation.to_owned(), work)) {
            all.push(Growth { relation: relation.to_owned(), work, words: format!("{words} {relation}") });
        }
    };
    for cost in facts.rewrites.iter().filter(|cost| !cost.new) {
        add(&cost.relation, "rewrite", "writes anew all of");
    }
    for cost in facts.scans.iter().filter(|cost| !cost.new) {
        if facts.rewrites.iter().all(|other| other.relation != cost.relation) {
            add(&cost.relation, "scan", "reads all of");
        }
    }
    for write in facts.writes.iter().filter(|write| write.whole && !write.new) {
        add(&write.relation, "write", "changes all rows of");
    }
    all
}

/// Breaks with one reason are one, whatever the query.
fn together(breaks: &[Break]) -> Vec<Breaks> {
    let mut all: Vec<Breaks> = Vec::new();
    for one in breaks {
        match all.iter_mut().find(|other| other.reason == one.reason && other.sqlstate == one.sqlstate) {
            Some(other) if other.operations.contains(&one.operation) => {}
            Some(other) => other.operations.push(one.operation),
            None => all.push(Breaks {
                operations: vec![one.operation],
                sqlstate: one.sqlstate,
                reason: one.reason.clone(),
            }),
        }
    }
    all
}
