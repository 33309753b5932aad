//! Statements that make objects.

use super::{ColumnDef, Constraint, Expr, Ident, Name, Query, TypeName};
use source::Span;

/// `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// Permanent, temporary or unlogged.
    pub persistence: Persistence,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Columns as written.
    pub columns: Vec<ColumnDef>,
    /// Table constraints as written.
    pub constraints: Vec<Constraint>,
    /// `LIKE` sources.
    pub like: Vec<LikeClause>,
    /// `INHERITS`, or the parent of `PARTITION OF`.
    pub parents: Vec<Name>,
    /// Set for `PARTITION OF`.
    pub partition: Option<PartitionBound>,
    /// `PARTITION BY`.
    pub partition_by: Option<PartitionBy>,
    /// A foreign table.
    pub foreign: bool,
    /// `OF type`.
    pub of_type: Option<TypeName>,
}

/// How long a relation lives and whether it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// An ordinary relation.
    Permanent,
    /// Dropped with the session.
    Temporary,
    /// Not written to the WAL.
    Unlogged,
}

/// `LIKE other INCLUDING ..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikeClause {
    /// The other table.
    pub source: Name,
    /// `INCLUDING DEFAULTS` (or ALL).
    pub defaults: bool,
    /// `INCLUDING CONSTRAINTS` (or ALL).
    pub constraints: bool,
    /// `INCLUDING INDEXES` (or ALL).
    pub indexes: bool,
    /// `INCLUDING IDENTITY` (or ALL).
    pub identity: bool,
    /// `INCLUDING GENERATED` (or ALL).
    pub generated: bool,
}

/// What a partition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionBound {
    /// `DEFAULT`.
    pub default: bool,
    /// The bound as written.
    pub text: String,
}

/// `PARTITION BY strategy (keys)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionBy {
    /// `range`, `list` or `hash`.
    pub strategy: String,
    /// Key columns; expressions are left out.
    pub columns: Vec<String>,
}

/// `CREATE TABLE AS`, `SELECT INTO`, `CREATE MATERIALIZED VIEW`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTableAs {
    /// The new relation.
    pub name: Name,
    /// A materialized view.
    pub materialized: bool,
    /// Permanent, temporary or unlogged.
    pub persistence: Persistence,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Column names given in parentheses.
    pub columns: Vec<String>,
    /// The query.
    pub query: Box<Query>,
    /// `WITH NO DATA`.
    pub no_data: bool,
    /// The whole statement as written.
    pub text: String,
}

/// `CREATE VIEW`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateView {
    /// The view.
    pub name: Name,
    /// `OR REPLACE`.
    pub replace: bool,
    /// Temporary or permanent.
    pub persistence: Persistence,
    /// Column names given in parentheses.
    pub columns: Vec<String>,
    /// The query.
    pub query: Box<Query>,
    /// The whole statement as written.
    pub text: String,
}

/// `CREATE INDEX`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateIndex {
    /// Its name; `None` lets Postgres choose.
    pub name: Option<Ident>,
    /// The table.
    pub table: Name,
    /// `UNIQUE`.
    pub unique: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `ON ONLY`.
    pub only: bool,
    /// Access method, `btree` by default.
    pub method: String,
    /// Key columns and expressions.
    pub keys: Vec<IndexKey>,
    /// For each key: its order, operator class and collation.
    pub orders: Vec<KeyOrder>,
    /// `INCLUDE` columns.
    pub include: Vec<String>,
    /// Predicate.
    pub filter: Option<Expr>,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// What stands between the brackets of `WITH (..)`, as written.
    pub options: Option<String>,
    /// It says more than is kept here: TABLESPACE, options of an operator class.
    pub more: bool,
}

/// One key of an index.
#[expect(clippy::large_enum_variant, reason = "an index has few keys")]
#[derive(Clone, Debug, PartialEq)]
pub enum IndexKey {
    /// A column.
    Column(String),
    /// An expression.
    Expr(Expr),
}

/// How an index keeps a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyOrder {
    /// `DESC`.
    pub descending: bool,
    /// `NULLS FIRST`, which goes without saying for DESC.
    pub nulls_first: bool,
    /// Operator class, where written.
    pub operator_class: Option<String>,
    /// `COLLATE`, where written.
    pub collation: Option<String>,
}

