//! Which relations and columns a text names that an application sends.
//!
//! The text is a query, several of them, or a piece of one. Names are resolved as Postgres does it,
//! as far as that needs no catalogue: which relation of a join has a column is left to whoever knows
//! the schema, and so is what a name without schema finds on the search path.

mod change;
mod expression;
mod fragment;
mod from;
mod query;
mod read;
mod scope;
mod statement;

use source::Span;

/// What a text names, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Whether the text is whole statements; otherwise it is a piece of one.
    pub statements: bool,
    /// Whether it could be read. If not, nothing is known about it.
    pub parsed: bool,
    /// Relations, once for each place and role. The names of common table expressions are none.
    pub relations: Vec<Mention>,
    /// Columns. What a sub-query gives to the query around it is no column of a relation, except
    /// through a star.
    pub columns: Vec<ColumnMention>,
}

/// A relation that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The schema, where written.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// What is done with it.
    pub role: MentionRole,
    /// Where it is named, schema included, in bytes of the text.
    pub span: Span,
}

/// What is done with a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MentionRole {
    /// Its rows are read.
    Read,
    /// Rows are put into it.
    Insert,
    /// Rows of it are updated.
    Update,
    /// Rows of it are deleted.
    Delete,
    /// Anything else: `TRUNCATE`, `LOCK`, `VACUUM`, a change of the schema.
    Other,
}

/// A column that is named.
///
/// Where several candidates have such a column, the first of them is meant; where none has it and
/// `elsewhere` is set, the name means something that is no column of a relation in this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMention {
    /// The relations that it may belong to, schema as written and name, those of inner queries
    /// first. One where it is qualified or only one relation is in sight. In a piece of a query that
    /// has no FROM, the qualifier as written, which may be an alias; none where there is no
    /// qualifier.
    pub candidates: Vec<(Option<String>, String)>,
    /// Its name; `None` for `*` and for whole rows (`row_to_json(t)`), and for all columns that an
    /// `INSERT` without a list fills.
    pub column: Option<String>,
    /// What is done with it.
    pub role: MentionColumnRole,
    /// Whether the name may mean something else if no candidate has such a column: a column of a
    /// function's row, a whole row, an alias, or one of the query around a piece.
    pub elsewhere: bool,
    /// Where the column is named, without its qualifier, in bytes of the text.
    pub span: Span,
}

/// What is done with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MentionColumnRole {
    /// Its value is read: in the list of a SELECT, on the right of a SET.
    Select,
    /// It decides on rows: WHERE, ON, USING, GROUP BY, HAVING, ORDER BY.
    Filter,
    /// It is in the list of an INSERT.
    Insert,
    /// It is set by an UPDATE, also that of ON CONFLICT.
    Update,
    /// In the list of RETURNING.
    Returning,
    /// In the target of ON CONFLICT.
    Conflict,
}

/// The relations and columns that `text` names: whole statements, or a piece of one, such as an
/// expression, a select list, or all from WHERE on.
pub fn mentions(text: &str) -> Mentions {
    statement::statements(text).or_else(|| fragment::fragment(text)).unwrap_or_default()
}
