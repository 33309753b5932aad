//! A stored generated column is worked out for every row while nobody can use the table: there is no way to the same
//! schema without that, and the ways by hand are told. The same for one that becomes a plain column.

use super::Answer;
use crate::site::{Site, shown};
use catalog::{Change, Relation};
use facts::{BreakCause, RewriteCause, Step};
use sql::{AlterAction, ColumnConstraint, ColumnDef, Stmt};

pub(super) fn make(site: Site<'_>) -> Answer {
    if let Some((relation, column)) = plain_now(site.step)
        && site.breaks(&[BreakCause::DefaultDropped])
    {
        let name = format!("{}.{column}", shown(&relation.name));
        return Some(Err(format!(
            "inserts of the deployed version leave `{name}` to its expression, and those of the new version may give a value, which a generated column refuses: let a trigger in the same migration fill `{name}` where a row comes without it, and drop the trigger in a later one"
        )));
    }
    if !site.facts().rewrites.iter().any(|cost| cost.cause == RewriteCause::Generated && !cost.new) {
        return None;
    }
    let Stmt::AlterTable(alter) = site.stmt()? else { return None };
    let [command] = alter.commands.as_slice() else { return None };
    let table = site.before().find_relation(&alter.name)?;
    let table_name = shown(&table.name);
    let version = site.analysis.options.version.0;
    let virtual_way = match version {
        18.. => "make it VIRTUAL, which is worked out when it is read and rewrites nothing, or keep",
        _ => "keep",
    };
    let trigger = format!("{virtual_way} a plain column in step with a trigger and fill it with a backfill");
    let why = format!("all rows of `{table_name}` are written anew for it while nobody can use the table");
    Some(Err(match &command.action {
        AlterAction::AddColumn { column, .. } if is_generated(column) => {
            let name = format!("{table_name}.{}", column.name.text);
            match was(site, table, &column.name.text) {
                Was::Generated => format!(
                    "the expression of `{name}` changes, and {why}: give the new expression to a new column beside it, and {trigger}"
                ),
                Was::Plain => format!(
                    "`{name}` becomes a generated column, which Postgres can't make of a plain one, and {why}: {trigger}"
                ),
                Was::Absent => format!(
                    "`{name}` is generated and stored, and {why}; Postgres can't make a generated column of a plain one later: {trigger}"
                ),
            }
        }
        AlterAction::SetExpression { column, .. } => format!(
            "the expression of `{table_name}.{}` changes, and {why}: give the new expression to a new column beside it, and {trigger}",
            column.text
        ),
        _ => return None,
    }))
}

/// What a column was when the set began.
enum Was {
    Absent,
    Plain,
    Generated,
}

fn was(site: Site<'_>, table: &Relation, column: &str) -> Was {
    let start = site.judged().start.relation(table.id).and_then(|table| table.column(column));
    match start.map(|column| column.generated.is_some()) {
        None => Was::Absent,
        Some(false) => Was::Plain,
        Some(true) => Was::Generated,
    }
}

fn is_generated(column: &ColumnDef) -> bool {
    column.constraints.iter().any(|one| matches!(one, ColumnConstraint::Generated { .. }))
}

/// The column that a statement makes a plain one.
fn plain_now(step: &Step) -> Option<(&Relation, &str)> {
    step.changes.iter().find_map(|change| match change {
        Change::ExpressionDropped { relation, column } => {
            let relation = step.before.relation(*relation)?;
            Some((&**relation, relation.column_by_id(*column)?.name.as_str()))
        }
        _ => None,
    })
}
