//! A primary key takes over a unique index that was built while writes went on.

use super::{Answer, set_not_null};
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::written::{column_list, quoted, sql_name};
use catalog::{Change, ConstraintKind, QName};
use facts::{BreakCause, ScanCause};

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, name) = site.step.changes.iter().find_map(|change| match change {
        Change::ConstraintAdded { relation, name, with_column: None } => {
            let constraint = site.after().relation(*relation)?.constraint(name)?;
            matches!(constraint.kind, ConstraintKind::PrimaryKey(_)).then_some((*relation, name))
        }
        _ => None,
    })?;
    let built = site.facts().scans.iter().any(|cost| cost.cause == ScanCause::ConstraintIndex && !cost.new);
    if !built {
        return None;
    }
    let table = site.relation(table)?;
    let after = site.after().relation(table.id)?;
    let constraint = after.constraint(name)?;
    if site.is_partitioned(table.id) {
        let table = shown(&table.name);
        return Some(Err(format!("`{table}` is partitioned: CONCURRENTLY and USING INDEX don't work there")));
    }
    let nullable: Vec<String> = constraint
        .columns
        .iter()
        .filter_map(|id| table.column_by_id(*id))
        .filter(|column| !column.not_null)
        .map(|column| column.name.clone())
        .collect();
    let columns = column_list(&after.column_names(&constraint.columns));
    let (relation, name_sql) = (sql_name(&table.name), quoted(name));
    let own = sql_name(&QName::new(&*table.name.schema, &**name));
    let build = vec![
        format!("DROP INDEX CONCURRENTLY IF EXISTS {own}"),
        format!("CREATE UNIQUE INDEX CONCURRENTLY {name_sql} ON {relation} ({columns})"),
    ];
    let take =
        vec![format!("ALTER TABLE {relation} ADD CONSTRAINT {name_sql} PRIMARY KEY USING INDEX {name_sql}")];
    let old_writers =
        site.breaks(&[BreakCause::NotNull, BreakCause::ConflictTarget, BreakCause::RequiredColumn]);
    let mut gates = match old_writers {
        true => vec![Gate::Deployed { migration: site.tag().to_owned() }],
        false => Vec::new(),
    };
    // As for NOT NULL alone: a row that holds NULL could not be updated any more.
    gates.extend(nullable.iter().map(|column| Gate::NoRows {
        table: relation.clone(),
        condition: format!("{} IS NULL", quoted(column)),
    }));
    let phase = if gates.is_empty() { Phase::Expand(0) } else { Phase::Contract(1) };
    let title = format!("add primary key {name} to {}", shown(&table.name));
    let mut part = site.part("add-primary-key", title, "its index is built while nobody can use the table");
    if phase == Phase::Expand(0) {
        return Some(Ok(part.then(Stage::outside(build.into_iter().chain(take).collect()))));
    }
    // Upserts of the new version name the key: its index is there as early as they are.
    part = part.then(Stage::outside(build));
    for column in &nullable {
        part = part.then_all(set_not_null::stages(&site, table, column, phase, &gates));
    }
    Some(Ok(part.then(Stage::later(phase, take, gates).apart())))
}
