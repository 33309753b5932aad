//! Calls: queries that are built step by step, functions of the project, functions of packages.

use super::{Context, Walker, is_drizzle, is_pg_core, table_in};
use crate::eval::Call;
use crate::model::{Certainty, Columns, Role};
use crate::module::{Id, Kind, Module, Span};
use crate::value::{Api, Env, Query, Table, Value, Verb};
use std::sync::Arc;

/// One call on something: `base.name(args)`.
pub(super) struct Link<'c> {
    pub call: &'c Call<'c>,
    pub name: &'c str,
    /// Of the name.
    pub at: Span,
}

impl Walker<'_, '_> {
    /// Follows a call, and gives what it stands for.
    pub(super) fn call(&mut self, id: Id, env: &Env, context: &Context) -> Value {
        let module = self.module.clone();
        let Kind::Call { callee, args, new } = module.kind(id) else { return Value::Nothing };
        let at = match module.kind(*callee) {
            Kind::Member { at, .. } => *at,
            _ => module.node(*callee).span,
        };
        let call = Call { module: &module, args, env, span: module.node(id).span, at };
        let before = self.found.len();
        if let Kind::Member { object, name, .. } = module.kind(*callee) {
            let base = match module.kind(*object) {
                Kind::Call { .. } => self.call(*object, env, context),
                _ => {
                    let base = self.eval.expr(&module, *object, env);
                    if !matches!(base, Value::Db | Value::DbTable(_) | Value::DbQuery | Value::Table(_)) {
                        self.walk(*object, env, context);
                    }
                    base
                }
            };
            let link = Link { call: &call, name, at };
            self.link(&base, *object, &link, context);
            if &**name == "prepare" && matches!(base, Value::Query(_) | Value::Unknown(_)) {
                self.prepared(&call, before);
            }
            return self.eval.method(&base, name, &call);
        }
        let value = self.eval.expr(&module, *callee, env);
        if !matches!(module.kind(*callee), Kind::Name(_) | Kind::Global(_)) {
            self.walk(*callee, env, &Context::default());
        }
        match &value {
            Value::Api(api) => self.api(api, &call, context),
            Value::Function(closure) => {
                let values = self.eval.args(&call);
                let closure = closure.clone();
                self.walk_args(&call, &handed(name_of(&module, *callee), Certainty::Likely));
                self.enter(&closure, &values);
            }
            // Columns of enums, tables of makers: a schema, and no query.
            Value::Maker(_) | Value::Enum(_) | Value::CustomType(_) | Value::Relation(_) => {}
            Value::Client => self.walk_args(&call, &sent()),
            _ => self.walk_args(&call, &handed(name_of(&module, *callee), Certainty::Likely)),
        }
        self.eval.apply(&value, &call, *new)
    }

    pub(super) fn walk_args(&mut self, call: &Call<'_>, context: &Context) {
        for item in call.args {
            self.walk(item.id, call.env, context);
        }
    }

    pub(super) fn walk_arg(&mut self, call: &Call<'_>, at: usize, context: &Context) {
        if let Some(item) = call.args.get(at) {
            self.walk(item.id, call.env, context);
        }
    }

