//! A column gets another type by way of a column beside it, since no type is changed in place without a rewrite, a
//! scan or a loss.

use super::switch::type_of;
use super::{Answer, shadow};
use crate::model::{Part, Phase};
use crate::site::{Site, shown};
use crate::touching;
use catalog::{Change, ColumnId, Relation, RelationId, format_type};
use facts::{BreakCause, Certainty, FailureCause, RewriteCause, ScanCause, Step};
use sql::{AlterAction, Expr, Shape, Stmt};

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, column) = site.step.changes.iter().find_map(|change| match change {
        Change::TypeChanged { relation, column, .. } => Some((*relation, *column)),
        _ => None,
    })?;
    let table = site.before().relation(table).filter(|table| table.is_table())?;
    let facts = site.facts();
    let costs = facts.rewrites.iter().any(|cost| cost.cause == RewriteCause::TypeChange)
        || facts.scans.iter().any(|cost| cost.cause != ScanCause::Observed)
        || !facts.losses.is_empty()
        || facts.failures.iter().any(|failure| failure.cause == FailureCause::Cast)
        || site.breaks(&[BreakCause::TypeNarrowed])
        || !facts.unknown.is_empty();
    costs.then(|| path(site, table, column))
}

fn path(site: Site<'_>, table: &Relation, id: ColumnId) -> Result<Part, String> {
    let Some(column) = table.column_by_id(id) else { return Err("the column is gone".to_owned()) };
    let name = format!("{}.{}", shown(&table.name), column.name);
    if let Some(failure) = site.facts().failures.iter().find(|one| one.certainty == Certainty::Always) {
        return Err(format!("it fails as it is ({}): {}", failure.sqlstate, failure.when));
    }
    let Some(using) = using(site) else {
        return Err(format!("the type of `{name}` is changed by code that can't be taken apart"));
    };
    let statements = unit(site, table.id, id);
    let changes = statements.iter().flat_map(|at| &site.analysis.steps[*at].changes);
    if changes.filter(|change| matches!(change, Change::TypeChanged { .. })).count() > 1 {
        return Err(format!("the type of `{name}` changes more than once in the set"));
    }
    let (first, last) = (statements[0], statements[statements.len() - 1]);
    let (start, after) = (&*site.analysis.steps[first].before, &*site.analysis.steps[last].after);
    let was = start.relation(table.id).and_then(|table| table.column_by_id(id)).unwrap_or(column);
    let target = after.relation(table.id).and_then(|table| table.column_by_id(id));
    let Some((target, ty)) = target.and_then(|target| Some((target, type_of(after, target)?))) else {
        return Err(format!("the new type of `{name}` can't be written as SQL here"));
    };
    let value = using.map_or_else(|| catalog::written::quoted(&column.name), |using| using.text.clone());
    let cast_only = using.is_none_or(|using| matches!(using.shape, Shape::Column { .. }));
    let narrowed = site.breaks(&[BreakCause::TypeNarrowed]);
    let fails = narrowed
        || !cast_only
        || site.facts().failures.iter().any(|failure| failure.cause == FailureCause::Cast)
        || !site.facts().unknown.is_empty();
    // Behind a view with the table's old name the old column would stay.
    let moved =
        site.judged().start.relation(table.id).is_some_and(|start| {
            site.judged().end.relation(table.id).is_some_and(|end| end.name != start.name)
        });
    let phase = if narrowed || moved { Phase::Contract(1) } else { Phase::Expand(1) };
    let (from, to) = (format_type(site.before(), &column.ty), format_type(after, &target.ty));
    let why = match narrowed {
        true => format!(
            "what the deployed version writes may not fit {to}, and values are converted under a lock"
        ),
        false => "all rows are read or written anew while nobody can use the table".to_owned(),
    };
    let shadow = shadow::Shadow {
        site,
        table,
        column: was,
        target,
        ty,
        value,
        nulls: !cast_only,
        fails,
        phase,
        deployed: phase != Phase::Expand(1),
        statements,
    };
    let mut part = shadow::path(&shadow, "type-change", format!("change {name} from {from} to {to}"), why)?;
    for loss in &site.facts().losses {
        part = part.advice(format!(
            "`{name}`: {}; the old values are there until its old column is dropped",
            loss.what
        ));
    }
    Ok(part)
}

/// The USING of the statement, which may have none. `None` where it is no plain statement.
fn using<'a>(site: Site<'a>) -> Option<Option<&'a Expr>> {
    let Stmt::AlterTable(alter) = site.stmt()? else { return None };
    let [command] = alter.commands.as_slice() else { return None };
    match &command.action {
        AlterAction::SetType { using, .. } => Some(using.as_ref()),
        _ => None,
    }
}

/// The statements that are one change with this one: those about the type and the default of the column.
pub(super) fn unit(site: Site<'_>, table: RelationId, column: ColumnId) -> Vec<usize> {
    let belongs = |step: &Step| {
        !step.changes.is_empty()
            && step.changes.iter().all(|change| {
                let kind = matches!(
                    change,
                    Change::TypeChanged { .. } | Change::DefaultSet { .. } | Change::DefaultDropped { .. }
                );
                kind && touching::of_column(change, table, column)
            })
    };
    let free = |at: &usize| !site.parts.iter().any(|part| part.statements.contains(at));
    let steps = site.judged().steps.clone();
    let all = steps.filter(|at| *at == site.at || belongs(&site.analysis.steps[*at]));
    all.filter(free).collect()
}
