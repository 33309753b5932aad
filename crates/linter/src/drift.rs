//! Where the newest snapshot and the replayed SQL part ways, as far as a set brought it about.

use crate::context::{At, Context};
use facts::{Difference, DifferenceKind, new_differences};

/// Differences between what the new app declares and what the set leaves, without those that were
/// there before. Nothing where a snapshot is missing on either side: then nobody knows since when.
pub(crate) fn appeared<'a>(cx: Context<'a>) -> &'a [Difference] {
    cx.drift.get_or_init(|| new_differences(cx.judged()))
}

/// Whether the database demands a value that the new app does not know of.
pub(crate) fn is_demanded(cx: Context<'_>, one: &Difference) -> bool {
    let found = match cx.judged().end.slot(&one.relation) {
        Some(catalog::Found::Relation(relation)) => relation,
        _ => return false,
    };
    let column = one.column.as_deref().and_then(|name| found.column(name));
    let end = &cx.judged().end;
    one.kind == DifferenceKind::OnlyReplayed
        && column.is_some_and(|column| {
            column.not_null
                && !column.has_value_by_default()
                && !facts::is_filled_by_trigger(end, found, &column.name)
        })
}

/// The last statement of the set that is about a relation.
pub(crate) fn last_about<'a>(cx: Context<'a>, one: &Difference) -> Option<At<'a>> {
    let label = one.relation.to_string();
    let mentions = |at: &At<'_>| at.facts().locks.iter().any(|lock| lock.relation == label);
    cx.steps().filter(mentions).last()
}
