//! Queries and data changes, flattened to what they touch.

use super::{ColumnRef, Expr, Ident, Name, TypeName, Uses};
use source::Span;

/// `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `MERGE` or `VALUES`.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Which of them.
    pub kind: QueryKind,
    /// The relation written to.
    pub target: Option<Target>,
    /// Relations read in FROM, JOIN, USING, at this level only; names of CTEs left out.
    pub reads: Vec<RelationRef>,
    /// Whether a FROM item is a function, VALUES or sub-query, whose columns aren't known here.
    pub opaque_sources: bool,
    /// Output columns of a SELECT, in order.
    pub output: Vec<OutputColumn>,
    /// WHERE. Its sub-queries are in `uses` of the query, not in its own.
    pub filter: Option<Expr>,
    /// Columns of INSERT (empty: all in order) or keys of UPDATE SET, with the new value where one
    /// expression gives it (of INSERT: where there is one row). Sub-queries of the values are in `uses`
    /// of the query.
    pub sets: Vec<(Ident, Option<Expr>)>,
    /// Where the rows of an INSERT come from is a query (not VALUES).
    pub inserts_query: bool,
    /// Number of VALUES rows of an INSERT.
    pub value_rows: u32,
    /// ON CONFLICT.
    pub on_conflict: Option<OnConflict>,
    /// `FOR UPDATE` and kin.
    pub locks_rows: bool,
    /// LIMIT or FETCH FIRST is there.
    pub limited: bool,
    /// Everything named at this level: columns, functions, literals, casts; and the sub-queries
    /// (FROM, WHERE, CTEs, set operations), which hold their own.
    pub uses: Uses,
    /// Where it is written.
    pub span: Span,
}

/// The kinds of query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryKind {
    /// SELECT, set operations, TABLE.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// MERGE.
    Merge,
    /// VALUES.
    Values,
}

/// The relation that a query writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: Name,
    /// `AS`.
    pub alias: Option<String>,
    /// `ONLY` was written.
    pub only: bool,
}

/// A relation in FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationRef {
    /// Its name.
    pub name: Name,
    /// `AS`.
    pub alias: Option<String>,
}

/// One item of a select list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputColumn {
    /// A named column (its alias, its own name, or the function's name as Postgres gives it).
    Named {
        /// The name that a view would give it.
        name: String,
        /// The type that it is cast to at last.
        cast: Option<TypeName>,
        /// The column it is, if it is nothing but one.
        column: Option<ColumnRef>,
    },
    /// `*` or `t.*`.
    Star(Vec<String>),
}

/// ON CONFLICT of an INSERT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnConflict {
    /// Columns of the target; empty where none or a constraint is named.
    pub columns: Vec<String>,
    /// `ON CONSTRAINT`.
    pub constraint: Option<String>,
    /// DO UPDATE rather than DO NOTHING.
    pub updates: bool,
}
