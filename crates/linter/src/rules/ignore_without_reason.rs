//! A comment allows findings and does not say why. Found where comments are applied: module `allow`.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = crate::allow::IGNORE_WITHOUT_REASON;

/// Nothing by itself: comments are applied when all findings are in.
pub fn check(_: Context<'_>, _: &mut Vec<Diagnostic>) {}
