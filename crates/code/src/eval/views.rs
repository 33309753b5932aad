//! Views as they are declared.

use super::Eval;
use super::apply::Call;
use super::tables::of_builders;
use crate::model::{self, RelationKind};
use crate::value::{Table, Value, ViewMaker};
use drizzle::QName;
use std::sync::Arc;

impl Eval<'_, '_> {
    /// `pgView("name")`, `pgView("name", { … })`
    pub(super) fn view(&mut self, schema: Option<&Arc<str>>, materialized: bool, call: &Call<'_>) -> Value {
        let Value::Text(name) = self.arg(call, 0) else {
            return Value::unknown("a view whose name can't be told");
        };
        let columns = match self.arg(call, 1) {
            Value::Object(object) => Some(of_builders(&object, self.program.casing.as_deref())),
            Value::Nothing => None,
            other => Some((Vec::new(), Some(other.why().to_string()))),
        };
        let name = QName::new(schema.map(|schema| &**schema).unwrap_or_default(), &name);
        let span = call.args.first().map_or(call.span, |item| call.module.node(item.id).span);
        Value::View(Arc::new(ViewMaker { name, materialized, columns, place: call.module.place(span) }))
    }

    /// `.as(…)`, `.existing()`; what else is said of a view changes nothing here.
    pub(super) fn view_method(&mut self, view: &Arc<ViewMaker>, name: &str, call: &Call<'_>) -> Value {
        let kind = match (name, view.materialized) {
            ("existing", _) => RelationKind::Existing,
            ("as", true) => RelationKind::MaterializedView,
            ("as", false) => RelationKind::View,
            _ => return Value::View(view.clone()),
        };
        let (columns, open) = match (&view.columns, name) {
            (Some((columns, open)), _) => (columns.clone(), open.clone()),
            (None, "as") => self.selected(call),
            (None, _) => (Vec::new(), Some("the view lists no columns".to_owned())),
        };
        let relation = model::Relation { kind, export: None, columns, open, place: view.place.clone() };
        Value::Table(Arc::new(Table { name: view.name.clone(), relation }))
    }

    /// The columns of `.as((qb) => qb.select({ … }).from(…))`.
    fn selected(&mut self, call: &Call<'_>) -> (Vec<model::Column>, Option<String>) {
        let query = match self.arg(call, 0) {
            Value::Function(closure) => self.run(&closure, &[Value::Db]),
            other => other,
        };
        let Value::Query(query) = query else {
            return (Vec::new(), Some("the view's query can't be read".to_owned()));
        };
        match (&query.fields, &query.table) {
            (Some(fields), _) => {
                let columns = fields.entries.iter().map(|(key, value)| column_of(key, value, &query.place));
                (columns.collect(), fields.open.as_ref().map(ToString::to_string))
            }
            (None, Some(table)) if query.all => (table.relation.columns.clone(), table.relation.open.clone()),
            _ => (Vec::new(), Some("the view's query can't be read".to_owned())),
        }
    }
}

fn column_of(key: &str, value: &Value, place: &model::Place) -> model::Column {
    match value {
        Value::Column(column) => {
            let of = &column.table.relation.columns[column.index];
            model::Column { key: key.to_owned(), place: place.clone(), ..of.clone() }
        }
        // `sql<number>`…`.as("total")` is named so; without an alias Drizzle takes the key.
        _ => model::Column {
            key: key.to_owned(),
            name: key.to_owned(),
            sql_type: None,
            not_null: false,
            default: false,
            generated: false,
            identity: false,
            app_default: false,
            on_update: false,
            place: place.clone(),
        },
    }
}
