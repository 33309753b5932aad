//! Snapshots: the schema that drizzle-kit believes a migration leads to, in one shape for all of
//! the versions 5 to 9.
//!
//! A snapshot says what `schema.ts` declared when the migration was generated. It knows nothing of
//! hand-written SQL, so it is no proof of what a database holds.

mod ddl;
mod deltas;
mod json;
mod read;
mod v5_v7;

pub(crate) use json::{Head, head};
pub(crate) use read::Problem;
pub use read::{snapshot, snapshots};

use std::collections::BTreeMap;

/// The schema that a snapshot declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Version of the file it was read from: 5 to 9.
    pub version: u32,
    /// Its own id.
    pub id: String,
    /// Ids of the snapshots it follows; one, except for merges in v1.
    pub prev_ids: Vec<String>,
    /// Tables.
    pub tables: BTreeMap<QName, Table>,
    /// Enum types and their values in order.
    pub enums: BTreeMap<QName, Vec<String>>,
    /// Schemas, `public` left out.
    pub schemas: Vec<String>,
    /// Sequences of their own; those of identity columns are with the column.
    pub sequences: BTreeMap<QName, Sequence>,
    /// Views, materialized ones too.
    pub views: BTreeMap<QName, View>,
    /// Roles.
    pub roles: Vec<String>,
    /// Policies on tables that the snapshot does not declare.
    pub loose_policies: Vec<(QName, Policy)>,
}

/// A name with its schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct QName {
    /// The schema; `public` is always written out.
    pub schema: String,
    /// The name in it.
    pub name: String,
}

impl QName {
    /// The name in that schema; an empty schema is `public`.
    pub fn new(schema: &str, name: &str) -> QName {
        let schema = if schema.is_empty() { "public" } else { schema };
        QName { schema: schema.to_owned(), name: name.to_owned() }
    }
}

impl std::fmt::Display for QName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}", self.schema, self.name)
    }
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Columns in declared order.
    pub columns: Vec<Column>,
    /// Indexes, those behind constraints left out.
    pub indexes: Vec<Index>,
    /// Foreign keys of this table.
    pub foreign_keys: Vec<ForeignKey>,
    /// The primary key, whether declared on a column or on the table.
    pub primary_key: Option<PrimaryKey>,
    /// Unique constraints.
    pub uniques: Vec<Unique>,
    /// Check constraints.
    pub checks: Vec<Check>,
    /// Row security policies.
    pub policies: Vec<Policy>,
    /// Whether row security is on: declared, or brought about by a policy.
    pub rls_enabled: bool,
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Name in the database.
    pub name: String,
    /// Type as SQL text, dimensions included (`text[]`); `serial` stays `serial`.
    pub sql_type: String,
    /// Schema of the type, where it is an enum.
    pub type_schema: Option<String>,
    /// Whether null is refused; true for every column of the primary key.
    pub not_null: bool,
    /// Whether it is (part of) the primary key.
    pub primary_key: bool,
    /// Default as SQL text.
    pub default: Option<String>,
    /// The expression of a generated column.
    pub generated: Option<Generated>,
    /// The sequence of an identity column.
    pub identity: Option<Identity>,
}

/// What a generated column holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    /// The expression as SQL text.
    pub expr: String,
    /// Whether it is stored (Postgres 18 also knows virtual ones).
    pub stored: bool,
}

/// An identity column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `GENERATED ALWAYS`, not `BY DEFAULT`.
    pub always: bool,
    /// Name and options of its sequence.
    pub sequence: Sequence,
}

/// Options of a sequence, as the snapshot writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// Its name, where the snapshot gives one.
    pub name: Option<String>,
    /// `INCREMENT BY`
    pub increment: Option<String>,
    /// `START WITH`
    pub start: Option<String>,
    /// `MINVALUE`
    pub min: Option<String>,
    /// `MAXVALUE`
    pub max: Option<String>,
    /// `CACHE`
    pub cache: Option<String>,
    /// `CYCLE`
    pub cycle: bool,
}

/// A primary key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrimaryKey {
    /// Its name, where the snapshot gives one; else Postgres makes it `<table>_pkey`.
    pub name: Option<String>,
    /// Its columns in order.
    pub columns: Vec<String>,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// What it is on.
    pub columns: Vec<IndexColumn>,
    /// Whether it is unique.
    pub unique: bool,
    /// The condition of a partial index, as SQL text.
    pub filter: Option<String>,
    /// `btree`, `gin`, …
    pub method: String,
    /// Whether drizzle-kit writes `CONCURRENTLY` when it creates it.
    pub concurrently: bool,
    /// Storage parameters as text.
    pub with: Option<String>,
}

/// One column or expression of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexColumn {
    /// The column's name, or the SQL text of the expression.
    pub expression: String,
    /// Whether it is an expression.
    pub is_expression: bool,
    /// Ascending.
    pub asc: bool,
    /// `NULLS FIRST`
    pub nulls_first: bool,
    /// The operator class, if not the default one.
    pub opclass: Option<String>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// Columns of this table.
    pub columns: Vec<String>,
    /// The table it points to.
    pub to: QName,
    /// The columns it points to.
    pub to_columns: Vec<String>,
    /// In lower case: `cascade`, `no action`, …
    pub on_delete: String,
    /// The same for updates.
    pub on_update: String,
}

/// A unique constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unique {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// `NULLS NOT DISTINCT`
    pub nulls_not_distinct: bool,
}

/// A check constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The condition as SQL text.
    pub expr: String,
}

/// A row security policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// `PERMISSIVE`, not `RESTRICTIVE`.
    pub permissive: bool,
    /// `ALL`, `SELECT`, …
    pub command: String,
    /// The roles it is for.
    pub roles: Vec<String>,
    /// `USING`, as SQL text.
    pub using: Option<String>,
    /// `WITH CHECK`, as SQL text.
    pub with_check: Option<String>,
}

/// A view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The query, if the snapshot has it.
    pub definition: Option<String>,
    /// Whether it is materialized.
    pub materialized: bool,
    /// Whether Drizzle only knows of it and does not manage it.
    pub existing: bool,
    /// The columns, where the snapshot names them (v7 only).
    pub columns: Vec<Column>,
}

/// Sets what a table's parts imply: the columns of the primary key, and row security by policy.
fn complete(table: &mut Table) {
    if table.primary_key.is_none() {
        let columns: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.primary_key)
            .map(|column| column.name.clone())
            .collect();
        if !columns.is_empty() {
            table.primary_key = Some(PrimaryKey { name: None, columns });
        }
    }
    if let Some(key) = &table.primary_key {
        for column in table.columns.iter_mut().filter(|column| key.columns.contains(&column.name)) {
            (column.primary_key, column.not_null) = (true, true);
        }
    }
    table.rls_enabled |= !table.policies.is_empty();
}
