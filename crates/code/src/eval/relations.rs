//! Relations between tables, both generations: `relations(users, …)` and `defineRelations(schema, …)`.

use super::Eval;
use super::apply::Call;
use crate::value::{Column, Object, RelationTo, Relations, Value};
use std::sync::Arc;

/// `relations(users, ({ one, many }) => ({ posts: many(posts) }))`
pub(super) fn of_table(eval: &mut Eval<'_, '_>, call: &Call<'_>) -> Value {
    let Value::Table(table) = eval.arg(call, 0) else { return Value::unknown("relations of no table") };
    let Value::Function(closure) = eval.arg(call, 1) else {
        return Value::unknown("relations without a list");
    };
    let words = Object {
        entries: vec![("one".into(), Value::RelationWord), ("many".into(), Value::RelationWord)],
        open: None,
    };
    let made = eval.run(&closure, &[Value::Object(Arc::new(words))]);
    let mut relations = Relations::default();
    for (name, value) in made.object().iter().flat_map(|object| &object.entries) {
        if let Value::Relation(to) = value {
            relations.all.push((table.name.clone(), name.clone(), to.clone()));
        }
    }
    Value::Relations(Arc::new(relations))
}

/// `defineRelations(schema, (r) => ({ users: { posts: r.many.posts() } }))`
pub(super) fn of_schema(eval: &mut Eval<'_, '_>, call: &Call<'_>) -> Value {
    let schema = eval.arg(call, 0);
    let Some(schema) = eval.entries(&schema) else { return Value::unknown("relations of no schema") };
    let Value::Function(closure) = eval.arg(call, 1) else {
        return Value::unknown("relations without a list");
    };
    let made = eval.run(&closure, &[Value::RelationMaker(Arc::new(schema.clone()))]);
    let mut relations = Relations::default();
    for (key, of_table) in made.object().iter().flat_map(|object| &object.entries) {
        let Some(Value::Table(table)) = schema.get(key) else { continue };
        for (name, value) in of_table.object().iter().flat_map(|object| &object.entries) {
            if let Value::Relation(to) = value {
                relations.all.push((table.name.clone(), name.clone(), to.clone()));
            }
        }
    }
    Value::Relations(Arc::new(relations))
}

/// `r.one`, `r.many`, `r.users`
pub(super) fn member(schema: &Arc<Object>, key: &str) -> Value {
    match key {
        "one" | "many" => Value::RelationKind(schema.clone()),
        _ => schema.get(key).cloned().unwrap_or_else(|| Value::unknown("no table of the schema")),
    }
}

impl Eval<'_, '_> {
    /// `one(users, { fields: […], references: […] })`
    pub(super) fn relation(&mut self, call: &Call<'_>) -> Value {
        let Value::Table(table) = self.arg(call, 0) else { return Value::unknown("a relation to no table") };
        let options = self.arg(call, 1);
        let columns = columns_in(&options, &["fields", "references"]);
        let name = named(&options, "relationName");
        Value::Relation(Arc::new(RelationTo { table, columns, name }))
    }

    /// `r.many.posts({ from: r.users.id, to: r.posts.userId })`
    pub(super) fn relation_with(&mut self, relation: &Arc<RelationTo>, call: &Call<'_>) -> Value {
        let options = self.arg(call, 0);
        let mut columns = columns_in(&options, &["from", "to"]);
        let filter = options.object().and_then(|options| options.get("where")).and_then(Value::object);
        for (key, _) in filter.iter().flat_map(|filter| &filter.entries) {
            let index = relation.table.relation.columns.iter().position(|column| *column.key == **key);
            columns.extend(index.map(|index| Column { table: relation.table.clone(), index }));
        }
        let name = named(&options, "alias");
        Value::Relation(Arc::new(RelationTo { table: relation.table.clone(), columns, name }))
    }
}

fn columns_in(options: &Value, keys: &[&str]) -> Vec<Column> {
    let Some(options) = options.object() else { return Vec::new() };
    let mut columns = Vec::new();
    for value in keys.iter().filter_map(|key| options.get(key)) {
        add_columns(value, &mut columns);
    }
    columns
}

fn add_columns(value: &Value, columns: &mut Vec<Column>) {
    match value {
        Value::Column(column) => columns.push(column.clone()),
        Value::List(items) => items.iter().for_each(|item| add_columns(item, columns)),
        _ => {}
    }
}

fn named(options: &Value, key: &str) -> Option<Arc<str>> {
    options.object()?.get(key)?.text().cloned()
}
