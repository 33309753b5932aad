//! The targets of a run at work in their turns, one or many: how each ended, and what is said of all of them.
//!
//! What is done to one is the caller's affair.

use super::Place;
use crate::args::Many;
use crate::errors::{self, Error};
use crate::migrate::{Screen, Told, some};
use report::{Failed, MigrateLine, TargetEnd, TargetState};
use runner::{Bound, in_turns};
use source::many;
use std::cell::{Cell, RefCell};

/// A run on all of them.
pub struct All<'a> {
    wanted: &'a Many,
    screen: &'a Screen,
    places: &'a [Place],
    /// Who tells what of each of them.
    told: Vec<Told>,
    /// How those ended that did.
    ends: RefCell<Vec<Option<TargetEnd>>>,
    code: Cell<u8>,
}

impl<'a> All<'a> {
    /// Nothing ended yet.
    pub fn new(wanted: &'a Many, screen: &'a Screen, places: &'a [Place]) -> All<'a> {
        let told = places.iter().map(|place| screen.told(place.name.as_deref())).collect();
        let ends = RefCell::new(places.iter().map(|_| None).collect());
        All { wanted, screen, places, told, ends, code: Cell::new(errors::CLEAN) }
    }

    /// Whether the targets of a file are run on.
    pub fn is_many(&self) -> bool {
        self.wanted.targets.is_many()
    }

    /// Who tells what happens at a place.
    pub fn told(&self, at: usize) -> &Told {
        &self.told[at]
    }

    /// The names of places, where they have names.
    pub fn names(&self, places: impl IntoIterator<Item = usize>) -> Vec<&'a str> {
        places.into_iter().filter_map(|at| self.places[at].name.as_deref()).collect()
    }

    /// How many they are, and which: `2 targets: acme, zeta`.
    pub fn listed(&self, places: &[usize]) -> String {
        format!("{}: {}", many(places.len(), "target"), some(&self.names(places.iter().copied())))
    }

    /// A remark about all of them.
    pub fn note(&self, text: &str) {
        self.screen.note(text);
    }

    /// What was seen of a place, nothing where it could not be looked at, or nothing may be run there: then it has failed.
    ///
    /// Errors: the same, where the place is the only one, without a name.
    pub fn looked_at<T>(&self, at: usize, seen: Result<T, Error>) -> Result<Option<T>, Error> {
        match seen {
            Err(error) if self.places[at].name.is_some() => {
                let failed = Failed::saying(error.to_string());
                self.ended(at, &MigrateLine::nothing(Some(failed)), errors::COULD_NOT);
                Ok(None)
            }
            seen => seen.map(Some),
        }
    }

    /// A place in which nothing is to be done, and why.
    pub fn idle(&self, at: usize, why: Option<String>) {
        self.told[at].line(&MigrateLine::nothing(None));
        self.end(at, TargetEnd { why, ..self.one(at, TargetState::Nothing) });
    }

    /// The last line of a run that ends before it begins, for machines: people are told in other words. Of many, the
    /// summary is the last one.
    pub fn nothing(&self, failed: Option<Failed>) {
        if !self.is_many() {
            self.screen.end(failed);
        }
    }

    /// How places stand in which nothing was run.
    pub fn are(&self, places: impl IntoIterator<Item = usize>, state: TargetState) {
        places.into_iter().for_each(|at| self.end(at, self.one(at, state)));
    }

    /// Makes the exit code at least this one.
    pub fn at_least(&self, code: u8) {
        self.code.set(self.code.get().max(code));
    }

    /// Does the work at these places, in their turns, and says how it went; the exit code. `work` gives the last line of a
    /// place, and its exit code.
    pub async fn run(&self, tasks: &[usize], work: &impl AsyncFn(usize) -> (MigrateLine, u8)) -> u8 {
        let (canaries, others): (Vec<usize>, Vec<usize>) =
            tasks.iter().copied().partition(|at| self.places[*at].canary);
        let bound = self.bound();
        let begin = |at: usize| async move {
            if self.is_many() {
                self.told[at].line(&MigrateLine::Begins { canary: self.places[at].canary });
            }
            let (end, code) = work(at).await;
            self.ended(at, &end, code);
            code == errors::CLEAN
        };
        self.are(
            in_turns(&canaries, &others, bound, begin, pg::interrupted()).await,
            TargetState::NotStarted,
        );
        self.summary()
    }

    /// Whether so many failed that no other one is begun.
    pub fn is_enough(&self) -> bool {
        let Bound { failed, stop_after, .. } = self.bound();
        failed >= stop_after
    }

    fn bound(&self) -> Bound {
        let lost = (0..self.places.len()).filter(|at| self.has_failed(*at));
        let failed = match lost.clone().any(|at| self.places[at].canary) {
            true => usize::MAX,
            false => lost.count(),
        };
        Bound {
            at_once: usize::from(self.wanted.targets.at_once),
            stop_after: usize::try_from(self.wanted.stop_after).unwrap_or(usize::MAX),
            failed,
        }
    }

    fn has_failed(&self, at: usize) -> bool {
        self.ends.borrow()[at].as_ref().is_some_and(|end| end.state == TargetState::Failed)
    }

    /// Tells and keeps how one ended.
    fn ended(&self, at: usize, end: &MigrateLine, code: u8) {
        self.told[at].line(end);
        let MigrateLine::End { migrated, failed, by_others, taken_back, .. } = end else { return };
        let state = match failed {
            Some(_) => TargetState::Failed,
            None if migrated.is_empty() && by_others.is_empty() && taken_back.is_empty() => {
                TargetState::Nothing
            }
            None => TargetState::Done,
        };
        let why = failed.as_ref().and_then(|failed| failed.message.lines().next()).map(str::to_owned);
        let (migrated, taken_back) = (migrated.clone(), taken_back.clone());
        self.end(at, TargetEnd { migrated, taken_back, why, ..self.one(at, state) });
        // Of many, some may have gone well.
        self.at_least(if self.is_many() && code == errors::COULD_NOT { errors::FINDINGS } else { code });
    }

    fn one(&self, at: usize, state: TargetState) -> TargetEnd {
        let target = self.places[at].label();
        TargetEnd { target, state, migrated: Vec::new(), taken_back: Vec::new(), why: None }
    }

    fn end(&self, at: usize, end: TargetEnd) {
        self.ends.borrow_mut()[at] = Some(end);
    }

    /// Says how all of many ended; the exit code.
    pub fn summary(&self) -> u8 {
        if self.is_many() {
            self.screen.told(None).line(&self.summed());
        }
        self.code()
    }

    /// How all of many ended.
    pub fn summed(&self) -> MigrateLine {
        let targets: Vec<TargetEnd> = self.ends.borrow().iter().flatten().cloned().collect();
        let count = |states: &[TargetState]| targets.iter().filter(|one| states.contains(&one.state)).count();
        MigrateLine::Summary {
            done: count(&[TargetState::Done, TargetState::Nothing]),
            pending: count(&[TargetState::Pending]),
            failed: count(&[TargetState::Failed]),
            not_started: count(&[TargetState::NotStarted]),
            targets,
        }
    }

    /// The exit code so far.
    pub fn code(&self) -> u8 {
        self.code.get()
    }
}
