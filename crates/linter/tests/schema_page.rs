//! Runs the blocks of `schema-without-migration.md`: each is a schema in TypeScript of the kind `unsafe`,
//! `safer` or `safe`, held against that of the block `snapshot`.
//!
//! A line of `//` with carets marks a finding on the last line of code above, and is no part of the file. Those that are
//! marked are all that there are.

use code::{Code, MemoryTree, Request};
use drizzle::Snapshot;
use facts::{App, CodeVersion, schema_differences};
use linter::{RULES, schema_without_migration};
use std::sync::Arc;

const RULE: &str = "schema-without-migration";
const PATH: &str = "src/schema.ts";

#[test]
fn the_page() {
    let rule = RULES.iter().find(|rule| rule.meta.name == RULE).expect("the rule");
    let mut snapshot = None;
    let mut kinds = Vec::new();
    for part in rule.page.split("\n```ts ").skip(1) {
        let (kind, rest) = part.split_once('\n').expect("a line");
        let (text, marks) = without_marks(rest.split("\n```").next().expect("the block"));
        let (code, tree) = read(&text);
        if kind == "snapshot" {
            snapshot = Some(as_snapshot(&code));
            continue;
        }
        kinds.push(kind);
        let snapshot = snapshot.as_ref().expect("the snapshot comes first");
        let app = App::of_code(&code, None, CodeVersion::default(), Arc::new(tree));
        let found = schema_differences(&code, snapshot);
        let found = schema_without_migration(&found, app.code.as_ref().expect("code"), "0007_x");
        let mut places: Vec<(u32, u32)> = found
            .iter()
            .map(|one| one.primary.file.position(one.primary.span.start))
            .map(|at| (at.line, at.column))
            .collect();
        places.sort_unstable();
        let said: Vec<&str> = found.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(places, marks, "{kind}: {said:#?}");
        assert_eq!(kind == "unsafe", !marks.is_empty());
        assert!(found.iter().all(|one| !one.why.is_empty() && !one.remedy.text.is_empty()));
    }
    assert_eq!(kinds, ["unsafe", "safer", "safe"]);
}

fn without_marks(block: &str) -> (String, Vec<(u32, u32)>) {
    let (mut text, mut marks, mut line) = (String::new(), Vec::new(), 0);
    for one in block.lines() {
        match one.find('^').filter(|_| one.ends_with(RULE)) {
            // The two slashes stand where a first column's name does.
            Some(column) => marks.push((line, column as u32 + 1)),
            None => {
                text.extend([one, "\n"]);
                line += 1;
            }
        }
    }
    marks.sort_unstable();
    (text, marks)
}

fn read(text: &str) -> (Code, MemoryTree) {
    let tree = MemoryTree::new([(PATH, text)]);
    let schema = [PATH.to_owned()];
    let request = Request { schema: &schema, schema_only: true, ..Request::default() };
    (code::read(&tree, &request), tree)
}

/// The snapshot that drizzle-kit would make of it.
fn as_snapshot(code: &Code) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (name, relation) in &code.schema.relations {
        let column = |column: &code::Column| drizzle::Column {
            name: column.name.clone(),
            sql_type: column.sql_type.clone().expect("a type"),
            not_null: column.not_null,
            ..drizzle::Column::default()
        };
        let columns = relation.columns.iter().map(column).collect();
        snapshot.tables.insert(name.clone(), drizzle::Table { columns, ..drizzle::Table::default() });
    }
    for (name, declared) in &code.schema.enums {
        snapshot.enums.insert(name.clone(), declared.values.clone().expect("values"));
    }
    snapshot
}
