//! In which order package scripts and CI workflows deploy and migrate.
//!
//! [`manifest`] and [`pipeline`] read the texts of `package.json`, GitHub workflows and
//! `.gitlab-ci.yml`; [`missteps`] finds where a migration runs after the deploy that needs it, and
//! where `drizzle-kit push` meets production. Commands are known by their names: nothing is run, and
//! what can't be told from the text is left alone. Which files there are is the caller's affair; the
//! words of a finding are those of crate `linter`.

mod act;
mod github;
mod gitlab;
mod misstep;
mod names;
mod pipeline;
mod scripts;
mod shell;
mod yaml;

pub use misstep::{Kind, Misstep, Place, Scope, missteps};
pub use pipeline::{Pipeline, pipeline};
pub use scripts::{Manifest, manifest};
