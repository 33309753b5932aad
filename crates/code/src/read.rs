//! From the files of a version to [`Code`]: the schema first, then the files that may use it.

use crate::eval::{Eval, NAMELESS, is_drizzle};
use crate::files::{asks, files_with, schema_files};
use crate::model::{Certainty, Code, Columns, Enum, Gap, Place, Relation, Role, Schema, Use};
use crate::module::{Decl, Export, Imported, Key, Kind, Module};
use crate::program::{Known, Program, is_code};
use crate::reached::{reached, unread};
use crate::resolve::Resolved;
use crate::tree::Tree;
use crate::uses::uses;
use crate::value::{Env, RelationTo, Relations, Table, Value};
use drizzle::QName;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// Files, folders and globs of the schema, from the top of the tree; empty where no config says it:
    /// then every file counts that uses Drizzle's Postgres tables.
    pub schema: &'a [String],
    /// `casing` of the config.
    pub casing: Option<&'a str>,
    /// The relations whose uses are wanted; `None` for all that are declared.
    pub interest: Option<&'a BTreeSet<QName>>,
    /// Only the schema is wanted.
    pub schema_only: bool,
}

/// Reads one version of the code.
pub fn read(tree: &dyn Tree, request: &Request<'_>) -> Code {
    // Expressions are trees, and read by recursion: a long one takes a large stack, of which only what is
    // used counts.
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(8));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
    match pool {
        Ok(pool) => pool.install(|| read_here(tree, request)),
        Err(_) => read_here(tree, request),
    }
}

/// Bytes of address space for the stack of each thread.
const STACK: usize = 512 << 20;

fn read_here(tree: &dyn Tree, request: &Request<'_>) -> Code {
    let program = Program::new(tree, request.casing);
    let mut code = Code::default();
    let files = schema_files(tree, request.schema);
    tree.prefetch(&files);
    files.par_iter().for_each(|path| {
        program.module(path);
    });
    let mut found = Found::default();
    let mut eval = Eval::new(&program);
    for path in &files {
        if let Some(module) = program.module(path) {
            declared(&mut eval, &module, &mut found);
        }
    }
    if !request.schema.is_empty() && files.is_empty() {
        let what = format!("the config's schema is {}, and no such file is there", request.schema.join(", "));
        code.gaps.push(Gap { place: nowhere(), what, in_schema: true });
    }
    code.schema = schema(&found);
    publish(&program, &found);
    if !request.schema_only {
        let names = needles(&found, request.interest);
        let (used, gaps) = all_uses(&program, &files, names, &found);
        if used.is_empty() && !files.is_empty() && !asks(tree, &files) {
            let place = Place { file: files[0].clone(), line: 1, column: 1, start: 0, end: 0 };
            let what = "no code that sends queries is in this repository".to_owned();
            code.gaps.push(Gap { place, what, in_schema: false });
        }
        code.uses = used;
        code.gaps.extend(gaps);
        if let Some(interest) = request.interest {
            code.uses.retain(|found| interest.contains(&found.relation));
        }
        code.uses.sort();
        code.uses.dedup();
    }
    code.gaps.extend(found.gaps);
    code.gaps.extend(unread(&program, &reached(&program, &files)));
    code.gaps.sort();
    code.gaps.dedup();
    code
}

/// What the files declare.
#[derive(Default)]
struct Found {
    tables: Vec<(Option<Arc<str>>, Arc<Table>)>,
    enums: Vec<(QName, Enum)>,
    relations: Vec<Arc<Relations>>,
    gaps: Vec<Gap>,
}

/// Adds what a file exports. drizzle-kit sees what is exported, and so does this.
fn declared(eval: &mut Eval<'_, '_>, module: &Arc<Module>, found: &mut Found) {
    for name in eval.export_names(module) {
        let value = eval.export(module, &name);
        if let Value::Unknown(why) = &value
            && why.starts_with(NAMELESS)
        {
            let place = module.place(crate::module::Span { start: 0, end: 0 });
            found.gaps.push(Gap { place, what: format!("`{name}` is {why}"), in_schema: true });
        }
        found.note(&name, value);
    }
    found.gaps.extend(outside(eval, module));
}

/// What a file of the schema exports out of packages: there may be tables among it.
fn outside(eval: &Eval<'_, '_>, module: &Arc<Module>) -> Vec<Gap> {
    let from = module.exports.values().filter_map(|export| match export {
        Export::From { source, .. } => Some(source),
        _ => None,
    });
    let mut packages = BTreeSet::new();
    for source in module.stars.iter().chain(from) {
        if let Resolved::External(package) = eval.program.resolve(&module.path, source)
            && !is_drizzle(&package)
        {
            packages.insert(package);
        }
    }
    let place = module.place(crate::module::Span { start: 0, end: 0 });
    let said = |package| format!("what it exports of the package `{package}` is not read");
    packages.into_iter().map(|p| Gap { place: place.clone(), what: said(p), in_schema: true }).collect()
}

