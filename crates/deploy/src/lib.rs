//! In which order a repository deploys and migrates, and where the migrator runs.
//!
//! [`repository`] reads what says so: the scripts of `package.json` files, GitHub workflows and
//! `.gitlab-ci.yml`, Dockerfiles, settings of platforms, compose files, manifests of Kubernetes, shell
//! scripts that they run, and modules that call Drizzle's migrator. [`missteps`] finds where a
//! migration runs after or beside the deploy that needs it, where it runs in every pod, and where
//! `drizzle-kit push` meets production. Commands are known by their names: nothing is run, and what
//! can't be told from the text is left alone. Where files come from is the caller's affair
//! ([`Files`]); the words of a finding are those of crate `linter`.

mod act;
mod arguments;
mod cluster;
mod files;
mod github;
mod gitlab;
mod image;
mod migrator;
mod misstep;
mod module;
mod names;
mod order;
mod pipeline;
mod platform;
mod repository;
mod scripts;
mod shell;
mod start;
mod station;
mod toml;
mod walk;
mod yaml;

pub use files::{Files, MemoryFiles};
pub use misstep::{Kind, Misstep, Place, Scope, missteps};
pub use repository::{Repository, repository};
pub use station::{Host, Moment};
