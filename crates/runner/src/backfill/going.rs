//! One run of a backfill, batch after batch: held, rested and retried as asked for, until its pass is through.
//!
//! All that has to outlive the process is in the table of states; this keeps nothing that it could not read there.
//! Who takes the lock, and how an end is told, is not decided here.

mod through;

use super::batch::{self, Batch, Became};
use super::event::{Ended, Event};
use super::next::{Next, next};
use super::pace::Size;
use super::session::{Opened, Session, open};
use super::shape::Shape;
use super::state::{self, Saved, Wish};
use super::statements::Statements;
use super::throttle::{Cause, Reason, Throttle, reason};
use super::{Asked, Error, Job};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
pub(super) use through::left;
use tokio::time::sleep;

/// Batches that the rate goes by.
const RATE: usize = 20;
/// How often another run may be a batch ahead, before something is wrong.
const OVERTAKEN: u32 = 10;

/// What is told to.
pub(super) type Tell<'t> = &'t mut dyn FnMut(Event);

/// One run.
pub(super) struct Going<'a> {
    asked: &'a Asked,
    job: &'a Job,
    session: Session,
    /// As the table has it, after the last batch.
    pub(super) saved: Saved,
    shape: Shape,
    size: Size,
    throttle: Throttle<'a>,
    /// Sessions that waited for the last batch.
    waiters: Option<Reason>,
    looked: Option<Instant>,
    overtaken: u32,
    /// Rows looked at and the time that took, of the last batches with what came between them.
    rate: VecDeque<(u64, Duration)>,
    last: Instant,
}

/// How a step ended.
enum Step {
    /// There are more.
    On,
    /// The pass is through.
    Through,
    /// Somebody does not want it any more.
    Cancelled,
}

