//! What a migration does when it really runs: rows to run it on, and the queries of the app to ask
//! before and after.
//!
//! [`fill()`] gives every table of a database rows that satisfy its constraints. [`queries()`] writes
//! down what Drizzle would send for every table that an app declares, and [`broken`] says which of
//! these a database refuses. [`prove()`] runs a pending set and looks at each statement,
//! [`apply()`] does so on a database of the user's that keeps it, [`rehearse()`] runs it under traffic and measures who waits.
//!
//! Works on servers that somebody else named or started. What is sent, and in which transactions, is the runner's
//! ([`runner::script`], [`runner::send`], [`runner::migrate()`]): here is what looks on. It
//! decides nothing about what is worth reporting.

mod apply;
mod back;
mod breaks;
pub mod compare;
mod error;
pub mod fill;
mod fresh;
pub mod history;
mod holds;
pub mod migrate;
mod needed;
mod observed;
pub mod proof;
pub mod queries;
pub mod rehearse;
pub mod roles;

pub use apply::apply;
pub use back::{Returned, Trip};
pub use breaks::BreakDisagreement;
pub use error::Error;
pub use fill::{Amounts, Filled, FilledTable, fill};
pub use fresh::Fresh;
pub use holds::Hold;
pub use needed::{Later, Needed};
pub use observed::observed;
pub use proof::{Asked, Phase, Proof, prove};
pub use queries::{AppQuery, BrokenQuery, Details, Line, broken, broken_anew, queries};
pub use rehearse::{Rehearsal, rehearse};
