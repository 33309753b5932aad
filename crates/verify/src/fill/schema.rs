//! The part of a server's catalogue that decides which rows a table takes.
//!
//! Plain values; `read` makes them, everything else in this module looks things up in them.

use catalog::QName;
use std::collections::HashMap;

/// A table's OID.
pub(crate) type TableId = u32;

/// All tables and the types that they use.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    pub tables: Vec<Table>,
    pub types: HashMap<u32, Type>,
}

impl Schema {
    pub fn table(&self, id: TableId) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }
}

/// A table that takes rows: ordinary, or the root of a partitioned one.
#[derive(Debug)]
pub(crate) struct Table {
    pub id: TableId,
    pub name: QName,
    /// The root of a partitioned table.
    pub partitioned: bool,
    /// We may look into it.
    pub readable: bool,
    pub columns: Vec<Column>,
    pub foreign_keys: Vec<ForeignKey>,
    pub uniques: Vec<Unique>,
    pub checks: Vec<Check>,
    /// Triggers of users that an INSERT fires.
    pub triggers: Vec<String>,
}

impl Table {
    pub fn column(&self, number: i16) -> Option<&Column> {
        self.columns.iter().find(|column| column.number == number)
    }

    /// `"schema"."name"`.
    pub fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.name.schema), quoted(&self.name.name))
    }

    pub fn sql_columns(&self, numbers: &[i16]) -> Vec<String> {
        numbers.iter().filter_map(|n| self.column(*n)).map(|column| quoted(&column.name)).collect()
    }
}

/// A column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub number: i16,
    pub name: String,
    pub ty: u32,
    pub typmod: i32,
    /// The type as SQL, with its modifiers.
    pub sql_type: String,
    pub not_null: bool,
    /// Expression of the default.
    pub default: Option<String>,
    /// GENERATED .. AS IDENTITY, of either kind.
    pub identity: bool,
    /// Expression of a generated column.
    pub generated: Option<String>,
}

/// A type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Type {
    /// Whether it is in `pg_catalog`.
    pub builtin: bool,
    pub name: String,
    /// As SQL, without modifiers.
    pub sql: String,
    /// `b`, `d`, `e`, `r`, `m`, `c`, `p`.
    pub kind: char,
    /// Of an array or a range or a domain: what it is made of; zero otherwise.
    pub of: u32,
    pub of_typmod: i32,
    pub array: bool,
    pub not_null: bool,
    pub labels: Vec<String>,
    /// Conditions of a domain, about `VALUE`.
    pub checks: Vec<String>,
    pub attributes: Vec<(u32, i32)>,
}

/// A foreign key.
#[derive(Clone, Debug)]
pub(crate) struct ForeignKey {
    pub columns: Vec<i16>,
    pub target: TableId,
    pub target_columns: Vec<i16>,
    pub full: bool,
}

/// What must not occur twice: a unique index, an exclusion constraint.
#[derive(Clone, Debug)]
pub(crate) struct Unique {
    /// Key columns, those inside of expressions included.
    pub columns: Vec<i16>,
    /// Columns that the key holds through an expression only.
    pub inside: Vec<i16>,
    /// Not all rows are subject to it.
    pub partial: bool,
    pub nulls_not_distinct: bool,
}

/// A condition that rows must not contradict.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub columns: Vec<i16>,
    /// The condition over unqualified columns.
    pub sql: String,
    /// It says which partition a row goes to; NULL is no answer then.
    pub partition: bool,
}

/// A name in double quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes.
pub(crate) fn literal(text: &str) -> String {
    match text.contains('\\') {
        true => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}
