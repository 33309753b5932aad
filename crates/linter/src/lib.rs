//! Rules: questions about facts, answered as findings.
//!
//! [`lint`] puts every rule of [`RULES`] to every judged set of an [`facts::Analysis`]. A rule is two
//! files side by side in `src/rules`: the check, and the page that explains and tests it. Nothing
//! here parses SQL to learn what it does (crate `facts` knows), reads files or prints.

mod context;
mod finding;
mod lint;
mod names;
mod place;
mod prelude;
mod remedy;
mod rules;

pub use context::{At, Broken, Context, Table};
pub use lint::{lint, rule};
pub use rules::{RULES, Rule};
