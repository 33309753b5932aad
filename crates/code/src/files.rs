//! Which files of a tree are of interest: those that a config names, those that hold a word.

use crate::program::is_code;
use crate::tree::Tree;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Files that the config names as the schema.
pub(crate) fn schema_files(tree: &dyn Tree, entries: &[String]) -> Vec<Arc<str>> {
    if entries.is_empty() {
        return files_with(tree, tree.paths().iter().filter(|path| is_code(path)), &["pg-core"]);
    }
    let mut found = BTreeSet::new();
    for entry in entries {
        let entry = entry.trim_start_matches("./").trim_end_matches('/');
        let direct = named(tree, entry);
        // Where the config names what a build makes, its sources are what git has.
        let sources = || sources_of(entry).into_iter().map(|entry| named(tree, &entry));
        let files = if direct.is_empty() { sources().find(|files| !files.is_empty()) } else { Some(direct) };
        found.extend(files.into_iter().flatten());
    }
    found.into_iter().collect()
}

/// A file, the files directly in a folder, or those that a glob fits.
fn named(tree: &dyn Tree, entry: &str) -> Vec<Arc<str>> {
    let glob = entry.contains(['*', '?', '{', '[']);
    let folder = format!("{entry}/");
    let fits = |path: &&Arc<str>| {
        let direct = path.strip_prefix(folder.as_str()).is_some_and(|rest| !rest.contains('/'));
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        // A glob may name folders too: the files directly in them count.
        let fits = |text: &str| glob && fast_glob::glob_match(entry, text.as_bytes());
        ***path == *entry || direct || fits(path) || fits(folder)
    };
    tree.paths().iter().filter(|path| is_code(path)).filter(fits).cloned().collect()
}

/// Where the sources of a path in a build's output may lie.
fn sources_of(entry: &str) -> Vec<String> {
    let segments: Vec<&str> = entry.split('/').collect();
    let Some(at) = segments.iter().position(|part| matches!(*part, "dist" | "build" | "lib" | "out")) else {
        return Vec::new();
    };
    let with = |part: Option<&str>| {
        let parts: Vec<&str> =
            segments[..at].iter().copied().chain(part).chain(segments[at + 1..].iter().copied()).collect();
        let path = parts.join("/");
        path.strip_suffix(".js").map(|stem| format!("{stem}.ts")).unwrap_or(path)
    };
    vec![with(None), with(Some("src"))]
}

/// Those of the files that hold one of the texts.
pub(crate) fn files_with<'p>(
    tree: &dyn Tree,
    paths: impl Iterator<Item = &'p Arc<str>>,
    texts: &[&str],
) -> Vec<Arc<str>> {
    let paths: Vec<Arc<str>> = paths.cloned().collect();
    tree.prefetch(&paths);
    let finders: Vec<memchr::memmem::Finder<'_>> =
        texts.iter().map(|text| memchr::memmem::Finder::new(*text)).collect();
    let holds = |path: &&Arc<str>| {
        tree.read(path)
            .is_some_and(|text| finders.iter().any(|finder| finder.find(text.as_bytes()).is_some()))
    };
    paths.par_iter().filter(holds).cloned().collect()
}

/// Whether any code beside the schema looks as if it sent queries. Where none does, it lies in another
/// repository, and what it asks is not known.
pub(crate) fn asks(tree: &dyn Tree, schema: &[Arc<str>]) -> bool {
    const CALLS: &[&str] =
        &[".select(", ".insert(", ".update(", ".delete(", ".query.", ".execute(", ".$count(", "sql`"];
    let beside = tree.paths().iter().filter(|path| is_code(path) && !schema.contains(path));
    !files_with(tree, beside, CALLS).is_empty()
}
