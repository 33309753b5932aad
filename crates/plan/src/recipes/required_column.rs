//! A new column without a default becomes required once every writer gives it a value.

use super::{Answer, set_not_null};
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use crate::text;
use catalog::written::{quoted, sql_name};
use source::Span;
use sql::{AlterAction, ColumnConstraint, Shape, Stmt};

pub(super) fn make(site: Site<'_>) -> Answer {
    if !site.found(&["required-column", "fails-on-existing-rows"]) {
        return None;
    }
    let Stmt::AlterTable(alter) = site.stmt()? else { return None };
    let [command] = alter.commands.as_slice() else { return None };
    let AlterAction::AddColumn { column, .. } = &command.action else { return None };
    let written = column.constraints.iter().find_map(|one| match one {
        ColumnConstraint::NotNull { span, .. } => Some(*span),
        _ => None,
    })?;
    let table = site.before().find_relation(&alter.name)?;
    let added = site.after().relation(table.id)?.column(&column.name.text)?;
    if added.has_value_by_default() || added.generated.is_some() {
        return None;
    }
    let name = format!("{}.{}", shown(&table.name), added.name);
    let start = site.step.span.start;
    let cut = Span { start: written.start - start, end: written.end - start };
    let why = "the deployed version doesn't know the column and writes rows without it, and rows that are there have no value";
    let part = site.part("required-column", format!("add required column {name}"), why);
    let deployed = Gate::Deployed { migration: site.tag().to_owned() };
    let (relation, column) = (sql_name(&table.name), quoted(&added.name));
    let value = site.value(&table.name, &added.name);
    // A constant stands for all rows at once, those that the deployed version writes among them.
    if let Some(value) = value.filter(|value| is_constant(value)) {
        let given = text::with(site.text(), vec![(cut, format!("DEFAULT {value} NOT NULL"))]);
        let drop = format!("ALTER TABLE {relation} ALTER COLUMN {column} DROP DEFAULT");
        return Some(Ok(part.here(given).then(Stage::later(Phase::Contract(1), vec![drop], vec![deployed]))));
    }
    let nullable = text::tidy(&text::with(site.text(), vec![(cut, String::new())]));
    let mut gates = vec![deployed];
    let backfill = value.map(|value| site.fill(table, &added.name, value));
    gates.extend(backfill.as_ref().map(|one| Gate::Backfilled { backfill: one.name.clone() }));
    gates.push(Gate::NoRows { table: relation, condition: format!("{column} IS NULL") });
    let mut part = part
        .here(nullable)
        .then_all(set_not_null::stages(&site, table, &added.name, Phase::Contract(1), &gates))
        .advice(format!("until the last deploy, rows can hold NULL in `{name}` though the schema says `.notNull()`: code that reads it has to expect that"));
    if backfill.is_none() {
        part = part.advice(format!("rows that are there need a value before the last deploy: `--value {name}=EXPRESSION` writes a backfill, and with a constant needs none"));
    }
    part.backfill = backfill;
    part.still_nullable = Some((table.name.to_string(), added.name.clone()));
    Some(Ok(part))
}

fn is_constant(value: &str) -> bool {
    sql::parse_expression(value).is_some_and(|expr| matches!(expr.shape, Shape::Constant { .. }))
}
