//! A transaction tried until its locks are granted: looked at who holds the tables first, then asked for a
//! short time, rolled back, and asked again.
//!
//! Each try is the whole transaction, so that nothing is held while it waits for the next one.

use crate::blockers::{Blocker, Wanted, before, holders};
use crate::deadlock::longest_wait;
use crate::ladder::rung;
use crate::migrate::Room;
use crate::replicas::{Silent, in_the_way, replayed};
use crate::script::Place;
use crate::send::{Refused, Sender, send};
use crate::{Error, Event, Unit};
use facts::{Analysis, LockMode, Step};
use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, Instant};

/// Runs a unit that is a transaction, with these statements of ours before its COMMIT.
pub(crate) async fn transaction(
    room: &Room<'_>,
    unit: &Unit,
    ours: &[String],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let limits = &room.job.limits;
    let wanted = wanted(room.job.analysis, unit);
    let met = met(room.job.analysis, unit);
    let start = Instant::now();
    let mut tries = 0;
    loop {
        let held = holders(&room.watcher, &wanted).await?;
        if held.iter().any(Blocker::prevents_wraparound) {
            return Err(Error::Wraparound { by: held });
        }
        let long = held.iter().any(|one| one.age >= limits.long && !one.gives_way());
        let rung = rung(tries, limits);
        if long {
            if start.elapsed() > limits.patience {
                return Err(Error::NoLock { step: None, tries, waited: start.elapsed(), by: held });
            }
            tell(Event::Held { by: &held, waited: start.elapsed() });
            tokio::time::sleep(rung.pause.clamp(LOOK, LONGEST_LOOK)).await;
            continue;
        }
        if !there(room, &met, tries, start, tell).await? {
            continue;
        }
        // A waiter makes an autovacuum give way once it has waited for deadlock_timeout, and not before.
        let vacuum = !held.is_empty() && held.iter().all(Blocker::gives_way);
        let wait = if vacuum { room.deadlock_timeout + Duration::from_millis(300) } else { rung.wait };
        tries += 1;
        let mut seen = held;
        let mut attempt =
            Try { room, ours, wait, vacuum, held: None, number: tries, seen: &mut seen, at: None, tell };
        let sent = send(&room.session, &unit.sent, &mut attempt).await;
        let (at, wait) = (attempt.at, attempt.wait);
        let Some(Refused { step, refusal, .. }) = sent.map_err(|error| Error::at(at, error))? else {
            return Ok(());
        };
        if !matches!(refusal.code.as_str(), "55P03" | "40P01") {
            return Err(Error::Refused { step, refusal });
        }
        if start.elapsed() > limits.patience {
            return Err(Error::NoLock { step, tries, waited: start.elapsed(), by: seen });
        }
        if let Some(step) = step.or(unit.steps.first().copied()) {
            let pause = rung.pause;
            tell(Event::GaveUp { step, attempt: tries, wait, pause, by: &seen, said: &refusal });
        }
        tokio::time::sleep(rung.pause).await;
    }
}

/// Waits until nobody old reads on a replica what is about to be locked.
pub(crate) async fn readers_gone(
    room: &Room<'_>,
    unit: &Unit,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let met = met(room.job.analysis, unit);
    let start = Instant::now();
    while !there(room, &met, 0, start, tell).await? {}
    Ok(())
}

/// Whether nobody old reads these relations on a replica; else it is told, and some time went by.
async fn there(
    room: &Room<'_>,
    met: &[String],
    tries: u32,
    start: Instant,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<bool, Error> {
    let limits = &room.job.limits;
    let found = in_the_way(&room.replicas, met, limits.long).await;
    let waited = start.elapsed();
    let late = waited > limits.patience;
    match found {
        Ok(by) if by.is_empty() => return Ok(true),
        Ok(by) if late => return Err(Error::NoLock { step: None, tries, waited, by }),
        Ok(by) => tell(Event::Held { by: &by, waited }),
        Err(Silent { replica, why }) if late => return Err(Error::Silent { replica, why, waited }),
        Err(Silent { replica, why }) => tell(Event::Silent { replica: &replica, why: &why, waited }),
    }
    tokio::time::sleep(rung(tries, limits).pause.clamp(LOOK, LONGEST_LOOK)).await;
    Ok(false)
}

const LOOK: Duration = Duration::from_millis(200);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// One try.
struct Try<'a, 'r> {
    room: &'a Room<'r>,
    /// Sent before COMMIT.
    ours: &'a [String],
    /// `lock_timeout`.
    wait: Duration,
    /// Whether it is an autovacuum that is waited for, which gives way after `deadlock_timeout` only.
    vacuum: bool,
    /// Since when it holds something that others may wait for.
    held: Option<Instant>,
    /// From 1.
    number: u32,
    /// Who was in the way.
    seen: &'a mut Vec<Blocker>,
    /// The statement that was sent last.
    at: Option<usize>,
    tell: &'a mut dyn FnMut(Event<'_>),
}

