//! A column leaves the schema one deploy after it left the code.

use super::Answer;
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::Change;
use catalog::written::{quoted, sql_name};

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, column) = site.step.changes.iter().find_map(|change| match change {
        Change::ColumnDropped { relation, column, cascade: false, .. } => Some((*relation, *column)),
        _ => None,
    })?;
    let table = site.before().relation(table)?;
    let column = table.column_by_id(column)?;
    let name = format!("{}.{}", shown(&table.name), column.name);
    let key = table.primary_key().is_some_and(|key| key.columns.contains(&column.id));
    let required = column.not_null && !column.has_value_by_default() && column.generated.is_none();
    if key && required {
        return Some(Err(format!(
            "`{name}` is part of the primary key and has no default: new rows can't leave it out, so the code can't stop writing it before it is gone"
        )));
    }
    let mut part = site.part(
        "drop-column",
        format!("drop column {name}"),
        "pods of the deployed version still name the column: it goes once none of them runs",
    );
    if required {
        part = part.here(format!(
            "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL",
            sql_name(&table.name),
            quoted(&column.name)
        ));
    }
    let start = site.judged().start.relation(table.id)?;
    let gate = Gate::Unused {
        relation: site.label(table.id),
        column: Some(start.column_by_id(column.id).unwrap_or(column).name.clone()),
    };
    Some(Ok(part.then(Stage::later(Phase::Contract(1), vec![site.text().to_owned()], vec![gate]))))
}
