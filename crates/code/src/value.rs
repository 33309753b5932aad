//! What an expression stands for, as far as reading can tell.

use crate::model::{Place, Relation};
use crate::module::{Id, Module, Sym};
use drizzle::QName;
use std::collections::HashMap;
use std::sync::Arc;

/// A value of the program that is read.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// It can't be told, and why.
    Unknown(Arc<str>),
    Nothing,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    List(Arc<[Value]>),
    Object(Arc<Object>),
    Function(Arc<Closure>),
    /// Something that a package exports.
    Api(Arc<Api>),
    /// All that a package exports.
    Package(Arc<str>),
    /// `this` in a class.
    Instance(Arc<Module>, u32),
    /// All that a file of the tree exports.
    Module(Arc<Module>),
    /// A Drizzle database, transaction or query builder.
    Db,
    /// A driver's own client: `postgres(url)`, `new Pool()`.
    Client,
    /// `db.query`: the tables by the names they are exported with.
    DbQuery,
    /// `db.query.users`.
    DbTable(Arc<Table>),
    Builder(Arc<Builder>),
    Table(Arc<Table>),
    Column(Column),
    /// A declared enum type, which makes columns too.
    Enum(Arc<(QName, crate::model::Enum)>),
    /// `customType(…)`: makes columns of this type.
    CustomType(Option<Arc<str>>),
    /// `pgView(…)` before `.as(…)`.
    View(Arc<ViewMaker>),
    Schema(Arc<str>),
    /// What makes tables: `pgTable` with what its maker adds.
    Maker(Arc<Maker>),
    /// A sub-query with an alias, a CTE: its columns are those of others.
    Derived,
    /// A query that is being built.
    Query(Arc<Query>),
    /// A piece of SQL.
    Sql,
    Relations(Arc<Relations>),
    Relation(Arc<RelationTo>),
    /// `one`, `many` of `relations(users, ({ one, many }) => …)`.
    RelationWord,
    /// `r` of `defineRelations(schema, (r) => …)`, `r.one`, `r.many`.
    RelationMaker(Arc<Object>),
    RelationKind(Arc<Object>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub entries: Vec<(Arc<str>, Value)>,
    /// Why there may be more in it.
    pub open: Option<Arc<str>>,
}

/// A function with the arguments of those around it.
#[derive(Debug)]
pub(crate) struct Closure {
    pub module: Arc<Module>,
    pub node: Id,
    pub env: Env,
}

/// `name` of `package`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Api {
    pub package: Arc<str>,
    pub name: Arc<str>,
}

/// What names of parameters stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env(Option<Arc<Frame>>);

#[derive(Debug)]
struct Frame {
    module: Arc<str>,
    bound: HashMap<Sym, Value>,
    outer: Env,
}

impl Env {
    pub fn with(&self, module: &Arc<str>, bound: HashMap<Sym, Value>) -> Env {
        Env(Some(Arc::new(Frame { module: module.clone(), bound, outer: self.clone() })))
    }

    pub fn get(&self, module: &Arc<str>, sym: Sym) -> Option<&Value> {
        let frame = self.0.as_deref()?;
        let here = if frame.module == *module { frame.bound.get(&sym) } else { None };
        here.or_else(|| frame.outer.get(module, sym))
    }

    /// No argument is known: what is worked out holds for every call.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// A declared table or view.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: QName,
    pub relation: Relation,
}

/// A column of a table, by its place in the table's list.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub table: Arc<Table>,
    pub index: usize,
}

impl Column {
    /// Its name in the database.
    pub fn name(&self) -> &str {
        &self.table.relation.columns[self.index].name
    }
}

/// A column that is being declared.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    pub name: Option<Arc<str>>,
    pub sql_type: Option<String>,
    pub not_null: bool,
    pub default: bool,
    pub generated: bool,
    pub identity: bool,
    pub app_default: bool,
    pub on_update: bool,
    pub place: Place,
}

/// Something that makes tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Maker {
    pub schema: Option<Arc<str>>,
    /// Makes the name in the database of the one that is written (`pgTableCreator`).
    pub rename: Option<Arc<Closure>>,
    /// `snake_case`, `camelCase`.
    pub casing: Option<Arc<str>>,
}

/// A view that is being declared.
#[derive(Clone, Debug)]
pub(crate) struct ViewMaker {
    pub name: QName,
    pub materialized: bool,
    /// Columns that are listed.
    pub columns: Option<(Vec<crate::model::Column>, Option<String>)>,
    pub place: Place,
}

/// What is known of a query that is being built.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub verb: Verb,
    pub table: Option<Arc<Table>>,
    /// What an update takes values from.
    pub joined: Vec<Arc<Table>>,
    /// `select()` without a list: every table that is joined adds its columns.
    pub all: bool,
    /// What `select({ … })` lists.
    pub fields: Option<Arc<Object>>,
    /// Of the word that began it.
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Select,
    Insert,
    Update,
    Delete,
    /// `db.with(…)`, `db.$with(…)`
    With,
}

/// Relations of tables, for relational queries.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// The table, the name of the relation, what it leads to.
    pub all: Vec<(QName, Arc<str>, Arc<RelationTo>)>,
}

/// A relation.
#[derive(Debug)]
pub(crate) struct RelationTo {
    pub table: Arc<Table>,
    /// Columns that the join compares, on both sides; empty where the relation back says them.
    pub columns: Vec<Column>,
    /// `relationName`, `alias`: tells several relations between two tables apart.
    pub name: Option<Arc<str>>,
}

impl Value {
    pub fn unknown(why: impl Into<Arc<str>>) -> Value {
        Value::Unknown(why.into())
    }

    pub fn text(&self) -> Option<&Arc<str>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn table(&self) -> Option<&Arc<Table>> {
        match self {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Why it is not known; for people.
    pub fn why(&self) -> Arc<str> {
        match self {
            Value::Unknown(why) => why.clone(),
            _ => "it is no such value".into(),
        }
    }
}

impl Object {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().rev().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// Adds an entry, in the place of one of the same name.
    pub fn set(&mut self, key: Arc<str>, value: Value) {
        match self.entries.iter_mut().find(|(name, _)| *name == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }
}
