//! Findings and facts as text: one module a format.
//!
//! Values go in, a `String` comes out; whoever calls decides where it goes. Nothing here knows what
//! a rule means or which findings matter, and nothing prints.

mod facts_json;
mod github;
mod human;
mod json;
mod run;

pub use facts_json::facts_line;
pub use github::github;
pub use human::{HumanOptions, human};
pub use json::json;
pub use run::{Counts, Run, counts, summary_line};
