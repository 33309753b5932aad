//! What is often asked of a relation, a constraint or a column.

use crate::model::{Column, ColumnId, Constraint, ConstraintKind, IndexId, Relation, RelationKind};

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
    /// Whether an INSERT that leaves it out, or sends the word DEFAULT, gets a value for it.
    pub fn has_value_by_default(&self) -> bool {
        self.identity.is_some()
            || self.generated.is_some()
            || self.default.as_ref().is_some_and(|d| d.shape != sql::Shape::Null)
    }
}
