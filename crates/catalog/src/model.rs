//! The values that a schema is made of.
//!
//! Relations, indexes and types have ids that survive renames and moves; names are only for looking
//! up and for people.

pub use crate::objects::*;

use imbl::{HashMap, OrdMap, OrdSet};
use sql::{Expr, KeyOrder, Persistence};
use std::fmt;
use std::sync::Arc;

/// Identity of a relation, for as long as it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationId(pub u32);

/// Identity of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexId(pub u32);

/// Identity of a user-defined type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// Number of a column in its relation (`attnum`); it survives renames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u16);

/// Schema and name as Postgres stores them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QName {
    /// The schema.
    pub schema: String,
    /// The object.
    pub name: String,
}

impl QName {
    /// A qualified name.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> QName {
        QName { schema: schema.into(), name: name.into() }
    }
}

impl fmt::Display for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A schema at one moment.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) schemas: OrdSet<String>,
    pub(crate) relations: OrdMap<RelationId, Arc<Relation>>,
    pub(crate) indexes: OrdMap<IndexId, Arc<Index>>,
    pub(crate) names: HashMap<Arc<QName>, Slot>,
    pub(crate) types: OrdMap<TypeId, Arc<UserType>>,
    pub(crate) type_names: OrdMap<QName, TypeId>,
    pub(crate) functions: OrdMap<QName, Vec<Arc<Function>>>,
    pub(crate) extensions: OrdMap<String, String>,
    /// Sequences that columns of a relation ever owned: where to look, `owned_by` decides.
    pub(crate) owned: OrdMap<RelationId, Vec<RelationId>>,
    pub(crate) search_path: Vec<String>,
    pub(crate) next_id: u32,
}

/// What a name in the relations' name space stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Table, view, sequence ..
    Relation(RelationId),
    /// Index.
    Index(IndexId),
}

/// The kinds of relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// An ordinary table.
    Table,
    /// A partitioned table, which holds no rows itself.
    Partitioned,
    /// A foreign table.
    Foreign,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// The row type of `CREATE TYPE .. AS (..)`.
    Composite,
}

/// A table, view, sequence or composite type.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its identity.
    pub id: RelationId,
    /// Its name now.
    pub name: QName,
    /// What it is.
    pub kind: RelationKind,
    /// Permanent, temporary or unlogged.
    pub persistence: Persistence,
    /// Live columns in order, each shared with the states of the relation that have it, too.
    pub columns: Vec<Arc<Column>>,
    /// The number that the next column gets.
    pub next_column: u16,
    /// Constraints; NOT NULL lives in the column, a NOT VALID one (18) here.
    pub constraints: Vec<Constraint>,
    /// Its indexes.
    pub indexes: Vec<IndexId>,
    /// Tables it inherits from or is a partition of.
    pub parents: Vec<RelationId>,
    /// Tables that inherit from it, partitions included.
    pub children: Vec<RelationId>,
    /// Whether it is a partition.
    pub partition: bool,
    /// Whether it is the DEFAULT partition.
    pub default_partition: bool,
    /// What a partition holds, as written.
    pub partition_bound: Option<String>,
    /// `range`, `list` or `hash` for a partitioned table.
    pub partition_strategy: Option<String>,
    /// Key columns of a partitioned table.
    pub partition_key: Vec<String>,
    /// Tables with a foreign key to this one (once a key).
    pub referenced_by: Vec<RelationId>,
    /// For views and materialized views.
    pub view: Option<View>,
    /// Views, materialized views and functions' rules that read this relation.
    pub viewed_by: Vec<RelationId>,
    /// Triggers.
    pub triggers: Vec<Trigger>,
    /// Policies.
    pub policies: Vec<Policy>,
    /// Names of rewrite rules.
    pub rules: Vec<String>,
    /// Row level security.
    pub row_security: RowSecurityState,
    /// For a sequence: the column that owns it.
    pub owned_by: Option<(RelationId, ColumnId)>,
    /// For a materialized view: whether it holds data.
    pub populated: bool,
    /// For views, materialized views and sequences: the statement that made it, as written.
    pub text: Option<Arc<str>>,
}

