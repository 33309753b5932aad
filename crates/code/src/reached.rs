//! Which files a schema is made of, and what could not be read of them.

use crate::model::{Gap, Place};
use crate::module::{Decl, Export};
use crate::program::Program;
use crate::read::nowhere;
use crate::resolve::Resolved;
use std::sync::Arc;

/// The files of the schema, and all that they export or import from, as far as that was read.
pub(crate) fn reached(program: &Program<'_>, schema: &[Arc<str>]) -> Vec<Arc<str>> {
    let loaded = program.modules();
    let mut found: Vec<Arc<str>> = schema.to_vec();
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        at += 1;
        let Some(module) = loaded.iter().find(|module| module.path == path) else { continue };
        let exported = module.exports.values().filter_map(|export| match export {
            Export::From { source, .. } => Some(source),
            _ => None,
        });
        let imported = module.symbols.iter().filter_map(|symbol| match &symbol.decl {
            Decl::Import { source, .. } => Some(source),
            _ => None,
        });
        for source in module.stars.iter().chain(exported).chain(imported) {
            if let Resolved::File(path) = program.resolve(&module.path, source)
                && !found.contains(&path)
            {
                found.push(path);
            }
        }
    }
    found
}

/// Files that were wanted and could not be read whole.
pub(crate) fn unread(program: &Program<'_>, schema: &[Arc<str>]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for module in program.modules() {
        if let Some((at, why)) = &module.broken {
            let place = module.place(crate::module::Span { start: *at, end: *at });
            let in_schema = schema.contains(&module.path);
            gaps.push(Gap { place, what: format!("it does not parse: {why}"), in_schema });
        }
    }
    for path in program.too_large() {
        let in_schema = schema.contains(&path);
        let place = Place { file: path, ..nowhere() };
        gaps.push(Gap { place, what: "it is larger than a megabyte, and not read".to_owned(), in_schema });
    }
    gaps
}
