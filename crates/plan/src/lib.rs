//! Recipes: a dangerous change as expand, backfill and contract steps, each of which old and new versions
//! of the app live with, and the way back of any change.
//!
//! Values go in and come out: a pending set with its apps, and a plan with the texts of its files. Nothing here
//! reads or writes a file, and nothing here knows what a statement locks: crate `facts` is asked, and crate
//! `linter` says which statements need another path.

mod check;
mod files;
mod follow;
mod model;
mod names;
mod plan;
mod recipes;
mod site;
mod split;
mod text;
mod touching;

pub use check::{Checked, Deploy};
pub use files::{OwnFile, Texts, Waiting};
pub use model::{Backfill, Followers, Gate, Part, Phase, Refusal, Stage};
pub use plan::{Plan, Request, plan};
pub use recipes::{RECIPES, Recipe};
