//! Relational queries: `db.query.users.findMany({ columns, with, where, orderBy, extras })`.

use super::chain::{Link, clause};
use super::{Context, Walker};
use crate::model::{Certainty, Columns, Role};
use crate::module::{Id, Key, Kind, Property, Span};
use crate::value::{Env, Table, Value};
use std::sync::Arc;

/// How sure a relational query is, and why.
struct Sure<'a> {
    certainty: Certainty,
    why: &'a str,
}

impl Walker<'_, '_> {
    pub(super) fn find(&mut self, table: &Arc<Table>, link: &Link<'_>, certainty: Certainty, why: &str) {
        let sure = Sure { certainty, why };
        match link.call.args.first() {
            None => self.every(table, link.at, &sure),
            Some(item) => self.options(table, item.id, link.call.env, link.at, &sure),
        }
    }

    /// No list of columns: all of them.
    fn every(&mut self, table: &Arc<Table>, at: Span, sure: &Sure<'_>) {
        let why = format!("{} without a list of columns names every column", sure.why);
        self.add(
            at,
            table,
            Columns::All,
            &Context { certainty: sure.certainty, ..Context::of(Role::Select, &why) },
        );
    }

    fn options(&mut self, table: &Arc<Table>, id: Id, env: &Env, at: Span, sure: &Sure<'_>) {
        let module = self.module.clone();
        let id = self.followed(id);
        let properties = match module.kind(id) {
            Kind::Object(properties) => properties,
            Kind::Bool(false) | Kind::Nothing => return,
            Kind::Bool(true) => return self.every(table, at, sure),
            _ => {
                let sure = Sure {
                    certainty: Certainty::Likely,
                    why: "a relational query with options from elsewhere",
                };
                self.every(table, at, &sure);
                return self.walk(id, env, &Context::default());
            }
        };
        let mut listed = false;
        for property in properties {
            let Key::Name(key) = &property.key else {
                self.walk(property.value, env, &Context::default());
                continue;
            };
            match &**key {
                "columns" => {
                    listed = true;
                    self.columns(table, property, env, at, sure);
                }
                "with" => self.with(table, property.value, env, sure),
                "where" => self.filter(table, property.value, env, sure),
                "orderBy" => self.clause_of(table, property.value, env, Role::Filter, sure),
                "extras" => self.clause_of(table, property.value, env, Role::Select, sure),
                _ => self.walk(property.value, env, &Context::default()),
            }
        }
        if !listed {
            self.every(table, at, sure);
        }
    }

    fn columns(&mut self, table: &Arc<Table>, property: &Property, env: &Env, at: Span, sure: &Sure<'_>) {
        let module = self.module.clone();
        let context = |certainty: Certainty| Context {
            certainty,
            ..Context::of(Role::Select, &format!("in the list of columns of {}", sure.why))
        };
        let Kind::Object(listed) = module.kind(self.followed(property.value)) else {
            let context =
                Context { certainty: Certainty::Likely.min(sure.certainty), ..context(Certainty::Likely) };
            return self.add(property.at, table, Columns::All, &context);
        };
        let (mut chosen, mut left, mut unclear) = (Vec::new(), Vec::new(), false);
        for entry in listed {
            let Key::Name(key) = &entry.key else {
                unclear = true;
                continue;
            };
            let Some(column) = table.relation.columns.iter().find(|column| *column.key == **key) else {
                continue;
            };
            match self.eval.expr(&module, entry.value, env) {
                Value::Bool(true) => chosen.push((entry.at, column.name.clone(), sure.certainty)),
                Value::Bool(false) | Value::Nothing => left.push(column.name.clone()),
                _ => chosen.push((entry.at, column.name.clone(), Certainty::Likely.min(sure.certainty))),
            }
        }
        if unclear {
            self.add(property.at, table, Columns::All, &context(Certainty::Possible));
        }
        if chosen.is_empty() && !left.is_empty() {
            return self.add(at, table, Columns::AllBut(left), &context(sure.certainty));
        }
        if chosen.is_empty() && !unclear {
            self.add(property.at, table, Columns::None, &context(sure.certainty));
        }
        for (at, name, certainty) in chosen {
            self.add(at, table, Columns::One(name), &context(certainty));
        }
    }

