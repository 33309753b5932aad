//! Several statements that are one change: an enum made anew, a rename written as drop and add.

use crate::context::{At, Context};
use catalog::{
    Change, Column, ColumnId, QName, Relation, RelationId, RelationKind, Type, TypeId, UserTypeKind,
};
use facts::{BreakCause, Failure, FailureCause, Step};
use std::sync::Arc;

/// An enum that a set drops and makes again under its name, with the columns that are cast over.
pub(crate) struct Recreated<'a> {
    /// Its name.
    pub name: &'a QName,
    /// Its values before and after.
    pub values: (&'a [String], &'a [String]),
    /// Columns of it, by the table's name in the facts and their own.
    pub columns: Vec<(String, String)>,
}

impl Recreated<'_> {
    /// Whether this column is one of them.
    pub fn has(&self, relation: &str, column: Option<&str>) -> bool {
        self.columns.iter().any(|(table, name)| table == relation && Some(name.as_str()) == column)
    }

    /// Whether the set's `remove-enum-value` tells of it.
    pub fn is_told(&self, cx: Context<'_>) -> bool {
        cx.steps().any(|at| {
            let breaks = at.facts().may_break_old_app.iter().filter(|one| one.cause == BreakCause::EnumValue);
            breaks.into_iter().any(|one| self.has(&one.relation, one.column.as_deref()))
        })
    }
}

/// The recreated enum that a column of this statement belongs to.
pub(crate) fn recreated<'a>(cx: Context<'a>, relation: &str, column: Option<&str>) -> Option<Recreated<'a>> {
    column?;
    cx.steps().find_map(|at| {
        at.changes().iter().find_map(|change| match change {
            Change::TypeDropped { ty, name } => {
                of_type(cx, *ty, name).filter(|unit| unit.has(relation, column))
            }
            _ => None,
        })
    })
}

fn of_type<'a>(cx: Context<'a>, dropped: TypeId, now: &QName) -> Option<Recreated<'a>> {
    let (start, end) = (&cx.judged().start, &cx.judged().end);
    let old = start.user_type(dropped)?;
    let new = end.find_type(Some(&old.name.schema), &old.name.name).filter(|new| new.id != dropped)?;
    debug_assert_eq!(now.schema, old.name.schema);
    let (UserTypeKind::Enum(before), UserTypeKind::Enum(after)) = (&old.kind, &new.kind) else { return None };
    let kept = |(table, column): &(RelationId, Arc<Column>)| {
        let after = end.relation(*table).and_then(|table| table.column_by_id(column.id));
        after.is_some_and(|after| after.ty.base == catalog::TypeRef::User(new.id))
    };
    let columns = start.columns_of_type(dropped);
    let columns = columns
        .into_iter()
        .filter(kept)
        .filter_map(|(table, column)| Some((start.relation(table)?.name.to_string(), column.name.clone())));
    Some(Recreated { name: &old.name, values: (before, after), columns: columns.collect() })
}

/// A column of the same type or name that the set adds to the same table and keeps, where nothing copied the
/// old one over.
pub(crate) fn column_twin<'a>(
    cx: Context<'a>,
    table: RelationId,
    dropped: ColumnId,
    ty: &Type,
) -> Option<(At<'a>, String)> {
    let old = cx.judged().start.relation(table)?.column_by_id(dropped)?;
    let label = cx.judged().start.relation(table)?.name.to_string();
    let copied = cx.steps().any(|at| at.facts().writes.iter().any(|write| write.relation == label));
    if copied {
        return None;
    }
    let end = cx.judged().end.relation(table)?;
    cx.steps().find_map(|at| {
        at.changes().iter().find_map(|change| match change {
            Change::ColumnAdded { relation, column, .. } if *relation == table => {
                let added = end.column_by_id(*column)?;
                let plain = added.generated.is_none() && added.identity.is_none();
                (plain && (added.ty == *ty || added.name == old.name)).then(|| (at, added.name.clone()))
            }
            _ => None,
        })
    })
}

/// Whether a drop is the last step of a path, in a file that `brolly contract` made, of which an earlier file made what
/// has taken the place: rows were moved in between.
pub(crate) fn is_last_of_path(at: At<'_>, made: At<'_>) -> bool {
    at.step.migration != made.step.migration && crate::is_promoted(&at.step.file.text)
}

/// A table with the same columns or the same name that the set makes and keeps.
pub(crate) fn table_twin<'a>(cx: Context<'a>, dropped: RelationId) -> Option<(At<'a>, String)> {
    let old = cx.judged().start.relation(dropped)?;
    let shape = |relation: &Relation| {
        let mut columns: Vec<(String, Type)> =
            relation.columns.iter().map(|column| (column.name.clone(), column.ty.clone())).collect();
        columns.sort_by(|a, b| a.0.cmp(&b.0));
        columns
    };
    let wanted = shape(old);
    let filled =
        |label: &str| cx.steps().any(|at| at.facts().writes.iter().any(|write| write.relation == label));
    cx.steps().find_map(|at| {
        at.changes().iter().find_map(|change| match change {
            Change::RelationCreated { relation, kind: RelationKind::Table } => {
                let new = cx.judged().end.relation(*relation)?;
                let same = new.name == old.name || (wanted.len() > 1 && shape(new) == wanted);
                (same && !filled(&at.label(*relation))).then(|| (at, new.name.name.clone()))
            }
            _ => None,
        })
    })
}

/// Whether the drop of this column by this statement is told as a rename.
pub(crate) fn is_renamed_column(at: At<'_>, label: &str, wanted: &str) -> bool {
    at.changes_so(|change| match change {
        Change::ColumnDropped { relation, column, name, ty, cascade: false } => {
            name == wanted
                && at.label(*relation) == label
                && column_twin(at.cx, *relation, *column, ty)
                    .is_some_and(|(other, _)| !is_last_of_path(at, other))
        }
        _ => false,
    })
}

/// Whether the drop of this table by this statement is told as a rename.
pub(crate) fn is_renamed_table(at: At<'_>, label: &str) -> bool {
    at.changes_so(|change| match change {
        Change::RelationDropped { relation, kind: RelationKind::Table, .. } => {
            at.label(*relation) == label && table_twin(at.cx, *relation).is_some()
        }
        _ => false,
    })
}

/// Whether this statement makes a table of a name that another table had when the set began.
pub(crate) fn is_made_anew(at: At<'_>, label: &str) -> bool {
    at.changes_so(|change| match change {
        Change::RelationCreated { relation, .. } => {
            at.after(*relation).is_some_and(|made| made.name.to_string() == label)
        }
        _ => false,
    })
}

/// A key over a column that the set has added and nothing has filled: NULL is not compared.
pub(crate) fn is_empty_column(at: At<'_>, failure: &Failure) -> bool {
    let key = matches!(failure.cause, FailureCause::ForeignKey | FailureCause::Unique);
    let (Some(label), Some(name)) = (failure.relation.as_deref(), failure.column.as_deref()) else {
        return false;
    };
    let Some(table) = at.table(label).relation.filter(|_| key) else { return false };
    let judged = at.cx.judged();
    let fresh = judged.start.relation(table.id).is_some_and(|start| start.column(name).is_none());
    let empty = table.column(name).is_some_and(|column| !column.has_value_by_default());
    let filled = |step: &Step| step.facts.writes.iter().any(|write| write.relation == label);
    fresh && empty && !at.cx.analysis.steps[judged.steps.start..at.at].iter().any(filled)
}
