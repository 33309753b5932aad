//! Columns and constraints, in `CREATE TABLE` and `ALTER TABLE` alike.

use super::{Expr, Ident, Name, TypeName};
use source::Span;

/// A column in `CREATE TABLE` or `ADD COLUMN`.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDef {
    /// Its name.
    pub name: Ident,
    /// Its type; `None` in `PARTITION OF` and `OF type` lists.
    pub type_name: Option<TypeName>,
    /// Constraints written with the column, DEFAULT and NOT NULL among them.
    pub constraints: Vec<ColumnConstraint>,
    /// Whether a collation is given.
    pub collation: Option<String>,
    /// The whole definition.
    pub span: Span,
}

/// One clause behind a column's type.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnConstraint {
    /// `NOT NULL`.
    NotNull {
        /// `CONSTRAINT name`.
        name: Option<Ident>,
        /// Where.
        span: Span,
    },
    /// `NULL`.
    Null,
    /// `DEFAULT expr`.
    Default(Expr),
    /// `GENERATED ALWAYS AS (expr)`.
    Generated {
        /// The expression.
        expr: Expr,
        /// STORED rather than VIRTUAL.
        stored: bool,
    },
    /// `GENERATED .. AS IDENTITY`.
    Identity {
        /// ALWAYS rather than BY DEFAULT.
        always: bool,
        /// `SEQUENCE NAME`, where given.
        sequence: Option<Name>,
    },
    /// CHECK, UNIQUE, PRIMARY KEY or REFERENCES; their column lists name this column.
    Table(Constraint),
}

/// A table constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// `CONSTRAINT name`.
    pub name: Option<Ident>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// `NOT VALID`.
    pub not_valid: bool,
    /// `NOT ENFORCED` (18).
    pub not_enforced: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// It says more than is kept here: INITIALLY DEFERRED, MATCH, columns of SET NULL, INCLUDE, NOT ENFORCED ..
    pub more: bool,
    /// Where it is written.
    pub span: Span,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstraintKind {
    /// `CHECK (expr)`.
    Check {
        /// The condition.
        expr: Expr,
        /// `NO INHERIT`.
        no_inherit: bool,
    },
    /// `NOT NULL column` as a table constraint (18).
    NotNull {
        /// The column.
        column: Ident,
    },
    /// `UNIQUE`.
    Unique {
        /// Key columns; empty with USING INDEX.
        columns: Vec<Ident>,
        /// `NULLS NOT DISTINCT`.
        nulls_not_distinct: bool,
        /// `USING INDEX`.
        using_index: Option<Ident>,
    },
    /// `PRIMARY KEY`.
    PrimaryKey {
        /// Key columns; empty with USING INDEX.
        columns: Vec<Ident>,
        /// `USING INDEX`.
        using_index: Option<Ident>,
    },
    /// `FOREIGN KEY`.
    ForeignKey {
        /// Referencing columns.
        columns: Vec<Ident>,
        /// Referenced table.
        target: Name,
        /// Referenced columns; empty means its primary key.
        target_columns: Vec<Ident>,
        /// `ON DELETE`, in the manual's words in lower case.
        on_delete: &'static str,
        /// `ON UPDATE`.
        on_update: &'static str,
    },
    /// `EXCLUDE`.
    Exclude {
        /// Plain columns among the elements.
        columns: Vec<String>,
        /// Access method.
        method: String,
        /// Predicate.
        filter: Option<Expr>,
    },
}
