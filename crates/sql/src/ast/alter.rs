//! Statements that change or remove objects.

use super::{ColumnDef, Constraint, Expr, Ident, Name, ObjectKind, PartitionBound, TypeName};
use source::Span;

/// `ALTER TABLE` with its commands.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterTable {
    /// The relation.
    pub name: Name,
    /// The word written: TABLE, VIEW, MATERIALIZED VIEW, INDEX, SEQUENCE, TYPE, FOREIGN TABLE.
    pub kind: ObjectKind,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `ONLY`.
    pub only: bool,
    /// The commands in the order written.
    pub commands: Vec<AlterCommand>,
}

/// One command of `ALTER TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterCommand {
    /// What it does.
    pub action: AlterAction,
    /// The place of the command, or of the name in it.
    pub span: Span,
}

/// What a command of `ALTER TABLE` does.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterAction {
    /// `ADD COLUMN`.
    AddColumn {
        /// The column.
        column: ColumnDef,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP COLUMN`.
    DropColumn {
        /// The column.
        column: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER COLUMN TYPE`.
    SetType {
        /// The column.
        column: Ident,
        /// The new type.
        type_name: TypeName,
        /// USING.
        using: Option<Expr>,
        /// COLLATE.
        collation: Option<String>,
    },
    /// `SET DEFAULT`.
    SetDefault {
        /// The column.
        column: Ident,
        /// The default.
        default: Expr,
    },
    /// `DROP DEFAULT`.
    DropDefault {
        /// The column.
        column: Ident,
    },
    /// `SET NOT NULL`.
    SetNotNull {
        /// The column.
        column: Ident,
    },
    /// `DROP NOT NULL`.
    DropNotNull {
        /// The column.
        column: Ident,
    },
    /// `SET EXPRESSION AS` of a generated column (17).
    SetExpression {
        /// The column.
        column: Ident,
        /// The expression.
        expr: Expr,
    },
    /// `DROP EXPRESSION`.
    DropExpression {
        /// The column.
        column: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ADD GENERATED .. AS IDENTITY`.
    AddIdentity {
        /// The column.
        column: Ident,
        /// ALWAYS rather than BY DEFAULT.
        always: bool,
        /// `SEQUENCE NAME`, where given.
        sequence: Option<Name>,
        /// `START WITH`, where given.
        start: Option<i64>,
    },
    /// `SET GENERATED`, `SET INCREMENT` .. of an identity.
    SetIdentity {
        /// The column.
        column: Ident,
        /// `SET GENERATED ALWAYS` (true), `BY DEFAULT` (false), or neither.
        always: Option<bool>,
    },
    /// `DROP IDENTITY`.
    DropIdentity {
        /// The column.
        column: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `SET STATISTICS`, and `SET (n_distinct = ..)`, `RESET (..)` of a column.
    SetStatistics {
        /// The column, where named.
        column: Option<Ident>,
    },
    /// `SET STORAGE` or `SET COMPRESSION`.
    SetStorage {
        /// The column.
        column: Ident,
    },
    /// `ADD CONSTRAINT`, also `ADD .. USING INDEX`.
    AddConstraint(Constraint),
    /// `DROP CONSTRAINT`.
    DropConstraint {
        /// Its name.
        name: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `VALIDATE CONSTRAINT`.
    ValidateConstraint {
        /// Its name.
        name: Ident,
    },
    /// `ALTER CONSTRAINT`.
    AlterConstraint {
        /// Its name.
        name: Ident,
    },
    /// `ENABLE`, `DISABLE`, `FORCE`, `NO FORCE ROW LEVEL SECURITY`.
    RowSecurity(RowSecurity),
    /// `ENABLE` or `DISABLE TRIGGER` (also ALWAYS, REPLICA).
    Trigger {
        /// Its name; `None` for ALL and USER.
        name: Option<Ident>,
        /// ENABLE rather than DISABLE.
        enable: bool,
    },
    /// `ENABLE` or `DISABLE RULE`.
    Rule {
        /// Its name.
        name: Option<Ident>,
    },
    /// `OWNER TO`.
    Owner {
        /// The new owner.
        role: String,
    },
    /// `SET (option = ..)`, `RESET (..)`.
    SetOptions {
        /// Names of the options.
        names: Vec<String>,
    },
    /// `REPLICA IDENTITY`.
    ReplicaIdentity,
    /// `INHERIT parent`.
    Inherit(Name),
    /// `NO INHERIT parent`.
    NoInherit(Name),
    /// `ATTACH PARTITION` (also `ALTER INDEX .. ATTACH PARTITION`).
    AttachPartition {
        /// The partition.
        partition: Name,
        /// Its bound; `None` for indexes.
        bound: Option<PartitionBound>,
    },
    /// `DETACH PARTITION`.
    DetachPartition {
        /// The partition.
        partition: Name,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// `FINALIZE`.
        finalize: bool,
    },
    /// `CLUSTER ON`, `SET WITHOUT CLUSTER`.
    ClusterOn,
    /// `SET LOGGED` (true) or `SET UNLOGGED` (false).
    SetLogged(bool),
    /// `SET ACCESS METHOD`.
    SetAccessMethod(String),
    /// `SET TABLESPACE`.
    SetTablespace,
    /// `OF type`, `NOT OF`.
    OfType,
    /// Anything else, in the manual's words.
    Other(&'static str),
}

/// `ROW LEVEL SECURITY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowSecurity {
    /// ENABLE.
    Enable,
    /// DISABLE.
    Disable,
    /// FORCE.
    Force,
    /// NO FORCE.
    NoForce,
}

/// `ALTER TYPE` of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterEnum {
    /// The enum.
    pub name: Name,
    /// What changes.
    pub change: EnumChange,
}

/// A change of an enum's values.
#[derive(Clone, Debug, PartialEq)]
pub enum EnumChange {
    /// `ADD VALUE`.
    Add {
        /// The new value.
        value: Ident,
        /// The neighbour of `BEFORE` or `AFTER`.
        neighbour: Option<String>,
        /// AFTER rather than BEFORE.
        after: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `RENAME VALUE`.
    Rename {
        /// The old value.
        from: Ident,
        /// The new value.
        to: Ident,
    },
}

/// `ALTER DOMAIN`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterDomain {
    /// The domain.
    pub name: Name,
    /// What changes.
    pub change: DomainChange,
}

/// A change of a domain.
#[derive(Clone, Debug, PartialEq)]
pub enum DomainChange {
    /// `SET DEFAULT` or `DROP DEFAULT`.
    Default(Option<Expr>),
    /// `SET NOT NULL` (true) or `DROP NOT NULL`.
    NotNull(bool),
    /// `ADD CONSTRAINT`.
    AddCheck {
        /// Its name.
        name: Option<Ident>,
        /// The condition.
        expr: Expr,
        /// `NOT VALID`.
        not_valid: bool,
    },
    /// `DROP CONSTRAINT`.
    DropConstraint {
        /// Its name.
        name: Ident,
    },
    /// `VALIDATE CONSTRAINT`.
    Validate {
        /// Its name.
        name: Ident,
    },
}

/// `ALTER SEQUENCE`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterSequence {
    /// The sequence.
    pub name: Name,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `OWNED BY`: outer `None` where not written, inner `None` for NONE.
    pub owned_by: Option<Option<(Name, String)>>,
    /// `AS type`, `RESTART`, or anything that makes a new relation file.
    pub restarts: bool,
}

