//! Files for tests: the fixtures of this crate, read into memory.
#![allow(clippy::disallowed_methods, dead_code)]

use drizzle::MemoryFiles;
use source::Diagnostic;
use std::path::Path;

/// A fixture folder in memory, under its own name.
pub fn fixture(name: &str) -> MemoryFiles {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files = MemoryFiles::default();
    add(&root, &root.join(name), &mut files);
    files
}

fn add(root: &Path, dir: &Path, files: &mut MemoryFiles) {
    for entry in std::fs::read_dir(dir).expect("the fixture exists").flatten() {
        let path = entry.path();
        if path.is_dir() {
            add(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            files.insert(&name, std::fs::read(&path).expect("a readable fixture"));
        }
    }
}

/// A diagnostic as one line: rule, severity, place, text at the place, migration, and what.
pub fn line(diagnostic: &Diagnostic) -> String {
    let file = &diagnostic.primary.file;
    let place = file.position(diagnostic.primary.span.start);
    format!(
        "{} {:?} {}:{}:{} [{}] ({}) {}",
        diagnostic.rule,
        diagnostic.severity,
        file.path,
        place.line,
        place.column,
        diagnostic.primary.span.of(&file.text),
        diagnostic.migration.as_deref().unwrap_or("-"),
        diagnostic.what
    )
}

/// Asserts the lines of the diagnostics, and that each says why and what to do.
pub fn expect(diagnostics: &[Diagnostic], lines: &[&str]) {
    let found: Vec<String> = diagnostics.iter().map(line).collect();
    assert_eq!(found, lines);
    for diagnostic in diagnostics {
        assert!(!diagnostic.why.is_empty(), "no why: {}", diagnostic.what);
        assert!(!diagnostic.remedy.text.is_empty(), "no remedy: {}", diagnostic.what);
        assert!(drizzle::rules::ALL.iter().any(|rule| rule.name == diagnostic.rule));
    }
}