    /// Relations that are read too.
    fn with(&mut self, table: &Arc<Table>, id: Id, env: &Env, sure: &Sure<'_>) {
        let module = self.module.clone();
        let id = self.followed(id);
        let Kind::Object(properties) = module.kind(id) else {
            return self.walk(id, env, &Context::default());
        };
        for property in properties {
            let Key::Name(key) = &property.key else {
                self.walk(property.value, env, &Context::default());
                continue;
            };
            let known = self.eval.program.known.read().ok();
            let name: Arc<str> = (&**key).into();
            let to = known.and_then(|known| known.relations.get(&(table.name.clone(), name)).cloned());
            let Some(to) = to else {
                self.walk(property.value, env, &Context::default());
                continue;
            };
            self.options(&to.table, property.value, env, property.at, sure);
            let off = matches!(module.kind(property.value), Kind::Bool(false) | Kind::Nothing);
            let context = Context {
                certainty: sure.certainty,
                ..Context::of(Role::Filter, "joins the relation of a relational query")
            };
            for column in to.columns.iter().filter(|_| !off) {
                self.add(property.at, &column.table, Columns::One(column.name().to_owned()), &context);
            }
        }
    }

    /// `where`: a piece of SQL, a function that makes one, or (in Drizzle 1) an object by columns.
    fn filter(&mut self, table: &Arc<Table>, id: Id, env: &Env, sure: &Sure<'_>) {
        let module = self.module.clone();
        let id = self.followed(id);
        let Kind::Object(properties) = module.kind(id) else {
            return self.clause_of(table, id, env, Role::Filter, sure);
        };
        let context = Context { certainty: sure.certainty, ..clause(Some(table)) };
        for property in properties {
            let Key::Name(key) = &property.key else {
                self.walk(property.value, env, &context);
                continue;
            };
            if let Some(column) = table.relation.columns.iter().find(|column| *column.key == **key) {
                self.add(property.at, table, Columns::One(column.name.clone()), &context);
                self.walk(property.value, env, &context);
                continue;
            }
            let name: Arc<str> = (&**key).into();
            let known = self.eval.program.known.read().ok();
            let to = known.and_then(|known| known.relations.get(&(table.name.clone(), name)).cloned());
            match (&**key, to) {
                ("AND" | "OR", _) => match module.kind(property.value) {
                    Kind::List(items) => items.iter().for_each(|item| self.filter(table, item.id, env, sure)),
                    _ => self.filter(table, property.value, env, sure),
                },
                ("NOT", _) => self.filter(table, property.value, env, sure),
                (_, Some(to)) => {
                    for column in &to.columns {
                        self.add(
                            property.at,
                            &column.table,
                            Columns::One(column.name().to_owned()),
                            &context,
                        );
                    }
                    self.filter(&to.table.clone(), property.value, env, sure);
                }
                _ => self.clause_of(table, property.value, env, Role::Filter, sure),
            }
        }
    }

    /// A clause that may be a function of the table, or (in Drizzle 1) an object by columns.
    fn clause_of(&mut self, table: &Arc<Table>, id: Id, env: &Env, role: Role, sure: &Sure<'_>) {
        let module = self.module.clone();
        let id = self.followed(id);
        let context = Context { role, certainty: sure.certainty, ..clause(Some(table)) };
        match (module.kind(id), self.eval.expr(&module, id, env)) {
            (Kind::Function(_), Value::Function(closure)) => {
                let env = self.eval.bound(&closure, &[Value::Table(table.clone()), operators()]);
                self.walk(id, &env, &context);
            }
            (Kind::Object(properties), _) => {
                for property in properties {
                    if let Key::Name(key) = &property.key
                        && let Some(column) =
                            table.relation.columns.iter().find(|column| *column.key == **key)
                    {
                        self.add(property.at, table, Columns::One(column.name.clone()), &context);
                    }
                    self.clause_of(table, property.value, env, role, sure);
                }
            }
            _ => self.walk(id, env, &context),
        }
    }
}

/// The second argument of such functions: `eq`, `and`, `desc`, `sql` ..
fn operators() -> Value {
    Value::Package("drizzle-orm".into())
}
