//! An expression as a tree, for telling whether two spellings mean the same.
//!
//! The tree holds what the grammar made of the text, spelled in one way where the grammar itself
//! knows two (`!=` and `<>`, `IN` and `= ANY`, `BETWEEN` and two comparisons, `CURRENT_TIMESTAMP` and
//! `now()`). What a name stands for is not known here.

use super::TypeName;

/// An expression, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// `NULL`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A string literal without quotes.
    Text(String),
    /// A column.
    Column {
        /// Table or alias, with schema where written.
        qualifier: Vec<String>,
        /// Its name; `None` for `*`.
        name: Option<String>,
    },
    /// A cast.
    Cast {
        /// The type.
        to: TypeName,
        /// What is cast.
        of: Box<Term>,
    },
    /// An operator, `AND`, `CASE`, `COALESCE`, `ARRAY` .. by its word, with its operands.
    Op(String, Vec<Term>),
    /// A call of a function.
    Call {
        /// Schema, where written.
        schema: Option<String>,
        /// Its name.
        name: String,
        /// `DISTINCT`, `VARIADIC`, `*`; empty for a plain call.
        manner: &'static str,
        /// Its arguments.
        arguments: Vec<Term>,
    },
    /// A sub-query.
    Query(Box<SubQuery>),
    /// What has no form here; the text of the whole expression has to speak for it.
    Opaque,
}

/// A `SELECT` inside of an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubQuery {
    /// What it selects from, in order: schema, name, alias.
    pub sources: Vec<Source>,
    /// The clauses, each as an [`Term::Op`] with its word.
    pub clauses: Vec<Term>,
}

/// An item of FROM.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A relation.
    Relation {
        /// Schema, where written.
        schema: Option<String>,
        /// Its name.
        name: String,
        /// `AS`.
        alias: Option<String>,
    },
    /// A sub-query.
    Query(Box<SubQuery>, Option<String>),
}
