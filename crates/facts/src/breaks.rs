//! Which queries of the old app stop working, and whose fault it is.
//!
//! The old app meets the schema only at commits, so breaks are the difference between what worked
//! when the pending set began and what works on a committed state. Each is laid at the door of the
//! last statement whose changes explain it.

use crate::analysis::{Options, Step};
use crate::app::{App, AppColumn, AppRelation};
use crate::model::{Break, BreakCause, Operation};
use catalog::{Catalog, Change, ColumnId, QName, Relation, RelationId, RelationKind, Type, TypeRef};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Follows a pending set from commit to commit.
pub(crate) struct Tracker {
    start: Arc<Catalog>,
    /// The app.
    pub app: Arc<App>,
    reported: HashSet<(String, Option<String>, Operation)>,
    values: crate::values::Values,
    found: Vec<Found>,
}

/// What the app declares of the relations in question.
pub(crate) type DeclaredRelations<'a> = BTreeMap<&'a QName, Cow<'a, AppRelation>>;

/// A break, and the step to blame.
pub(crate) struct Found {
    /// Index of the step in the set.
    pub at: usize,
    /// Whether it does not depend on values, roles or settings.
    pub sure: bool,
    /// The break.
    pub one: Break,
}

impl Tracker {
    pub fn new(start: &Arc<Catalog>, app: Arc<App>, options: &Options) -> Tracker {
        let app_role = options.app_role.clone();
        Tracker {
            start: start.clone(),
            app,
            reported: HashSet::new(),
            values: crate::values::Values::of_role(app_role, options.version),
            found: Vec::new(),
        }
    }

    /// Notes what a statement changed.
    pub fn saw(&mut self, step: &Step) {
        self.values.saw(step);
    }

    /// What no longer works on a committed state and was not told before; `touched` are the relations whose
    /// queries may have changed, `steps` those of the set so far.
    pub fn committed(&mut self, touched: &BTreeSet<QName>, now: &Catalog, steps: &[Step]) -> Vec<Found> {
        let app = self.app.clone();
        let declared: DeclaredRelations<'_> =
            touched.iter().filter_map(|name| Some((name, app.met(name)?))).collect();
        for (name, declared) in &declared {
            self.relation(name, declared, now, steps);
        }
        let values = self.values.committed(&self.start, now, &app, &declared, steps);
        self.found.extend(values.into_iter().map(|(at, one)| Found { at, sure: false, one }));
        std::mem::take(&mut self.found)
    }

    fn relation(&mut self, name: &QName, declared: &AppRelation, now: &Catalog, steps: &[Step]) {
        let start = self.start.clone();
        let found_before = find(&start, name);
        let found_now = find(now, name);
        let id = found_before.map(|relation| relation.id);
        let Some(relation) = found_now else {
            // What did not work before is not broken now.
            if found_before.is_some() {
                self.gone(name, declared, id, steps);
            }
            return;
        };
        let missing_before: BTreeSet<&str> = found_before.map(|r| missing(r, declared)).unwrap_or_default();
        if found_before.is_none() {
            return;
        }
        for column in missing(relation, declared) {
            if !missing_before.contains(column) {
                self.column_gone(name, declared, id, column, steps);
            }
        }
        if !declared.view {
            self.required(name, declared, found_before, (now, relation), steps);
        } else if let Some(before) = found_before {
            self.retyped(name, declared, before, relation, steps);
        }
    }

    /// Columns of a view that give another kind of value than they did.
    fn retyped(
        &mut self,
        name: &QName,
        declared: &AppRelation,
        before: &Relation,
        now: &Relation,
        steps: &[Step],
    ) {
        for column in &declared.columns {
            let (Some(was), Some(is)) = (before.column(&column.name), now.column(&column.name)) else {
                continue;
            };
            if same_kind_of_value(&was.ty, &is.ty) {
                continue;
            }
            let made = |change: &Change| match change {
                Change::ViewReplaced { relation, .. } | Change::RelationCreated { relation, .. } => {
                    (*relation == now.id).then_some(())
                }
                _ => None,
            };
            let Some((at, ())) = last(steps, made) else { continue };
            let reason =
                format!("column {} of {name} has another type; the old app reads the old one", column.name);
            let one = Break::new(
                name,
                Some(&column.name),
                Operation::Select,
                None,
                BreakCause::ViewRetyped,
                reason,
            );
            self.found.push(Found { at, sure: false, one });
        }
    }

