//! What an expression stands for: names are followed through files, functions of the project are
//! applied, Drizzle's own API is known by name. Whatever can't be told is [`Value::Unknown`].

mod apply;
mod columns;
mod exports;
mod lists;
mod queries;
mod relations;
mod tables;
mod views;

pub(crate) use apply::Call;
pub(crate) use tables::NAMELESS;

use crate::module::{Annotation, Decl, Id, Imported, Item, Key, Kind, Module, Step, Sym};
use crate::program::Program;
use crate::value::{Api, Closure, Env, Object, Value};
use std::sync::Arc;

/// Evaluates expressions. One for each thread: it knows what it is in the middle of.
pub(crate) struct Eval<'p, 't> {
    pub program: &'p Program<'t>,
    /// Names that are being worked out, to see when one needs itself.
    doing: Vec<(Arc<str>, Sym)>,
    depth: u32,
    steps: u32,
    most: u32,
}

/// Deeper than this is a loop, or a program of its own.
const DEPTH: u32 = 120;
/// How much is done for one question about the schema.
const STEPS: u32 = 200_000;
/// The same about an expression in the app: what is not worked out by then is no column and no table.
const FEW: u32 = 1_500;

impl<'p, 't> Eval<'p, 't> {
    pub fn new(program: &'p Program<'t>) -> Eval<'p, 't> {
        Eval { program, doing: Vec::new(), depth: 0, steps: 0, most: STEPS }
    }

    /// For the many expressions of an app.
    pub fn brief(program: &'p Program<'t>) -> Eval<'p, 't> {
        Eval { most: FEW, ..Eval::new(program) }
    }

    /// The value of an expression.
    pub fn expr(&mut self, module: &Arc<Module>, id: Id, env: &Env) -> Value {
        if self.depth == 0 {
            self.steps = 0;
        }
        self.steps += 1;
        if self.depth >= DEPTH || self.steps > self.most {
            return Value::unknown("it is too involved");
        }
        self.depth += 1;
        let value = self.kind(module, id, env);
        self.depth -= 1;
        value
    }

    fn kind(&mut self, module: &Arc<Module>, id: Id, env: &Env) -> Value {
        match module.kind(id) {
            Kind::Name(sym) => self.symbol(module, *sym, env),
            Kind::Global(name) => global(name),
            Kind::This(Some(class)) => Value::Instance(module.clone(), *class),
            Kind::This(None) | Kind::Super => Value::unknown("`this`"),
            Kind::Member { object, name, .. } => {
                let object = self.expr(module, *object, env);
                self.get(&object, name)
            }
            Kind::Index { object, key } => {
                let object = self.expr(module, *object, env);
                match self.expr(module, *key, env) {
                    Value::Text(key) => self.get(&object, &key),
                    Value::Number(number) => item(&object, number),
                    _ => Value::unknown("a computed key"),
                }
            }
            Kind::Call { .. } => self.call(module, id, env),
            Kind::Object(_) => self.object(module, id, env),
            Kind::List(items) => self.list(module, items, env),
            Kind::Text(text) => Value::Text((&**text).into()),
            Kind::Number(number) => Value::Number(*number),
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Nothing | Kind::Null => Value::Nothing,
            Kind::Template(template) => {
                let mut text = String::new();
                for (at, quasi) in template.texts.iter().enumerate() {
                    text.push_str(&quasi.text);
                    let Some(value) = template.values.get(at) else { continue };
                    match self.expr(module, *value, env) {
                        Value::Text(piece) => text.push_str(&piece),
                        Value::Number(number) => text.push_str(&number.to_string()),
                        other => return Value::Unknown(other.why()),
                    }
                }
                Value::Text(text.into())
            }
            Kind::Tagged { tag, .. } => match self.expr(module, *tag, env) {
                Value::Api(api) if is_drizzle(&api.package) && &*api.name == "sql" => Value::Sql,
                _ => Value::unknown("a template with a tag"),
            },
            Kind::Function(_) => {
                Value::Function(Arc::new(Closure { module: module.clone(), node: id, env: env.clone() }))
            }
            Kind::Either { options, .. } => {
                let values = options.iter().map(|option| self.expr(module, *option, env)).collect();
                one_of(values)
            }
            Kind::Assign(value) => self.expr(module, *value, env),
            Kind::Import(source) => self.import(module, source, &Imported::All),
            Kind::TypeQuery(_) => Value::unknown("a type"),
            Kind::Other(_) => Value::unknown("an expression that is not followed"),
        }
    }

    /// What a name stands for.
    pub fn symbol(&mut self, module: &Arc<Module>, sym: Sym, env: &Env) -> Value {
        if let Some(bound) = env.get(&module.path, sym) {
            return bound.clone();
        }
        // With arguments in sight the same name may be another thing at the next call.
        let lasting = env.is_empty();
        if lasting && let Some(known) = self.program.remembered(&module.path, sym) {
            return known;
        }
        if self.doing.iter().any(|(path, other)| *other == sym && *path == module.path) {
            return Value::unknown("it needs itself");
        }
        self.doing.push((module.path.clone(), sym));
        let value = self.declared(module, sym, env);
        self.doing.pop();
        // In the middle of something, it may have been cut short.
        if lasting && (self.doing.is_empty() || !matches!(value, Value::Unknown(_))) {
            self.program.remember(&module.path, sym, &value);
        }
        value
    }

