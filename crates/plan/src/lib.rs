//! Recipes: a dangerous change as expand, backfill and contract steps, each of which old and new versions
//! of the app live with, and the way back of any change.
//!
//! Values go in and come out: a pending set with its apps, and a plan with the texts of its files. Nothing here
//! reads or writes a file, and nothing here knows what a statement locks: crate `facts` is asked, and crate
//! `linter` says which statements need another path.

mod backfill;
mod check;
mod files;
mod follow;
mod model;
mod names;
mod order;
mod outline;
mod plan;
mod recipes;
pub mod reverse;
mod site;
mod split;
mod text;
mod touching;
mod waits;

pub use backfill::{backfill_file, read_backfill, rows_left, script};
pub use check::{Checked, Deploy};
pub use files::{OwnFile, Texts, Waiting, needs};
pub use model::{Backfill, Followers, Gate, Part, Phase, Refusal, Stage};
pub use outline::{Outline, OutlineBack, OutlineDeploy, OutlineFile, OutlinePart, OutlinePatch, outline};
pub use plan::{Plan, Request, plan};
pub use recipes::{RECIPES, Recipe};
pub use site::{is_name_of, name_parts, shown};
pub use waits::{OutlineLock, OutlineWork, Rows, Work};
