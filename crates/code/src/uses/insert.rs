//! The columns that an INSERT names.

use super::chain::Link;
use super::{Context, Walker};
use crate::eval::Call;
use crate::model::{Columns, Role};
use crate::module::Span;
use crate::value::{Query, Table, Value};
use std::sync::Arc;

impl Walker<'_, '_> {
    /// `insert(users)`: all columns, but what Drizzle 1 makes of `insert(users).select(…)`.
    pub(super) fn insert(&mut self, table: &Arc<Table>, link: &Link<'_>) {
        let of_query = self.eval.program.v1 && self.goes_on_with(link.call.span, "select");
        if !of_query {
            let context = Context::of(Role::Insert, "an insert names every column that is declared");
            self.add(link.at, table, inserted(table), &context);
        }
    }

    /// Whether the call that ends here is followed by `.name(…)`.
    fn goes_on_with(&self, span: Span, name: &str) -> bool {
        let rest = self.module.text_from(span.end).trim_start();
        rest.strip_prefix('.').is_some_and(|rest| {
            rest.trim_start().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['(', '<']))
        })
    }

    /// Drizzle 1 names the columns that the query gives.
    pub(super) fn insert_of_query(&mut self, query: &Query, call: &Call<'_>) {
        let Some(table) = query.table.as_ref().filter(|_| self.eval.program.v1) else { return };
        let given = match self.eval.arg(call, 0) {
            Value::Function(closure) => self.eval.run(&closure, &[Value::Db]),
            other => other,
        };
        let context = Context::of(Role::Insert, "an insert names the columns that its query gives");
        match given {
            Value::Query(given) if given.fields.is_some() => {
                for (key, _) in given.fields.iter().flat_map(|fields| &fields.entries) {
                    if let Some(column) = table.relation.columns.iter().find(|column| *column.key == **key) {
                        let columns = Columns::One(column.name.clone());
                        self.add_at(query.place.clone(), table, columns, &context);
                    }
                }
            }
            _ => self.add_at(query.place.clone(), table, inserted(table), &context),
        }
    }
}

/// What an insert names: all that is not generated.
fn inserted(table: &Table) -> Columns {
    let generated: Vec<String> =
        table.relation.columns.iter().filter(|column| column.generated).map(|c| c.name.clone()).collect();
    if generated.is_empty() { Columns::All } else { Columns::AllBut(generated) }
}
