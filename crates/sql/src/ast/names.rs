//! Names as Postgres stores them (folded, unquoted), each with the place where it was written.

use source::Span;
use std::fmt;

/// One identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// As stored: folded to lower case unless quoted, cut to 63 bytes.
    pub text: String,
    /// Where it is written; where the grammar keeps no place, the nearest enclosing one.
    pub span: Span,
}

/// A name that may be qualified by a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The schema as written, if any. `pg_temp` is kept as such.
    pub schema: Option<String>,
    /// The object.
    pub name: String,
    /// The whole name, schema included.
    pub span: Span,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A type as written, in the grammar's inner names (`int4`, `varchar`, `timestamptz`, `bpchar`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The schema as written. Built-in types spelled in SQL's own words have `pg_catalog`.
    pub schema: Option<String>,
    /// Inner name.
    pub name: String,
    /// Length, precision and scale, in the order written.
    pub modifiers: Vec<i64>,
    /// Number of array dimensions; Postgres does not enforce it, 0 means a scalar.
    pub dimensions: u8,
    /// `SETOF`.
    pub set_of: bool,
    /// The word was `serial`, `bigserial` or `smallserial`: `name` is then `int4`, `int8`, `int2`.
    pub serial: bool,
    /// Where it is written.
    pub span: Span,
}

/// What kind of object a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A table; also where the statement says TABLE and the object is something else.
    Table,
    /// A foreign table.
    ForeignTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// An index.
    Index,
    /// A sequence.
    Sequence,
    /// A schema.
    Schema,
    /// A type (enum, range, base).
    Type,
    /// A composite type, where the statement can tell.
    CompositeType,
    /// A domain.
    Domain,
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A function, procedure or aggregate.
    Routine,
    /// A column (renames, comments).
    Column,
    /// A constraint of a table.
    TableConstraint,
    /// A constraint of a domain.
    DomainConstraint,
    /// A trigger.
    Trigger,
    /// A policy.
    Policy,
    /// A rewrite rule.
    Rule,
    /// An extension.
    Extension,
    /// Extended statistics.
    Statistics,
    /// A role.
    Role,
    /// A database.
    Database,
    /// Anything else.
    Other,
}
