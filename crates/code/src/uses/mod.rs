//! Where a file uses tables and columns: a walk over its expressions that follows queries call by call.
//!
//! A use is certain only where reading proves it. What is handed to code that isn't known, or stands
//! outside of a query, is told apart by [`Certainty`], with the reason.

mod api;
mod built;
mod chain;
mod conflict;
mod context;
mod find;
mod insert;
mod raw;
mod update;
mod words;

use context::Context;

use crate::eval::{Eval, is_drizzle, is_pg_core};
use crate::model::{Certainty, Columns, Place, Role, Use};
use crate::module::{Decl, Id, Key, Kind, Module, Property, Span};
use crate::program::Program;
use crate::value::{Closure, Env, Object, Table, Value};
use drizzle::QName;
use std::collections::HashSet;
use std::sync::Arc;

/// The uses in a file.
pub(crate) fn uses(program: &Program<'_>, module: &Arc<Module>) -> Vec<Use> {
    let mut walker = Walker {
        eval: Eval::brief(program),
        module: module.clone(),
        found: Vec::new(),
        limit: limit(&module.path),
        entered: HashSet::new(),
        depth: 0,
    };
    let env = Env::default();
    for root in &module.roots {
        walker.walk(*root, &env, &Context::default());
    }
    let mut found = walker.found;
    found.sort();
    found.dedup();
    found
}

/// Nothing in a test runs in a pod.
fn limit(path: &str) -> Option<(Certainty, &'static str)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = |word: &str| path.starts_with(&format!("{word}/")) || path.contains(&format!("/{word}/"));
    let test = [".test.", ".spec.", ".e2e.", ".stories."].iter().any(|part| name.contains(part))
        || ["__tests__", "__mocks__", "test", "tests", "e2e", "fixtures"].iter().any(|word| folder(word));
    test.then_some((Certainty::Possible, "in a test"))
}

struct Walker<'p, 't> {
    eval: Eval<'p, 't>,
    module: Arc<Module>,
    found: Vec<Use>,
    limit: Option<(Certainty, &'static str)>,
    /// Functions of the project that were read with these tables as arguments.
    entered: HashSet<(Arc<str>, Id, QName)>,
    depth: u32,
}

/// Deeper than people nest.
const DEPTH: u32 = 300;

impl Walker<'_, '_> {
    fn walk(&mut self, id: Id, env: &Env, context: &Context) {
        if self.depth >= DEPTH {
            return;
        }
        self.depth += 1;
        let module = self.module.clone();
        match module.kind(id) {
            Kind::Name(_) if context.is_query() && self.followed(id) != id => {
                self.walk(self.followed(id), env, context);
            }
            Kind::Name(_) | Kind::Member { .. } | Kind::Index { .. } => self.mention(id, env, context),
            Kind::Call { .. } => {
                self.call(id, env, context);
            }
            Kind::Tagged { tag, template } => self.tagged(id, *tag, template, env, context),
            Kind::Template(template) => {
                self.template_text(id, template, env, context);
                for value in &template.values {
                    self.walk(*value, env, &Context::default());
                }
            }
            Kind::Text(text) => self.text(id, &(&**text).into(), context),
            Kind::Function(function) => {
                for inside in &function.body {
                    self.walk(*inside, env, context);
                }
            }
            Kind::Object(properties) => self.object(properties, env, context),
            Kind::List(items) => items.iter().for_each(|item| self.walk(item.id, env, context)),
            Kind::Either { test, options } => {
                if let Some(test) = test {
                    self.walk(*test, env, &Context::default());
                }
                options.iter().for_each(|option| self.walk(*option, env, context));
            }
            Kind::Assign(value) => self.walk(*value, env, &Context::default()),
            Kind::TypeQuery(inside) => self.type_query(*inside, env),
            Kind::Other(inside) => inside.iter().for_each(|id| self.walk(*id, env, context)),
            Kind::Global(_)
            | Kind::This(_)
            | Kind::Super
            | Kind::Null
            | Kind::Number(_)
            | Kind::Bool(_)
            | Kind::Nothing
            | Kind::Import(_) => {}
        }
        self.depth -= 1;
    }