    /// `base.name(args)`, of which `base` was read already.
    fn link(&mut self, base: &Value, object: Id, link: &Link<'_>, context: &Context) {
        let call = link.call;
        match base {
            Value::DbTable(table) if is_find(link.name) => {
                return self.find(&table.clone(), link, Certainty::Certain, "a relational query");
            }
            Value::Db => return self.database(link),
            Value::Query(query) => return self.query(&query.clone(), link),
            Value::Client => return self.of_client(call),
            Value::Unknown(_) if is_find(link.name) => {
                if let Some(table) = self.by_query_name(object, call.env) {
                    return self.find(
                        &table,
                        link,
                        Certainty::Likely,
                        "a relational query on what is taken for a database",
                    );
                }
            }
            Value::Unknown(_) if self.is_database_call(link) => return self.database(link),
            Value::Schema(_) | Value::View(_) | Value::Maker(_) | Value::Builder(_) => return,
            Value::Api(api) if is_pg_core(&api.package) => return,
            Value::Api(api) if is_drizzle(&api.package) && &*api.name == "sql" => {
                return self.sql_method(link, context);
            }
            Value::Object(_) | Value::Module(_) => {
                let method = self.eval.get(base, link.name);
                if let Value::Function(closure) = &method {
                    let values = self.eval.args(call);
                    self.walk_args(call, &handed(format!("`.{}()`", link.name), Certainty::Likely));
                    self.enter(closure, &values);
                    return;
                }
                if let Value::Api(api) = &method {
                    return self.api(api, call, context);
                }
            }
            Value::Package(package) => {
                let api = Arc::new(Api { package: package.clone(), name: link.name.into() });
                return self.api(&api, call, context);
            }
            // It only says how to read a value.
            Value::Sql if link.name == "mapWith" => return,
            Value::List(_) | Value::Sql | Value::Derived => return self.walk_args(call, context),
            _ => {}
        }
        // A method of something unknown: text that is sent, tables that are handed on.
        // A method of the class itself is the project's own code.
        let own = matches!(call.module.kind(object), Kind::This(_) | Kind::Super);
        let to = if own { Certainty::Likely } else { Certainty::Possible };
        let sends = ["execute", "query", "unsafe", "$queryRawUnsafe", "$executeRawUnsafe", "raw"];
        let context =
            Context { sent: sends.contains(&link.name), ..handed(format!("`.{}()`", link.name), to) };
        let values = self.eval.args(call);
        if values.iter().any(|value| table_in(value).is_some()) && is_clause(link.name) {
            return self.walk_args(call, &clause(None));
        }
        self.walk_args(call, &context);
    }

    /// Whether a call on something unknown can only be one on a Drizzle database.
    fn is_database_call(&mut self, link: &Link<'_>) -> bool {
        match link.name {
            "insert" | "update" | "delete" | "$count" | "refreshMaterializedView" => {
                matches!(self.eval.arg(link.call, 0), Value::Table(_))
            }
            "select" | "selectDistinct" | "selectDistinctOn" | "transaction" => true,
            _ => false,
        }
    }

    /// `x.query.users` where `x` isn't known: the table of that name.
    fn by_query_name(&mut self, object: Id, env: &Env) -> Option<Arc<Table>> {
        let module = self.module.clone();
        let Kind::Member { object: query, name, .. } = module.kind(object) else { return None };
        let Kind::Member { object: base, name: word, .. } = module.kind(*query) else { return None };
        if !matches!(&**word, "query" | "_query")
            || !matches!(self.eval.expr(&module, *base, env), Value::Unknown(_))
        {
            return None;
        }
        let known = self.eval.program.known.read().ok()?;
        known.tables.get(&**name).cloned()
    }

    fn database(&mut self, link: &Link<'_>) {
        let call = link.call;
        match link.name {
            "select" | "selectDistinct" => self.walk_arg(call, 0, &selected()),
            "selectDistinctOn" => {
                self.walk_arg(call, 0, &clause(None));
                self.walk_arg(call, 1, &selected());
            }
            "insert" => match self.eval.arg(call, 0) {
                Value::Table(table) => self.insert(&table, link),
                _ => self.walk_arg(call, 0, &Context::default()),
            },
            "update" => self.touched(call, Role::Update, "an update"),
            "delete" => self.touched(call, Role::Delete, "a delete"),
            "$count" => {
                self.touched(call, Role::Select, "a count");
                self.walk_arg(call, 1, &clause(None));
            }
            "refreshMaterializedView" => self.touched(call, Role::Named, "a refresh"),
            "execute" | "all" | "get" | "run" | "values" => self.walk_args(call, &sent()),
            "transaction" | "batch" | "with" | "$with" => self.with_database(call),
            _ => self.walk_args(call, &Context::default()),
        }
    }

    /// A function that is called with a database: `transaction(async (tx) => …)`.
    fn with_database(&mut self, call: &Call<'_>) {
        for item in call.args {
            match self.eval.expr(call.module, item.id, call.env) {
                Value::Function(closure) if matches!(call.module.kind(item.id), Kind::Function(_)) => {
                    let env = self.eval.bound(&closure, &[Value::Db]);
                    self.walk(item.id, &env, &Context::default());
                }
                _ => self.walk(item.id, call.env, &Context::default()),
            }
        }
    }

    /// `client.query("…")`, `client.begin((sql) => …)`
    fn of_client(&mut self, call: &Call<'_>) {
        for item in call.args {
            match self.eval.expr(call.module, item.id, call.env) {
                Value::Function(closure) if matches!(call.module.kind(item.id), Kind::Function(_)) => {
                    let env = self.eval.bound(&closure, &[Value::Client]);
                    self.walk(item.id, &env, &Context::default());
                }
                _ => self.walk(item.id, call.env, &sent()),
            }
        }
    }

