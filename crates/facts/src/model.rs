//! The facts as values. Predicted and observed facts are of these same types.

use crate::app_code::Cited;
use crate::lock_mode::LockMode;
use schemars::JsonSchema;
use serde::Serialize;
use source::Span;
use std::sync::Arc;

/// A major version of Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Version(pub u8);

impl Default for Version {
    fn default() -> Version {
        Version(16)
    }
}

/// Everything known about one statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The strongest lock on each table, view and materialized view, taken by this statement itself.
    pub locks: Vec<Lock>,
    /// Relations whose storage is written anew.
    pub rewrites: Vec<Cost<RewriteCause>>,
    /// Relations read whole for DDL: validation, index build, rewrite.
    pub scans: Vec<Cost<ScanCause>>,
    /// Ways in which it can fail.
    pub failures: Vec<Failure>,
    /// What the deployed app can no longer do once this is committed.
    pub breaks_old_app: Vec<Break>,
    /// What the deployed app may no longer do, depending on values, roles or settings.
    pub may_break_old_app: Vec<Break>,
    /// What the new app can't do as long as this is not committed.
    pub breaks_new_app: Vec<Break>,
    /// What it takes away and no deployed version declares or names: looked for in their code.
    pub unnoticed: Vec<Unnoticed>,
    /// Rows that it writes itself (data changes on tables that existed).
    pub writes: Vec<Write>,
    /// Values that are changed for good without an error.
    pub losses: Vec<Loss>,
    /// What could not be judged, and why.
    pub unknown: Vec<String>,
}

/// A lock that a statement takes. Relations go by the name they had when the pending set began, or
/// by the name they were made with.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// `schema.name`.
    pub relation: String,
    /// Its mode.
    pub mode: LockMode,
    /// Made in the same pending set: nobody else can be waiting.
    pub new: bool,
    /// Only taken if a condition in code holds.
    pub conditional: bool,
}

/// Work that grows with a relation.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost<Cause> {
    /// `schema.name`.
    pub relation: String,
    /// Why.
    pub cause: Cause,
    /// The column that causes it, where it is one.
    pub column: Option<String>,
    /// Made in the same pending set, so there is (nearly) nothing to read.
    pub new: bool,
    /// Only done if a condition in code holds.
    pub conditional: bool,
}

/// Why a relation is written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RewriteCause {
    /// `ALTER COLUMN TYPE` to a type with other bytes.
    TypeChange,
    /// A new column with a volatile default.
    VolatileDefault,
    /// A new identity or serial column.
    Identity,
    /// A new stored generated column, or another expression of one.
    Generated,
    /// A new column of a domain with constraints.
    ConstrainedDomain,
    /// `SET LOGGED`, `SET UNLOGGED`.
    Persistence,
    /// `SET ACCESS METHOD`.
    AccessMethod,
    /// `SET TABLESPACE`.
    Tablespace,
    /// `VACUUM FULL`.
    VacuumFull,
    /// `CLUSTER`.
    Cluster,
    /// `TRUNCATE`.
    Truncate,
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh,
    /// A server was seen to do it; it does not say why.
    Observed,
}

/// Why a relation is read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanCause {
    /// It is rewritten.
    Rewrite,
    /// `SET NOT NULL` without a proof.
    NotNull,
    /// A CHECK is validated.
    Check,
    /// A foreign key is validated.
    ForeignKey,
    /// `CREATE INDEX`.
    IndexBuild,
    /// A UNIQUE, PRIMARY KEY or EXCLUDE constraint builds its index.
    ConstraintIndex,
    /// Indexes are rebuilt since a column's type changed.
    Reindex,
    /// A partition is checked against its bound.
    PartitionBound,
    /// A domain's constraint is validated.
    Domain,
    /// A query that fills a new relation.
    Query,
    /// A server was seen to do it; it does not say why.
    Observed,
}

/// A way in which a statement can fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// SQLSTATE.
    pub sqlstate: &'static str,
    /// What is behind it.
    pub cause: FailureCause,
    /// When it happens, in words that name the objects.
    pub when: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// `schema.name` it is about.
    pub relation: Option<String>,
    /// The column it is about.
    pub column: Option<String>,
    /// The name at fault.
    pub span: Option<Span>,
}

/// How sure a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Depends on what the rows hold.
    DependsOnData,
    /// As soon as the table holds a row.
    IfRows,
    /// Always.
    Always,
}

/// What is behind a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCause {
    /// NOT NULL on rows that hold NULL.
    NotNull,
    /// A CHECK that rows may contradict.
    Check,
    /// Duplicates under UNIQUE or PRIMARY KEY.
    Unique,
    /// Rows without their referenced row.
    ForeignKey,
    /// Rows in conflict under EXCLUDE.
    Exclude,
    /// Values that a new type can't hold.
    Cast,
    /// No cast that applies without USING.
    NeedsUsing,
    /// The column's default can't be cast.
    DefaultCast,
    /// A view, rule, policy, generated column or trigger uses the column whose type changes.
    UsedElsewhere,
    /// Must run outside a transaction block.
    InTransaction,
    /// A new enum value is used in the transaction that adds it.
    EnumValueTooEarly,
    /// Something depends on what is dropped.
    Dependents,
    /// What it is about does not exist in the replayed history.
    Missing,
    /// It exists already.
    Duplicate,
    /// Not a feature of this version.
    Version,
    /// A data change whose rows contradict a constraint.
    Write,
    /// Copied keys that a table has already: INSERT of a query into a unique key, without ON CONFLICT and
    /// without a look at what the table holds.
    Copy,
    /// Row outside the partition's bound.
    PartitionBound,
    /// Anything else that the schema refuses.
    Refused,
    /// The grammar refuses it.
    Syntax,
    /// A server refused it, with a message of its own.
    Observed,
}

