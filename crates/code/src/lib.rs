//! What one version of the app's code says of the database: the schema that it declares with Drizzle,
//! and where it uses each table and column.
//!
//! Read statically: nothing is run. What can't be worked out by reading is said (a [`Gap`]) and never
//! guessed. This crate knows TypeScript and Drizzle's API; what a migration does to all of it is
//! `facts`' business.

mod eval;
mod files;
mod model;
mod module;
mod program;
mod reached;
mod read;
mod resolve;
mod tree;
mod uses;
mod value;

pub use model::{
    Certainty, Code, Column, Columns, Enum, Gap, Place, Relation, RelationKind, Role, Schema, Use,
};
pub use module::value_end;
pub use read::{Request, read};
pub use resolve::{Resolved, Resolver};
pub use tree::{MemoryTree, Tree, TreeFiles};