impl<'a> Going<'a> {
    pub(super) fn new(
        asked: &'a Asked,
        job: &'a Job,
        session: Session,
        shape: Shape,
        saved: Saved,
    ) -> Going<'a> {
        let rows = asked.pace.first.or(saved.size).unwrap_or(u64::from(job.backfill.batch));
        let tables: Vec<u32> = shape.parts.iter().map(|part| part.oid).collect();
        Going {
            size: Size::new(&asked.pace, rows),
            throttle: Throttle::new(&asked.limits, &tables, session.pids),
            asked,
            job,
            session,
            saved,
            shape,
            waiters: None,
            looked: None,
            overtaken: 0,
            rate: VecDeque::new(),
            last: Instant::now(),
        }
    }

    fn name(&self) -> String {
        self.job.backfill.name.clone()
    }

    pub(super) async fn tell_start(&mut self, tell: Tell<'_>) -> Result<(), Error> {
        let resumed = self.saved.cursor.is_some();
        if !resumed {
            self.saved.total = self.shape.total;
        }
        let set = format!(
            "state = 'running', error = NULL, total = {}, started_at = coalesce(started_at, pg_catalog.now()), \
             finished_at = NULL, pass = {}, passed = {}, part = {}, cursor = {}, upper = {}",
            self.saved.total,
            self.saved.pass,
            self.saved.passed,
            self.saved.part.as_deref().map_or("NULL".to_owned(), state::text),
            state::array(self.saved.cursor.as_deref()),
            state::array(self.saved.upper.as_deref()),
        );
        state::set(&self.session.watcher, &self.asked.schema, &self.job.backfill.name, &set).await?;
        tell(Event::Started {
            backfill: self.name(),
            table: self.job.backfill.table.clone(),
            pass: self.saved.pass,
            resumed,
            changed: self.saved.changed,
            passed: self.saved.passed,
            total: self.saved.total,
            pids: self.session.pids,
        });
        Ok(())
    }

    pub(super) async fn through_all(&mut self, tell: Tell<'_>) -> Result<Ended, Error> {
        loop {
            let step = match self.step(tell).await {
                Ok(Step::Through) => match self.through(tell).await {
                    Ok(None) => Ok(Step::On),
                    Ok(Some(ended)) => return Ok(ended),
                    Err(error) => Err(error),
                },
                other => other,
            };
            match step {
                Ok(Step::Cancelled) => {
                    self.set("state = 'cancelled', error = NULL").await?;
                    return Ok(Ended::Cancelled);
                }
                Ok(_) => {}
                Err(error) if error.is_lost() => self.reconnect(error, tell).await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn step(&mut self, tell: Tell<'_>) -> Result<Step, Error> {
        if self.held(tell).await? {
            return Ok(Step::Cancelled);
        }
        let (mut tries, since) = (0, Instant::now());
        loop {
            let (refused, by) = match next(
                &self.session.worker,
                self.session.timeouts,
                self.job,
                &self.shape,
                &self.saved,
                self.size.rows(),
            )
            .await?
            {
                Ok(None) => return Ok(Step::Through),
                Ok(Some(next)) => match self.batch(&next, tell).await? {
                    None => return Ok(Step::On),
                    Some(refused) => refused,
                },
                Err(refused) => (refused, None),
            };
            tries += 1;
            // A lock is asked for in shorter bits than the time that there is for it.
            let patience = match refused.sqlstate() {
                Some("55P03") => self.asked.lock_timeout * self.asked.tries,
                _ => Duration::ZERO,
            };
            if tries >= self.asked.tries && since.elapsed() >= patience {
                return Err(Error::GaveUp { name: self.name(), tries, by, source: Box::new(refused) });
            }
            self.size.halve();
            tell(Event::Retried {
                backfill: self.name(),
                tries,
                sqlstate: refused.sqlstate().unwrap_or_default().to_owned(),
                message: by
                    .map_or(refused.headline(), |by| format!("{}; in the way: {by}", refused.headline())),
                next: self.size.rows(),
            });
            sleep(Duration::from_millis(100 << tries.min(6))).await;
        }
    }

    /// Runs a batch; why it was rolled back, and who was in the way, where another try may get by.
    async fn batch(
        &mut self,
        next: &Next,
        tell: Tell<'_>,
    ) -> Result<Option<(pg::Error, Option<String>)>, Error> {
        let statements = Statements::new(&self.job.backfill, &self.shape);
        let part = self.shape.parts.get(next.at).map_or("", |part| part.name.as_str());
        let change = statements.change(part, &next.range);
        let batch = Batch {
            name: &self.job.backfill.name,
            change: &change,
            by_index: self.job.backfill.from.is_none(),
            number: self.saved.batch,
            part: next.part.as_deref(),
            cursor: &next.cursor,
            upper: &next.upper,
            file: next.file.as_ref(),
            passed: next.rows,
            size: self.size.rows(),
        };
        if next.anew {
            tell(Event::Anew { backfill: self.name(), table: part.to_owned() });
        }
        let began = Instant::now();
        let refused = |error| match error {
            Error::Server(source @ pg::Error::Refused(_)) => Error::Batch {
                name: self.name(),
                rows: statements.words(part, &next.range),
                source: Box::new(source),
            },
            other => other,
        };
        match batch::run(&self.session, self.asked, &batch).await.map_err(refused)? {
            Became::Refused { why, by } => return Ok(Some((why, by))),
            Became::Overtaken => {
                self.overtaken += 1;
                self.saved = state::saved(&self.session.watcher, &self.asked.schema, batch.name).await?;
                if self.saved.hash != self.job.hash {
                    return Err(Error::Changed { name: self.name() });
                }
                if self.overtaken > OVERTAKEN {
                    let why = "another run goes on with it, and is always ahead".to_owned();
                    return Err(Error::State {
                        name: self.name(),
                        table: state::table(&self.asked.schema),
                        why,
                    });
                }
            }
            Became::Committed { rows, wanted, waiters } => {
                let took = began.elapsed();
                self.overtaken = 0;
                self.committed(next, rows, wanted);
                if let Some(waiters) = waiters.filter(|_| self.asked.limits.waiters) {
                    self.size.halve();
                    self.waiters = Some(waiters);
                } else if !next.cursor.is_empty() {
                    self.size.took(next.rows, took);
                }
                sleep(self.size.rest(took)).await;
                self.tell_batch(next.rows, rows, took, tell);
            }
        }
        Ok(None)
    }

    fn committed(&mut self, next: &Next, rows: u64, wanted: Option<Wish>) {
        let saved = &mut self.saved;
        saved.part.clone_from(&next.part);
        saved.cursor = Some(next.cursor.clone());
        saved.upper = Some(next.upper.clone());
        saved.batch += 1;
        saved.changed += rows;
        saved.passed += next.rows;
        saved.wanted = wanted;
    }

    fn tell_batch(&mut self, looked_at: u64, rows: u64, took: Duration, tell: Tell<'_>) {
        if self.rate.len() == RATE {
            self.rate.pop_front();
        }
        self.rate.push_back((looked_at, self.last.elapsed()));
        self.last = Instant::now();
        let (sum, time) = self
            .rate
            .iter()
            .fold((0, Duration::ZERO), |(sum, time), (rows, took)| (sum + rows, time + *took));
        let rate = sum as f64 / time.as_secs_f64().max(0.001);
        let to_go = self.saved.total.saturating_sub(self.saved.passed) as f64;
        tell(Event::Batch {
            backfill: self.name(),
            batch: self.saved.batch,
            rows,
            changed: self.saved.changed,
            passed: self.saved.passed,
            total: self.saved.total,
            millis: millis(took),
            next: self.size.rows(),
            rate,
            seconds_left: (rate > 0.0).then(|| (to_go / rate).ceil() as u64),
        });
    }

    /// Waits as long as something goes first; whether it was cancelled meanwhile.
    async fn held(&mut self, tell: Tell<'_>) -> Result<bool, Error> {
        let mut told: Option<Reason> = None;
        let since = Instant::now();
        let due = |looked: Option<Instant>| looked.is_none_or(|looked| looked.elapsed() >= self.asked.look);
        if !due(self.looked) && self.saved.wanted.is_none() && self.waiters.is_none() {
            return Ok(false);
        }
        loop {
            self.looked = Some(Instant::now());
            let reason = match (self.saved.wanted, self.waiters.take()) {
                (Some(Wish::Cancel), _) => return Ok(true),
                (Some(Wish::Pause), _) => {
                    Some(reason(Cause::Paused, "paused from another terminal".to_owned()))
                }
                (_, Some(waiters)) => Some(waiters),
                (_, None) => self.throttle.reason(&self.session.watcher).await?,
            };
            let Some(reason) = reason else { break };
            if told.as_ref() != Some(&reason) {
                let state = if reason.cause == Cause::Paused { "paused" } else { "throttled" };
                self.set(&format!("state = '{state}', error = {}", state::text(&reason.what))).await?;
                tell(Event::Held { backfill: self.name(), reason: reason.clone() });
                told = Some(reason);
            }
            sleep(self.asked.look).await;
            let saved =
                state::saved(&self.session.watcher, &self.asked.schema, &self.job.backfill.name).await?;
            self.saved.wanted = saved.wanted;
        }
        if told.is_some() {
            self.set("state = 'running', error = NULL").await?;
            tell(Event::Released { backfill: self.name(), millis: millis(since.elapsed()) });
            self.last = Instant::now();
        }
        Ok(false)
    }

    /// Opens connections again where they were cut.
    async fn reconnect(&mut self, error: Error, tell: Tell<'_>) -> Result<(), Error> {
        let mut last = error;
        // The other one may be there still, with the lock.
        let _ = self.session.watcher.batch("SELECT pg_catalog.pg_advisory_unlock_all()").await;
        for tries in 1..=self.asked.reconnects {
            tell(Event::Reconnecting { backfill: self.name(), tries, why: first_line(&last) });
            sleep(Duration::from_millis(250 << tries.min(5))).await;
            match open(self.asked, self.job).await {
                Ok(Opened::Ours(session)) => {
                    self.session = *session;
                    self.throttle.now_with(self.session.pids);
                    let name = &self.job.backfill.name;
                    self.saved = state::saved(&self.session.watcher, &self.asked.schema, name).await?;
                    self.tell_start(tell).await?;
                    return Ok(());
                }
                // It may be our own, which the server has not noticed to be gone.
                Ok(Opened::Taken(_)) => {}
                Err(error) if error.is_lost() => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    async fn set(&self, set: &str) -> Result<(), Error> {
        Ok(state::set(&self.session.watcher, &self.asked.schema, &self.job.backfill.name, set).await?)
    }
}

fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