    fn declared(&mut self, module: &Arc<Module>, sym: Sym, env: &Env) -> Value {
        let symbol = module.symbol(sym);
        match &symbol.decl {
            Decl::Variable { init, path, annotation } => {
                let init = match (init, symbol.assigned.as_slice()) {
                    (Some(init), _) if !matches!(module.kind(*init), Kind::Nothing | Kind::Null) => *init,
                    (_, [assigned]) => *assigned,
                    _ => return self.annotated(module, annotation.as_ref(), env),
                };
                let value = self.expr(module, init, env);
                match self.steps(value, path) {
                    Value::Unknown(why) => match self.annotated(module, annotation.as_ref(), env) {
                        Value::Unknown(_) => Value::Unknown(why),
                        known => known,
                    },
                    known => known,
                }
            }
            Decl::Param { path, annotation, .. } => {
                let value = self.annotated(module, annotation.as_ref(), env);
                self.steps(value, path)
            }
            Decl::Import { source, name } => self.import(module, source, name),
            Decl::Value(id) => self.expr(module, *id, env),
            Decl::Other => Value::unknown(format!("`{}` can't be followed", symbol.name)),
        }
    }

    /// What a type says of a value: `typeof users` is that table, a type of Drizzle's drivers a database.
    fn annotated(&mut self, module: &Arc<Module>, annotation: Option<&Annotation>, env: &Env) -> Value {
        let Some(annotation) = annotation else { return Value::unknown("a parameter") };
        if let Some(query) = annotation.query {
            return self.expr(module, query, env);
        }
        let db = |name: &str| {
            ["Database", "Transaction", "Db", "DB", "Tx", "Drizzle", "DrizzleDB"]
                .iter()
                .any(|end| name.ends_with(end))
                || name == "QueryBuilder"
        };
        match &annotation.name {
            Some(name) if db(name) => Value::Db,
            Some(name) => Value::unknown(format!("a value of type `{name}`")),
            None => Value::unknown("a parameter"),
        }
    }

    pub(crate) fn steps(&mut self, value: Value, path: &[Step]) -> Value {
        let mut value = value;
        for step in path {
            value = match step {
                Step::Key(key) => self.get(&value, key),
                Step::Index(index) => match &value {
                    Value::List(items) => items.get(*index).cloned().unwrap_or(Value::Nothing),
                    other => Value::Unknown(other.why()),
                },
                Step::RestOf(keys) => match &value {
                    Value::Object(object) => {
                        let mut rest = (**object).clone();
                        rest.entries.retain(|(key, _)| !keys.iter().any(|left| **left == **key));
                        Value::Object(Arc::new(rest))
                    }
                    other => Value::Unknown(other.why()),
                },
                Step::Unclear => Value::unknown("a part that can't be told"),
            };
        }
        value
    }

    /// `this.key` in a class.
    fn field(&mut self, module: &Arc<Module>, class: u32, key: &str) -> Value {
        let fields = module.classes.get(class as usize).into_iter().flat_map(|class| &class.fields);
        for field in fields.filter(|field| *field.name == *key) {
            let value = match field.value {
                Some(value) => self.expr(module, value, &Env::default()),
                None => self.annotated(module, field.annotation.as_ref(), &Env::default()),
            };
            if !matches!(value, Value::Unknown(_) | Value::Nothing) {
                return value;
            }
        }
        Value::unknown(format!("`this.{key}`"))
    }

    fn object(&mut self, module: &Arc<Module>, id: Id, env: &Env) -> Value {
        let Kind::Object(properties) = module.kind(id) else { return Value::Nothing };
        let mut object = Object::default();
        for property in properties {
            match &property.key {
                Key::Name(name) => {
                    let value = self.expr(module, property.value, env);
                    let value = self.placed(value, module, property.at);
                    object.set((&**name).into(), value);
                }
                Key::Computed(key) => match self.expr(module, *key, env) {
                    Value::Text(key) => {
                        let value = self.expr(module, property.value, env);
                        object.set(key, value);
                    }
                    _ => object.open = Some("a computed key".into()),
                },
                Key::Spread => {
                    let spread = self.expr(module, property.value, env);
                    match self.entries(&spread) {
                        Some(entries) => {
                            for (key, value) in entries.entries {
                                object.set(key, value);
                            }
                            object.open = object.open.or(entries.open);
                        }
                        None => object.open = Some(spread.why()),
                    }
                }
            }
        }
        Value::Object(Arc::new(object))
    }

