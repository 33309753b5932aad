//! The language server: messages of an editor in, diagnostics, hovers and code actions out.
//!
//! Knows the protocol and nothing else: what is found in a text is asked of a [`Check`], in values of
//! crate `source`. Reads no file, finds no project, knows no rule. One thread reads messages, another one
//! works, so that typing never waits for a check.

mod actions;
mod capabilities;
mod check;
mod convert;
mod documents;
mod paths;
mod positions;
mod serve;
mod worker;

pub use check::{Action, ActionKind, Check, Edit, Page, Texts, Told};
pub use serve::{Error, Start, serve};
