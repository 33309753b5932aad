//! A new column whose default differs from row to row: the default first, then the rows in batches.

use super::{Answer, set_not_null};
use crate::model::{Gate, Phase};
use crate::site::{Site, shown};
use crate::text;
use catalog::written::{quoted, sql_name};
use facts::RewriteCause;
use source::Span;
use sql::{AlterAction, ColumnConstraint, Stmt};

pub(super) fn make(site: Site<'_>) -> Answer {
    let Stmt::AlterTable(alter) = site.stmt()? else { return None };
    let [command] = alter.commands.as_slice() else { return None };
    let AlterAction::AddColumn { column, .. } = &command.action else { return None };
    if !site.facts().rewrites.iter().any(|cost| cost.cause == RewriteCause::VolatileDefault && !cost.new) {
        return None;
    }
    let table = site.before().find_relation(&alter.name)?;
    let name = format!("{}.{}", shown(&table.name), column.name.text);
    let Some(default) = column.constraints.iter().find_map(|one| match one {
        ColumnConstraint::Default(expr) => Some(expr),
        _ => None,
    }) else {
        return Some(Err(format!(
            "the default of `{name}` comes with its type, and a domain is not taken apart"
        )));
    };
    let not_null = column.constraints.iter().find_map(|one| match one {
        ColumnConstraint::NotNull { span, .. } => Some(*span),
        _ => None,
    });
    let bare = bare(site, default.span, not_null);
    let (relation, quoted_column) = (sql_name(&table.name), quoted(&column.name.text));
    let backfill = site.fill(table, &column.name.text, &default.text);
    let gates = vec![Gate::Backfilled { backfill: backfill.name.clone() }];
    let mut part = site
        .part(
            "volatile-default",
            format!("add column {name} with a default of its own for each row"),
            "the default is worked out for every row while nobody can use the table",
        )
        .here(bare)
        .here(format!("ALTER TABLE {relation} ALTER COLUMN {quoted_column} SET DEFAULT {}", default.text));
    if not_null.is_some() {
        part =
            part.then_all(set_not_null::stages(&site, table, &column.name.text, Phase::Contract(1), &gates));
        part.code_waits = true;
    }
    part.backfill = Some(backfill);
    Some(Ok(part))
}

/// The statement without the default and NOT NULL.
fn bare(site: Site<'_>, default: Span, not_null: Option<Span>) -> String {
    let (text, start) = (site.text(), site.step.span.start);
    let within = |span: Span| Span { start: span.start - start, end: span.end - start };
    let default = within(default);
    let tokens = text::code(text);
    let word = tokens.iter().rev().find(|token| {
        token.span.start < default.start && token.span.of(text).eq_ignore_ascii_case("default")
    });
    let from = word.map_or(default.start, |token| token.span.start);
    let mut cuts = vec![(Span { start: from, end: default.end }, String::new())];
    cuts.extend(not_null.map(|span| (within(span), String::new())));
    text::tidy(&text::with(text, cuts))
}
