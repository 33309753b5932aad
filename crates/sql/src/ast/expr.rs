//! What the rest of the house asks about an expression, instead of its whole tree.

use super::{FunctionCall, Ident, Query, TypeName};
use source::Span;

/// An expression: its text and what it uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// As written, trimmed. [`crate::canonical`] makes two spellings of one expression equal.
    pub text: String,
    /// Where it is written.
    pub span: Span,
    /// What it is at its root.
    pub shape: Shape,
    /// What it names.
    pub uses: Uses,
    /// Columns that can't be NULL where this is true: `a IS NOT NULL AND b > 0 AND ..` gives a from
    /// its own test only (a comparison is NULL, not false, for a NULL, and a CHECK accepts NULL).
    pub proves_not_null: Vec<String>,
    /// Columns that are held to constants where this is true: `a = 1 AND b IN ('x', 'y')`.
    pub pins: Vec<String>,
}

/// The root of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `NULL`, also cast.
    Null,
    /// A constant; its text value where it is a string, and the type it is cast to.
    Constant {
        /// The value without quotes.
        value: String,
        /// Whether it was written as a string literal.
        string: bool,
        /// The type in `'x'::type` or `CAST`.
        cast: Option<TypeName>,
    },
    /// A bare column, or one that is only cast, once: `USING "c"::text`.
    Column {
        /// The column.
        name: Ident,
        /// The type of the cast.
        cast: Option<TypeName>,
    },
    /// A call of one function (also `CURRENT_TIMESTAMP` and kin, as `now`, `current_date` ..).
    Call(String),
    /// Anything else.
    Other,
}

/// The names in an expression or query, sub-queries included unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uses {
    /// Column references.
    pub columns: Vec<ColumnRef>,
    /// Function calls. `CURRENT_TIMESTAMP` counts as a call of `now`, `CURRENT_USER` as `current_user`.
    pub functions: Vec<FunctionCall>,
    /// Literals with the type they are cast to directly, for finding enum values.
    pub literals: Vec<Literal>,
    /// Types named in casts.
    pub types: Vec<TypeName>,
    /// Sub-queries, outermost first.
    pub queries: Vec<Query>,
}

/// `a`, `t.a`, `s.t.a`, or a star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRef {
    /// Table or alias, with schema where written.
    pub qualifier: Vec<String>,
    /// The column; `None` for `*`.
    pub name: Option<String>,
    /// Where it is written.
    pub span: Span,
}

/// A string literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The value without quotes.
    pub value: String,
    /// The type of a direct cast.
    pub cast: Option<TypeName>,
    /// A column that it is compared with or assigned to directly (`status = 'new'`), if any.
    pub beside: Option<ColumnRef>,
    /// Where it is written.
    pub span: Span,
}
