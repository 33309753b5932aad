//! What a statement really does: locks from `pg_locks`, rewrites from `relfilenode`, scans from the
//! transaction's statistics, failures with their SQLSTATE, time and WAL.
//!
//! Takes a session that runs the statement and, for what can't run in a transaction, a second one that
//! watches. Gives [`facts::Facts`], the type that predictions are of, with causes left open: a server
//! shows what, not why. Compares nothing and decides nothing.

mod state;
mod watched;

use crate::{Connection, Error, Refusal};
use facts::{Certainty, Cost, Facts, Failure, FailureCause, Lock, LockMode, RewriteCause, ScanCause};
use state::State;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Watches one session while it runs the statements of a pending set.
pub struct Observer<'a> {
    session: &'a Connection,
    watcher: Option<&'a Connection>,
    pid: i32,
    /// Relations that were there when the set began, by the names that they had then.
    old: BTreeMap<u32, String>,
    /// Relations that came since, by the names that they were first seen with.
    new: BTreeMap<u32, String>,
    /// What the last statement left, as long as nothing else can have changed it.
    last: Option<State>,
    /// Whether the watcher may lock tables, to make out what is over in a moment.
    may_lock: bool,
}

/// What one statement was seen to do.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Locks that it added, relations that it wrote anew or read whole, and how it failed.
    pub facts: Facts,
    /// Modes that its transaction held before, by relation: taken again, they do not show.
    pub held: BTreeMap<String, BTreeSet<LockMode>>,
    /// How long it ran.
    pub duration: Duration,
    /// Bytes of WAL that the server wrote meanwhile.
    pub wal_bytes: u64,
    /// What could be seen.
    pub seen: Seen,
}

/// How much of a statement shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// Everything: it ran inside a transaction that stayed open.
    #[default]
    All,
    /// It ran outside of a transaction, and locks and scans come from a second session that may have
    /// missed short ones.
    Glimpses,
    /// Only how it ended: it failed, or it ended its transaction.
    EndOnly,
}