impl Found {
    fn note(&mut self, name: &Arc<str>, value: Value) {
        let known = |table: &Arc<Table>| {
            let same =
                |other: &Arc<Table>| other.relation.place == table.relation.place && other.name == table.name;
            self.tables.iter().any(|(_, other)| same(other))
        };
        match value {
            Value::Table(table) if !known(&table) => self.tables.push((Some(name.clone()), table)),
            Value::Enum(declared) => self.enums.push((declared.0.clone(), declared.1.clone())),
            Value::Relations(relations) => self.relations.push(relations),
            // Tables in an object are nothing to drizzle-kit, but relations may lie so.
            Value::Object(object) => {
                let relations = object.entries.iter().filter_map(|(_, value)| match value {
                    Value::Relations(relations) => Some(relations.clone()),
                    _ => None,
                });
                self.relations.extend(relations);
            }
            _ => {}
        }
    }
}

fn schema(found: &Found) -> Schema {
    let mut schema = Schema::default();
    let mut files = BTreeSet::new();
    for (export, table) in &found.tables {
        files.insert(table.relation.place.file.clone());
        let relation = Relation { export: export.as_deref().map(str::to_owned), ..table.relation.clone() };
        schema.relations.entry(table.name.clone()).or_insert(relation);
    }
    for (name, declared) in &found.enums {
        files.insert(declared.place.file.clone());
        schema.enums.entry(name.clone()).or_insert_with(|| declared.clone());
    }
    schema.files = files.into_iter().collect();
    schema
}

/// Makes the schema known to whoever reads uses.
fn publish(program: &Program<'_>, found: &Found) {
    let Ok(mut known) = program.known.write() else { return };
    let known: &mut Known = &mut known;
    for (export, table) in &found.tables {
        if let Some(export) = export {
            known.tables.entry(export.clone()).or_insert_with(|| table.clone());
        }
        known.by_name.entry(table.name.clone()).or_insert_with(|| table.clone());
    }
    for relations in &found.relations {
        for (table, name, to) in &relations.all {
            known.relations.entry((table.clone(), name.clone())).or_insert_with(|| to.clone());
        }
    }
    // `many(posts)` says no columns: the relation back does.
    let silent: Vec<_> = known.relations.iter().filter(|(_, to)| to.columns.is_empty()).collect();
    let mut learned = Vec::new();
    for ((table, name), to) in silent {
        let back = known.relations.iter().filter(|((from, _), other)| {
            *from == to.table.name
                && other.table.name == *table
                && other.name == to.name
                && !other.columns.is_empty()
        });
        if let Some((_, back)) = back.min_by(|((_, a), _), ((_, b), _)| a.cmp(b)) {
            let columns = back.columns.clone();
            let to = RelationTo { table: to.table.clone(), columns, name: to.name.clone() };
            learned.push(((table.clone(), name.clone()), Arc::new(to)));
        }
    }
    known.relations.extend(learned);
}

/// Texts of which a file must hold one to be of interest.
fn needles(found: &Found, interest: Option<&BTreeSet<QName>>) -> BTreeSet<String> {
    let wanted = |name: &QName| interest.is_none_or(|interest| interest.contains(name));
    let mut names = BTreeSet::new();
    for (export, table) in found.tables.iter().filter(|(_, table)| wanted(&table.name)) {
        names.extend(export.as_deref().map(str::to_owned));
        names.insert(table.name.name.clone());
    }
    for relations in &found.relations {
        for (_, name, to) in &relations.all {
            if wanted(&to.table.name) {
                names.insert(name.to_string());
            }
        }
    }
    names.extend(interest.into_iter().flatten().map(|name| name.name.clone()));
    names.retain(|name| name.len() > 1);
    names
}

