//! Rules: questions about facts, answered as findings.
//!
//! [`lint`] puts every rule of [`RULES`] to every judged set of an [`facts::Analysis`]. A rule is two
//! files side by side in `src/rules`: the check, and the page that explains and tests it. Nothing
//! here parses SQL to learn what it does (crate `facts` knows), reads files or prints.

mod allow;
mod broken;
mod context;
mod deploys;
mod drift;
mod edit;
mod evidence;
mod finding;
mod fired;
mod lint;
mod marker;
mod names;
mod place;
mod prelude;
mod remedy;
mod rules;
mod units;
mod weigh;

pub use allow::accept;
pub use broken::Broken;
pub use context::{At, Context, Table};
pub use deploys::deploy_findings;
pub use edit::{Edit, allow, safer};
pub use lint::{findings, in_order, lint, rule};
pub use marker::is_promoted;
pub use remedy::new_values as new_enum_values;
pub use rules::{RULES, Rule, schema_without_migration};
pub use weigh::{Weights, weigh};
