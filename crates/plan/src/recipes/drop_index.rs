//! An index is dropped without a queue behind a running query, and not before the upserts that need it are gone.

use super::Answer;
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::Change;
use catalog::written::sql_name;
use facts::BreakCause;

pub(super) fn make(site: Site<'_>) -> Answer {
    let dropped: Vec<&catalog::Index> = site
        .step
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::IndexDropped { index, concurrently: false, cascade: false } => Some(&**index),
            _ => None,
        })
        .collect();
    let needed = site.breaks(&[BreakCause::ConflictTarget]);
    let gate = || vec![Gate::Deployed { migration: site.tag().to_owned() }];
    if dropped.is_empty() {
        let constraint = site.step.changes.iter().find_map(|change| match change {
            Change::ConstraintDropped { relation, constraint, cascade: false } if needed => {
                Some((site.relation(*relation)?, constraint))
            }
            _ => None,
        });
        let (table, constraint) = constraint?;
        let title = format!("drop {} {} of {}", constraint.noun(), constraint.name, shown(&table.name));
        let why = "upserts of the deployed version name its columns as their conflict target";
        let stage = Stage::later(Phase::Contract(1), vec![site.text().to_owned()], gate());
        return Some(Ok(site.part("drop-index", title, why).then(stage)));
    }
    if !site.found(&["drop-index-blocks", "drop-conflict-target"]) {
        return None;
    }
    let names: Vec<&str> = dropped.iter().map(|index| index.name.name.as_str()).collect();
    if let Some(index) = dropped.iter().find(|index| site.is_partitioned(index.table)) {
        return Some(Err(format!(
            "`{}` is the index of a partitioned table, and CONCURRENTLY does not work there",
            index.name.name
        )));
    }
    let sql: Vec<String> = dropped
        .iter()
        .map(|index| format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(&index.name)))
        .collect();
    let title = format!("drop index {}", names.join(", "));
    let why = match needed {
        true => "upserts of the deployed version name its columns as their conflict target",
        false => "it waits for every query on the table, and all that come later wait behind it",
    };
    let stage = match needed {
        true => Stage::later(Phase::Contract(1), sql, gate()).apart(),
        false => Stage::outside(sql),
    };
    Some(Ok(site.part("drop-index", title, why).then(stage)))
}
