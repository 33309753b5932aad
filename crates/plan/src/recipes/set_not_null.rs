//! NOT NULL by way of a constraint that is checked while reads and writes go on.

use super::Answer;
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::written::{quoted, sql_name};
use catalog::{Change, ColumnId, Relation, RelationId};
use facts::{BreakCause, FailureCause};

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, column) = site.step.changes.iter().find_map(|change| match change {
        Change::NotNullSet { relation, column } => Some((*relation, *column)),
        _ => None,
    })?;
    if site.step.changes.len() > 1 {
        return None;
    }
    let table = site.before().relation(table)?;
    let column = table.column_by_id(column)?;
    let name = format!("{}.{}", shown(&table.name), column.name);
    let relation = sql_name(&table.name);
    let mut gates = Vec::new();
    // With a default nothing breaks that leaves the column out; NULL may be written all the same.
    let old_writers = site.breaks(&[BreakCause::NotNull, BreakCause::RequiredColumn])
        || may_write_null(&site, table.id, column.id);
    if old_writers {
        gates.push(Gate::Deployed { migration: site.tag().to_owned() });
    }
    let own = site.value(&table.name, &column.name).map(|value| site.fill(table, &column.name, value));
    let mut backfills = site.backfills_about(&relation, &column.name);
    backfills.extend(own.as_ref().map(|own| own.name.clone()));
    gates.extend(backfills.iter().map(|name| Gate::Backfilled { backfill: name.clone() }));
    let may_hold_null = site.facts().failures.iter().any(|one| one.cause == FailureCause::NotNull);
    // Once new rows are checked, no row that holds NULL can be updated any more: there must be none by then.
    if may_hold_null {
        let condition = format!("{} IS NULL", quoted(&column.name));
        gates.push(Gate::NoRows { table: relation, condition });
    }
    let phase = if gates.is_empty() { Phase::Expand(0) } else { Phase::Contract(1) };
    let why = match old_writers {
        true => {
            "the deployed version may write NULL, and SET NOT NULL reads all rows while nobody can use the table"
        }
        false => "SET NOT NULL reads all rows while nobody can use the table",
    };
    let mut part = site.part("set-not-null", format!("require {name}"), why).then_all(stages(
        &site,
        table,
        &column.name,
        phase,
        &gates,
    ));
    if may_hold_null && backfills.is_empty() {
        part = part.advice(format!(
            "rows that hold NULL need a value first: `--value {name}=EXPRESSION` writes a backfill"
        ));
    }
    if may_hold_null && phase != Phase::Expand(0) {
        part = part.advice(format!("until the last deploy, rows can hold NULL in `{name}` though the schema says `.notNull()`: code that reads it has to expect that"));
        part.still_nullable = Some((table.name.to_string(), column.name.clone()));
    }
    part.backfill = own;
    Some(Ok(part))
}

/// Whether a deployed version may give NULL for a column that is there when the set begins.
fn may_write_null(site: &Site<'_>, table: RelationId, column: ColumnId) -> bool {
    let judged = site.judged();
    let start = judged.start.relation(table);
    let known = start.and_then(|table| Some((&table.name, &table.column_by_id(column)?.name)));
    known.is_some_and(|(table, column)| judged.old_apps.iter().any(|app| app.may_write_null(table, column)))
}

/// What the constraint of a column is called: as Postgres calls NOT NULL from 18 on, where that is free.
pub(super) fn not_null_name(table: &Relation, column: &str) -> String {
    free_name(table, &format!("{}_{column}_not_null", table.name.name))
}

/// The constraint for new rows, the check of old ones, and NOT NULL, which then reads nothing.
pub(super) fn stages(
    site: &Site<'_>,
    table: &Relation,
    column: &str,
    phase: Phase,
    gates: &[Gate],
) -> Vec<Stage> {
    let relation = sql_name(&table.name);
    let constraint = not_null_name(table, column);
    let (constraint, column) = (quoted(&constraint), quoted(column));
    let alter = |action: String| format!("ALTER TABLE {relation} {action}");
    // NOT NULL itself can be NOT VALID from 18 on (manual, ALTER TABLE); before, a CHECK stands for it, and SET
    // NOT NULL takes it for a proof (12, tablecmds.c: NotNullImpliedByRelConstraints).
    let (promise, finish) = if site.analysis.options.version.0 >= 18 {
        (format!("ADD CONSTRAINT {constraint} NOT NULL {column} NOT VALID"), Vec::new())
    } else {
        let finish = vec![
            alter(format!("ALTER COLUMN {column} SET NOT NULL")),
            alter(format!("DROP CONSTRAINT {constraint}")),
        ];
        (format!("ADD CONSTRAINT {constraint} CHECK ({column} IS NOT NULL) NOT VALID"), finish)
    };
    let mut checked = vec![alter(format!("VALIDATE CONSTRAINT {constraint}"))];
    checked.extend(finish);
    vec![
        Stage::later(phase, vec![alter(promise)], gates.to_vec()),
        Stage::later(phase, checked, Vec::new()).apart(),
    ]
}

/// A name that no constraint of the table has.
fn free_name(table: &Relation, wanted: &str) -> String {
    let mut name: String = wanted.chars().take(60).collect();
    let mut n = 1;
    while table.constraint(&name).is_some() {
        n += 1;
        name = format!("{}_{n}", wanted.chars().take(57).collect::<String>());
    }
    name
}
