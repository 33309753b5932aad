//! A Postgres schema as a value.
//!
//! [`Catalog`] holds what `pg_catalog` would hold, as far as a migration can depend on it, and
//! [`apply`] takes it from before a statement to after it. Cloning is cheap (persistent maps), so
//! every step of a history can keep the schema that it met. This crate knows neither Drizzle nor
//! locks, and it reads no files.

mod apply;
mod builtin;
mod change;
mod diff;
mod lookup;
mod model;
mod names;
mod objects;
mod observed;
mod query;
mod questions;
mod types;
pub mod written;

pub use apply::{Applied, Refusal, apply};
pub use builtin::{CastContext, CastMethod, cast, function_volatility, is_builtin_type, type_category};
pub use change::{Change, IndexOrigin};
pub use diff::{Difference, Kind, Normal, Scope, What, diff, diff_within, fingerprint, normal};
pub use lookup::{Found, implicit_constraint_name};
pub use model::*;
pub use query::{OutputType, Resolved, output_columns, resolve};
pub use types::{format_type, resolve_type, volatility};
