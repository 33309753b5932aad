//! Maintenance, transactions, settings and procedural statements.

use super::{Ident, Name, ObjectKind};
use source::Span;

/// `TRUNCATE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Truncate {
    /// The tables.
    pub tables: Vec<Name>,
    /// `CASCADE`.
    pub cascade: bool,
}

/// `COMMENT ON`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The object, or the relation that holds it.
    pub name: Option<Name>,
    /// Column, constraint, trigger or policy.
    pub part: Option<Ident>,
}

/// `GRANT`, `REVOKE`, and role membership.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// GRANT rather than REVOKE.
    pub grant: bool,
    /// The kind of object.
    pub kind: ObjectKind,
    /// The objects; empty for `ALL .. IN SCHEMA`, defaults and role membership.
    pub objects: Vec<Name>,
    /// Schemas of `ALL TABLES IN SCHEMA`.
    pub all_in_schemas: Vec<String>,
    /// Privileges in lower case; empty means ALL.
    pub privileges: Vec<String>,
    /// The roles.
    pub roles: Vec<String>,
}

/// `COPY`.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// The table; `None` for `COPY (query)`.
    pub table: Option<Name>,
    /// FROM rather than TO.
    pub from: bool,
}

/// `LOCK TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub struct LockTable {
    /// The tables.
    pub tables: Vec<Name>,
    /// Lock mode number as Postgres counts: 1 is ACCESS SHARE, 8 ACCESS EXCLUSIVE.
    pub mode: u8,
    /// `NOWAIT`.
    pub nowait: bool,
}

/// `REFRESH MATERIALIZED VIEW`.
#[derive(Clone, Debug, PartialEq)]
pub struct Refresh {
    /// The materialized view.
    pub name: Name,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `WITH NO DATA`.
    pub no_data: bool,
}

/// `VACUUM`, `ANALYZE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Vacuum {
    /// VACUUM rather than ANALYZE alone.
    pub vacuum: bool,
    /// `FULL`.
    pub full: bool,
    /// Tables; empty means all.
    pub tables: Vec<Name>,
}

/// `CLUSTER`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The table; `None` means all.
    pub table: Option<Name>,
    /// The index.
    pub index: Option<String>,
}

/// `REINDEX`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reindex {
    /// Index, table, schema, or (`Database`) database and system.
    pub kind: ObjectKind,
    /// The object.
    pub name: Name,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
}

/// Transaction control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`. `chain` is AND CHAIN.
    Commit {
        /// AND CHAIN.
        chain: bool,
    },
    /// `ROLLBACK`, `ABORT`.
    Rollback {
        /// AND CHAIN.
        chain: bool,
    },
    /// `SAVEPOINT name`.
    Savepoint(String),
    /// `RELEASE name`.
    Release(String),
    /// `ROLLBACK TO name`.
    RollbackTo(String),
    /// Two-phase commands.
    Other,
}

/// `SET`, `SET LOCAL`, `RESET`, `SET CONSTRAINTS`, `SET TRANSACTION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetVariable {
    /// The variable in lower case (`TIME ZONE` is `timezone`); `all` for RESET ALL, `constraints`
    /// and `transaction` for those forms.
    pub name: String,
    /// The values as text; `None` for DEFAULT and RESET.
    pub values: Option<Vec<String>>,
    /// `LOCAL`.
    pub local: bool,
}

/// `DO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoBlock {
    /// `plpgsql` unless said.
    pub language: String,
    /// The code between the quotes.
    pub body: String,
    /// Where the code stands; empty where the body was written with escapes and offsets differ.
    pub span: Span,
}

/// A call of a function or procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionCall {
    /// Its name.
    pub name: Name,
    /// Number of arguments.
    pub arguments: usize,
    /// The string arguments that are plain literals, by position (`nextval('s')`, `setval`,
    /// `set_config('search_path', ..)`).
    pub strings: Vec<Option<String>>,
}