    /// The relation is gone or has another name.
    fn gone(&mut self, name: &QName, declared: &AppRelation, id: Option<RelationId>, steps: &[Step]) {
        let renamed = |change: &Change| match change {
            Change::RelationRenamed { relation, from, to } if Some(*relation) == id && from == name => {
                Some(to.clone())
            }
            _ => None,
        };
        let dropped = |change: &Change| match change {
            Change::RelationDropped { relation, .. } if Some(*relation) == id => Some(()),
            _ => None,
        };
        let still = self.app.still(name, None);
        let (at, cause, reason) = match (last(steps, dropped), last(steps, renamed)) {
            (Some((at, ())), _) => {
                (at, BreakCause::RelationDropped, format!("{name} is dropped; the old app {still}"))
            }
            (None, Some((at, to))) => (
                at,
                BreakCause::RelationRenamed,
                format!("{name} is now {to}; the old app still calls it {name}"),
            ),
            (None, None) => match steps.len().checked_sub(1) {
                Some(at) => (at, BreakCause::RelationDropped, format!("{name} is gone")),
                None => return,
            },
        };
        let operations: &[Operation] = match declared.view {
            true => &[Operation::Select],
            false => &[
                Operation::Select,
                Operation::Insert,
                Operation::Update,
                Operation::Delete,
                Operation::Upsert,
            ],
        };
        for operation in operations {
            self.report(at, Break::new(name, None, *operation, Some("42P01"), cause, reason.clone()));
        }
    }

    fn column_gone(
        &mut self,
        name: &QName,
        declared: &AppRelation,
        id: Option<RelationId>,
        column: &str,
        steps: &[Step],
    ) {
        let number = id.and_then(|id| self.start.relation(id)?.column(column).map(|c| c.id));
        let renamed = |change: &Change| match change {
            Change::ColumnRenamed { relation, column, to, .. } if same(*relation, *column, id, number) => {
                Some(to.clone())
            }
            _ => None,
        };
        let dropped = |change: &Change| match change {
            Change::ColumnDropped { relation, column, .. } if same(*relation, *column, id, number) => {
                Some(())
            }
            _ => None,
        };
        let replaced = |change: &Change| match change {
            Change::ViewReplaced { relation, .. } | Change::RelationCreated { relation, .. }
                if find_name(steps_catalog(steps), *relation).is_none_or(|n| n == *name) =>
            {
                Some(())
            }
            Change::RelationRenamed { to, .. } if to == name => Some(()),
            _ => None,
        };
        let still = self.app.still(name, Some(column));
        let (at, cause, reason) = match (last(steps, dropped), last(steps, renamed)) {
            (Some((at, ())), _) => (
                at,
                BreakCause::ColumnDropped,
                format!("column {column} of {name} is dropped; the old app {still}"),
            ),
            (None, Some((at, to))) => (
                at,
                BreakCause::ColumnRenamed,
                format!("column {column} of {name} is now {to}; the old app still calls it {column}"),
            ),
            (None, None) => match last(steps, replaced).map(|(at, ())| at).or(steps.len().checked_sub(1)) {
                Some(at) => {
                    (at, BreakCause::ColumnDropped, format!("{name} has no column {column} any more"))
                }
                None => return,
            },
        };
        let column_declared = declared.columns.iter().find(|c| c.name == column);
        let mut operations = vec![Operation::Select];
        if !declared.view && !column_declared.is_some_and(|c| c.generated) {
            operations.extend([Operation::Insert, Operation::Update, Operation::Upsert]);
        }
        for operation in operations {
            self.report(at, Break::new(name, Some(column), operation, Some("42703"), cause, reason.clone()));
        }
    }