/// A kind of query that the app makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// `select()`, relational queries, `returning()`.
    Select,
    /// `insert()`.
    Insert,
    /// `update()` that sets the column.
    Update,
    /// `delete()`.
    Delete,
    /// `onConflictDoUpdate`, `onConflictDoNothing` with a target.
    Upsert,
}

/// A query of an app that stops working.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// `schema.name` as the app calls it.
    pub relation: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// Which queries.
    pub operation: Operation,
    /// The error; `None` where nothing is raised and the result is wrong in silence.
    pub sqlstate: Option<&'static str>,
    /// Why.
    pub cause: BreakCause,
    /// In words.
    pub reason: String,
    /// Where the app does it, where its code was read: surest first.
    pub uses: Vec<Cited>,
    /// The deployed versions for which it holds, where their code was read.
    pub versions: Vec<Arc<str>>,
}

/// A relation or column that goes, or changes its name, and that no deployed version declares or names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unnoticed {
    /// `schema.name` as it was when the pending set began.
    pub relation: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// The versions whose code was read.
    pub versions: Vec<Arc<str>>,
}

/// Why a query of an app stops working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BreakCause {
    /// The column is gone.
    ColumnDropped,
    /// The column has another name.
    ColumnRenamed,
    /// The relation is gone.
    RelationDropped,
    /// The relation has another name or schema.
    RelationRenamed,
    /// A column that the app doesn't know must have a value.
    RequiredColumn,
    /// A column that the app may leave out or set to NULL must have a value.
    NotNull,
    /// The default that the app relies on is gone.
    DefaultDropped,
    /// Values may no longer fit the type.
    TypeNarrowed,
    /// A column of a view has a type of another kind.
    ViewRetyped,
    /// Values may contradict a new constraint.
    NewConstraint,
    /// The target of ON CONFLICT is gone.
    ConflictTarget,
    /// Row level security hides rows.
    RowSecurity,
    /// Row level security shows the rows of a condition only.
    RowCondition,
    /// The column takes its values from a sequence that begins anew, below those that the rows hold.
    StartsOver,
    /// The column can't be written any more.
    Generated,
    /// An enum value is gone or has another name.
    EnumValue,
    /// The app's role lost a privilege or the ownership.
    Privilege,
    /// A type, function, sequence or schema that the app may name is gone or renamed.
    ObjectDropped,
    /// The new app declares what is not there yet.
    NotThereYet,
}

/// Values that a statement changes for good without an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// `schema.name`.
    pub relation: String,
    /// The column.
    pub column: String,
    /// What is lost, in words.
    pub what: String,
    /// Made in the same pending set.
    pub new: bool,
}

/// Rows changed by the statement itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// `schema.name`.
    pub relation: String,
    /// `insert`, `update`, `delete`.
    pub operation: Operation,
    /// Whether all rows are touched: no WHERE, or one that is always true.
    pub whole: bool,
    /// Whether the WHERE pins the primary key or a unique key to constants, or LIMITs.
    pub pinned: bool,
    /// UPDATE that sets constants only.
    pub constant: bool,
    /// Made in the same pending set.
    pub new: bool,
    /// Only done if a condition in code holds.
    pub conditional: bool,
    /// Columns that are set; empty for DELETE, and for an INSERT that gives all in order.
    pub columns: Vec<String>,
}

impl Break {
    /// A break without evidence from code.
    pub(crate) fn new(
        relation: &impl ToString,
        column: Option<&str>,
        operation: Operation,
        sqlstate: Option<&'static str>,
        cause: BreakCause,
        reason: String,
    ) -> Break {
        Break {
            relation: relation.to_string(),
            column: column.map(str::to_owned),
            operation,
            sqlstate,
            cause,
            reason,
            uses: Vec::new(),
            versions: Vec::new(),
        }
    }
}

impl Facts {
    /// The lock on a relation, if any.
    pub fn lock_on(&self, relation: &str) -> Option<&Lock> {
        self.locks.iter().find(|lock| lock.relation == relation)
    }

    /// Notes a lock; of two on one relation the stronger stays. A new table may go by the name that an
    /// old one had before it was renamed.
    pub fn add_lock(&mut self, lock: Lock) {
        let same = |other: &&mut Lock| other.relation == lock.relation && other.new == lock.new;
        match self.locks.iter_mut().find(same) {
            // Something is locked for sure if either is; then the stronger mode is the one to count with.
            Some(other) => {
                other.mode = other.mode.max(lock.mode);
                other.conditional &= lock.conditional;
            }
            None => self.locks.push(lock),
        }
    }
}