/// The uses in all files that may have some, second declarations of wanted tables among them.
fn all_uses(
    program: &Program<'_>,
    schema: &[Arc<str>],
    mut names: BTreeSet<String>,
    found: &Found,
) -> (Vec<Use>, Vec<Gap>) {
    let mut read: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut modules: Vec<Arc<Module>> = Vec::new();
    let mut fresh: Vec<String> = names.iter().cloned().collect();
    // A file may give a table another name: those that hold only that come in the next round.
    for _ in 0..4 {
        let texts: Vec<&str> = fresh.iter().map(String::as_str).collect();
        let left = program.tree.paths().iter().filter(|path| is_code(path) && !read.contains(*path));
        let paths = files_with(program.tree, left, &texts);
        read.extend(paths.iter().cloned());
        let parsed: Vec<Arc<Module>> = paths.par_iter().filter_map(|path| program.module(path)).collect();
        fresh = aliases(program, &parsed, found, &names);
        names.extend(fresh.iter().cloned());
        modules.extend(parsed);
        if fresh.is_empty() {
            break;
        }
    }
    relations_elsewhere(program, &modules);
    for module in &modules {
        schemas_by_hand(program, module);
    }
    let read: Vec<(Vec<Use>, Option<Gap>)> = modules.par_iter().map(|module| uses(program, module)).collect();
    let (used, gaps): (Vec<Vec<Use>>, Vec<Option<Gap>>) = read.into_iter().unzip();
    let again = modules.iter().filter(|module| !schema.contains(&module.path));
    let again = again.flat_map(|module| declared_again(program, module, found));
    (used.into_iter().flatten().chain(again).collect(), gaps.into_iter().flatten().collect())
}

/// Names under which these files export tables, other than those that are known.
fn aliases(
    program: &Program<'_>,
    modules: &[Arc<Module>],
    found: &Found,
    names: &BTreeSet<String>,
) -> Vec<String> {
    let mut eval = Eval::new(program);
    let mut fresh = BTreeSet::new();
    for module in modules {
        for name in &module.export_order {
            if **name != *"default" && !names.contains(&**name) {
                let table = matches!(eval.export(module, name), Value::Table(table)
                    if names.contains(&table.name.name)
                        && found.tables.iter().any(|(_, known)| known.name == table.name));
                if table {
                    fresh.insert(name.to_string());
                }
            }
        }
    }
    fresh.into_iter().collect()
}

/// Relations may be declared beside the schema's files.
fn relations_elsewhere(program: &Program<'_>, modules: &[Arc<Module>]) {
    let mut found = Found::default();
    let mut eval = Eval::new(program);
    for module in modules {
        for name in module.export_order.clone() {
            if let Value::Relations(relations) = eval.export(module, &name) {
                found.relations.push(relations);
            }
        }
    }
    publish(program, &found);
}

/// `drizzle(client, { schema: { people: users } })`: `db.query` knows tables by these names.
fn schemas_by_hand(program: &Program<'_>, module: &Arc<Module>) {
    let named = module.symbols.iter().any(|symbol| {
        matches!(&symbol.decl, Decl::Import { source, name: Imported::Name(name) }
            if source.starts_with("drizzle-orm/") && **name == *"drizzle")
    });
    if !named {
        return;
    }
    let mut eval = Eval::new(program);
    let mut found = Vec::new();
    for node in &module.nodes {
        let Kind::Call { args, .. } = &node.kind else { continue };
        for item in args.iter().filter(|item| matches!(module.kind(item.id), Kind::Object(_))) {
            let Kind::Object(properties) = module.kind(item.id) else { continue };
            for property in
                properties.iter().filter(|p| matches!(&p.key, Key::Name(name) if **name == *"schema"))
            {
                if let Kind::Object(_) = module.kind(property.value)
                    && let Value::Object(schema) = eval.expr(module, property.value, &Env::default())
                {
                    found.extend(
                        schema
                            .entries
                            .iter()
                            .filter_map(|(key, value)| Some((key.clone(), value.table()?.clone()))),
                    );
                }
            }
        }
    }
    if let Ok(mut known) = program.known.write() {
        for (key, table) in found {
            known.tables.entry(key).or_insert(table);
        }
    }
}

/// Tables that are declared outside of the schema's files: another app of the repository has its own
/// idea of them.
fn declared_again(program: &Program<'_>, module: &Arc<Module>, found: &Found) -> Vec<Use> {
    let mut eval = Eval::new(program);
    let mut uses = Vec::new();
    for name in module.export_order.clone() {
        let Value::Table(table) = eval.export(module, &name) else { continue };
        let place = &table.relation.place;
        let here = place.file == module.path;
        if !here || found.tables.iter().any(|(_, known)| known.relation.place == *place) {
            continue;
        }
        let one = |columns: Columns, place: &Place| Use {
            place: place.clone(),
            relation: table.name.clone(),
            columns,
            role: Role::Named,
            certainty: Certainty::Likely,
            why: "declared outside of the files that the config names as the schema".to_owned(),
            prepared: None,
        };
        uses.push(one(Columns::None, place));
        uses.extend(table.relation.columns.iter().map(|c| one(Columns::One(c.name.clone()), &c.place)));
    }
    uses
}

pub(crate) fn nowhere() -> Place {
    Place { file: "".into(), start: 0, end: 0, line: 1, column: 1 }
}