    /// A name or a path of names: a column, a table, or neither.
    fn mention(&mut self, id: Id, env: &Env, context: &Context) {
        let module = self.module.clone();
        let value = self.eval.expr(&module, id, env);
        let span = module.node(id).span;
        match (&value, module.kind(id)) {
            (Value::Column(column), _) => {
                let columns = Columns::One(column.name().to_owned());
                self.add(span, &column.table.clone(), columns, context);
            }
            (Value::Table(table), _) if context.whole => self.all_of(span, &table.clone(), context),
            (Value::Table(table), _) => {
                if let Some(certainty) = context.handed {
                    let context = Context { certainty, role: Role::Named, ..context.clone() };
                    self.all_of(span, &table.clone(), &context);
                }
            }
            (Value::Object(object), _) if context.whole => self.fields(span, &object.clone(), context),
            (_, Kind::Member { object, name, .. }) => {
                if name.starts_with("$infer") {
                    return self.type_query(*object, env);
                }
                self.walk(*object, env, context);
            }
            (_, Kind::Index { object, key }) => {
                let chosen_of = self.eval.expr(&module, *object, env);
                if matches!(chosen_of, Value::Object(_) | Value::List(_)) {
                    self.walk(*key, env, &Context::default());
                    return self.one_of_these(*object, env);
                }
                if let Value::Table(table) = chosen_of {
                    let context = Context {
                        certainty: Certainty::Possible,
                        why: "a column chosen when it runs".into(),
                        ..context.clone()
                    };
                    return self.all_of(span, &table, &context);
                }
                self.walk(*object, env, context);
                self.walk(*key, env, &Context::default());
            }
            _ => {}
        }
    }

    /// What a name of the same file stands for, where it is written out: a list of columns, a condition, a
    /// text. Otherwise the expression itself.
    fn followed(&self, id: Id) -> Id {
        let mut id = id;
        for _ in 0..8 {
            let Kind::Name(sym) = self.module.kind(id) else { break };
            let symbol = self.module.symbol(*sym);
            let Decl::Variable { init: Some(init), path, .. } = &symbol.decl else { break };
            let written = matches!(
                self.module.kind(*init),
                Kind::Object(_)
                    | Kind::Call { .. }
                    | Kind::Text(_)
                    | Kind::Template(_)
                    | Kind::Tagged { .. }
                    | Kind::Either { .. }
                    | Kind::Name(_)
            );
            if !path.is_empty() || !symbol.assigned.is_empty() || !written {
                break;
            }
            id = *init;
        }
        id
    }

    /// Tables of which one is chosen when it runs: `TABLES[kind]`, `a ? users : posts`.
    fn one_of_these(&mut self, id: Id, env: &Env) {
        let module = self.module.clone();
        let context = Context {
            handed: Some(Certainty::Likely),
            why: "one of several tables, chosen when it runs".into(),
            ..Context::default()
        };
        match module.kind(self.followed(id)) {
            Kind::Object(properties) => {
                properties.iter().for_each(|property| self.walk(property.value, env, &context));
            }
            Kind::List(items) => items.iter().for_each(|item| self.walk(item.id, env, &context)),
            Kind::Either { options, .. } => {
                options.iter().for_each(|option| self.walk(*option, env, &context))
            }
            Kind::Index { object, .. } => self.one_of_these(*object, env),
            _ => {}
        }
    }

    fn object(&mut self, properties: &[Property], env: &Env, context: &Context) {
        for property in properties {
            match &property.key {
                Key::Spread if context.whole => {
                    let module = self.module.clone();
                    let followed = self.followed(property.value);
                    if let Kind::Either { .. } = module.kind(followed) {
                        let certainty = context.certainty.min(Certainty::Likely);
                        let why = format!("{}, under a condition", context.why).into();
                        self.walk(followed, env, &Context { certainty, why, ..context.clone() });
                        continue;
                    }
                    if followed != property.value {
                        self.walk(followed, env, context);
                        continue;
                    }
                    match self.eval.expr(&module, property.value, env) {
                        Value::Object(object) => self.fields(property.at, &object, context),
                        Value::Table(table) => self.all_of(property.at, &table, context),
                        _ => self.walk(property.value, env, context),
                    }
                }
                Key::Computed(key) => {
                    self.walk(*key, env, &Context::default());
                    self.walk(property.value, env, context);
                }
                Key::Spread | Key::Name(_) => self.walk(property.value, env, context),
            }
        }
    }