/// Row level security of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSecurityState {
    /// ENABLE.
    pub enabled: bool,
    /// FORCE.
    pub forced: bool,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its number.
    pub id: ColumnId,
    /// Its name now.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// NOT NULL, validated.
    pub not_null: bool,
    /// What the constraint of NOT NULL is called (since 18), where that isn't made of the names of now.
    pub not_null_name: Option<String>,
    /// DEFAULT; for serial columns the call of nextval.
    pub default: Option<Arc<Expr>>,
    /// Identity.
    pub identity: Option<Identity>,
    /// Generated column.
    pub generated: Option<GeneratedColumn>,
    /// Collation, where given.
    pub collation: Option<String>,
    /// Inherited from a parent.
    pub inherited: bool,
}

/// Identity columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// GENERATED ALWAYS.
    Always,
    /// GENERATED BY DEFAULT.
    ByDefault,
}

/// A generated column.
#[derive(Clone, Debug)]
pub struct GeneratedColumn {
    /// Its expression.
    pub expr: Arc<Expr>,
    /// STORED rather than VIRTUAL.
    pub stored: bool,
}

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The element type.
    pub base: TypeRef,
    /// Modifiers as written.
    pub modifiers: Vec<i64>,
    /// An array.
    pub array: bool,
}

/// Which type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypeRef {
    /// A built-in one by inner name.
    Builtin(String),
    /// One that the history made.
    User(TypeId),
    /// One that is not known (from an extension, or from outside the history).
    Unknown(String),
}

/// A constraint of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// Its name, chosen as Postgres chooses it where none is given.
    pub name: String,
    /// What it demands.
    pub kind: ConstraintKind,
    /// The columns it is about.
    pub columns: Vec<ColumnId>,
    /// Whether all rows are known to satisfy it.
    pub validated: bool,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// It was written with more than is kept here (`sql::Constraint::more`).
    pub more: bool,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstraintKind {
    /// CHECK.
    Check {
        /// The condition.
        expr: Arc<Expr>,
        /// Not inherited by children.
        no_inherit: bool,
    },
    /// NOT NULL that has not been validated (18).
    NotNull,
    /// UNIQUE with its index.
    Unique(IndexId),
    /// PRIMARY KEY with its index.
    PrimaryKey(IndexId),
    /// EXCLUDE with its index.
    Exclude(IndexId),
    /// FOREIGN KEY.
    ForeignKey {
        /// Referenced table; `None` where the history does not have it.
        target: Option<RelationId>,
        /// Its name when the key was made, for messages.
        target_name: QName,
        /// Referenced columns.
        target_columns: Vec<ColumnId>,
        /// `ON DELETE`.
        on_delete: &'static str,
        /// `ON UPDATE`.
        on_update: &'static str,
    },
}

/// An index.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its identity.
    pub id: IndexId,
    /// Its name now.
    pub name: QName,
    /// The table.
    pub table: RelationId,
    /// Key columns; `None` for an expression.
    pub keys: Vec<Option<ColumnId>>,
    /// All columns it depends on: keys, INCLUDE, expressions, predicate.
    pub depends: Vec<ColumnId>,
    /// UNIQUE.
    pub unique: bool,
    /// Whether it has a predicate.
    pub partial: bool,
    /// Predicate and expressions, for comparison.
    pub expressions: Vec<String>,
    /// For each key that is an expression, in order.
    pub terms: Vec<Arc<Expr>>,
    /// The predicate.
    pub filter: Option<Arc<Expr>>,
    /// For each key: its order, operator class and collation; empty for a constraint's index.
    pub orders: Vec<KeyOrder>,
    /// INCLUDE.
    pub include: Vec<ColumnId>,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// Access method.
    pub method: String,
    /// False after a failed or interrupted CONCURRENTLY build, and for `ON ONLY` parents.
    pub valid: bool,
    /// It belongs to a constraint.
    pub constraint: bool,
    /// It is DEFERRABLE through its constraint.
    pub deferrable: bool,
    /// On a partition: the index of the parent that it is a part of.
    pub part_of: Option<IndexId>,
    /// What it says in `WITH (..)`.
    pub options: Option<Arc<str>>,
    /// It was written with more than is kept here (`sql::CreateIndex::more`).
    pub more: bool,
}
