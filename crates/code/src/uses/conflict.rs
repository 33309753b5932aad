//! `onConflictDoUpdate({ target, set, where })`.

use super::chain::{Link, clause};
use super::{Context, Walker};
use crate::model::{Certainty, Role};
use crate::module::{Key, Kind};
use crate::value::Table;
use std::sync::Arc;

impl Walker<'_, '_> {
    pub(super) fn conflict(&mut self, table: Option<&Arc<Table>>, link: &Link<'_>) {
        let call = link.call;
        let Some(item) = call.args.first() else { return };
        let Kind::Object(properties) = call.module.kind(item.id) else {
            return self.walk(item.id, call.env, &Context::of(Role::Conflict, "in ON CONFLICT").among(table));
        };
        for property in properties {
            let Key::Name(key) = &property.key else {
                self.walk(property.value, call.env, &clause(table));
                continue;
            };
            match (&**key, table) {
                ("target", _) => {
                    let context = Context::of(Role::Conflict, "the target of ON CONFLICT").among(table);
                    self.walk(property.value, call.env, &context);
                }
                ("set", Some(table)) => {
                    self.set_keys(table, property.value, call.env, Certainty::Certain);
                    let place = self.module.place(link.at);
                    self.on_update(table, &place);
                }
                _ => self.walk(property.value, call.env, &clause(table)),
            }
        }
    }
}
