//! An exclusion constraint on rows that are there: Postgres has no way that lets reads and writes go on, and what can
//! be done by hand is told.

use super::Answer;
use crate::site::{Site, shown};
use catalog::{Change, ConstraintKind};
use facts::ScanCause;

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, name) = site.step.changes.iter().find_map(|change| match change {
        Change::ConstraintAdded { relation, name, .. } => {
            let constraint = site.after().relation(*relation)?.constraint(name)?;
            matches!(constraint.kind, ConstraintKind::Exclude(_)).then_some((*relation, name))
        }
        _ => None,
    })?;
    if !site.facts().scans.iter().any(|cost| cost.cause == ScanCause::ConstraintIndex && !cost.new) {
        return None;
    }
    let table = shown(&site.relation(table)?.name);
    Some(Err(format!(
        "Postgres builds the index of `{name}` while nobody can use `{table}`: EXCLUDE takes over no index that is there, and has no NOT VALID. Run it as it is with a lock_timeout where `{table}` is small, or have a trigger watch over new rows, or copy the rows to a new table with the constraint"
    )))
}