    /// Columns that an insert must now give a value, and that the old app does not always give.
    fn required(
        &mut self,
        name: &QName,
        declared: &AppRelation,
        before: Option<&Arc<Relation>>,
        (now_catalog, now): (&Catalog, &Arc<Relation>),
        steps: &[Step],
    ) {
        if !now.is_table() {
            return;
        }
        for column in now.columns.iter().filter(|column| column.not_null && !column.has_value_by_default()) {
            let app: Option<&AppColumn> = declared.columns.iter().find(|c| c.name == column.name);
            if app.is_some_and(AppColumn::always_given)
                || crate::filled::is_filled_by_trigger(now_catalog, now, &column.name)
            {
                continue;
            }
            // By number, so that a rename is no new demand; by name in a table that was made anew.
            let was = before.and_then(|relation| match relation.id == now.id {
                true => relation.column_by_id(column.id),
                false => relation.column(&column.name),
            });
            let demanded = |was: &catalog::Column| was.not_null && !was.has_value_by_default();
            if was.is_some_and(|was| demanded(was) || before.is_some_and(|r| refuses_null(r, was))) {
                continue;
            }
            let id = now.id;
            let number = column.id;
            let set = |change: &Change| match change {
                Change::ColumnAdded { relation, column, .. } if (*relation, *column) == (id, number) => {
                    Some(BreakCause::RequiredColumn)
                }
                Change::RelationCreated { relation, .. } if *relation == id => {
                    Some(BreakCause::RequiredColumn)
                }
                Change::NotNullSet { relation, column } if (*relation, *column) == (id, number) => {
                    Some(BreakCause::NotNull)
                }
                Change::DefaultDropped { relation, column, .. }
                | Change::IdentityDropped { relation, column }
                | Change::ExpressionDropped { relation, column }
                    if (*relation, *column) == (id, number) =>
                {
                    Some(BreakCause::DefaultDropped)
                }
                _ => None,
            };
            let Some((at, cause)) =
                last(steps, set).or_else(|| Some((steps.len().checked_sub(1)?, BreakCause::NotNull)))
            else {
                continue;
            };
            let reason = match (cause, app) {
                (BreakCause::DefaultDropped, _) => format!(
                    "column {} of {name} loses its default; inserts of the old app leave it to the default",
                    column.name
                ),
                (_, None) => format!(
                    "column {} of {name} is NOT NULL without a default; the old app does not know it",
                    column.name
                ),
                (_, Some(_)) => format!(
                    "column {} of {name} becomes NOT NULL; the old app may leave it out or write NULL",
                    column.name
                ),
            };
            for operation in [Operation::Insert, Operation::Upsert] {
                let missing = Some(column.name.as_str());
                self.report(at, Break::new(name, missing, operation, Some("23502"), cause, reason.clone()));
            }
        }
    }

    fn report(&mut self, at: usize, one: Break) {
        let key = (one.relation.clone(), one.column.clone(), one.operation);
        if self.reported.insert(key) {
            self.found.push(Found { at, sure: true, one });
        }
    }
}

/// Whether a driver makes the same kind of value of two types; `true` where one of them is not known.
fn same_kind_of_value(one: &Type, other: &Type) -> bool {
    let kind = |ty: &Type| match &ty.base {
        TypeRef::Builtin(name) => match name.as_str() {
            "text" | "varchar" | "bpchar" | "name" => Some("text".to_owned()),
            "int2" | "int4" => Some("integer".to_owned()),
            "float4" | "float8" => Some("float".to_owned()),
            "json" | "jsonb" => Some("json".to_owned()),
            other => Some(other.to_owned()),
        },
        TypeRef::User(_) => Some("text".to_owned()),
        TypeRef::Unknown(_) => None,
    };
    match (kind(one), kind(other)) {
        (Some(was), Some(is)) => was == is && one.array == other.array,
        _ => true,
    }
}

/// Whether a CHECK refuses NULL in a column already: what writes it has learned to give a value.
fn refuses_null(relation: &Relation, column: &catalog::Column) -> bool {
    relation.constraints.iter().any(|constraint| match &constraint.kind {
        catalog::ConstraintKind::Check { expr, .. } => {
            !column.has_value_by_default() && expr.proves_not_null.contains(&column.name)
        }
        catalog::ConstraintKind::NotNull => constraint.columns.contains(&column.id),
        _ => false,
    })
}

fn steps_catalog(steps: &[Step]) -> Option<&Catalog> {
    steps.last().map(|step| &*step.after)
}

fn find_name(catalog: Option<&Catalog>, id: RelationId) -> Option<QName> {
    catalog?.relation(id).map(|relation| relation.name.clone())
}

fn same(relation: RelationId, column: ColumnId, id: Option<RelationId>, number: Option<ColumnId>) -> bool {
    Some(relation) == id && Some(column) == number
}

/// The last step with a change that explains something, and the explanation.
pub(crate) fn last<T>(steps: &[Step], explains: impl Fn(&Change) -> Option<T>) -> Option<(usize, T)> {
    steps.iter().enumerate().rev().find_map(|(at, step)| {
        step.changes.iter().rev().find_map(&explains).map(|explanation| (at, explanation))
    })
}

pub(crate) fn find<'a>(catalog: &'a Catalog, name: &QName) -> Option<&'a Arc<Relation>> {
    match catalog.slot(name)? {
        catalog::Found::Relation(relation)
            if !matches!(relation.kind, RelationKind::Sequence | RelationKind::Composite) =>
        {
            Some(relation)
        }
        _ => None,
    }
}

fn missing<'a>(relation: &Relation, declared: &'a AppRelation) -> BTreeSet<&'a str> {
    let absent = |column: &&AppColumn| relation.column(&column.name).is_none();
    declared.columns.iter().filter(absent).map(|column| column.name.as_str()).collect()
}
