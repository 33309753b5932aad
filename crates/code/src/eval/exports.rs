//! What a file exports, itself or again from others, and what imports are.

use super::{DEPTH, Eval, api, is_drizzle};
use crate::module::{Export, Imported, Module};
use crate::resolve::Resolved;
use crate::value::{Env, Value};
use std::collections::HashSet;
use std::sync::Arc;

impl Eval<'_, '_> {
    /// What an import is.
    pub fn import(&mut self, module: &Arc<Module>, source: &str, name: &Imported) -> Value {
        match self.program.resolve(&module.path, source) {
            Resolved::File(path) => match self.program.module(&path) {
                Some(target) => match name {
                    Imported::All => Value::Module(target),
                    Imported::Default => self.export(&target, "default"),
                    Imported::Name(name) => self.export(&target, name),
                },
                None => Value::unknown(format!("`{path}` can't be read")),
            },
            Resolved::External(package) => match name {
                Imported::All => Value::Package(package.into()),
                Imported::Default => api(&package, "default"),
                Imported::Name(name) => api(&package, name),
            },
            Resolved::Missing(why) => Value::unknown(format!("`{source}` is not found: {why}")),
        }
    }

    /// What a file exports under a name.
    pub fn export(&mut self, module: &Arc<Module>, name: &str) -> Value {
        self.depth += 1;
        let value = if self.depth >= DEPTH {
            Value::unknown("re-exports in a circle")
        } else {
            match module.exports.get(name) {
                Some(Export::Local(sym)) => self.symbol(module, *sym, &Env::default()),
                Some(Export::Value(id)) => self.expr(module, *id, &Env::default()),
                Some(Export::From { source, name }) => self.import(module, source, name),
                None => self.starred(module, name),
            }
        };
        self.depth -= 1;
        value
    }

    fn starred(&mut self, module: &Arc<Module>, name: &str) -> Value {
        let missing = Value::unknown(format!("`{}` exports no `{name}`", module.path));
        if name == "default" {
            return missing;
        }
        if let Some(target) = self.exporter(module, name) {
            return self.export(&target, name);
        }
        // What Drizzle's own packages export may be handed on as a whole.
        let outside =
            module.stars.iter().find_map(|source| match self.program.resolve(&module.path, source) {
                Resolved::External(package) if is_drizzle(&package) => Some(api(&package, name)),
                _ => None,
            });
        outside.unwrap_or(missing)
    }

    /// The file that has a name of its own among those whose everything is exported again.
    fn exporter(&self, module: &Arc<Module>, name: &str) -> Option<Arc<Module>> {
        let key = (module.path.clone(), name.into());
        if let Some(known) = self.program.exporters.read().ok().and_then(|known| known.get(&key).cloned()) {
            return known;
        }
        let mut seen = HashSet::from([module.path.clone()]);
        let mut waiting = vec![module.clone()];
        let mut found = None;
        while let Some(next) = waiting.pop() {
            if next.path != module.path && next.exports.contains_key(name) {
                found = Some(next);
                break;
            }
            for source in next.stars.iter().rev() {
                if let Resolved::File(path) = self.program.resolve(&next.path, source)
                    && seen.insert(path.clone())
                {
                    waiting.extend(self.program.module(&path));
                }
            }
        }
        if let Ok(mut known) = self.program.exporters.write() {
            known.insert(key, found.clone());
        }
        found
    }

    /// All names that a file exports, its own first.
    pub fn export_names(&self, module: &Arc<Module>) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut seen = vec![module.path.clone()];
        let mut waiting = vec![module.clone()];
        while let Some(module) = waiting.pop() {
            for name in &module.export_order {
                if !names.iter().any(|known| **known == **name) {
                    names.push((&**name).into());
                }
            }
            for source in module.stars.iter().rev() {
                if let Resolved::File(path) = self.program.resolve(&module.path, source)
                    && !seen.contains(&path)
                    && let Some(target) = self.program.module(&path)
                {
                    seen.push(path);
                    waiting.push(target);
                }
            }
        }
        names
    }
}
