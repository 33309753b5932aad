//! The code as values.

use drizzle::QName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one version of the code says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// What it declares.
    pub schema: Schema,
    /// Where it uses it, in the order of files and lines.
    pub uses: Vec<Use>,
    /// What could not be read, and what that means.
    pub gaps: Vec<Gap>,
}

/// The schema that the code declares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Tables and views by their name in the database.
    #[serde(with = "pairs")]
    pub relations: BTreeMap<QName, Relation>,
    /// Enum types.
    #[serde(with = "pairs")]
    pub enums: BTreeMap<QName, Enum>,
    /// Files that declare something, sorted.
    pub files: Vec<Arc<str>>,
}

/// A declared table or view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// What it is.
    pub kind: RelationKind,
    /// The name it is exported by; `None` where it is not.
    pub export: Option<String>,
    /// Columns in the order of declaration.
    pub columns: Vec<Column>,
    /// Why the list of columns is not whole, where it is not: whoever asks must fall back.
    pub open: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// What a relation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationKind {
    /// A table.
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A view of somebody else (`.existing()`): drizzle-kit leaves it alone.
    Existing,
}

/// A declared column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in TypeScript.
    pub key: String,
    /// Its name in the database.
    pub name: String,
    /// Its type as drizzle-kit writes it in SQL; `None` where it could not be worked out.
    pub sql_type: Option<String>,
    /// Declared NOT NULL, primary keys too.
    pub not_null: bool,
    /// A database default is declared, or the type is a serial.
    pub default: bool,
    /// Generated, or identity `ALWAYS`: inserts leave it out.
    pub generated: bool,
    /// Identity `BY DEFAULT`.
    pub identity: bool,
    /// `$default`, `$defaultFn`: inserts give a value for it always.
    pub app_default: bool,
    /// `$onUpdate`, `$onUpdateFn`: every `update()` sets it.
    pub on_update: bool,
    /// Where it is declared.
    pub place: Place,
}

/// A declared enum type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enum {
    /// Its values in order; `None` where they could not be worked out.
    pub values: Option<Vec<String>>,
    /// Where it is declared.
    pub place: Place,
}

/// A place in a file of the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The path.
    pub file: Arc<str>,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One use of a table or of columns of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// Where.
    pub place: Place,
    /// The relation, by its name in the database.
    pub relation: QName,
    /// Which of its columns.
    pub columns: Columns,
    /// What is done with them.
    pub role: Role,
    /// How sure it is that such a query is sent.
    pub certainty: Certainty,
    /// Why it is taken for a use, and why it is not surer: one clause for people.
    pub why: String,
    /// The name of the prepared statement that it is part of.
    pub prepared: Option<String>,
}

/// Columns of a use, by their names in the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Columns {
    /// None of them by name: `delete()`, `count(*)`.
    None,
    /// This one.
    One(String),
    /// All that the code declares.
    All,
    /// All but these.
    AllBut(Vec<String>),
}

/// What is done with columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "UseRole")]
pub enum Role {
    /// In the list of a SELECT.
    Select,
    /// In WHERE, ON, GROUP BY, ORDER BY, HAVING.
    Filter,
    /// In the list of an INSERT.
    Insert,
    /// Set by an UPDATE, or by the UPDATE of an upsert.
    Update,
    /// A DELETE of the relation.
    Delete,
    /// In the list of RETURNING.
    Returning,
    /// The target of ON CONFLICT.
    Conflict,
    /// Named, and not in a query that could be followed.
    Named,
    /// In a type only: nothing is sent because of it.
    Type,
}

/// How sure a use is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "UseCertainty")]
pub enum Certainty {
    /// It may be one: a name that fits, a type, a test, a table that is handed to unknown code.
    Possible,
    /// It most likely is one, and something about it could not be followed.
    Likely,
    /// Whenever this code runs, the query names it.
    Certain,
}

/// What could not be read statically.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Where.
    pub place: Place,
    /// What, and why.
    pub what: String,
    /// Whether a table or a column may be declared there that is not in the schema.
    pub in_schema: bool,
}

impl Code {
    /// The uses of a relation, or of one column of it. Where the code does not declare the column, those
    /// that stand for all declared ones are none of it.
    pub fn uses_of<'c>(
        &'c self,
        relation: &'c QName,
        column: Option<&'c str>,
    ) -> impl Iterator<Item = &'c Use> + 'c {
        let known = self.schema.relation(relation);
        let declared = column.is_none_or(|column| {
            known.is_some_and(|known| known.column(column).is_some() || known.open.is_some())
        });
        self.uses.iter().filter(move |found| {
            found.relation == *relation
                && column.is_none_or(|column| match &found.columns {
                    Columns::One(name) => name == column,
                    columns => declared && columns.include(column),
                })
        })
    }
}

impl Schema {
    /// The relation of this name.
    pub fn relation(&self, name: &QName) -> Option<&Relation> {
        self.relations.get(name)
    }
}

impl Relation {
    /// The column of this name in the database.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Columns {
    /// Whether this column is among them, if the code declares it.
    pub fn include(&self, column: &str) -> bool {
        match self {
            Columns::None => false,
            Columns::One(name) => name == column,
            Columns::All => true,
            Columns::AllBut(names) => !names.iter().any(|name| name == column),
        }
    }
}

/// Maps with keys that are no texts, as lists of pairs.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<S: Serializer, K: Serialize, V: Serialize>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map.iter())
    }

    pub fn deserialize<'d, D: Deserializer<'d>, K: Deserialize<'d> + Ord, V: Deserialize<'d>>(
        from: D,
    ) -> Result<BTreeMap<K, V>, D::Error> {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}
