//! One statement of a migration, undone: its changes, last first, put in an order that works whatever they were.
//!
//! What was made goes first, under the names it has now; then names go back, and all that follows is written with the
//! names of the schema before.

use super::passing::Named;
use super::{Note, ReverseStatement, alter, create, drop, needed, other, restore};
use catalog::{Catalog, Change, ColumnId, ConstraintKind, QName, RelationId};
use facts::Step;
use std::collections::{BTreeMap, BTreeSet};

/// When a part of the way back of one statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// What was made goes.
    Take,
    /// Names go back.
    Names,
    /// Schemas, types, sequences and functions come back.
    Kinds,
    /// Tables come back.
    Tables,
    /// Columns come back.
    Columns,
    /// What a column is goes back.
    Alter,
    /// Keys, checks and indexes come back.
    Keys,
    /// Foreign keys come back.
    ForeignKeys,
    /// Views come back.
    Views,
    /// Triggers, policies and switches come back.
    Rest,
    /// What columns may have needed goes.
    TakeKinds,
}

/// A column of a relation.
pub(super) type At = (RelationId, ColumnId);

/// The way back of one statement while it is made.
pub(super) struct Undo<'a> {
    /// The statement.
    pub step: &'a Step,
    /// The schema before the migration.
    pub start: &'a Catalog,
    /// The schema after it.
    pub end: &'a Catalog,
    /// The schema that the statement met.
    pub before: &'a Catalog,
    /// The schema that it left.
    pub after: &'a Catalog,
    /// Relations that it took away.
    pub dropped: BTreeSet<RelationId>,
    /// Relations that it made.
    pub created: BTreeSet<RelationId>,
    /// Columns that it added.
    pub added: BTreeSet<At>,
    /// Columns that it took away.
    pub removed: BTreeSet<At>,
    /// Constraints that come and go within the migration.
    passing: &'a BTreeSet<Named>,
    /// Names while they go back.
    names: BTreeMap<RelationId, QName>,
    out: Vec<(Phase, ReverseStatement)>,
}

/// What undoes a statement of a migration that led from `start` to `end`, and in which some constraints only pass.
pub(super) fn undone(
    step: &Step,
    start: &Catalog,
    end: &Catalog,
    passing: &BTreeSet<Named>,
) -> Vec<ReverseStatement> {
    let mut undo = Undo::new(step, start, end, passing);
    let mut columns: Vec<At> = Vec::new();
    for change in step.changes.iter().rev() {
        if undo.goes_along(change) {
            continue;
        }
        if let Some(column) = altered(change) {
            if !columns.contains(&column) {
                columns.push(column);
            }
            continue;
        }
        undo.change(change);
    }
    for (relation, column) in columns {
        alter::column(&mut undo, relation, column);
    }
    other::statement(&mut undo);
    undo.out.sort_by_key(|(phase, _)| *phase);
    undo.out.into_iter().map(|(_, statement)| statement).collect()
}

/// The column that is another one in place.
fn altered(change: &Change) -> Option<At> {
    match change {
        Change::TypeChanged { relation, column, .. }
        | Change::NotNullSet { relation, column }
        | Change::NotNullDropped { relation, column }
        | Change::DefaultSet { relation, column }
        | Change::DefaultDropped { relation, column, .. }
        | Change::IdentitySet { relation, column }
        | Change::IdentityDropped { relation, column }
        | Change::ExpressionDropped { relation, column }
        | Change::ExpressionSet { relation, column } => Some((*relation, *column)),
        _ => None,
    }
}