    /// Columns that are listed elsewhere: all of a table, all but a few, or some.
    fn fields(&mut self, span: Span, object: &Object, context: &Context) {
        let mut tables: Vec<(Arc<Table>, Vec<usize>)> = Vec::new();
        for (_, value) in &object.entries {
            match value {
                Value::Column(column) => {
                    match tables.iter_mut().find(|(table, _)| table.name == column.table.name) {
                        Some((_, listed)) => listed.push(column.index),
                        None => tables.push((column.table.clone(), vec![column.index])),
                    }
                }
                Value::Table(table) => self.all_of(span, table, context),
                Value::Object(inner) => self.fields(span, inner, context),
                _ => {}
            }
        }
        for (table, listed) in tables {
            let name = |index: usize| table.relation.columns[index].name.clone();
            let left: Vec<String> =
                (0..table.relation.columns.len()).filter(|index| !listed.contains(index)).map(name).collect();
            if left.is_empty() {
                self.all_of(span, &table, context);
            } else if left.len() < listed.len() {
                self.add(span, &table, Columns::AllBut(left), context);
            } else {
                for index in listed {
                    self.add(span, &table, Columns::One(name(index)), context);
                }
            }
        }
    }

    fn all_of(&mut self, span: Span, table: &Arc<Table>, context: &Context) {
        self.add(span, table, Columns::All, context);
    }

    /// A type made of a table: the shape of its rows, and no query.
    fn type_query(&mut self, id: Id, env: &Env) {
        let module = self.module.clone();
        let context = Context {
            role: Role::Type,
            certainty: Certainty::Possible,
            why: "a type made of the table".into(),
            ..Context::default()
        };
        let span = module.node(id).span;
        match (self.eval.expr(&module, id, env), module.kind(id)) {
            (Value::Table(table), _) => self.all_of(span, &table, &context),
            (Value::Column(column), _) => {
                let columns = Columns::One(column.name().to_owned());
                self.add(span, &column.table.clone(), columns, &context);
            }
            (_, Kind::Member { object, .. }) => self.type_query(*object, env),
            _ => {}
        }
    }

    fn add(&mut self, span: Span, table: &Arc<Table>, columns: Columns, context: &Context) {
        let place = self.module.place(span);
        self.add_at(place, table, columns, context);
    }

    fn add_at(&mut self, place: Place, table: &Arc<Table>, columns: Columns, context: &Context) {
        let known = self.eval.program.known.read().ok();
        let declared =
            known.and_then(|known| known.by_name.get(&table.name).map(|t| t.relation.place.clone()));
        let mut context = context.clone();
        if declared.is_some_and(|declared| declared != table.relation.place)
            && context.certainty > Certainty::Likely
        {
            context.certainty = Certainty::Likely;
            context.why = format!("{}; the table is declared a second time for it", context.why).into();
        }
        self.name(place, table.name.clone(), columns, &context);
    }

    fn name(&mut self, place: Place, relation: QName, columns: Columns, context: &Context) {
        let (mut certainty, mut why) = (context.certainty, context.why.to_string());
        if let Some((most, reason)) = self.limit
            && certainty > most
        {
            certainty = most;
            why = format!("{why}, {reason}");
        }
        self.found.push(Use { place, relation, columns, role: context.role, certainty, why, prepared: None });
    }

    /// Reads a function of the project with these arguments, if a table is among them.
    fn enter(&mut self, closure: &Arc<Closure>, args: &[Value]) -> bool {
        let Some(table) = args.iter().find_map(table_in) else { return false };
        let key = (closure.module.path.clone(), closure.node, table.name.clone());
        if self.entered.len() > 2000 || !self.entered.insert(key) {
            return true;
        }
        let Kind::Function(function) = closure.module.kind(closure.node) else { return false };
        let env = self.eval.bound(closure, args);
        let outer = std::mem::replace(&mut self.module, closure.module.clone());
        let given = (Certainty::Likely, "for a table that is handed to this function");
        let limit = self.limit.or(limit(&closure.module.path)).unwrap_or(given);
        let limit = self.limit.replace(limit.min(given));
        for id in &function.body {
            self.walk(*id, &env, &Context::default());
        }
        self.module = outer;
        self.limit = limit;
        true
    }
}

/// A table, in an argument or in what it holds.
fn table_in(value: &Value) -> Option<Arc<Table>> {
    match value {
        Value::Table(table) => Some(table.clone()),
        Value::Column(column) => Some(column.table.clone()),
        Value::List(items) => items.iter().find_map(table_in),
        Value::Object(object) => object.entries.iter().find_map(|(_, value)| match value {
            Value::Table(table) => Some(table.clone()),
            Value::Column(column) => Some(column.table.clone()),
            _ => None,
        }),
        _ => None,
    }
}
