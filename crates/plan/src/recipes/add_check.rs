//! A CHECK is promised for new rows at once, and checked for old ones while reads and writes go on.

use super::Answer;
use crate::model::{Gate, Part, Phase, Stage};
use crate::site::{Site, shown};
use crate::text;
use catalog::written::{quoted, sql_name};
use catalog::{Change, ConstraintKind, Relation};
use facts::BreakCause;
use source::Span;
use sql::Stmt;

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, name) = site.step.changes.iter().find_map(|change| match change {
        Change::ConstraintAdded { relation, name, with_column: None } => {
            let constraint = site.after().relation(*relation)?.constraint(name)?;
            matches!(constraint.kind, ConstraintKind::Check { .. }).then_some((*relation, name))
        }
        _ => None,
    })?;
    if !site.found(&["scan-under-lock", "new-constraint-old-writes", "fails-on-existing-rows"]) {
        return None;
    }
    let table = site.relation(table)?;
    let title = format!("add check {name} to {}", shown(&table.name));
    Some(in_two_steps(site, "add-check", title, table, name))
}

/// NOT VALID now, or once the old writers are gone, and VALIDATE after it.
pub(super) fn in_two_steps(
    site: Site<'_>,
    recipe: &'static str,
    title: String,
    table: &Relation,
    name: &str,
) -> Result<Part, String> {
    let Some(promise) = not_valid(site) else {
        return Err("the constraint is added in code that can't be taken apart".to_owned());
    };
    let validate = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", sql_name(&table.name), quoted(name));
    let old_writers = site.breaks(&[BreakCause::NewConstraint]);
    let backfills = site.backfills_of(&sql_name(&table.name));
    let mut gates: Vec<Gate> = backfills.into_iter().map(|backfill| Gate::Backfilled { backfill }).collect();
    // A row that contradicts a CHECK can't be updated any more, NOT VALID or not.
    gates.extend(contradicting(site, table, name));
    if old_writers {
        gates.push(Gate::Deployed { migration: site.tag().to_owned() });
    }
    let why = match old_writers {
        true => "the deployed version may write rows against it, and checking old rows keeps writers waiting",
        false => "checking old rows keeps writers waiting",
    };
    let part = site.part(recipe, title, why);
    // Rows that lack what they refer to can be updated all the same: the old ones are asked of before they are checked.
    let orphans = orphans(site, table, name);
    Ok(match gates.is_empty() {
        true => part.here(promise).then(Stage::outside(vec![validate]).once(orphans)),
        false => part
            .then(Stage::later(Phase::Contract(1), vec![promise], gates))
            .then(Stage::later(Phase::Contract(1), vec![validate], Vec::new()).apart().once(orphans)),
    })
}

/// That no row lacks the row that a foreign key refers to, where one may. A row with a NULL in the key refers to none
/// (MATCH SIMPLE; manual, CREATE TABLE).
fn orphans(site: Site<'_>, table: &Relation, name: &str) -> Option<Gate> {
    let constraint = site.after().relation(table.id)?.constraint(name)?;
    let ConstraintKind::ForeignKey { target, target_columns, .. } = &constraint.kind else { return None };
    if site.all_new(table, &constraint.columns) {
        return None;
    }
    let target = site.after().relation((*target)?)?;
    let columns = site.after().relation(table.id)?.column_names(&constraint.columns);
    let keys = target.column_names(target_columns);
    if columns.is_empty() || columns.len() != keys.len() {
        return None;
    }
    let (relation, other) = (sql_name(&table.name), quoted("referenced"));
    let known: Vec<String> =
        columns.iter().map(|column| format!("{relation}.{} IS NOT NULL", quoted(column))).collect();
    let pairs: Vec<String> = columns
        .iter()
        .zip(&keys)
        .map(|(column, key)| format!("{other}.{} = {relation}.{}", quoted(key), quoted(column)))
        .collect();
    let condition = format!(
        "{} AND NOT EXISTS (SELECT FROM {} AS {other} WHERE {})",
        known.join(" AND "),
        sql_name(&target.name),
        pairs.join(" AND ")
    );
    Some(Gate::NoRows { table: relation, condition })
}

/// That no row contradicts a CHECK, where rows may.
fn contradicting(site: Site<'_>, table: &Relation, name: &str) -> Option<Gate> {
    let constraint = site.after().relation(table.id)?.constraint(name)?;
    let ConstraintKind::Check { expr, .. } = &constraint.kind else { return None };
    let start = site.judged().start.relation(table.id)?;
    let fresh = |id: &catalog::ColumnId| start.column_by_id(*id).is_none();
    let all_new = !constraint.columns.is_empty() && constraint.columns.iter().all(fresh);
    let condition = expr.text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!all_new).then(|| Gate::NoRows { table: sql_name(&table.name), condition: format!("NOT ({condition})") })
}

/// The statement with NOT VALID behind its constraint, also within a DO block around it.
fn not_valid(site: Site<'_>) -> Option<String> {
    let text = site.text();
    match site.stmt()? {
        Stmt::AlterTable(alter) if alter.commands.len() == 1 => Some(format!("{text} NOT VALID")),
        Stmt::Do(block) => {
            let body = sql::routine_body(&block.body, block.span.start);
            let [only] = body.statements.as_slice() else { return None };
            let Stmt::AlterTable(alter) = &only.statement.stmt else { return None };
            let at = only.statement.span.end.checked_sub(site.step.span.start)?;
            let alone = alter.commands.len() == 1 && block.span != Span::default();
            alone.then(|| text::with(text, vec![(Span { start: at, end: at }, " NOT VALID".to_owned())]))
        }
        _ => None,
    }
}
