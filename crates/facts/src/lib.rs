//! What a statement does here: on this schema, in this transaction, on this Postgres version, to the
//! old app and the new one.
//!
//! The one place that knows Postgres. [`analyze`] folds [`predict`](predict::predict) over a history and gives an
//! [`Analysis`]; rules, planner, runner and verifier only ask it. Nothing here writes prose for
//! findings or gives severities.

mod ahead;
mod analysis;
mod analyze;
mod app;
mod app_code;
mod body;
mod breaks;
mod compare;
mod declared;
mod deployed;
mod evidence;
mod filled;
mod guard;
mod keys;
mod lock_mode;
mod lossy;
mod missing;
mod model;
mod objects;
mod predict;
mod rewrite;
mod row_security;
mod schema_differences;
mod session;
mod settled;
mod unnoticed;
mod values;

pub use analysis::{Analysis, JudgedSet, Options, PendingSet, Runner, Step};
pub use analyze::{analyze, analyze_each};
pub use app::{App, AppColumn, AppRelation};
pub use app_code::{AppCode, Cited, CodeVersion};
pub use compare::{Difference, DifferenceKind, differences, new_differences};
pub use declared::{BEYOND_SNAPSHOT, Declared, beyond_snapshot, declared};
pub use filled::{is_filled_by_trigger, trigger_that_names};
pub use lock_mode::LockMode;
pub use missing::{MissingColumn, missing_columns};
pub use model::*;
pub use predict::transaction::needs_no_transaction;
pub use schema_differences::{SchemaDifference, SchemaDifferenceKind, schema_differences};
pub use settled::settled;
