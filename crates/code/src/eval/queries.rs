//! Queries as they are built, call by call: what is known of one after `.name(args)`.
//!
//! Says nothing of what is used; that is `uses`, which follows the same calls.

use super::Eval;
use super::apply::Call;
use crate::value::{Query, Value, Verb};
use std::sync::Arc;

impl Eval<'_, '_> {
    /// The value of `base.name(args)` on a database, a query, or `db.query.users`.
    pub(crate) fn query_method(&mut self, base: &Value, name: &str, call: &Call<'_>) -> Value {
        match base {
            Value::Db => self.of_database(name, call),
            Value::Query(query) => self.of_query(query, name, call),
            _ => Value::unknown("rows"),
        }
    }

    fn of_database(&mut self, name: &str, call: &Call<'_>) -> Value {
        let verb = match name {
            "select" | "selectDistinct" | "selectDistinctOn" => Verb::Select,
            "insert" => Verb::Insert,
            "update" => Verb::Update,
            "delete" => Verb::Delete,
            "with" => return Value::Db,
            "$with" => Verb::With,
            "$withAuth" | "$replica" | "$primary" => return Value::Db,
            _ => return Value::unknown("rows"),
        };
        let fields_at = usize::from(name == "selectDistinctOn");
        let fields = match (verb, self.arg(call, fields_at)) {
            (Verb::Select, Value::Object(fields)) => Some(fields),
            _ => None,
        };
        let all = verb == Verb::Select && call.args.len() <= fields_at;
        let table = match verb {
            Verb::Insert | Verb::Update | Verb::Delete => self.arg(call, 0).table().cloned(),
            Verb::Select | Verb::With => None,
        };
        Value::Query(Arc::new(Query {
            verb,
            table,
            joined: Vec::new(),
            all,
            fields,
            place: call.module.place(call.at),
        }))
    }

    fn of_query(&mut self, query: &Arc<Query>, name: &str, call: &Call<'_>) -> Value {
        match name {
            "from" => {
                let table = self.arg(call, 0).table().cloned();
                let mut query = (**query).clone();
                match query.verb {
                    Verb::Select => query.table = table,
                    // `update(posts).from(users)`
                    _ => query.joined.extend(table),
                }
                Value::Query(Arc::new(query))
            }
            "as" => Value::Derived,
            "then" | "execute" | "catch" | "finally" | "all" | "get" | "run" | "values"
                if query.verb == Verb::Select =>
            {
                Value::unknown("rows")
            }
            "then" | "execute" | "catch" | "finally" | "prepare" | "toSQL" => Value::unknown("rows"),
            _ => Value::Query(query.clone()),
        }
    }
}
