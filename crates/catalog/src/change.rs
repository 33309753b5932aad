//! What a statement did to a schema, in the catalogue's words.
//!
//! Facts and rules ask about these instead of about syntax.

use crate::{ColumnId, IndexId, Policy, QName, RelationId, RelationKind, Type, TypeId};

/// Where an index comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexOrigin {
    /// `CREATE INDEX`.
    Statement {
        /// CONCURRENTLY.
        concurrently: bool,
    },
    /// A UNIQUE, PRIMARY KEY or EXCLUDE constraint that builds it.
    Constraint,
    /// A constraint that takes an existing index over.
    UsingIndex,
}

/// One change. Ids are those of the catalogue before (for drops) or after (for the rest).
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A relation was made.
    RelationCreated {
        /// Which.
        relation: RelationId,
        /// What it is.
        kind: RelationKind,
    },
    /// A relation is gone.
    RelationDropped {
        /// Which it was.
        relation: RelationId,
        /// Its name then.
        name: QName,
        /// What it was.
        kind: RelationKind,
        /// Taken along by CASCADE or by what it depended on.
        cascade: bool,
    },
    /// A relation has another name or schema.
    RelationRenamed {
        /// Which.
        relation: RelationId,
        /// Before.
        from: QName,
        /// After.
        to: QName,
    },
    /// A view has another query.
    ViewReplaced {
        /// Which.
        relation: RelationId,
        /// Columns that it had and has no longer.
        lost: Vec<String>,
    },
    /// A column was added.
    ColumnAdded {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
        /// Its name.
        name: String,
    },
    /// A column is gone.
    ColumnDropped {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
        /// Its name then.
        name: String,
        /// Its type then.
        ty: Type,
        /// Taken along by CASCADE.
        cascade: bool,
    },
    /// A column has another name.
    ColumnRenamed {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// A column has another type.
    TypeChanged {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
        /// Before.
        from: Type,
        /// After.
        to: Type,
        /// A USING that is more than a cast of the column to the new type.
        converted: bool,
    },
    /// A column became NOT NULL.
    NotNullSet {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
    },
    /// A column may be NULL again.
    NotNullDropped {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
    },
    /// A column got a default, or another one.
    DefaultSet {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
    },
    /// A column lost its default.
    DefaultDropped {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
        /// Taken along by CASCADE.
        cascade: bool,
    },
    /// A column became an identity, or another kind of identity.
    IdentitySet {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
    },
    /// A column is no identity any more.
    IdentityDropped {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
    },
    /// A generated column became a plain one.
    ExpressionDropped {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
    },
    /// A generated column has another expression.
    ExpressionSet {
        /// The table.
        relation: RelationId,
        /// The column.
        column: ColumnId,
    },
    /// A constraint was added to a table that existed.
    ConstraintAdded {
        /// The table.
        relation: RelationId,
        /// Its name.
        name: String,
        /// Written together with a column in `ADD COLUMN`.
        with_column: Option<ColumnId>,
    },
    /// A constraint was validated.
    ConstraintValidated {
        /// The table.
        relation: RelationId,
        /// Its name.
        name: String,
    },
    /// A constraint is gone.
    ConstraintDropped {
        /// The table.
        relation: RelationId,
        /// The constraint as it was.
        constraint: Box<crate::Constraint>,
        /// Taken along by CASCADE or by its columns.
        cascade: bool,
    },
    /// A constraint has another name.
    ConstraintRenamed {
        /// The table.
        relation: RelationId,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// An index was made.
    IndexCreated {
        /// The table.
        relation: RelationId,
        /// The index.
        index: IndexId,
        /// How.
        origin: IndexOrigin,
    },
    /// An index is gone.
    IndexDropped {
        /// The index as it was.
        index: Box<crate::Index>,
        /// CONCURRENTLY.
        concurrently: bool,
        /// Taken along by its constraint or columns.
        cascade: bool,
    },
    /// An index has another name.
    IndexRenamed {
        /// The index.
        index: IndexId,
        /// Before.
        from: QName,
    },
    /// A type was made.
    TypeCreated(TypeId),
    /// A type is gone.
    TypeDropped {
        /// Which it was.
        ty: TypeId,
        /// Its name then.
        name: QName,
    },
    /// A type has another name or schema.
    TypeRenamed {
        /// Which.
        ty: TypeId,
        /// Before.
        from: QName,
        /// After.
        to: QName,
    },
    /// An enum got a value.
    EnumValueAdded {
        /// Which.
        ty: TypeId,
        /// The value.
        value: String,
    },
    /// An enum's value has another name.
    EnumValueRenamed {
        /// Which.
        ty: TypeId,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// A domain is checked more strictly; tables with columns of it are read.
    DomainConstrained {
        /// Which.
        ty: TypeId,
        /// Whether existing rows are read at once.
        validated: bool,
    },
    /// A function was made or replaced.
    FunctionCreated(QName),
    /// A function is gone.
    FunctionDropped(QName),
    /// A schema was made.
    SchemaCreated(String),
    /// A schema is gone.
    SchemaDropped(String),
    /// A schema has another name; its relations are renamed with it.
    SchemaRenamed {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// An extension was made.
    ExtensionCreated(String),
    /// A trigger was made.
    TriggerCreated {
        /// The table.
        relation: RelationId,
        /// Its name.
        name: String,
    },
    /// A trigger is gone.
    TriggerDropped {
        /// The table.
        relation: RelationId,
        /// Its name.
        name: String,
    },
    /// A policy was made or changed.
    PolicySet {
        /// The table.
        relation: RelationId,
        /// The policy after.
        policy: Box<Policy>,
    },
    /// A policy is gone.
    PolicyDropped {
        /// The table.
        relation: RelationId,
        /// The policy as it was.
        policy: Box<Policy>,
    },
    /// Row level security was switched.
    RowSecuritySet {
        /// The table.
        relation: RelationId,
        /// Enabled now.
        enabled: bool,
        /// Forced now.
        forced: bool,
    },
    /// Privileges on a relation were revoked.
    PrivilegesRevoked {
        /// The relation.
        relation: RelationId,
        /// Privileges in lower case; empty means all.
        privileges: Vec<String>,
        /// The roles that lose them.
        roles: Vec<String>,
    },
    /// USAGE of a schema was revoked from these roles.
    SchemaRevoked(String, Vec<String>),
    /// EXECUTE of a function was revoked from these roles.
    FunctionRevoked(QName, Vec<String>),
    /// A relation has another owner.
    OwnerSet {
        /// The relation.
        relation: RelationId,
        /// The new owner.
        role: String,
    },
    /// A partition was attached.
    PartitionAttached {
        /// The parent.
        parent: RelationId,
        /// The partition.
        partition: RelationId,
    },
    /// A partition was detached.
    PartitionDetached {
        /// The parent.
        parent: RelationId,
        /// The partition.
        partition: RelationId,
    },
    /// `search_path` changed for the session.
    SearchPathSet,
}

impl Change {
    /// The relation that it is about, if it is about one.
    pub fn relation(&self) -> Option<RelationId> {
        match self {
            Change::RelationCreated { relation, .. }
            | Change::RelationDropped { relation, .. }
            | Change::RelationRenamed { relation, .. }
            | Change::ViewReplaced { relation, .. }
            | Change::ColumnAdded { relation, .. }
            | Change::ColumnDropped { relation, .. }
            | Change::ColumnRenamed { relation, .. }
            | Change::TypeChanged { relation, .. }
            | Change::NotNullSet { relation, .. }
            | Change::NotNullDropped { relation, .. }
            | Change::DefaultSet { relation, .. }
            | Change::DefaultDropped { relation, .. }
            | Change::IdentitySet { relation, .. }
            | Change::IdentityDropped { relation, .. }
            | Change::ExpressionDropped { relation, .. }
            | Change::ExpressionSet { relation, .. }
            | Change::ConstraintAdded { relation, .. }
            | Change::ConstraintValidated { relation, .. }
            | Change::ConstraintDropped { relation, .. }
            | Change::ConstraintRenamed { relation, .. }
            | Change::IndexCreated { relation, .. }
            | Change::TriggerCreated { relation, .. }
            | Change::TriggerDropped { relation, .. }
            | Change::PolicySet { relation, .. }
            | Change::PolicyDropped { relation, .. }
            | Change::PrivilegesRevoked { relation, .. }
            | Change::OwnerSet { relation, .. }
            | Change::RowSecuritySet { relation, .. } => Some(*relation),
            Change::IndexDropped { index, .. } => Some(index.table),
            Change::PartitionAttached { partition, .. } | Change::PartitionDetached { partition, .. } => {
                Some(*partition)
            }
            _ => None,
        }
    }
}
