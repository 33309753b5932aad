//! What is pending in the databases of a run, and the run of it.

use super::dry;
use super::human::some;
use super::judged::Judged;
use super::look::Ready;
use super::one::{self, One};
use crate::args::{MigrateArguments, RunFormat};
use crate::errors;
use crate::settings_file::Found;
use crate::targets::{All, Place};
use drizzle::Project;
use report::{Failed, MigrateLine, TargetState, migrate_line};
use source::many;

/// A run on all of them.
pub struct Run<'a> {
    /// The arguments.
    pub wanted: &'a MigrateArguments,
    /// The settings of the project.
    pub settings: &'a Found,
    /// Where it runs.
    pub places: &'a [Place],
    /// How it goes.
    pub all: &'a All<'a>,
}

/// What is to be done at a place, where something is.
pub type Task<'a> = Option<(&'a Ready, &'a Judged)>;

impl Run<'_> {
    /// Says for all of many at once what is pending.
    pub fn pending(&self, work: &[(usize, &Ready)], idle: &[(usize, &Ready)], project: &Project) {
        if !self.all.is_many() {
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
            let what = match pending.len() {
                0 => "nothing is pending".to_owned(),
                1 => "1 migration is pending".to_owned(),
                more => format!("{} are pending", many(more, "migration")),
            };
            self.all.note(&format!("{}: {what} in {}", project.dir, self.all.listed(&places)));
            for at in pending {
                self.all.note(&format!("  {}", project.migrations[*at].tag));
            }
        }
    }

    /// What `--check` comes to.
    pub fn checked(&self, work: &[(usize, &Ready)], idle: &[(usize, &Ready)]) -> u8 {
        self.all.are(places_of(work), TargetState::Pending);
        self.all.are(places_of(idle), TargetState::Nothing);
        self.all.at_least(if work.is_empty() { errors::CLEAN } else { errors::FINDINGS });
        self.all.summary()
    }

    /// What would be run of a judged set, for all places that it is pending in.
    pub fn would_run(&self, judged: &Judged) -> String {
        let text = |target| dry::text(judged, self.wanted.format, target);
        let names = self.all.names(judged.places.iter().copied());
        match self.wanted.format {
            _ if names.is_empty() => text(None),
            RunFormat::Json => names.iter().map(|name| text(Some(name))).collect(),
            RunFormat::Human => format!("in {}:\n{}", some(&names), text(None)),
        }
    }

    /// The last lines of a dry run, behind what it shows; why it is all that would happen.
    pub fn dry_end(&self, work: &[(usize, &Ready)], idle: &[(usize, &Ready)], why: Option<String>) -> String {
        let line = |target: Option<&str>, line: &MigrateLine| format!("{}\n", migrate_line(target, line));
        match (self.wanted.format, self.all.is_many()) {
            (RunFormat::Human, false) if work.is_empty() => "nothing was run\n".to_owned(),
            (RunFormat::Human, _) => String::new(),
            (RunFormat::Json, false) => line(None, &MigrateLine::nothing(why.map(Failed::saying))),
            (RunFormat::Json, true) => {
                self.all.are(places_of(work), TargetState::Pending);
                self.all.are(places_of(idle), TargetState::Nothing);
                line(None, &self.all.summed())
            }
        }
    }

    /// Runs what is to be run, in its order, and says how it went; the exit code.
    pub async fn run(&self, tasks: &[Task<'_>]) -> u8 {
        let work = async |at: usize| {
            let Some((ready, judged)) = tasks[at] else { return (MigrateLine::nothing(None), 0) };
            let (place, told) = (&self.places[at], self.all.told(at));
            one::run(One { place, ready, judged, wanted: self.wanted, settings: self.settings, told }).await
        };
        let these: Vec<usize> = (0..tasks.len()).filter(|at| tasks[*at].is_some()).collect();
        self.all.run(&these, &work).await
    }

    /// Nothing is run anywhere.
    pub fn refused(&self, work: &[(usize, &Ready)], idle: &[(usize, &Ready)]) {
        self.all.are(places_of(work), TargetState::NotStarted);
        self.all.are(places_of(idle), TargetState::Nothing);
        self.all.summary();
    }
}

fn places_of(ready: &[(usize, &Ready)]) -> impl Iterator<Item = usize> {
    ready.iter().map(|(at, _)| *at)
}
