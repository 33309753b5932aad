//! The files of a version as a program: modules are read when they are asked for, names are followed
//! through imports and re-exports.

use crate::module::{Module, Sym, lower};
use crate::resolve::{Resolved, Resolver};
use crate::tree::Tree;
use crate::value::{RelationTo, Table, Value};
use drizzle::QName;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

/// What is shared by all that read a version.
pub(crate) struct Program<'t> {
    pub tree: &'t dyn Tree,
    resolver: Resolver<'t>,
    modules: RwLock<HashMap<Arc<str>, Option<Arc<Module>>>>,
    /// Values of names at the top of files.
    values: RwLock<HashMap<(Arc<str>, Sym), Value>>,
    /// Which file has a name that another exports again with all of its names.
    pub exporters: RwLock<Exporters>,
    /// Drizzle 1, whose queries differ in places.
    pub v1: bool,
    /// `casing` of the config.
    pub casing: Option<Arc<str>>,
    /// Tables by the name they are exported with, relations by table: filled once the schema is read.
    pub known: RwLock<Known>,
}

/// Which file has a name, by the file that was asked and the name.
type Exporters = HashMap<(Arc<str>, Box<str>), Option<Arc<Module>>>;

/// What is known of the schema once it is read.
#[derive(Default)]
pub(crate) struct Known {
    /// Tables by the name that they are exported with.
    pub tables: HashMap<Arc<str>, Arc<Table>>,
    /// Tables by their name in the database.
    pub by_name: BTreeMap<QName, Arc<Table>>,
    /// Where relations lead, by table and name.
    pub relations: HashMap<(QName, Arc<str>), Arc<RelationTo>>,
}

/// Larger files are made by programs; nobody writes queries in them.
const LARGEST: usize = 1 << 20;

impl<'t> Program<'t> {
    pub fn new(tree: &'t dyn Tree, casing: Option<&str>) -> Program<'t> {
        Program {
            tree,
            resolver: Resolver::new(tree),
            modules: RwLock::default(),
            values: RwLock::default(),
            exporters: RwLock::default(),
            v1: is_v1(tree),
            casing: casing.map(Into::into),
            known: RwLock::default(),
        }
    }

    /// The module at a path of the tree.
    pub fn module(&self, path: &Arc<str>) -> Option<Arc<Module>> {
        if let Some(known) = self.modules.read().ok().and_then(|modules| modules.get(path).cloned()) {
            return known;
        }
        let text = self.tree.read(path).filter(|text| is_code(path) && text.len() <= LARGEST);
        let module = text.map(|text| Arc::new(lower(path, &text)));
        if let Ok(mut modules) = self.modules.write() {
            modules.entry(path.clone()).or_insert(module).clone()
        } else {
            module
        }
    }

    /// What an import in a file means.
    pub fn resolve(&self, from: &str, specifier: &str) -> Resolved {
        self.resolver.resolve(from, specifier)
    }

    pub fn remembered(&self, module: &Arc<str>, sym: Sym) -> Option<Value> {
        self.values.read().ok()?.get(&(module.clone(), sym)).cloned()
    }

    pub fn remember(&self, module: &Arc<str>, sym: Sym, value: &Value) {
        if let Ok(mut values) = self.values.write() {
            values.insert((module.clone(), sym), value.clone());
        }
    }

    /// Files that were asked for and are too large to be somebody's work.
    pub fn too_large(&self) -> Vec<Arc<str>> {
        let modules = self.modules.read().ok();
        let missing =
            modules.iter().flat_map(|modules| modules.iter()).filter(|(_, module)| module.is_none());
        let large = missing.filter(|(path, _)| self.tree.read(path).is_some_and(|text| text.len() > LARGEST));
        large.map(|(path, _)| path.clone()).collect()
    }

    /// All modules that were read so far.
    pub fn modules(&self) -> Vec<Arc<Module>> {
        let modules = self.modules.read().ok();
        let mut all: Vec<Arc<Module>> =
            modules.iter().flat_map(|modules| modules.values().flatten().cloned()).collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }
}

/// TypeScript and JavaScript, declarations of types left out.
pub(crate) fn is_code(path: &str) -> bool {
    let ends = |end: &str| path.ends_with(end);
    [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"].iter().any(|end| ends(end))
        && ![".d.ts", ".d.mts", ".d.cts", ".min.js"].iter().any(|end| ends(end))
}

/// Whether a manifest of the tree asks for Drizzle 1.
fn is_v1(tree: &dyn Tree) -> bool {
    let manifests = tree.paths().iter().filter(|path| path.ends_with("package.json"));
    manifests.filter_map(|path| tree.read(path)).any(|text| {
        let Some((_, rest)) = text.split_once("\"drizzle-orm\"") else { return false };
        let version = rest.trim_start_matches([':', ' ', '"', '^', '~', '=', '>']);
        version.starts_with("1.")
    })
}
