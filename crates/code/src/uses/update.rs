//! The columns that an UPDATE sets.

use super::{Context, Walker};
use crate::eval::Call;
use crate::model::{Certainty, Columns, Place, Role};
use crate::module::{Id, Key, Kind, Span};
use crate::value::{Env, Query, Table, Value};
use std::sync::Arc;

impl Walker<'_, '_> {
    /// The keys of `set({ … })`, and the columns that every update sets.
    pub(super) fn set(&mut self, query: &Arc<Query>, call: &Call<'_>) {
        let (Some(item), Some(table)) = (call.args.first(), &query.table) else {
            return self.walk_args(call, &Context::default());
        };
        self.set_keys(table, item.id, call.env, Certainty::Certain);
        self.on_update(table, &query.place);
    }

    pub(super) fn on_update(&mut self, table: &Arc<Table>, place: &Place) {
        let context = Context::of(Role::Update, "every update sets it ($onUpdate)");
        for column in table.relation.columns.iter().filter(|column| column.on_update) {
            self.add_at(place.clone(), table, Columns::One(column.name.clone()), &context);
        }
    }

    pub(super) fn set_keys(&mut self, table: &Arc<Table>, id: Id, env: &Env, sure: Certainty) {
        let module = self.module.clone();
        let certain = Context { certainty: sure, ..Context::of(Role::Update, "set by an update") };
        let column = |key: &str| table.relation.columns.iter().find(|column| column.key == key);
        let span = module.node(id).span;
        let followed = self.followed(id);
        if let Kind::Either { options, .. } = module.kind(followed) {
            return options.iter().for_each(|option| self.set_keys(table, *option, env, Certainty::Likely));
        }
        let Kind::Object(properties) = module.kind(followed) else {
            let value = self.eval.expr(&module, id, env);
            self.set_value(table, &value, span, sure);
            return self.walk(id, env, &Context::default());
        };
        for property in properties {
            match &property.key {
                // Drizzle leaves it out.
                Key::Name(_) if matches!(module.kind(property.value), Kind::Nothing) => {}
                Key::Name(key) => {
                    if let Some(column) = column(key) {
                        self.add(property.at, table, Columns::One(column.name.clone()), &certain);
                    }
                    let context = Context::of(Role::Select, "in a value that an update sets");
                    self.walk(property.value, env, &context.among(Some(table)));
                }
                // `...(condition && { name })`
                Key::Spread => match module.kind(self.followed(property.value)) {
                    Kind::Either { options, .. } => {
                        for option in options {
                            if matches!(module.kind(*option), Kind::Object(_)) {
                                self.set_keys(table, *option, env, Certainty::Likely);
                            }
                        }
                    }
                    Kind::Object(_) => self.set_keys(table, property.value, env, sure),
                    _ => {
                        let value = self.eval.expr(&module, property.value, env);
                        self.set_value(table, &value, property.at, sure);
                    }
                },
                Key::Computed(key) => {
                    self.walk(*key, env, &Context::default());
                    self.unclear_set(table, property.at, Certainty::Likely);
                }
            }
        }
    }

    fn set_value(&mut self, table: &Arc<Table>, value: &Value, span: Span, sure: Certainty) {
        let certain = Context { certainty: sure, ..Context::of(Role::Update, "set by an update") };
        match value {
            Value::Object(object) => {
                for (key, _) in &object.entries {
                    if let Some(column) = table.relation.columns.iter().find(|column| *column.key == **key) {
                        self.add(span, table, Columns::One(column.name.clone()), &certain);
                    }
                }
                if object.open.is_some() {
                    self.unclear_set(table, span, Certainty::Likely);
                }
            }
            Value::Nothing | Value::Bool(_) => {}
            _ => self.unclear_set(table, span, Certainty::Likely),
        }
    }

    fn unclear_set(&mut self, table: &Arc<Table>, span: Span, certainty: Certainty) {
        let context =
            Context { certainty, ..Context::of(Role::Update, "an update whose values are not written here") };
        self.all_of(span, table, &context);
    }
}
