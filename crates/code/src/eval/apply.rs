//! Calls: functions of the project are applied to their arguments, Drizzle's and JavaScript's are known.

use super::{Eval, columns, is_drizzle, is_pg_core, lists, one_of, relations, tables};
use crate::module::{Decl, Id, Item, Kind, Module, Span};
use crate::value::{Api, Closure, Env, Object, Value, Verb};
use std::collections::HashMap;
use std::sync::Arc;

/// A call as it is written.
pub(crate) struct Call<'c> {
    pub module: &'c Arc<Module>,
    pub args: &'c [Item],
    pub env: &'c Env,
    pub span: Span,
    /// Of the name that is called.
    pub at: Span,
}

impl Eval<'_, '_> {
    /// The value of a call.
    pub(super) fn call(&mut self, module: &Arc<Module>, id: Id, env: &Env) -> Value {
        let Kind::Call { callee, args, new } = module.kind(id) else { return Value::Nothing };
        let at = match module.kind(*callee) {
            Kind::Member { at, .. } => *at,
            _ => module.node(*callee).span,
        };
        let call = Call { module, args, env, span: module.node(id).span, at };
        if let Kind::Member { object, name, .. } = module.kind(*callee) {
            let base = self.expr(module, *object, env);
            return self.method(&base, name, &call);
        }
        let value = self.expr(module, *callee, env);
        self.apply(&value, &call, *new)
    }

    /// `callee(args)`
    pub(crate) fn apply(&mut self, callee: &Value, call: &Call<'_>, new: bool) -> Value {
        match callee {
            Value::Function(closure) => {
                let args = self.args(call);
                self.run(closure, &args)
            }
            Value::Api(api) => self.api_call(api, call, new),
            Value::Maker(maker) => self.table(maker, call),
            Value::Enum(declared) => self.enum_column(&declared.0, call),
            Value::CustomType(ty) => self.custom_column(ty.as_ref(), call),
            Value::RelationKind(_) | Value::RelationMaker(_) => Value::unknown("a relation of no table"),
            Value::RelationWord => self.relation(call),
            // `r.many.posts({ from: …, to: … })`
            Value::Relation(relation) => self.relation_with(relation, call),
            Value::Unknown(why) => Value::Unknown(why.clone()),
            _ => Value::unknown("a call of what is no function"),
        }
    }

    /// The arguments of a call, as far as they are known.
    pub(crate) fn args(&mut self, call: &Call<'_>) -> Vec<Value> {
        match self.list(call.module, call.args, call.env) {
            Value::List(values) => values.to_vec(),
            _ => call.args.iter().map(|_| Value::unknown("spread arguments")).collect(),
        }
    }

    /// One argument; `Nothing` where there is none.
    pub(crate) fn arg(&mut self, call: &Call<'_>, at: usize) -> Value {
        match call.args.get(at) {
            Some(item) if !item.spread => self.expr(call.module, item.id, call.env),
            Some(_) => Value::unknown("spread arguments"),
            None => Value::Nothing,
        }
    }

    /// What a function of the project gives for these arguments.
    pub(crate) fn run(&mut self, closure: &Arc<Closure>, args: &[Value]) -> Value {
        let Kind::Function(function) = closure.module.kind(closure.node) else { return Value::Nothing };
        let env = self.bound(closure, args);
        let returned = function.returns.iter().map(|id| self.expr(&closure.module, *id, &env)).collect();
        one_of(returned)
    }

    /// The surroundings in which a function's body is read, once it is called with these arguments.
    pub(crate) fn bound(&mut self, closure: &Arc<Closure>, args: &[Value]) -> Env {
        let Kind::Function(function) = closure.module.kind(closure.node) else { return closure.env.clone() };
        let mut bound = HashMap::new();
        for sym in &function.params {
            let Decl::Param { index, path, default, .. } = &closure.module.symbol(*sym).decl else {
                continue;
            };
            let value = match (args.get(*index), default) {
                (None | Some(Value::Nothing), Some(default)) => {
                    self.expr(&closure.module, *default, &closure.env)
                }
                (Some(value), _) => value.clone(),
                (None, None) => Value::Nothing,
            };
            let value = self.steps(value, path);
            // What a type says is better than nothing.
            if !matches!(value, Value::Unknown(_)) {
                bound.insert(*sym, value);
            }
        }
        closure.env.with(&closure.module.path, bound)
    }

    /// A list of texts that zod made an enum of.
    fn listed(&mut self, call: &Call<'_>) -> Value {
        let options = self.arg(call, 0);
        Value::Object(Arc::new(Object { entries: vec![("options".into(), options)], open: None }))
    }