impl<'a> Undo<'a> {
    fn new(step: &'a Step, start: &'a Catalog, end: &'a Catalog, passing: &'a BTreeSet<Named>) -> Undo<'a> {
        let mut undo = Undo {
            step,
            start,
            end,
            before: &step.before,
            after: &step.after,
            dropped: BTreeSet::new(),
            created: BTreeSet::new(),
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            passing,
            names: BTreeMap::new(),
            out: Vec::new(),
        };
        for change in &step.changes {
            match change {
                Change::RelationCreated { relation, .. } => {
                    undo.created.insert(*relation);
                }
                Change::RelationDropped { relation, .. } => {
                    undo.dropped.insert(*relation);
                }
                Change::ColumnAdded { relation, column, .. } => {
                    undo.added.insert((*relation, *column));
                }
                Change::ColumnDropped { relation, column, .. } => {
                    undo.removed.insert((*relation, *column));
                }
                _ => {}
            }
        }
        undo
    }

    /// Whether a relation was made by the migration.
    pub fn is_new(&self, relation: RelationId) -> bool {
        self.start.relation(relation).is_none()
    }

    /// Whether a relation was made by the migration and taken away again.
    pub fn is_passing(&self, relation: RelationId) -> bool {
        self.is_new(relation) && self.end.relation(relation).is_none()
    }

    /// The name of a relation at this point of the way back.
    pub fn name(&self, relation: RelationId) -> Option<QName> {
        let now = self.after.relation(relation).or_else(|| self.before.relation(relation));
        self.names.get(&relation).or(now.map(|found| &found.name)).cloned()
    }

    /// Notes that a relation has another name from here on.
    pub fn set_name(&mut self, relation: RelationId, name: QName) {
        self.names.insert(relation, name);
    }

    /// Something to run.
    pub fn run(&mut self, phase: Phase, sql: String, notes: Vec<Note>) {
        self.push(phase, Some(sql), notes, false);
    }

    /// Something to run outside of a transaction block.
    pub fn run_outside(&mut self, phase: Phase, sql: String, notes: Vec<Note>) {
        self.push(phase, Some(sql), notes, true);
    }

    /// Something to say.
    pub fn say(&mut self, phase: Phase, note: Note) {
        self.push(phase, None, vec![note], false);
    }

    fn push(&mut self, phase: Phase, sql: Option<String>, notes: Vec<Note>, outside_transaction: bool) {
        self.out.push((phase, ReverseStatement { sql, notes, undoes: self.step.index, outside_transaction }));
    }

    /// Whether a change needs no way back of its own: that of another one takes it along.
    fn goes_along(&self, change: &Change) -> bool {
        let constraint = match change {
            Change::ConstraintAdded { relation, name, .. }
            | Change::ConstraintValidated { relation, name } => Some((*relation, name)),
            Change::ConstraintDropped { relation, constraint, .. } => Some((*relation, &constraint.name)),
            _ => None,
        };
        if constraint.is_some_and(|(relation, name)| self.passing.contains(&(relation, name.clone()))) {
            return true;
        }
        if let Change::ConstraintDropped { constraint, .. } = change
            && let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind
            && self.is_passing(*target)
        {
            return true;
        }
        let whole = matches!(
            change,
            Change::RelationCreated { .. } | Change::RelationDropped { .. } | Change::RelationRenamed { .. }
        );
        let relation = match change {
            Change::IndexRenamed { index, .. } => self.after.index(*index).map(|index| index.table),
            change => change.relation(),
        };
        let Some(relation) = relation else { return false };
        if self.is_passing(relation) {
            return true;
        }
        if let Change::ConstraintAdded { name, .. } = change
            && self.target_of(relation, name).is_some_and(|(target, _)| self.is_passing(target))
        {
            return true;
        }
        // An index of a new table may have a name that one of the schema before needs.
        let has_old_name = |index: &catalog::Index| self.start.slot(&index.name).is_some();
        if let Change::IndexRenamed { index, .. } = change
            && self.after.index(*index).is_some_and(|index| has_old_name(index))
        {
            return false;
        }
        let new = self.is_new(relation) && !needed::is_in_the_way(self, change, relation);
        !whole && (new || self.is_inherited(change, relation))
    }

    /// The relation and the columns that a foreign key refers to.
    pub fn target_of(&self, relation: RelationId, name: &str) -> Option<(RelationId, &[ColumnId])> {
        match &self.after.relation(relation)?.constraint(name)?.kind {
            ConstraintKind::ForeignKey { target: Some(target), target_columns, .. } => {
                Some((*target, target_columns))
            }
            _ => None,
        }
    }

    /// Whether the change of a child comes from the same change of its parent.
    fn is_inherited(&self, change: &Change, relation: RelationId) -> bool {
        let parents = |catalog: &Catalog| catalog.relation(relation).map(|found| found.parents.clone());
        let parents = parents(self.before).or_else(|| parents(self.after)).unwrap_or_default();
        let kind = std::mem::discriminant(change);
        !parents.is_empty()
            && self.step.changes.iter().any(|other| {
                std::mem::discriminant(other) == kind
                    && other.relation().is_some_and(|other| parents.contains(&other))
            })
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::RelationCreated { relation, kind } => drop::relation(self, *relation, *kind),
            Change::ColumnAdded { relation, column, .. } => drop::column(self, *relation, *column),
            Change::ConstraintAdded { relation, name, with_column } => {
                drop::constraint(self, *relation, name, *with_column);
            }
            Change::IndexCreated { index, origin, .. } => drop::index(self, *index, *origin),
            Change::TriggerCreated { relation, name } => drop::trigger(self, *relation, name),
            Change::PolicySet { relation, policy } => drop::policy(self, *relation, policy),
            Change::TypeCreated(ty) => drop::user_type(self, *ty),
            Change::SchemaCreated(name) => drop::schema(self, name),
            Change::FunctionCreated(name) => create::functions(self, name),
            Change::FunctionDropped(name) => create::functions(self, name),
            Change::ExtensionCreated(name) => drop::extension(self, name),
            Change::RelationDropped { relation, kind, .. } => restore::relation(self, *relation, *kind),
            Change::ColumnDropped { relation, column, .. } => restore::column(self, *relation, *column),
            Change::ConstraintDropped { relation, constraint, .. } => {
                restore::constraint(self, *relation, constraint);
            }
            Change::IndexDropped { index, concurrently, .. } => restore::index(self, index, *concurrently),
            Change::TypeDropped { ty, .. } => create::user_type(self, *ty),
            Change::SchemaDropped(name) => create::schema(self, name),
            Change::TriggerDropped { relation, name } => create::trigger(self, *relation, name),
            Change::PolicyDropped { relation, policy } => create::policy(self, *relation, policy),
            Change::ConstraintValidated { relation, name } => restore::not_valid(self, *relation, name),
            Change::RowSecuritySet { relation, .. } => create::row_security(self, *relation),
            Change::ViewReplaced { relation, .. } => create::replaced_view(self, *relation),
            Change::RelationRenamed { .. }
            | Change::ColumnRenamed { .. }
            | Change::ConstraintRenamed { .. }
            | Change::IndexRenamed { .. }
            | Change::TypeRenamed { .. }
            | Change::EnumValueRenamed { .. }
            | Change::SchemaRenamed { .. } => alter::name(self, change),
            change => other::change(self, change),
        }
    }
}
