//! The values of views, triggers, policies, types and functions.

use crate::{ColumnId, QName, RelationId, Type, TypeId};
use sql::{Expr, Query, Volatility};
use std::sync::Arc;

/// What a view is made of.
#[derive(Clone, Debug)]
pub struct View {
    /// Its query.
    pub query: Arc<Query>,
    /// Columns it reads; `None` for the relation as a whole (`count(*)`).
    pub uses: Vec<(RelationId, Option<ColumnId>)>,
    /// Types named in casts.
    pub types: Vec<TypeId>,
    /// Functions called.
    pub functions: Vec<QName>,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The function.
    pub function: QName,
    /// `insert`, `update`, `delete`, `truncate`.
    pub events: Vec<&'static str>,
    /// Columns of UPDATE OF and WHEN.
    pub columns: Vec<ColumnId>,
    /// BEFORE rather than AFTER.
    pub before: bool,
    /// WHEN.
    pub condition: Option<Arc<Expr>>,
    /// ENABLE.
    pub enabled: bool,
    /// The statement that made it, as written.
    pub text: Arc<str>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// `all`, `select`, `insert`, `update`, `delete`.
    pub command: String,
    /// Roles; `public` means everybody.
    pub roles: Vec<String>,
    /// PERMISSIVE.
    pub permissive: bool,
    /// USING.
    pub using: Option<Arc<Expr>>,
    /// WITH CHECK.
    pub with_check: Option<Arc<Expr>>,
    /// Columns of its own table that it reads.
    pub columns: Vec<ColumnId>,
    /// Other relations that it reads.
    pub reads: Vec<RelationId>,
    /// Functions called.
    pub functions: Vec<QName>,
}

/// A type that the history made.
#[derive(Clone, Debug)]
pub struct UserType {
    /// Its identity.
    pub id: TypeId,
    /// Its name now.
    pub name: QName,
    /// What it is.
    pub kind: UserTypeKind,
}

/// The kinds of user type.
#[derive(Clone, Debug)]
pub enum UserTypeKind {
    /// Values in order.
    Enum(Vec<String>),
    /// A domain.
    Domain {
        /// Its base type.
        base: Type,
        /// Whether it has constraints (NOT NULL or CHECK), which force checks on a cast.
        constrained: bool,
        /// NOT NULL.
        not_null: bool,
        /// Its CHECKs.
        checks: Vec<DomainCheck>,
        /// DEFAULT.
        default: Option<Arc<Expr>>,
    },
    /// A composite type, kept as a relation.
    Composite(RelationId),
    /// A range.
    Range,
    /// A base or shell type.
    Base,
}

/// A CHECK of a domain.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainCheck {
    /// Its name.
    pub name: String,
    /// The condition.
    pub expr: Arc<Expr>,
    /// Whether all values are known to satisfy it.
    pub validated: bool,
}

/// A function or procedure.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: QName,
    /// Number of input arguments.
    pub arguments: usize,
    /// How many of them, the last ones, may be left out.
    pub defaults: usize,
    /// Volatility.
    pub volatility: Volatility,
    /// Language.
    pub language: String,
    /// Its body.
    pub body: Option<Arc<str>>,
    /// Whether it returns `trigger`.
    pub trigger: bool,
    /// A procedure.
    pub procedure: bool,
    /// The statement that made it, as written.
    pub text: Arc<str>,
}