    /// What `...value` adds to an object; `None` where that can't be told.
    fn entries(&mut self, value: &Value) -> Option<Object> {
        match value {
            Value::Object(object) => Some((**object).clone()),
            Value::Nothing | Value::Bool(false) => Some(Object::default()),
            Value::Module(module) => {
                let names = self.export_names(module);
                let entries = names.into_iter().map(|name| {
                    let value = self.export(module, &name);
                    (name, value)
                });
                Some(Object { entries: entries.collect(), open: None })
            }
            Value::Table(table) => Some(tables::columns_of(table)),
            _ => None,
        }
    }

    fn list(&mut self, module: &Arc<Module>, items: &[Item], env: &Env) -> Value {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.expr(module, item.id, env);
            match (item.spread, value) {
                (false, value) => values.push(value),
                (true, Value::List(more)) => values.extend(more.iter().cloned()),
                (true, other) => return Value::Unknown(other.why()),
            }
        }
        Value::List(values.into())
    }

    /// `value.key`
    pub fn get(&mut self, value: &Value, key: &str) -> Value {
        match value {
            Value::Object(object) => match object.get(key) {
                Some(value) => value.clone(),
                None => match &object.open {
                    Some(why) => Value::Unknown(why.clone()),
                    None => Value::Nothing,
                },
            },
            Value::Module(module) => self.export(module, key),
            Value::Package(package) => api(package, key),
            Value::Table(table) => tables::member(table, key),
            Value::Db => match key {
                "query" | "_query" => Value::DbQuery,
                _ => Value::unknown("a part of the database object"),
            },
            Value::DbQuery => {
                let known = self.program.known.read().ok().and_then(|known| known.tables.get(key).cloned());
                known.map_or_else(|| Value::unknown("no table of the schema"), Value::DbTable)
            }
            Value::Instance(module, class) => self.field(module, *class, key),
            Value::RelationMaker(schema) => relations::member(schema, key),
            Value::RelationKind(schema) => match schema.get(key) {
                Some(Value::Table(table)) => Value::Relation(Arc::new(crate::value::RelationTo {
                    table: table.clone(),
                    columns: Vec::new(),
                    name: None,
                })),
                _ => Value::unknown("no table of the schema"),
            },
            Value::Api(named) if &*named.name == "default" => api(&named.package, key),
            Value::Api(named) if tables::is_casing(named) && key == "table" => tables::cased(named),
            Value::List(items) if key == "length" =>
            {
                #[allow(clippy::cast_precision_loss, reason = "lists are short")]
                Value::Number(items.len() as f64)
            }
            Value::Enum(_) => Value::unknown("a part of an enum"),
            Value::Unknown(why) => Value::Unknown(why.clone()),
            _ => Value::unknown(format!("`.{key}` of something that has none")),
        }
    }
}

/// A package of Drizzle.
pub(crate) fn is_drizzle(package: &str) -> bool {
    package == "drizzle-orm" || package.starts_with("drizzle-orm/")
}

/// The part of Drizzle that is for Postgres.
pub(crate) fn is_pg_core(package: &str) -> bool {
    package == "drizzle-orm/pg-core" || package.starts_with("drizzle-orm/pg-core/")
}

fn api(package: &str, name: &str) -> Value {
    Value::Api(Arc::new(Api { package: package.into(), name: name.into() }))
}

fn global(name: &str) -> Value {
    match name {
        "Object" | "Array" | "Promise" => api("javascript", name),
        "require" => api("javascript", "require"),
        _ => Value::unknown(format!("`{name}`, which is made elsewhere")),
    }
}

fn item(value: &Value, number: f64) -> Value {
    match value {
        Value::List(items) if number >= 0.0 =>
        {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
            items.get(number as usize).cloned().unwrap_or(Value::Nothing)
        }
        other => Value::Unknown(other.why()),
    }
}

/// One of these values, where it makes no difference which.
pub(crate) fn one_of(values: Vec<Value>) -> Value {
    let mut values: Vec<Value> =
        values.into_iter().filter(|v| !matches!(v, Value::Nothing | Value::Bool(_))).collect();
    if values.iter().any(|value| matches!(value, Value::Db)) {
        return Value::Db;
    }
    let same = |a: &Value, b: &Value| match (a, b) {
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Table(a), Value::Table(b)) => a.name == b.name,
        (Value::Query(a), Value::Query(b)) => {
            a.table.as_ref().map(|t| &t.name) == b.table.as_ref().map(|t| &t.name)
        }
        (Value::Sql, Value::Sql) | (Value::Derived, Value::Derived) => true,
        (Value::Column(a), Value::Column(b)) => a.table.name == b.table.name && a.index == b.index,
        _ => false,
    };
    if let Some(builder) = columns::one_builder(&values) {
        return builder;
    }
    match values.as_slice() {
        [] => Value::Nothing,
        [first, rest @ ..] if rest.iter().all(|other| same(first, other)) => values.swap_remove(0),
        _ => Value::unknown("it depends on a condition"),
    }
}
