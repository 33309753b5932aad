//! The databases of a run, one or many: who is at work, how each ended, and what is said of all of them.

use super::human;
use super::show::Show;
use crate::Outcome;
use crate::args::{BackfillArguments, BackfillFormat};
use crate::errors::{self, Error};
use crate::targets::Place;
use indicatif::MultiProgress;
use runner::backfill::{Event, TargetEnd, TargetState};
use runner::{Bound, in_turns};
use std::cell::RefCell;
use std::io::Write as _;

/// A run on all of them.
pub(super) struct All<'a> {
    wanted: &'a BackfillArguments,
    places: &'a [Place],
    bars: MultiProgress,
    /// How those ended that did.
    ends: RefCell<Vec<Option<End>>>,
}

/// How one ended.
struct End {
    outcome: Outcome,
    error: Option<Error>,
}

impl<'a> All<'a> {
    /// Nothing ended yet.
    pub(super) fn new(wanted: &'a BackfillArguments, places: &'a [Place]) -> All<'a> {
        let ends = RefCell::new(places.iter().map(|_| None).collect());
        All { wanted, places, bars: MultiProgress::new(), ends }
    }

    fn is_many(&self) -> bool {
        self.wanted.many.targets.is_many()
    }

    /// Does the work at each place, in its order.
    pub(super) async fn run(&self, work: &impl AsyncFn(usize, &mut Show, &mut Outcome) -> Result<(), Error>) {
        let wanted = self.wanted;
        // Who only looks or wishes asks all of them.
        let runs = !(wanted.dry_run || wanted.status || wanted.pause || wanted.resume || wanted.cancel);
        let (canaries, others): (Vec<usize>, Vec<usize>) =
            (0..self.places.len()).partition(|at| runs && self.places[*at].canary);
        let stop_after = usize::try_from(wanted.many.stop_after).unwrap_or(usize::MAX);
        let bound = Bound {
            at_once: usize::from(wanted.many.targets.at_once),
            stop_after: if runs { stop_after } else { usize::MAX },
            failed: 0,
        };
        let begin = |at: usize| async move {
            let place = &self.places[at];
            let mut show = Show::new(wanted.format, place.name.as_deref(), &self.bars);
            if self.is_many() && runs {
                show.event(Event::Begins { canary: place.canary });
            }
            let mut outcome = Outcome::default();
            let ended = pg::unless_interrupted(work(at, &mut show, &mut outcome)).await;
            if let Err(error @ pg::Error::Interrupted { .. }) = &ended {
                show.interrupted(&error.to_string());
            }
            outcome.output = show.finish();
            let error = match ended {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(error) => Some(error.into()),
            };
            let well = error.is_none() && outcome.code == errors::CLEAN;
            self.ends.borrow_mut()[at] = Some(End { outcome, error });
            well
        };
        in_turns(&canaries, &others, bound, begin, pg::interrupted()).await;
    }

    /// All that is left to be said.
    pub(super) fn end(self, mut outcome: Outcome) -> Result<Outcome, Error> {
        let is_many = self.is_many();
        let mut targets = Vec::new();
        for (place, end) in self.places.iter().zip(self.ends.take()) {
            let target = place.label();
            let Some(End { outcome: own, error }) = end else {
                targets.push(TargetEnd { target, state: TargetState::NotStarted, why: None });
                continue;
            };
            outcome.output.push_str(&own.output);
            let bare = |note: &String| note.trim_start_matches("brolly: ").to_owned();
            let named =
                |note: &String| if is_many { format!("{target}: {}", bare(note)) } else { note.clone() };
            outcome.notes.extend(own.notes.iter().map(named));
            match error {
                Some(error) if !is_many => return Err(midway(&outcome, error)),
                Some(error) => {
                    outcome.notes.push(format!("{target}: {error}"));
                    outcome.code = outcome.code.max(match error.exit_code() {
                        errors::COULD_NOT => errors::FINDINGS,
                        code => code,
                    });
                    let why = error.to_string().lines().next().map(str::to_owned);
                    targets.push(TargetEnd { target, state: TargetState::Failed, why });
                }
                None => {
                    let state =
                        if own.code == errors::CLEAN { TargetState::Done } else { TargetState::Failed };
                    let code = if is_many { own.code.min(errors::FINDINGS) } else { own.code };
                    outcome.code = outcome.code.max(code);
                    let said =
                        own.notes.first().map(bare).or_else(|| own.output.lines().last().map(str::to_owned));
                    let why = said.filter(|_| state == TargetState::Failed);
                    targets.push(TargetEnd { target, state, why });
                }
            }
        }
        if is_many {
            outcome.output.push_str(&self.summary(targets));
        }
        Ok(outcome)
    }

    fn summary(&self, targets: Vec<TargetEnd>) -> String {
        match self.wanted.format {
            BackfillFormat::Human => human::summary(&targets),
            BackfillFormat::Json => {
                let count = |state| targets.iter().filter(|one| one.state == state).count();
                let event = Event::Summary {
                    done: count(TargetState::Done),
                    failed: count(TargetState::Failed),
                    not_started: count(TargetState::NotStarted),
                    targets,
                };
                runner::backfill::event_line(None, &event) + "\n"
            }
        }
    }
}

/// What was done before an error is said all the same.
fn midway(outcome: &Outcome, error: Error) -> Error {
    let _ = std::io::stdout().lock().write_all(outcome.output.as_bytes());
    let mut errors = std::io::stderr().lock();
    for note in &outcome.notes {
        let _ = writeln!(errors, "{note}");
    }
    match error {
        Error::Server(pg::Error::Interrupted { .. }) => {
            let state = "what is committed is kept, and the next run goes on from there".to_owned();
            Error::StoppedMidway { source: Box::new(error), state }
        }
        error => error,
    }
}
