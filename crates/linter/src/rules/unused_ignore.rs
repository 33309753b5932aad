//! A comment allows what is not there. Found where comments are applied: module `allow`.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = crate::allow::UNUSED_IGNORE;

/// Nothing by itself: whether a comment is used shows only when all findings are in.
pub fn check(_: Context<'_>, _: &mut Vec<Diagnostic>) {}
