//! A default goes once no deployed version leaves its column out.

use super::Answer;
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::Change;
use facts::BreakCause;

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, column) = site.step.changes.iter().find_map(|change| match change {
        Change::DefaultDropped { relation, column, cascade: false } => Some((*relation, *column)),
        _ => None,
    })?;
    if !site.breaks(&[BreakCause::DefaultDropped]) {
        return None;
    }
    let table = site.before().relation(table)?;
    let name = format!("{}.{}", shown(&table.name), table.column_by_id(column)?.name);
    let gate = Gate::Deployed { migration: site.tag().to_owned() };
    let part = site.part(
        "drop-default",
        format!("drop the default of {name}"),
        "inserts of the deployed version leave the column to its default",
    );
    Some(Ok(part.then(Stage::later(Phase::Contract(1), vec![site.text().to_owned()], vec![gate]))))
}