/// `CREATE SEQUENCE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSequence {
    /// The sequence.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Temporary or permanent.
    pub persistence: Persistence,
    /// `OWNED BY table.column`; `None` also for `OWNED BY NONE`.
    pub owned_by: Option<(Name, String)>,
    /// The whole statement as written.
    pub text: String,
}

/// `CREATE SCHEMA`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSchema {
    /// Its name.
    pub name: Ident,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Statements inside.
    pub elements: Vec<super::Stmt>,
}

/// `CREATE TYPE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateType {
    /// The type.
    pub name: Name,
    /// What it is.
    pub kind: TypeKind,
}

/// The kinds of `CREATE TYPE`.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// An enum and its values.
    Enum(Vec<Ident>),
    /// A composite type.
    Composite(Vec<ColumnDef>),
    /// A range over a subtype.
    Range,
    /// A base or shell type.
    Base,
}

/// `CREATE DOMAIN`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDomain {
    /// The domain.
    pub name: Name,
    /// Its base type.
    pub base: TypeName,
    /// DEFAULT.
    pub default: Option<Expr>,
    /// NOT NULL.
    pub not_null: bool,
    /// CHECK constraints, with their names.
    pub checks: Vec<(Option<Ident>, Expr)>,
}

/// `CREATE FUNCTION`, `CREATE PROCEDURE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateFunction {
    /// Its name.
    pub name: Name,
    /// `OR REPLACE`.
    pub replace: bool,
    /// A procedure.
    pub procedure: bool,
    /// Types of the input arguments.
    pub arguments: Vec<TypeName>,
    /// How many of them, the last ones, may be left out.
    pub defaults: usize,
    /// Return type.
    pub returns: Option<TypeName>,
    /// `plpgsql`, `sql`, `c` ..
    pub language: String,
    /// `immutable`, `stable` or `volatile`.
    pub volatility: Volatility,
    /// The body between the quotes, with the span of what is inside them.
    pub body: Option<(String, Span)>,
    /// The queries of a body of the SQL standard: `RETURN ..`, `BEGIN ATOMIC .. END`.
    pub standard: Vec<Query>,
    /// The whole statement as written.
    pub text: String,
}

/// Whether a function may give another answer for the same arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volatility {
    /// Never.
    Immutable,
    /// Not within one statement.
    Stable,
    /// Any time.
    Volatile,
}

/// `CREATE TRIGGER`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTrigger {
    /// Its name.
    pub name: Ident,
    /// `OR REPLACE`.
    pub replace: bool,
    /// The table.
    pub table: Name,
    /// The function.
    pub function: Name,
    /// `insert`, `update`, `delete`, `truncate`.
    pub events: Vec<&'static str>,
    /// `UPDATE OF` columns.
    pub columns: Vec<String>,
    /// `BEFORE` (or INSTEAD OF) rather than AFTER.
    pub before: bool,
    /// WHEN.
    pub condition: Option<Expr>,
    /// `FROM table` of a constraint trigger.
    pub from_table: Option<Name>,
    /// The whole statement as written.
    pub text: String,
}

/// `CREATE POLICY`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePolicy {
    /// Its name.
    pub name: Ident,
    /// The table.
    pub table: Name,
    /// `PERMISSIVE` rather than RESTRICTIVE.
    pub permissive: bool,
    /// `all`, `select`, `insert`, `update` or `delete`.
    pub command: String,
    /// Role names; `public` means everybody.
    pub roles: Vec<String>,
    /// USING.
    pub using: Option<Expr>,
    /// WITH CHECK.
    pub with_check: Option<Expr>,
}

/// `CREATE RULE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateRule {
    /// Its name.
    pub name: Ident,
    /// The table or view.
    pub table: Name,
    /// `OR REPLACE`.
    pub replace: bool,
}

/// `CREATE STATISTICS`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateStatistics {
    /// Its name, where given.
    pub name: Option<Name>,
    /// The tables.
    pub tables: Vec<Name>,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
}

/// `CREATE EXTENSION`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateExtension {
    /// Its name.
    pub name: Ident,
    /// `SCHEMA`.
    pub schema: Option<String>,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
}