    /// A query on a table, whatever its columns.
    fn touched(&mut self, call: &Call<'_>, role: Role, what: &str) {
        match self.eval.arg(call, 0) {
            Value::Table(table) => {
                let span = call.args.first().map_or(call.span, |item| call.module.node(item.id).span);
                self.add(span, &table, Columns::None, &Context::of(role, &format!("{what} of the table")));
            }
            _ => {
                if let Some(item) = call.args.first() {
                    self.one_of_these(item.id, call.env);
                }
                self.walk_arg(call, 0, &handed(what.to_owned(), Certainty::Likely));
            }
        }
    }

    fn query(&mut self, query: &Arc<Query>, link: &Link<'_>) {
        let call = link.call;
        let table = query.table.as_ref();
        match link.name {
            "from" => self.source(query, call),
            name if name.to_ascii_lowercase().contains("join") => {
                self.source(query, call);
                self.walk_arg(call, 1, &clause(table));
            }
            "select" if query.verb == Verb::Insert => {
                self.insert_of_query(query, call);
                self.with_database(call);
            }
            "values" => self.walk_args(call, &clause(table)),
            "set" => self.set(query, call),
            "onConflictDoNothing" | "onConflictDoUpdate" => self.conflict(table, link),
            "returning" => match (call.args.first(), table) {
                (None, Some(table)) => {
                    let context =
                        Context::of(Role::Returning, "returning() without a list names every column");
                    for table in std::iter::once(table).chain(&query.joined) {
                        self.all_of(link.at, table, &context);
                    }
                }
                _ => {
                    let context = Context::of(Role::Returning, "in the list of returning()").whole();
                    self.walk_arg(call, 0, &context.among(table));
                }
            },
            "as" => self.with_database(call),
            "prepare" => {}
            "then" | "catch" | "finally" => self.walk_args(call, &Context::default()),
            _ if is_clause(link.name) => self.walk_args(call, &clause(table)),
            _ => self.walk_args(call, &Context::default()),
        }
    }

    /// A table in FROM or JOIN.
    fn source(&mut self, query: &Query, call: &Call<'_>) {
        let Some(item) = call.args.first() else { return };
        match self.eval.arg(call, 0) {
            Value::Table(table) if query.all => {
                let context = Context::of(Role::Select, "select() without a list names every column");
                let place = query.place.clone();
                self.add_at(place, &table, Columns::All, &context);
            }
            Value::Table(table) => {
                let span = call.module.node(item.id).span;
                self.add(span, &table, Columns::None, &Context::of(Role::Select, "a select from the table"));
            }
            _ => self.walk(item.id, call.env, &Context::default()),
        }
    }

    /// `.prepare("name")`: all that the chain uses is part of it.
    fn prepared(&mut self, call: &Call<'_>, from: usize) {
        if let Value::Text(name) = self.eval.arg(call, 0) {
            for found in &mut self.found[from..] {
                found.prepared = Some(name.to_string());
            }
        }
    }
}

pub(super) fn selected() -> Context {
    Context::of(Role::Select, "in the list of a select").whole()
}

/// WHERE, ON, ORDER BY and kin.
pub(super) fn clause(table: Option<&Arc<Table>>) -> Context {
    Context::of(Role::Filter, "in a clause of a query").among(table)
}

pub(super) fn sent() -> Context {
    Context { sent: true, ..Context::of(Role::Filter, "in SQL that is sent as it is written") }
}

pub(super) fn handed(to: String, sure: Certainty) -> Context {
    Context {
        certainty: Certainty::Likely,
        handed: Some(sure),
        why: format!("handed to {to}").into(),
        ..Context::default()
    }
}

fn name_of(module: &Module, id: Id) -> String {
    match module.kind(id) {
        Kind::Name(sym) => format!("`{}`", module.symbol(*sym).name),
        Kind::Global(name) => format!("`{name}`"),
        _ => "a function".to_owned(),
    }
}

fn is_find(name: &str) -> bool {
    matches!(name, "findMany" | "findFirst")
}

fn is_clause(name: &str) -> bool {
    matches!(
        name,
        "where"
            | "having"
            | "orderBy"
            | "groupBy"
            | "on"
            | "limit"
            | "offset"
            | "for"
            | "using"
            | "union"
            | "unionAll"
            | "intersect"
            | "intersectAll"
            | "except"
            | "exceptAll"
    )
}
