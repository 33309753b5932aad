//! The migrating session, timed: what the runner sends that the set is judged for, and nothing beside it.
//!
//! Nobody looks at locks here, as [`crate::migrate`] does between statements: it would hold them
//! longer than they are held in production.

use super::Phase;
use crate::Error;
use drizzle::Project;
use facts::{Analysis, PendingSet};
use pg::{Connection, Target};
use runner::script::{Place, script};
use runner::send::{Sender, send};
use runner::standing::ledger_rows;
use runner::{Event, Job, ledger};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// A statement of a migration that ran. Times count from the start of the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Its migration.
    pub tag: String,
    /// Its text.
    pub sql: String,
    /// When it was sent.
    pub from: Duration,
    /// When it was through.
    pub to: Duration,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything is committed.
    Committed,
    /// The server refused a statement (the last of the list), or the commit behind them.
    Refused {
        /// SQLSTATE.
        sqlstate: String,
        /// The server's words.
        message: String,
    },
}

/// One try to run the pending set, or as brolly migrates what was left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// When it began.
    pub from: Duration,
    /// When it was over.
    pub to: Duration,
    /// What ran.
    pub statements: Vec<Timed>,
    /// How it ended.
    pub end: End,
}

impl Try {
    /// Whether another try may do better: it gave up on a lock, or was the victim of a deadlock.
    pub fn lost_a_lock(&self) -> bool {
        matches!(&self.end, End::Refused { sqlstate, .. } if sqlstate == "55P03" || sqlstate == "40P01")
    }
}

/// What is run.
#[derive(Clone, Copy)]
pub(super) struct Pending<'a> {
    pub project: &'a Project,
    pub analysis: &'a Analysis,
    pub set: usize,
    /// When the traffic began.
    pub clock: Instant,
}

/// Between tries, so that the queue drains.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the set as Drizzle's migrator does, and again so many times where it loses a lock.
pub(super) async fn as_drizzle(
    session: &Connection,
    pending: &Pending<'_>,
    retries: u32,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Vec<Try>, Error> {
    let Pending { project, clock, .. } = *pending;
    let mut tries = Vec::new();
    let mut rest: Option<Analysis> = None;
    loop {
        let (analysis, set) = rest.as_ref().map_or((pending.analysis, pending.set), |rest| (rest, 0));
        let script = script(project, analysis, set);
        let mut timing = Timing { session, times: Times::new(analysis, set, clock), tell };
        let refused = send(session, &script, &mut timing).await?;
        let one = timing.times.ended(match refused {
            None => End::Committed,
            Some(refused) => {
                End::Refused { sqlstate: refused.refusal.code, message: refused.refusal.message }
            }
        });
        let again = one.lost_a_lock() && tries.len() < retries as usize;
        tries.push(one);
        if !again {
            return Ok(tries);
        }
        tell(Phase::Pause);
        tokio::time::sleep(PAUSE).await;
        // A COMMIT in a file leaves a part of the set behind; Drizzle goes by its ledger.
        let open = ledger::pending(session, project).await?;
        let all = &analysis.sets[set].migrations;
        let left: Vec<usize> = all.iter().copied().filter(|index| open.contains(index)).collect();
        if left != *all {
            let set = PendingSet { migrations: left, ..PendingSet::default() };
            rest = Some(facts::analyze(project, &[set], &analysis.options));
        }
    }
}

/// Runs the set as `brolly migrate` does, which asks for locks again by itself. `migrating` gets the process that runs
/// the statements.
pub(super) async fn as_brolly(
    target: &Target,
    session: &Connection,
    pending: &Pending<'_>,
    limits: &runner::Limits,
    migrating: &AtomicI32,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Vec<Try>, Error> {
    let Pending { project, analysis, set, clock } = *pending;
    let shown = ledger_rows(session, project).await?;
    let job =
        Job { project, analysis, set, shown: &shown, limits, replicas: &[], until: None, allowed: None };
    let mut tries = Vec::new();
    let mut times = Times::new(analysis, set, clock);
    let ended = runner::migrate(target, &job, &mut |event| match event {
        Event::Session { pid } => migrating.store(pid, Ordering::Relaxed),
        Event::Statement { step, .. } => times.begins(step, tell),
        Event::Ran { .. } => times.ends(),
        Event::GaveUp { said, .. } => {
            let end = End::Refused { sqlstate: said.code.clone(), message: said.message.clone() };
            tries.push(std::mem::replace(&mut times, Times::new(analysis, set, clock)).ended(end));
            tell(Phase::Pause);
        }
        _ => {}
    })
    .await;
    let end = match ended {
        Ok(_) => End::Committed,
        Err(runner::Error::Refused { refusal, .. }) => {
            End::Refused { sqlstate: refusal.code, message: refusal.message }
        }
        Err(error @ runner::Error::NoLock { .. }) => {
            End::Refused { sqlstate: "55P03".to_owned(), message: error.to_string() }
        }
        Err(error) => return Err(error.into()),
    };
    tries.push(times.ended(end));
    Ok(tries)
}

/// The times of a try, as it goes.
struct Times<'a> {
    analysis: &'a Analysis,
    set: usize,
    clock: Instant,
    from: Duration,
    statements: Vec<Timed>,
    /// Whether the last one is under way.
    runs: bool,
}

impl<'a> Times<'a> {
    fn new(analysis: &'a Analysis, set: usize, clock: Instant) -> Times<'a> {
        let from = clock.elapsed();
        Times { analysis, set, clock, from, statements: Vec::new(), runs: false }
    }

    fn begins(&mut self, step: usize, tell: &mut dyn FnMut(Phase<'_>)) {
        let steps = &self.analysis.sets[self.set].steps;
        let (at, of) = (step - steps.start + 1, steps.len());
        let step = &self.analysis.steps[step];
        tell(Phase::Statement(&step.tag, at, of));
        let now = self.clock.elapsed();
        let sql = step.span.of(&step.file.text).trim().to_owned();
        self.statements.push(Timed { tag: step.tag.clone(), sql, from: now, to: now });
        if self.statements.len() == 1 {
            // What went before was looking who is in the way.
            self.from = now;
        }
        self.runs = true;
    }

    fn ends(&mut self) {
        if let (true, Some(last)) = (self.runs, self.statements.last_mut()) {
            last.to = self.clock.elapsed();
        }
        self.runs = false;
    }

    fn ended(mut self, end: End) -> Try {
        self.ends();
        Try { from: self.from, to: self.clock.elapsed(), statements: self.statements, end }
    }
}

/// Sends, and takes the time.
struct Timing<'a> {
    session: &'a Connection,
    times: Times<'a>,
    tell: &'a mut dyn FnMut(Phase<'_>),
}

impl Sender for Timing<'_> {
    async fn own(&mut self, text: &str) -> Result<(), pg::Error> {
        self.session.batch(text).await
    }

    async fn statement(&mut self, step: usize, _: Place) -> Result<(), pg::Error> {
        self.times.begins(step, self.tell);
        let step = &self.times.analysis.steps[step];
        let result = self.session.batch(step.span.of(&step.file.text)).await;
        self.times.ends();
        result
    }
}
