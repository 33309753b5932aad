//! `brolly.json`: what a project says about its rules, its server and its tables.
//!
//! [`read`] turns the text into [`Settings`] and says, with a place, what is wrong with it; [`schema`]
//! is the JSON Schema that editors complete from. [`read_targets`] reads the file that names many databases.
//! Where a file lies is the caller's affair, and so is what the settings do to findings (`linter::weigh`).

mod glob;
mod json;
mod read;
mod schema;
mod stats;
mod targets;
mod values;

pub use glob::matches;
pub use read::{BROKEN_SETTINGS, read};
pub use schema::{Known, keys, schema};
pub use stats::{BUSY_WRITES_PER_SECOND, LongTransaction, STATS_VERSION, Stats, TableStats};
pub use targets::{BrokenTargets, TargetEntry, Targets, read_targets, targets_schema};
pub use values::{Deployed, FailOn, Level, Runner, SMALL_TABLE_ROWS, Settings, relation_name};
