//! Which files are new, asked of a real repository.
//!
//! [`changed`] picks the commit to compare with (as asked, as the CI says, or the remote's default
//! branch), finds the merge base and lists what differs from it, uncommitted and untracked files
//! included. [`read_at`] and its kin read files as they were then.
//!
//! A room at the edge: it starts the `git` binary and does nothing else outside. It does not know
//! what a migration is, prints nothing, and writes nothing but fetched objects and the remote's
//! refs, and those only where [`Request::fetch_base`] allows it.

mod base;
mod changed;
mod ci;
mod error;
mod fetch;
mod read;
mod repo;
mod run;

pub use base::Base;
pub use changed::{Changed, Request, changed};
pub use ci::{CiBase, Target, base_from_ci};
pub use error::Error;
pub use read::{list_at, read_at, read_many};