impl Sender for Try<'_, '_> {
    async fn own(&mut self, text: &str) -> Result<(), pg::Error> {
        let session = &self.room.session;
        match text {
            "BEGIN" => session.batch(&begin(self.room, self.wait)).await,
            "COMMIT" => {
                for text in self.ours {
                    session.batch(text).await?;
                }
                session.batch(text).await
            }
            _ => session.batch(text).await,
        }
    }

    async fn statement(&mut self, step: usize, _: Place) -> Result<(), pg::Error> {
        self.at = Some(step);
        (self.tell)(Event::Statement { step, attempt: self.number });
        let one = &self.room.job.analysis.steps[step];
        self.wait_less(one).await?;
        let work = self.room.session.batch(one.span.of(&one.file.text));
        watched(self.room, work, &mut |by| {
            (self.tell)(Event::Waits { step, by: &by });
            *self.seen = by;
        })
        .await?;
        if one.facts.locks.iter().any(|lock| !lock.new && keeps_the_app_waiting(lock.mode)) {
            self.held.get_or_insert_with(Instant::now);
        }
        (self.tell)(Event::Ran { step });
        Ok(())
    }
}

impl Try<'_, '_> {
    /// Makes `lock_timeout` shorter where a statement could wait with locks in hand until the server ends one of the app.
    async fn wait_less(&mut self, step: &Step) -> Result<(), pg::Error> {
        let existing = step.facts.locks.iter().filter(|lock| !lock.new).map(|lock| &lock.relation);
        let relations = existing.collect::<BTreeSet<_>>().len();
        let waits = if self.held.is_some() { relations } else { relations.saturating_sub(1) };
        let held = self.held.map_or(Duration::ZERO, |since| since.elapsed());
        let longest =
            longest_wait(self.room.deadlock_timeout, held, u32::try_from(waits).unwrap_or(u32::MAX));
        if self.vacuum || longest >= self.wait {
            return Ok(());
        }
        // The file may have set a shorter one.
        let ms = longest.as_millis();
        let set = format!(
            "SELECT pg_catalog.set_config(name, '{ms}', true) FROM pg_catalog.pg_settings \
             WHERE name = 'lock_timeout' AND (setting = '0' OR setting::bigint > {ms})"
        );
        self.wait = longest;
        self.room.session.batch(&set).await
    }
}

fn begin(room: &Room<'_>, wait: Duration) -> String {
    let mut text = format!("BEGIN; SET LOCAL lock_timeout = {}", wait.as_millis());
    if let Some(limit) = room.job.limits.statement {
        text.push_str(&format!("; SET LOCAL statement_timeout = {}", limit.as_millis()));
    }
    text
}

/// Waits for a statement, and says now and then for whom it waits.
pub(crate) async fn watched<T>(
    room: &Room<'_>,
    work: impl Future<Output = T>,
    waits: &mut dyn FnMut(Vec<Blocker>),
) -> T {
    tokio::pin!(work);
    let mut pause = FIRST_SIGHT;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(pause) => {}
        }
        tokio::select! {
            biased;
            done = &mut work => return done,
            by = before(&room.watcher, room.pid) => match by {
                Ok(by) if !by.is_empty() => waits(by),
                _ => {}
            },
        }
        pause = (pause * 2).min(SIGHT);
    }
}

const FIRST_SIGHT: Duration = Duration::from_millis(50);
const SIGHT: Duration = Duration::from_secs(1);

/// The locks for which others would have to wait, or which others may keep from it.
fn wanted(analysis: &Analysis, unit: &Unit) -> Vec<Wanted> {
    let locks = unit.steps.iter().flat_map(|step| &analysis.steps[*step].facts.locks);
    let strong = locks.filter(|lock| !lock.new && lock.mode >= LockMode::ShareUpdateExclusive);
    strong.map(|lock| Wanted { relation: lock.relation.clone(), mode: lock.mode }).collect()
}

/// Whether a statement of the app may have to wait for who has such a lock: by itself, or by the rows that are written
/// under it.
fn keeps_the_app_waiting(mode: LockMode) -> bool {
    mode == LockMode::RowExclusive || mode >= LockMode::Share
}

/// The relations whose readers on replicas it meets.
fn met(analysis: &Analysis, unit: &Unit) -> Vec<String> {
    let mut met: Vec<String> =
        unit.steps.iter().flat_map(|step| replayed(&analysis.steps[*step])).cloned().collect();
    met.sort();
    met.dedup();
    met
}
