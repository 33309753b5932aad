//! The databases of a run, one or many: who is at work, how each ended, and what is said of all of them.

use super::dry;
use super::human::some;
use super::judged::Judged;
use super::look::Ready;
use super::one::{self, One};
use super::told::{Screen, Told};
use crate::args::{MigrateArguments, RunFormat};
use crate::errors::{self, Error};
use crate::settings_file::Found;
use crate::targets::Place;
use drizzle::Project;
use report::{Failed, MigrateLine, TargetEnd, TargetState};
use runner::{Bound, in_turns};
use std::cell::{Cell, RefCell};

/// A run on all of them.
pub struct Run<'a> {
    /// The arguments.
    pub wanted: &'a MigrateArguments,
    /// The settings of the project.
    pub settings: &'a Found,
    /// Where it is told.
    pub screen: &'a Screen,
    /// Where it runs.
    pub places: &'a [Place],
    /// Who tells what of each of them.
    pub told: &'a [Told],
    /// How those ended that did.
    ends: RefCell<Vec<Option<TargetEnd>>>,
    code: Cell<u8>,
}

/// What is to be done at a place, where something is.
pub type Task<'a> = Option<(&'a Ready, &'a Judged)>;

impl<'a> Run<'a> {
    /// Nothing ended yet.
    pub fn new(
        wanted: &'a MigrateArguments,
        settings: &'a Found,
        screen: &'a Screen,
        places: &'a [Place],
        told: &'a [Told],
    ) -> Run<'a> {
        let ends = RefCell::new(places.iter().map(|_| None).collect());
        Run { wanted, settings, screen, places, told, ends, code: Cell::new(errors::CLEAN) }
    }

    /// Whether the targets of a file are run on.
    fn is_many(&self) -> bool {
        self.wanted.many.targets.is_some()
    }

    /// The names of places, where they have names.
    pub fn names(&self, places: impl IntoIterator<Item = usize>) -> Vec<&'a str> {
        places.into_iter().filter_map(|at| self.places[at].name.as_deref()).collect()
    }

    /// A place that could not be looked at, or whose ledger keeps it from being run.
    pub fn not_seen(&self, at: usize, error: &Error) {
        let failed = Some(Failed { message: error.to_string(), sqlstate: None, place: None });
        let end = MigrateLine::End { migrated: Vec::new(), by_others: Vec::new(), failed };
        self.ended(at, &end, errors::COULD_NOT);
    }

    /// A place in which nothing is pending.
    pub fn idle(&self, at: usize) {
        self.ended(at, &MigrateLine::End { migrated: Vec::new(), by_others: Vec::new(), failed: None }, 0);
    }

    /// Says for all of many at once what is pending.
    pub fn pending(&self, work: &[(usize, &Ready)], idle: &[(usize, &Ready)], project: &Project) {
        if !self.is_many() {
            return;
        }
        let mut groups: Vec<(&[usize], Vec<usize>)> = Vec::new();
        for (at, ready) in work.iter().chain(idle) {
            let pending = ready.standing.pending.as_slice();
            match groups.iter_mut().find(|(other, _)| *other == pending) {
                Some((_, places)) => places.push(*at),
                None => groups.push((pending, vec![*at])),
            }
        }
        for (pending, places) in groups {
            let count = match places.len() {
                1 => "1 target".to_owned(),
                more => format!("{more} targets"),
            };
            let names = some(&self.names(places));
            let what = match pending.len() {
                0 => "nothing is pending".to_owned(),
                1 => "1 migration is pending".to_owned(),
                more => format!("{more} migrations are pending"),
            };
            self.screen.note(&format!("{}: {what} in {count}: {names}", project.dir));
            for at in pending {
                self.screen.note(&format!("  {}", project.migrations[*at].tag));
            }
        }
    }

    /// What `--check` comes to.
    pub fn checked(&self, work: &[(usize, &Ready)], idle: &[(usize, &Ready)]) -> u8 {
        self.are(work, TargetState::Pending);
        self.are(idle, TargetState::Nothing);
        self.code.set(self.code.get().max(if work.is_empty() { errors::CLEAN } else { errors::FINDINGS }));
        self.summary()
    }

    /// What would be run of a judged set, for all places that it is pending in.
    pub fn would_run(&self, judged: &Judged) -> String {
        let text = |target| dry::text(judged, self.wanted.format, target);
        let names = self.names(judged.places.iter().copied());
        match self.wanted.format {
            _ if names.is_empty() => text(None),
            RunFormat::Json => names.iter().map(|name| text(Some(name))).collect(),
            RunFormat::Human => format!("in {}:\n{}", some(&names), text(None)),
        }
    }

    /// Runs what is to be run, in its order, and says how it went; the exit code.
    pub async fn all(&self, tasks: &[Task<'_>]) -> u8 {
        let (canaries, others): (Vec<usize>, Vec<usize>) =
            (0..tasks.len()).filter(|at| tasks[*at].is_some()).partition(|at| self.places[*at].canary);
        let many = &self.wanted.many;
        let lost = (0..tasks.len()).filter(|at| self.has_failed(*at));
        let failed = match lost.clone().any(|at| self.places[at].canary) {
            true => usize::MAX,
            false => lost.count(),
        };
        let bound = Bound {
            at_once: usize::from(many.at_once),
            stop_after: usize::try_from(many.stop_after).unwrap_or(usize::MAX),
            failed,
        };
        let begin = |at: usize| async move {
            let Some((ready, judged)) = tasks[at] else { return true };
            let place = &self.places[at];
            if self.is_many() {
                self.told[at].line(&MigrateLine::Begins { canary: place.canary });
            }
            let told = &self.told[at];
            let one = One { place, ready, judged, wanted: self.wanted, settings: self.settings, told };
            let (end, code) = one::run(one).await;
            self.ended(at, &end, code);
            code == errors::CLEAN
        };
        for at in in_turns(&canaries, &others, bound, begin, pg::interrupted()).await {
            self.note(at, TargetState::NotStarted, Vec::new(), None);
        }
        self.summary()
    }

    fn has_failed(&self, at: usize) -> bool {
        self.ends.borrow()[at].as_ref().is_some_and(|end| end.state == TargetState::Failed)
    }

    /// Tells and keeps how one ended.
    fn ended(&self, at: usize, end: &MigrateLine, code: u8) {
        self.told[at].line(end);
        let MigrateLine::End { migrated, failed, by_others } = end else { return };
        let state = match failed {
            Some(_) => TargetState::Failed,
            None if migrated.is_empty() && by_others.is_empty() => TargetState::Nothing,
            None => TargetState::Done,
        };
        let why = failed.as_ref().and_then(|failed| failed.message.lines().next()).map(str::to_owned);
        self.note(at, state, migrated.clone(), why);
        // Of many, some may have gone well.
        let code = if self.is_many() && code == errors::COULD_NOT { errors::FINDINGS } else { code };
        self.code.set(self.code.get().max(code));
    }

    /// Nothing is run anywhere.
    pub fn refused(&self, work: &[(usize, &Ready)], idle: &[(usize, &Ready)]) {
        self.are(work, TargetState::NotStarted);
        self.are(idle, TargetState::Nothing);
        self.summary();
    }

    /// How places stand in which nothing was to be run.
    fn are(&self, places: &[(usize, &Ready)], state: TargetState) {
        places.iter().for_each(|(at, _)| self.note(*at, state, Vec::new(), None));
    }

    fn note(&self, at: usize, state: TargetState, migrated: Vec<String>, why: Option<String>) {
        let target = self.places[at].label();
        self.ends.borrow_mut()[at] = Some(TargetEnd { target, state, migrated, why });
    }

    /// Says how all of many ended; the exit code.
    pub fn summary(&self) -> u8 {
        if self.is_many() {
            let targets: Vec<TargetEnd> = self.ends.borrow().iter().flatten().cloned().collect();
            let count =
                |states: &[TargetState]| targets.iter().filter(|one| states.contains(&one.state)).count();
            self.screen.told(None).line(&MigrateLine::Summary {
                done: count(&[TargetState::Done, TargetState::Nothing]),
                pending: count(&[TargetState::Pending]),
                failed: count(&[TargetState::Failed]),
                not_started: count(&[TargetState::NotStarted]),
                targets,
            });
        }
        self.code()
    }

    /// The exit code so far.
    pub fn code(&self) -> u8 {
        self.code.get()
    }
}
