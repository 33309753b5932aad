//! The queries that Drizzle would send for what an app declares, and which of them a database
//! refuses.
//!
//! Texts are those of drizzle-orm, stable and v1, with values where it has parameters (tests compare
//! them with both). What an app really asks is not known here: these are the queries that `select()`,
//! `db.query`, `insert()`, `update()`, `delete()` and `onConflict..` make for each declared table.

mod ask;
mod declared;
mod literal;
mod text;

pub(crate) use ask::unjudged;
pub use ask::{BrokenQuery, broken, broken_anew, broken_as_planned};
pub(crate) use declared::{Declared, declared};

use catalog::QName;
use facts::{App, Operation};
use literal::{Size, literal};
use text::{Bound, Text};

/// Which line of drizzle-orm the app uses: their texts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// 0.x.
    Stable,
    /// 1.x.
    V1,
}

/// Where keys, foreign keys and enum values of the app's tables are found.
#[derive(Clone, Copy, Debug)]
pub enum Details<'a> {
    /// In the snapshot that the app was made of.
    Snapshot(&'a drizzle::Snapshot),
    /// In the schema that stands in for one.
    Catalog(&'a catalog::Catalog),
}

/// A query that an app may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppQuery {
    /// The table or view that it is about.
    pub relation: QName,
    /// What it does.
    pub operation: Operation,
    /// What it is, for people: `select()`, `update of "name"`.
    pub label: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// The SQL, with values in it.
    pub sql: String,
    /// The SQL as Drizzle sends it, with `$1`, `$2`.. for the values.
    pub sent: String,
}

/// All queries for what the app declares, relation by relation.
pub fn queries(app: &App, details: Details<'_>, line: Line) -> Vec<AppQuery> {
    let all = declared(app, details);
    let mut queries = Vec::new();
    let mut enums_seen = std::collections::BTreeSet::new();
    for relation in &all {
        let mut push = |operation, label: String, column: Option<&str>, text: Text| {
            queries.push(AppQuery {
                relation: relation.name.clone(),
                operation,
                label,
                column: column.map(str::to_owned),
                sql: text.with_values(),
                sent: text.sent,
            });
        };
        if relation.columns.is_empty() {
            continue;
        }
        push(Operation::Select, "select()".to_owned(), None, text::select(relation));
        push(Operation::Select, "relational query".to_owned(), None, text::relational(relation, line));
        if relation.view {
            continue;
        }
        for (other, with) in related(relation, &all) {
            let label = format!("relational query with {}", other.name.name);
            push(Operation::Select, label, None, text::relational_with(relation, other, &with, line));
        }
        writes(relation, line, &mut push);
        for column in relation.columns.iter().filter(|column| !column.generated && !column.always) {
            let Some((ty, labels)) = &column.labels else { continue };
            if enums_seen.insert(ty.clone()) {
                for value in labels.iter().take(ENUM_VALUES) {
                    let label = format!("update of \"{}\" to '{value}'", column.name);
                    let bound = Bound::Value(literal::in_array(value, &column.sql_type));
                    push(
                        Operation::Update,
                        label,
                        Some(&column.name),
                        text::update(relation, &column.name, bound, line),
                    );
                }
            }
        }
    }
    queries
}

/// How many values of an enum are tried.
const ENUM_VALUES: usize = 60;

