//! A new column without a default becomes required once every writer gives it a value.

use super::{Answer, set_not_null};
use crate::model::{Gate, Phase};
use crate::site::{Site, shown};
use crate::text;
use catalog::written::{quoted, sql_name};
use source::Span;
use sql::{AlterAction, ColumnConstraint, Stmt};

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
    let nullable = text::tidy(&text::with(site.text(), vec![(cut, String::new())]));
    let (relation, quoted_column) = (sql_name(&table.name), quoted(&added.name));
    let mut gates = vec![Gate::Deployed { migration: site.tag().to_owned() }];
    gates.push(Gate::NoRows { table: relation.clone(), condition: format!("{quoted_column} IS NULL") });
    let part = site
        .part(
            "required-column",
            format!("add required column {name}"),
            "the deployed version doesn't know the column and writes rows without it, and rows that are there have no value",
        )
        .here(nullable)
        .then_all(set_not_null::stages(&site, table, &added.name, Phase::Contract(1), &gates))
        .advice(format!("until the last step, rows can hold NULL in `{name}` though the schema says `.notNull()`: read it as `null`-able"))
        .advice(format!("give the rows that are there a value: `brolly fix --value {name}=EXPRESSION` writes the backfill"));
    Some(Ok(part))
}
