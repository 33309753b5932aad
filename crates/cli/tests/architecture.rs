//! Which crate may know which, and what none of them may do: ARCHITECTURE.md as a test.

#![allow(clippy::disallowed_methods, reason = "the test reads the sources of this repository")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may see.
const ALLOWED: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("sql", &["source"]),
    ("catalog", &["source", "sql"]),
    ("drizzle", &["source"]),
    ("deploy", &["source"]),
    ("code", &["source", "sql", "drizzle"]),
    ("facts", &["source", "sql", "catalog", "drizzle", "code"]),
    ("linter", &["source", "sql", "catalog", "drizzle", "code", "deploy", "facts"]),
    ("plan", &["source", "sql", "catalog", "drizzle", "facts", "linter"]),
    ("watch", &["source"]),
    ("report", &["source", "sql", "catalog", "drizzle", "code", "facts", "plan", "watch"]),
    ("pg", &["source", "sql", "catalog", "facts"]),
    ("runner", &["source", "sql", "catalog", "drizzle", "facts", "plan", "pg", "watch"]),
    ("verify", &["source", "sql", "catalog", "drizzle", "facts", "pg", "runner"]),
    ("settings", &["source"]),
    ("lsp", &["source"]),
    ("git", &[]),
    (
        "cli",
        &[
            "source", "sql", "catalog", "drizzle", "code", "deploy", "facts", "linter", "lsp", "report",
            "plan", "settings", "git", "pg", "runner", "verify", "watch",
        ],
    ),
];

/// The crates that may touch files, processes and the environment.
const EDGE: &[&str] = &["git", "pg", "runner", "verify", "cli"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn crates() -> BTreeMap<String, PathBuf> {
    let dirs = std::fs::read_dir(root().join("crates")).expect("crates/ is there");
    let dirs = dirs
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.join("Cargo.toml").exists());
    dirs.map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), path)).collect()
}

/// The names in the `[dependencies]` of a manifest; those of tests are left out.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table == "dependencies" || table == "build-dependencies" || table.starts_with("target.");
            found.extend(table.strip_prefix("dependencies.").map(str::to_owned));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            found.insert(name.trim_matches('"').to_owned());
        }
    }
    found
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("the folder can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn crates_depend_only_on_what_lies_before_them() {
    let rooms: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for (name, path) in crates() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(room, _)| *room == name) else {
            panic!("crate `{name}` is new: give it its place in ARCHITECTURE.md and in this list");
        };
        let manifest = std::fs::read_to_string(path.join("Cargo.toml")).expect("it is there");
        for dependency in dependencies(&manifest) {
            let room = dependency.trim_start_matches("brolly-");
            if rooms.contains(room) {
                assert!(allowed.contains(&room), "crate `{name}` must not depend on `{room}`");
            }
        }
    }
}

#[test]
fn heavy_libraries_stay_in_their_rooms() {
    for (library, rooms) in [
        ("pg_raw_parse", ["sql"].as_slice()),
        ("oxc_parser", ["drizzle", "code"].as_slice()),
        ("annotate-snippets", &["report"]),
        ("clap", &["cli"]),
        ("saphyr-parser", &["deploy"]),
        ("schemars", &["source", "facts", "code", "plan", "report", "runner", "settings", "watch"]),
        ("lsp-server", &["lsp"]),
        ("lsp-types", &["lsp"]),
        ("imbl", &["catalog"]),
    ] {
        for (name, path) in crates() {
            let manifest = std::fs::read_to_string(path.join("Cargo.toml")).expect("it is there");
            let has = dependencies(&manifest).contains(library);
            let may = rooms.contains(&name.as_str());
            assert_eq!(has, may, "`{library}` belongs to {rooms:?}; look at `{name}`");
        }
    }
}

/// The parser's types are an affair of crate `sql`: nothing public names them.
#[test]
fn the_parser_does_not_leak_from_sql() {
    let mut files = Vec::new();
    sources(&root().join("crates/sql/src"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it is there");
        for line in text.lines().map(str::trim) {
            let public = line.starts_with("pub ") && !line.starts_with("pub mod ");
            assert!(!(public && line.contains("pg_raw_parse")), "{}: {line}", file.display());
        }
    }
}

/// Lints can be allowed away; these names in the core would be noticed here even so.
#[test]
fn the_core_touches_nothing_outside() {
    let banned =
        ["std::fs", "std::env::", "std::net", "std::process", "SystemTime::now", "println!", "eprintln!"];
    for (name, path) in crates() {
        if EDGE.contains(&name.as_str()) {
            continue;
        }
        let mut files = Vec::new();
        sources(&path.join("src"), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).expect("it is there");
            // Tests come last in a file, and may read their cases.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in code.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
                let found = banned.iter().find(|name| line.contains(**name));
                assert!(found.is_none(), "{} is of the core, but: {line}", file.display());
            }
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (_, path) in crates() {
        let mut files = Vec::new();
        sources(&path.join("src"), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).expect("it is there");
            assert!(text.starts_with("//!"), "{} does not begin with //!", file.display());
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code.lines().count();
            assert!(lines <= 1000, "{} has {lines} lines: split it", file.display());
            let fences = code.lines().filter_map(|line| line.trim().strip_prefix("//")?.split_once("```"));
            let mut opening = fences.step_by(2);
            // `bin/test` runs none: each crate would be built once more for them.
            let example = opening.find(|(_, language)| matches!(*language, "" | "rust" | "no_run"));
            assert!(
                example.is_none(),
                "{} has an example in its documentation: make it a test",
                file.display()
            );
        }
    }
}
