//! A value of an enum with another name: no path is sound by itself, and the way by hand is told.

use super::Answer;
use crate::site::{Site, shown};
use catalog::Change;

pub(super) fn make(site: Site<'_>) -> Answer {
    let (ty, from, to) = site.step.changes.iter().find_map(|change| match change {
        Change::EnumValueRenamed { ty, from, to } => Some((*ty, from, to)),
        _ => None,
    })?;
    if !site.found(&["rename-enum-value"]) {
        return None;
    }
    let name = site.before().user_type(ty).map_or_else(String::new, |ty| shown(&ty.name));
    Some(Err(format!(
        "rows of enum `{name}` hold '{from}' for the deployed version and '{to}' for the new one, and no trigger can give each its own: add '{to}' with ADD VALUE, let a version read both and write '{to}', change the rows that hold '{from}', and take '{from}' out of the enum in a later migration"
    )))
}
