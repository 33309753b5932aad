//! Runs migrations for good: what Drizzle's ledger says is pending, what is sent for it, how locks are
//! asked for, and what is left for the next run where this one ends.
//!
//! [`standing`] reads the ledger and holds the folder against it, [`script`] and [`units()`] write down what
//! is sent, [`send`] sends it; [`migrate()`] and [`roll_back()`] do so for good; [`backfill`] changes rows in batches,
//! [`in_turns`] does either to many databases, [`mod@watch`] looks at a server again and again. Works on connections that somebody
//! else named and answers with values and events; it prints nothing, and judges no migration.

mod all_rows;
mod allowed;
pub mod amend;
pub mod backfill;
mod blockers;
mod concurrently;
mod deadlock;
mod error;
mod event;
mod index;
mod ladder;
mod lag;
pub mod ledger;
mod migrate;
mod pooled;
pub mod preflight;
mod progress;
mod replicas;
mod run_lock;
pub mod script;
pub mod send;
pub mod standing;
mod tenant;
mod tries;
mod turns;
mod units;
pub mod watch;
mod way_back;

pub use all_rows::{refusal_with_cure, value_of_all_rows};
pub use blockers::{Blocker, Wanted};
pub use error::Error;
pub use event::Event;
pub use ladder::Limits;
pub use migrate::{Done, Job, end_session, half_back, migrate};
pub use progress::{Begun, Left, begun, left};
pub use tenant::in_schema;
pub use turns::{Bound, in_turns};
pub use units::{Unit, taken_back, units};
pub use way_back::{WayBack, roll_back, tag as way_back_tag};
