//! A foreign key is promised for new rows at once, and checked for old ones while writes go on.

use super::Answer;
use super::add_check::in_two_steps;
use crate::site::{Site, shown};
use catalog::{Change, ConstraintKind};
use facts::ScanCause;

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, name) = site.step.changes.iter().find_map(|change| match change {
        Change::ConstraintAdded { relation, name, with_column: None } => {
            let constraint = site.after().relation(*relation)?.constraint(name)?;
            matches!(constraint.kind, ConstraintKind::ForeignKey { .. }).then_some((*relation, name))
        }
        _ => None,
    })?;
    let scans = site.facts().scans.iter().any(|cost| cost.cause == ScanCause::ForeignKey && !cost.new);
    if !scans && !site.found(&["scan-under-lock", "new-constraint-old-writes"]) {
        return None;
    }
    let table = site.relation(table)?;
    let title = format!("add foreign key {name} to {}", shown(&table.name));
    if site.is_partitioned(table.id) && site.analysis.options.version.0 < 18 {
        return Some(Err(format!(
            "`{}` is partitioned, and Postgres before 18 has no NOT VALID foreign key there",
            shown(&table.name)
        )));
    }
    Some(in_two_steps(site, "add-foreign-key", title, table, name))
}
