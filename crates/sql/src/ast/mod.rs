//! The statements that brolly knows, as plain values.
//!
//! What the grammar can say and nobody here asks about is left out on purpose; a statement without
//! a form of its own is [`Stmt::Other`], never dropped.

mod alter;
mod column;
mod create;
mod expr;
mod names;
mod query;
mod term;
mod utility;

pub use alter::*;
pub use column::*;
pub use create::*;
pub use expr::*;
pub use names::*;
pub use query::*;
pub use term::*;
pub use utility::*;

use source::Span;

/// One statement and where it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it is.
    pub stmt: Stmt,
    /// From its first token to its last, without leading comments and without the semicolon.
    pub span: Span,
}

/// A statement by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Stmt {
    /// `CREATE TABLE`, also `PARTITION OF` and foreign tables.
    CreateTable(CreateTable),
    /// `CREATE TABLE .. AS`, `SELECT .. INTO`, `CREATE MATERIALIZED VIEW`.
    CreateTableAs(CreateTableAs),
    /// `CREATE [OR REPLACE] VIEW`.
    CreateView(CreateView),
    /// `CREATE INDEX`.
    CreateIndex(CreateIndex),
    /// `CREATE SEQUENCE`.
    CreateSequence(CreateSequence),
    /// `CREATE SCHEMA`.
    CreateSchema(CreateSchema),
    /// `CREATE TYPE`: enum, composite, range or base.
    CreateType(CreateType),
    /// `CREATE DOMAIN`.
    CreateDomain(CreateDomain),
    /// `CREATE FUNCTION` and `CREATE PROCEDURE`.
    CreateFunction(CreateFunction),
    /// `CREATE TRIGGER`.
    CreateTrigger(CreateTrigger),
    /// `CREATE POLICY`.
    CreatePolicy(CreatePolicy),
    /// `CREATE RULE`.
    CreateRule(CreateRule),
    /// `CREATE STATISTICS`.
    CreateStatistics(CreateStatistics),
    /// `CREATE EXTENSION`.
    CreateExtension(CreateExtension),
    /// `ALTER TABLE` (also of views, indexes, sequences, foreign tables and composite types).
    AlterTable(AlterTable),
    /// `ALTER TYPE .. ADD VALUE` and `.. RENAME VALUE`.
    AlterEnum(AlterEnum),
    /// `ALTER DOMAIN`.
    AlterDomain(AlterDomain),
    /// `ALTER SEQUENCE`.
    AlterSequence(AlterSequence),
    /// `ALTER POLICY`.
    AlterPolicy(AlterPolicy),
    /// `ALTER .. RENAME`.
    Rename(Rename),
    /// `ALTER .. SET SCHEMA`.
    SetSchema(SetSchema),
    /// `ALTER .. OWNER TO` other than through `ALTER TABLE`.
    SetOwner(SetOwner),
    /// `DROP`.
    Drop(Drop),
    /// `TRUNCATE`.
    Truncate(Truncate),
    /// `COMMENT ON`.
    Comment(Comment),
    /// `GRANT` and `REVOKE` on objects.
    Grant(Grant),
    /// `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `VALUES`.
    Query(Box<Query>),
    /// `COPY`.
    Copy(Copy),
    /// `LOCK TABLE`.
    LockTable(LockTable),
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh(Refresh),
    /// `VACUUM` and `ANALYZE`.
    Vacuum(Vacuum),
    /// `CLUSTER`.
    Cluster(Cluster),
    /// `REINDEX`.
    Reindex(Reindex),
    /// `BEGIN`, `COMMIT`, `ROLLBACK`, savepoints.
    Transaction(Transaction),
    /// `SET`, `RESET`.
    Set(SetVariable),
    /// `DO`.
    Do(DoBlock),
    /// `CALL`.
    Call(FunctionCall),
    /// `EXPLAIN`, with the statement inside.
    Explain {
        /// Whether `ANALYZE` really runs it.
        analyze: bool,
        /// The statement.
        statement: Box<Stmt>,
    },
    /// A statement without a form of its own.
    Other(Other),
}

/// A statement that needs no form of its own, or that can't be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    /// Its words in the manual, such as `CREATE ROLE`.
    pub what: &'static str,
    /// Whether it takes no lock on a relation, changes no schema that is modelled and may run in a
    /// transaction. False means that what it does is unknown.
    pub harmless: bool,
    /// Whether Postgres refuses it inside a transaction block (`CREATE DATABASE`, `ALTER SYSTEM`).
    pub outside_transaction: bool,
}
