//! Which files are new, asked of a real repository.
//!
//! [`changed`] picks the commit to compare with (as asked, as the CI says, or the remote's default
//! branch), finds the merge base and lists what differs from it, uncommitted and untracked files
//! included. [`read_at`] and its kin read files as they were then, [`tree_at`] all files of a version, and
//! [`last_change`] finds the commit in which a text came or went.
//!
//! A room at the edge: it starts the `git` binary and does nothing else outside. It does not know
//! what a migration is, prints nothing, and writes nothing but fetched objects and the remote's
//! refs, and those only where [`Request::fetch_base`] allows it.

mod base;
mod changed;
mod ci;
mod error;
mod fetch;
mod history;
mod objects;
mod read;
mod reference;
mod repo;
mod run;
mod tree;
mod working;

pub use base::Base;
pub use changed::{Changed, Request, changed};
pub use ci::{CiBase, Target, base_from_ci};
pub use error::Error;
pub use history::{Commit, added, last_change};
pub use read::{list_at, read_at, read_many};
pub use tree::{Blob, GitTree, LARGEST, tree_at};
pub use working::working_files;
