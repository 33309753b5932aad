//! Backfills run for good: rows changed in batches by a key, each batch a transaction that also saves how far it came.
//!
//! [`run`] runs one and tells what happens as [`Event`]s; [`standings`], [`wish`] and [`restart`] are what other
//! terminals do meanwhile, [`estimate`] looks without writing, and [`gate`] says whether a later step may rely on it.
//! What is changed is said by a file ([`plan::read_backfill`]); why, and what comes after, is not known here.

mod assign;
mod batch;
mod error;
mod estimate;
mod event;
mod gate;
mod going;
mod next;
mod pace;
mod run;
mod session;
mod shape;
mod state;
mod statements;
mod throttle;

pub use error::Error;
pub use estimate::{Estimate, estimate};
pub use event::{Ended, Event, TargetEnd, TargetState, event_line, schema};
pub use gate::{Gate, gate};
pub use pace::Pace;
pub use run::run;
pub(crate) use state::forgetting;
pub use state::{Heard, Standing, State, Wish, restart, standings, wish};
pub use throttle::{Cause, Limits, Reason};

use crate::ledger;
use pg::Target;
use plan::Backfill;
use std::time::Duration;

/// A backfill, and the hash of the text that says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What is done.
    pub backfill: Backfill,
    /// SHA-256 of its file: another one is another backfill.
    pub hash: String,
}

impl Job {
    /// The backfill that a file describes; what is wrong with it in words, with the number of its line.
    pub fn read(name: &str, text: &str) -> Result<Job, (usize, String)> {
        // The line ends of a checkout are no edit.
        let hash = ledger::hash_of(text.replace("\r\n", "\n").as_bytes());
        Ok(Job { backfill: plan::read_backfill(name, text)?, hash })
    }
}

/// How backfills are run.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The database.
    pub target: Target,
    /// The schema of Drizzle's ledger, beside which the state is kept.
    pub schema: String,
    /// How big batches are, and how long is rested between them.
    pub pace: Pace,
    /// What is held for.
    pub limits: Limits,
    /// How often is looked whether to hold, and for the wishes of other terminals.
    pub look: Duration,
    /// `lock_timeout` of each batch.
    pub lock_timeout: Duration,
    /// `statement_timeout` of each batch.
    pub statement_timeout: Duration,
    /// How often a batch is tried that met a timeout or a deadlock.
    pub tries: u32,
    /// How often a connection that was cut is opened again, before that is given up.
    pub reconnects: u32,
    /// Whether the table is vacuumed and analyzed afterwards.
    pub vacuum: bool,
}

impl Asked {
    /// The defaults.
    pub fn new(target: Target, schema: &str) -> Asked {
        Asked {
            target,
            schema: schema.to_owned(),
            pace: Pace::default(),
            limits: Limits::usual(),
            look: Duration::from_millis(250),
            lock_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(10),
            tries: 3,
            reconnects: 8,
            vacuum: false,
        }
    }
}
