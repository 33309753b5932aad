//! The projects in `tests/uses`: each line says at its end which uses begin there, and how sure they are.
//! All marks must be found, and nothing may be called certain that is not marked so.

#![allow(clippy::disallowed_methods, reason = "the test reads the projects of this folder")]

use code::{Certainty, Code, Columns, MemoryTree, Request, Role, Use};
use drizzle::{MemoryFiles, QName};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Line = (String, u32);

#[test]
fn uses_in_the_stable_line() {
    check("stable", 150);
}

#[test]
fn uses_in_v1() {
    check("v1", 20);
}

#[test]
fn uses_where_names_are_made_of_keys() {
    check("casing", 5);
}

/// Compares marks and findings; `marks` is the least number of marks there must be.
fn check(project: &str, marks: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/uses").join(project);
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    let expected = marked(&files);
    for (_, text) in &mut files {
        *text = without_marks(text);
    }
    let code = code_of(&files);
    let count: usize = expected.values().map(BTreeSet::len).sum();
    assert!(count >= marks, "only {count} marks in {project}");
    let mut found: BTreeMap<Line, BTreeSet<String>> = BTreeMap::new();
    for one in &code.uses {
        let line = (one.place.file.to_string(), one.place.line);
        found.entry(line).or_default().extend(spelled(one, &code));
    }
    let mut wrong = Vec::new();
    for (line, marks) in &expected {
        let here = found.get(line).cloned().unwrap_or_default();
        for mark in marks.iter().filter(|mark| !expanded(mark, &code).is_subset(&here)) {
            wrong.push(format!("{}:{}: not found: {mark}\n    found: {here:?}", line.0, line.1));
        }
    }
    for (line, here) in &found {
        let marks = expected.get(line).into_iter().flatten().flat_map(|mark| expanded(mark, &code));
        let marks: BTreeSet<String> = marks.collect();
        for one in here.difference(&marks).filter(|one| one.starts_with("certain")) {
            let target = one.rsplit(' ').next().unwrap_or_default();
            // A table without columns need not be marked, nor a column's second role on its line.
            let second =
                marks.iter().any(|mark| mark.starts_with("certain") && mark.ends_with(&format!(" {target}")));
            if target.contains('.') && target != "auth.sessions" && !second {
                wrong.push(format!("{}:{}: not marked: {one}", line.0, line.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} marks:\n{}", wrong.len(), wrong.join("\n"));
}

fn code_of(files: &[(String, String)]) -> Code {
    let tree = MemoryTree::new(files.iter().map(|(path, text)| (path, text)));
    let disk = MemoryFiles::new(files.iter().map(|(path, text)| (path.clone(), text.clone())));
    let (config, _) = drizzle::read_config(&disk, "drizzle.config.ts");
    let schema = config.schema.value().cloned().unwrap_or_default();
    let request = Request { schema: &schema, casing: config.casing.as_deref(), ..Request::default() };
    code::read(&tree, &request)
}

/// `//~ certain select users.*; likely filter users.email`
fn marked(files: &[(String, String)]) -> BTreeMap<Line, BTreeSet<String>> {
    let mut marks: BTreeMap<Line, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files {
        for (number, line) in text.lines().enumerate() {
            let Some((_, said)) = line.split_once("//~ ").or_else(|| line.split_once("{/*~ ")) else {
                continue;
            };
            let said = said.trim_end().trim_end_matches("*/}");
            let number = u32::try_from(number + 1).expect("a short file");
            let all = said.split(';').map(|mark| mark.trim().to_owned()).filter(|mark| !mark.is_empty());
            marks.entry((path.clone(), number)).or_default().extend(all);
        }
    }
    marks
}

/// The same places, without what the marks say.
fn without_marks(text: &str) -> String {
    let mut blank = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.find("//~ ").or_else(|| line.find("{/*~ ")).or_else(|| line.find("-- //~")) {
            Some(at) => {
                blank.push_str(&line[..at]);
                blank.extend(line[at..].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            }
            None => blank.push_str(line),
        }
    }
    blank
}

/// A mark, one for each column that it stands for.
fn expanded(mark: &str, code: &Code) -> BTreeSet<String> {
    let (words, left) = mark.split_once(" - ").unwrap_or((mark, ""));
    let Some((begin, target)) = words.rsplit_once(' ') else { return BTreeSet::from([mark.to_owned()]) };
    let Some(table) = target.strip_suffix(".*") else { return BTreeSet::from([mark.to_owned()]) };
    let left: Vec<&str> = left.split(',').map(str::trim).collect();
    let (schema, bare) = table.split_once('.').unwrap_or(("", table));
    let relation = code.schema.relation(&QName::new(schema, bare));
    let columns = relation.into_iter().flat_map(|relation| &relation.columns);
    // Whether an insert lists generated columns is one of the differences between the lines.
    let listed = columns.filter(|column| !(begin.contains(" insert") && column.generated));
    let names =
        listed.filter(|column| !left.contains(&column.name.as_str())).map(|column| column.name.clone());
    names.map(|name| format!("{begin} {table}.{name}")).collect()
}

fn spelled(one: &Use, code: &Code) -> BTreeSet<String> {
    let certainty = match one.certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    };
    let role = match one.role {
        Role::Select => "select",
        Role::Filter => "filter",
        Role::Insert => "insert",
        Role::Update => "update",
        Role::Delete => "delete",
        Role::Returning => "returning",
        Role::Conflict => "conflict",
        Role::Named => "named",
        Role::Type => "type",
    };
    let relation = name(&one.relation);
    let target = match &one.columns {
        Columns::None => relation,
        Columns::One(column) => format!("{relation}.{column}"),
        Columns::All => format!("{relation}.*"),
        Columns::AllBut(left) => format!("{relation}.* - {}", left.join(", ")),
    };
    expanded(&format!("{certainty} {role} {target}"), code)
}

fn name(name: &QName) -> String {
    if name.schema == "public" { name.name.clone() } else { name.to_string() }
}

fn collect(dir: &Path, root: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("node_modules") {
                collect(&path, root, files);
            }
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let path =
                path.strip_prefix(root).expect("below the project").to_string_lossy().replace('\\', "/");
            files.push((path, text));
        }
    }
}