/// `ALTER POLICY`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPolicy {
    /// Its name.
    pub name: Ident,
    /// The table.
    pub table: Name,
    /// New roles, where given.
    pub roles: Option<Vec<String>>,
    /// USING.
    pub using: Option<Expr>,
    /// WITH CHECK.
    pub with_check: Option<Expr>,
}

/// `ALTER .. RENAME`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rename {
    /// What is renamed: a table, column, constraint, index, type ..
    pub kind: ObjectKind,
    /// For a column, constraint, trigger, policy or rule: the kind of the relation it belongs to as
    /// written (`ALTER VIEW v RENAME COLUMN ..`).
    pub relation_kind: ObjectKind,
    /// The object, or the relation (or domain, or type) that holds it.
    pub name: Name,
    /// The column, constraint, trigger, policy or rule.
    pub part: Option<Ident>,
    /// The new name.
    pub to: Ident,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// Argument types of a routine, where given.
    pub arguments: Option<Vec<TypeName>>,
}

/// `ALTER .. SET SCHEMA`.
#[derive(Clone, Debug, PartialEq)]
pub struct SetSchema {
    /// What is moved.
    pub kind: ObjectKind,
    /// The object.
    pub name: Name,
    /// The new schema.
    pub schema: Ident,
    /// `IF EXISTS`.
    pub if_exists: bool,
}

/// `ALTER .. OWNER TO` of types, functions, schemas ..
#[derive(Clone, Debug, PartialEq)]
pub struct SetOwner {
    /// What changes hands.
    pub kind: ObjectKind,
    /// The object.
    pub name: Name,
    /// The new owner.
    pub role: String,
}

/// `DROP`.
#[derive(Clone, Debug, PartialEq)]
pub struct Drop {
    /// What is dropped.
    pub kind: ObjectKind,
    /// The objects.
    pub objects: Vec<DropObject>,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CASCADE`.
    pub cascade: bool,
    /// `CONCURRENTLY` (indexes).
    pub concurrently: bool,
}

/// One object of a `DROP`.
#[derive(Clone, Debug, PartialEq)]
pub struct DropObject {
    /// The object; for triggers, policies and rules the relation that holds it.
    pub name: Name,
    /// The trigger, policy or rule.
    pub part: Option<Ident>,
    /// Argument types of a routine, where given.
    pub arguments: Option<Vec<TypeName>>,
}