    fn api_call(&mut self, api: &Arc<Api>, call: &Call<'_>, new: bool) -> Value {
        let name = &*api.name;
        if name == "drizzle" && is_drizzle(&api.package) {
            return match is_other_dialect(&api.package) {
                true => Value::unknown("a database of another dialect"),
                false => Value::Db,
            };
        }
        if is_pg_core(&api.package) {
            return match name {
                "QueryBuilder" if new => Value::Db,
                "pgTable" => self.table(&Arc::default(), call),
                "pgTableCreator" => self.table_creator(call),
                "pgSchema" => match self.arg(call, 0) {
                    Value::Text(name) => Value::Schema(name),
                    other => Value::Unknown(other.why()),
                },
                "pgEnum" => self.declared_enum(None, call),
                "pgView" | "pgMaterializedView" => self.view(None, name == "pgMaterializedView", call),
                "customType" => self.custom_type(call),
                "alias" => self.arg(call, 0),
                "withReplicas" => Value::Db,
                "union" | "unionAll" | "intersect" | "intersectAll" | "except" | "exceptAll" => {
                    self.arg(call, 0)
                }
                _ => columns::builder(self, name, call),
            };
        }
        if is_drizzle(&api.package) {
            return match name {
                "getTableColumns" | "getColumns" | "getViewSelectedFields" => match self.arg(call, 0) {
                    Value::Table(table) => Value::Object(Arc::new(tables::columns_of(&table))),
                    other => Value::Unknown(other.why()),
                },
                "getTableName" => match self.arg(call, 0) {
                    Value::Table(table) => Value::Text(table.name.name.as_str().into()),
                    other => Value::Unknown(other.why()),
                },
                "aliasedTable" => self.arg(call, 0),
                "relations" => relations::of_table(self, call),
                "defineRelations" | "defineRelationsPart" => relations::of_schema(self, call),
                // `eq`, `and`, `count` ..: a piece of SQL.
                _ => Value::Sql,
            };
        }
        if &*api.package == "javascript" && name == "require" {
            return match self.arg(call, 0) {
                Value::Text(source) => self.import(call.module, &source, &crate::module::Imported::All),
                other => Value::Unknown(other.why()),
            };
        }
        if is_client(&api.package, name) {
            return Value::Client;
        }
        Value::unknown(format!("`{name}` of the package `{}`", api.package))
    }

    /// `base.name(args)`
    pub(crate) fn method(&mut self, base: &Value, name: &str, call: &Call<'_>) -> Value {
        match base {
            Value::Builder(builder) => columns::method(self, builder, name, call),
            Value::Table(_) | Value::Derived if matches!(name, "enableRLS" | "as" | "$dynamic") => {
                base.clone()
            }
            // `r.users.id.through(r.members.userId)`
            Value::Column(_) if name == "through" => Value::List([base.clone(), self.arg(call, 0)].into()),
            Value::Schema(schema) => match name {
                "table" => self.table(&tables::maker_of(schema), call),
                "enum" => self.declared_enum(Some(schema), call),
                "view" | "materializedView" => self.view(Some(schema), name == "materializedView", call),
                _ => Value::unknown("a part of a schema"),
            },
            Value::Api(api) if &*api.package == "javascript" => lists::of_object(self, &api.name, name, call),
            // `z.enum([…]).options`
            Value::Api(api) if &*api.package == "zod" && name == "enum" => self.listed(call),
            Value::Package(package) if &**package == "zod" && name == "enum" => self.listed(call),
            // `pgTable.withRLS(…)`
            Value::Api(api) if is_pg_core(&api.package) && &*api.name == "pgTable" => {
                self.table(&Arc::default(), call)
            }
            Value::Api(api) if &*api.name == "sql" && is_drizzle(&api.package) => Value::Sql,
            Value::Api(api) if &*api.name == "drizzle" && is_drizzle(&api.package) => Value::Db,
            Value::Maker(maker) => self.table(maker, call),
            Value::List(items) => lists::method(self, items, name, call),
            Value::Derived | Value::Sql => base.clone(),
            Value::View(view) => self.view_method(view, name, call),
            Value::Query(_) | Value::Db | Value::DbTable(_) => self.query_method(base, name, call),
            Value::Unknown(why) if is_query_word(name) => {
                let found = self.query_method(&Value::Db, name, call);
                match found {
                    Value::Query(query) if query.table.is_some() || query.verb == Verb::Select => {
                        Value::Query(query)
                    }
                    _ => Value::Unknown(why.clone()),
                }
            }
            Value::Unknown(_) => {
                // A method of something unknown may still be a function that is known elsewhere.
                Value::unknown(format!("`.{name}()` of something unknown"))
            }
            other => {
                let method = self.get(other, name);
                self.apply(&method, call, false)
            }
        }
    }
}

/// Words that begin a query on whatever they are called.
fn is_query_word(name: &str) -> bool {
    matches!(name, "select" | "selectDistinct" | "selectDistinctOn" | "insert" | "update" | "delete")
}

/// The drivers of MySQL, SQLite and SingleStore.
fn is_other_dialect(package: &str) -> bool {
    let driver = package.strip_prefix("drizzle-orm/").unwrap_or_default();
    ["mysql", "planetscale", "tidb", "singlestore", "sqlite", "libsql", "d1", "sql-js"]
        .iter()
        .any(|word| driver.contains(word))
}

/// What makes a driver's client: its methods and templates send SQL as it is written.
fn is_client(package: &str, name: &str) -> bool {
    match package {
        "postgres" => name == "default",
        "pg" | "pg-native" => matches!(name, "Pool" | "Client" | "default"),
        "@neondatabase/serverless" => matches!(name, "neon" | "Pool" | "Client"),
        "@vercel/postgres" => matches!(name, "createPool" | "createClient"),
        "@electric-sql/pglite" => name == "PGlite",
        _ => false,
    }
}