impl<'a> Observer<'a> {
    /// Begins with the relations that are there now. `watcher` must be another session of the same
    /// database; without it nothing is seen of statements that can't run in a transaction but their
    /// end. It takes locks of its own for moments, so it is for databases that nobody else uses.
    pub async fn begin(
        session: &'a Connection,
        watcher: Option<&'a Connection>,
    ) -> Result<Observer<'a>, Error> {
        let pid = session.pid().await?;
        let state = State::read(session).await?;
        let old = state.relations.iter().map(|(oid, relation)| (*oid, relation.label.clone())).collect();
        Ok(Observer { session, watcher, pid, old, new: BTreeMap::new(), last: None, may_lock: true })
    }

    /// Lets the watcher look and never lock: for databases that others use too. What is over in a moment
    /// may be missed then.
    pub fn without_locks(mut self) -> Observer<'a> {
        self.may_lock = false;
        self
    }

    /// Takes what is there now for old: the next pending set begins.
    pub async fn next_set(&mut self) -> Result<(), Error> {
        let state = State::read(self.session).await?;
        self.old = state.relations.iter().map(|(oid, relation)| (*oid, relation.label.clone())).collect();
        self.new = BTreeMap::new();
        self.last = None;
        Ok(())
    }

    /// Runs a statement in the transaction that is open. Where the statement fails the transaction is
    /// aborted, as any client would have it.
    pub async fn in_transaction(&mut self, sql: &str) -> Result<Observation, Error> {
        let before = match self.last.take() {
            Some(state) => state,
            None => State::read(self.session).await?,
        };
        let (result, duration) = self.timed(sql).await;
        if let Some(refusal) = result? {
            return Ok(self.failed(&refusal, &before, duration));
        }
        let after = State::read(self.session).await?;
        let mut observation = self.compared(&before, &after);
        observation.duration = duration;
        if after.transaction == before.transaction {
            self.last = Some(after);
        } else {
            // It was COMMIT, ROLLBACK, or ended the transaction by itself.
            observation.seen = Seen::EndOnly;
        }
        Ok(observation)
    }

    /// Runs a statement outside of any transaction, as after a `COMMIT` in the file.
    ///
    /// A transaction of its own makes no difference to a statement that may run in one, and shows all
    /// that it does; what refuses (25001, and 2D000 of procedures that commit) is run bare and watched.
    pub async fn alone(&mut self, sql: &str) -> Result<Observation, Error> {
        self.last = None;
        self.session.batch("BEGIN").await?;
        let mut observation = self.in_transaction(sql).await?;
        self.last = None;
        let refused = observation.facts.failures.first().map(|failure| failure.sqlstate);
        if refused.is_none() {
            let commit = Instant::now();
            if let Some(refusal) = refusal(self.session.batch("COMMIT").await)? {
                observation.facts.failures.push(failure(&refusal));
            }
            observation.duration += commit.elapsed();
            return Ok(observation);
        }
        self.session.batch("ROLLBACK").await?;
        if !matches!(refused, Some("25001" | "2D000")) {
            return Ok(observation);
        }
        self.watched(sql).await
    }

    /// Forgets what the last statement left: something else ran in the session.
    pub fn disturbed(&mut self) {
        self.last = None;
    }

    async fn timed(&self, sql: &str) -> (Result<Option<Refusal>, Error>, Duration) {
        let start = Instant::now();
        let result = self.session.batch(sql).await;
        (refusal(result), start.elapsed())
    }

    fn failed(&self, refusal: &Refusal, before: &State, duration: Duration) -> Observation {
        let mut observation =
            Observation { held: self.held(before), duration, seen: Seen::EndOnly, ..Observation::default() };
        observation.facts.failures.push(failure(refusal));
        observation
    }

    /// What two moments of one transaction differ in.
    fn compared(&mut self, before: &State, after: &State) -> Observation {
        self.learn(before);
        self.learn(after);
        let mut facts = Facts::default();
        for (oid, modes) in &after.locks {
            let Some((relation, new)) = self.name(*oid) else { continue };
            let had = before.locks.get(oid);
            let added = modes.iter().filter(|mode| had.is_none_or(|had| !had.contains(mode)));
            if let Some(mode) = added.max() {
                facts.add_lock(Lock { relation, mode: *mode, new, conditional: false });
            }
        }
        self.costs(before, after, &mut facts);
        Observation {
            facts,
            held: self.held(before),
            duration: Duration::ZERO,
            wal_bytes: after.wal.saturating_sub(before.wal),
            seen: Seen::All,
        }
    }

    fn costs(&self, before: &State, after: &State, facts: &mut Facts) {
        for (oid, then) in &before.relations {
            let (Some(now), Some((relation, new))) = (after.relations.get(oid), self.name(*oid)) else {
                continue;
            };
            if then.stored() && then.node != now.node {
                facts.rewrites.push(cost(relation.clone(), RewriteCause::Observed, new));
            }
            if now.scans > then.scans {
                facts.scans.push(cost(relation, ScanCause::Observed, new));
            }
        }
    }

    fn learn(&mut self, state: &State) {
        for (oid, relation) in &state.relations {
            if !self.old.contains_key(oid) {
                self.new.entry(*oid).or_insert_with(|| relation.label.clone());
            }
        }
    }

    /// The name by which facts call a relation, and whether it is new.
    fn name(&self, oid: u32) -> Option<(String, bool)> {
        let old = self.old.get(&oid).map(|label| (label.clone(), false));
        old.or_else(|| self.new.get(&oid).map(|label| (label.clone(), true)))
    }

    fn held(&self, state: &State) -> BTreeMap<String, BTreeSet<LockMode>> {
        let named = |(oid, modes): (&u32, &BTreeSet<LockMode>)| {
            let (relation, new) = self.name(*oid)?;
            (!new).then(|| (relation, modes.clone()))
        };
        state.locks.iter().filter_map(named).collect()
    }
}

fn cost<Cause>(relation: String, cause: Cause, new: bool) -> Cost<Cause> {
    Cost { relation, cause, column: None, new, conditional: false }
}

/// What the server refused; an error of the connection stays one.
fn refusal(result: Result<(), Error>) -> Result<Option<Refusal>, Error> {
    match result {
        Ok(()) => Ok(None),
        Err(Error::Refused(refusal)) => Ok(Some(*refusal)),
        Err(error) => Err(error),
    }
}

fn failure(refusal: &Refusal) -> Failure {
    let schema = refusal.schema.as_deref().unwrap_or("public");
    Failure {
        sqlstate: interned(&refusal.code),
        cause: FailureCause::Observed,
        when: refusal.message.clone(),
        certainty: Certainty::Always,
        relation: refusal.table.as_ref().map(|table| format!("{schema}.{table}")),
        column: refusal.column.clone(),
        span: None,
    }
}

/// The same code for as long as the program runs: there are some 250 of them.
fn interned(code: &str) -> &'static str {
    static CODES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    let codes = codes.get_or_insert_with(HashSet::new);
    match codes.get(code) {
        Some(code) => code,
        None => {
            let code: &'static str = Box::leak(code.to_owned().into_boxed_str());
            codes.insert(code);
            code
        }
    }
}
