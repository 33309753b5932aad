//! What is often asked of a relation, a constraint or a column.

use crate::model::{Column, ColumnId, Constraint, ConstraintKind, IndexId, Relation, RelationKind};
use crate::names::object_name;

impl Relation {
    /// A column by its name now.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name).map(|column| &**column)
    }

    /// A column by its number.
    pub fn column_by_id(&self, id: ColumnId) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id).map(|column| &**column)
    }

    /// A constraint by name.
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }

    /// What the constraint of NOT NULL of a column is called since 18, where every NOT NULL is one.
    pub fn not_null_name(&self, column: &Column) -> Option<String> {
        let made = || object_name(&self.name.name, &column.name, "not_null");
        column.not_null.then(|| column.not_null_name.clone().unwrap_or_else(made))
    }

    /// The column whose NOT NULL is called this.
    pub(crate) fn not_null_called(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .map(|column| &**column)
            .find(|column| self.not_null_name(column).is_some_and(|called| called == name))
    }

    /// Its primary key, if it has one.
    pub fn primary_key(&self) -> Option<&Constraint> {
        self.constraints.iter().find(|c| matches!(c.kind, ConstraintKind::PrimaryKey(_)))
    }

    /// Whether rows live in it or below it.
    pub fn is_table(&self) -> bool {
        matches!(self.kind, RelationKind::Table | RelationKind::Partitioned | RelationKind::Foreign)
    }

    /// Names of these columns.
    pub fn column_names(&self, ids: &[ColumnId]) -> Vec<String> {
        ids.iter().filter_map(|id| self.column_by_id(*id)).map(|c| c.name.clone()).collect()
    }
}

impl Constraint {
    /// The index behind it, if any.
    pub fn index(&self) -> Option<IndexId> {
        match &self.kind {
            ConstraintKind::Unique(id) | ConstraintKind::PrimaryKey(id) | ConstraintKind::Exclude(id) => {
                Some(*id)
            }
            _ => None,
        }
    }

    /// The word for it in messages.
    pub fn noun(&self) -> &'static str {
        match &self.kind {
            ConstraintKind::Check { .. } => "CHECK constraint",
            ConstraintKind::NotNull => "NOT NULL constraint",
            ConstraintKind::Unique(_) => "UNIQUE constraint",
            ConstraintKind::PrimaryKey(_) => "PRIMARY KEY",
            ConstraintKind::Exclude(_) => "EXCLUDE constraint",
            ConstraintKind::ForeignKey { .. } => "FOREIGN KEY",
        }
    }
}

impl Column {
    /// Takes NOT NULL away, and with it its name.
    pub(crate) fn make_nullable(&mut self) {
        self.not_null = false;
        self.not_null_name = None;
    }

    /// Whether an INSERT that leaves it out, or sends the word DEFAULT, gets a value for it.
    pub fn has_value_by_default(&self) -> bool {
        self.identity.is_some()
            || self.generated.is_some()
            || self.default.as_ref().is_some_and(|d| d.shape != sql::Shape::Null)
    }
}
