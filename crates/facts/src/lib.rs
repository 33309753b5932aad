//! What a statement does here: on this schema, in this transaction, on this Postgres version, to the
//! old app and the new one.
//!
//! The one place that knows Postgres. [`analyze`] folds [`predict`](predict::predict) over a history and gives an
//! [`Analysis`]; rules, planner, runner and verifier only ask it. Nothing here writes prose for
//! findings or gives severities.

mod analyze;
mod app;
mod body;
mod breaks;
mod compare;
mod guard;
mod lossy;
mod model;
mod objects;
mod predict;
mod rewrite;
mod session;
mod values;

pub use analyze::{Analysis, JudgedSet, Options, PendingSet, Step, analyze, analyze_each};
pub use app::{App, AppColumn, AppRelation};
pub use compare::{Difference, DifferenceKind, differences};
pub use model::*;