fn writes(relation: &Declared, line: Line, push: &mut impl FnMut(Operation, String, Option<&str>, Text)) {
    let value = |name: &str, size| {
        let (at, column) = relation.columns.iter().enumerate().find(|(_, column)| column.name == name)?;
        Some(Bound::Value(literal(column, at, size)))
    };
    // A key of another table is taken from a row that has one, so that it points to something. The
    // other table is not asked: it may be gone, which is no matter to this query.
    let existing = |name: &str, size| match relation.points(name) && !relation.is_key(name) {
        true => value(name, size).map(|value| text::of_some_row(relation, name, value)),
        false => value(name, size),
    };
    let given = |targets: &[String]| {
        let wanted = |column: &&declared::DeclaredColumn| {
            column.always_given() || (targets.contains(&column.name) && !column.generated && !column.always)
        };
        let columns = relation.columns.iter().filter(wanted);
        columns.filter_map(|c| Some((c.name.as_str(), existing(&c.name, Size::Small)?))).collect::<Vec<_>>()
    };
    let insert = text::insert(relation, &given(&[]), line).returning(relation);
    push(Operation::Insert, "insert()".to_owned(), None, insert);
    let free = relation.columns.iter().filter(|column| !column.generated && !column.always);
    let every: Vec<_> =
        free.clone().filter_map(|c| Some((c.name.as_str(), value(&c.name, Size::Full)?))).collect();
    let insert = text::insert(relation, &every, line).returning(relation);
    push(Operation::Insert, "insert() of every column".to_owned(), None, insert);

    let key = relation.primary_key.as_slice();
    for column in free.clone().filter(|column| !key.contains(&column.name)) {
        let Some(bound) = existing(&column.name, Size::Full) else { continue };
        let label = format!("update of \"{}\"", column.name);
        let update = text::update(relation, &column.name, bound, line);
        push(Operation::Update, label, Some(&column.name), update);
    }
    push(Operation::Delete, "delete()".to_owned(), None, text::delete(relation, line).returning(relation));

    let whole = relation.targets.iter().map(|target| (target, None));
    let partial = relation.partial_targets.iter().map(|(target, filter)| (target, Some(filter.as_str())));
    for (target, filter) in whole.chain(partial) {
        let names: Vec<String> = target.iter().map(|name| format!("\"{name}\"")).collect();
        let names = names.join(", ") + &filter.map_or(String::new(), |filter| format!(" where {filter}"));
        let only = match target.as_slice() {
            [one] => Some(one.as_str()),
            _ => None,
        };
        let set = free.clone().find(|column| !target.contains(&column.name) && !key.contains(&column.name));
        let set = set.map(|column| column.name.clone()).or_else(|| target.first().cloned());
        let insert = text::insert(relation, &given(target), line);
        if let Some((set, bound)) = set.and_then(|set| Some((set.clone(), existing(&set, Size::Small)?))) {
            let upsert = insert.clone().on_conflict_update(target, filter, &set, bound).returning(relation);
            push(Operation::Upsert, format!("onConflictDoUpdate on {names}"), only, upsert);
        }
        let nothing = insert.on_conflict_nothing(target, filter);
        push(Operation::Upsert, format!("onConflictDoNothing on {names}"), only, nothing);
    }
}

/// `insert()` of a row that is like one of those that are there, given as the text of each column: what
/// has to be unique is fresh, all else that the app gives is taken from there.
pub(crate) fn insert_like(relation: &Declared, row: &dyn Fn(&str) -> Option<String>, line: Line) -> String {
    let partial = relation.partial_targets.iter().map(|(target, _)| target);
    let targets: Vec<&Vec<String>> = relation.targets.iter().chain(partial).collect();
    let unique = |name: &String| targets.iter().any(|target| target.contains(name));
    let mut values = Vec::new();
    for (at, column) in relation.columns.iter().enumerate().filter(|(_, column)| column.always_given()) {
        let known = row(&column.name).filter(|_| !unique(&column.name));
        let text = known.unwrap_or_else(|| literal(column, at, Size::Small));
        values.push((column.name.as_str(), Bound::Value(text)));
    }
    text::insert(relation, &values, line).returning(relation).with_values()
}

/// How a relational query gets from one table to another: pairs of columns, and whether to many.
pub(crate) struct With {
    pub pairs: Vec<(String, String)>,
    pub many: bool,
}

/// The first foreign key of a table from both of its ends.
fn related<'a>(relation: &'a Declared, all: &'a [Declared]) -> Vec<(&'a Declared, With)> {
    let find = |name: &QName| all.iter().find(|other| other.name == *name && !other.view);
    let mut related = Vec::new();
    if let Some((key, target)) = relation.foreign_keys.iter().find_map(|key| Some((key, find(&key.to)?))) {
        related.push((target, With { pairs: key.pairs.clone(), many: false }));
    }
    let pointing = |other: &'a Declared| {
        let key = other.foreign_keys.iter().find(|key| key.to == relation.name)?;
        Some((other, key))
    };
    if let Some((other, key)) = all.iter().find_map(pointing) {
        let pairs = key.pairs.iter().map(|(from, to)| (to.clone(), from.clone())).collect();
        related.push((other, With { pairs, many: true }));
    }
    related
}
