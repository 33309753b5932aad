//! Whatever a repository holds, reading it ends, and says what it could not read.

use code::{Certainty, Code, MemoryTree, Request};
use drizzle::QName;
use proptest::prelude::*;
use std::time::{Duration, Instant};

const SCHEMA: &str = r#"import { integer, pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { id: integer("id").primaryKey(), email: text("email").notNull() });
"#;
const APP: &str = r#"import { users } from "./schema";
export const all = (db: any) => db.select().from(users);
"#;

fn read(files: &[(&str, &str)]) -> Code {
    let tree = MemoryTree::new(files.iter().copied());
    let schema = ["schema.ts".to_owned()];
    code::read(&tree, &Request { schema: &schema, ..Request::default() })
}

fn certain(code: &Code, file: &str) -> usize {
    code.uses.iter().filter(|one| &*one.place.file == file && one.certainty == Certainty::Certain).count()
}

fn users() -> QName {
    QName::new("", "users")
}

#[test]
fn a_file_that_does_not_parse_is_said_and_the_rest_is_read() {
    let code = read(&[
        ("schema.ts", SCHEMA),
        ("broken.ts", "import { users } from './schema'; const = users.email ((("),
        ("app.ts", APP),
    ]);
    assert_eq!(certain(&code, "app.ts"), 1);
    let gap = code.gaps.iter().find(|gap| &*gap.place.file == "broken.ts").expect("it is said");
    assert!(gap.what.contains("does not parse") && !gap.in_schema, "{gap:?}");
}

#[test]
fn a_schema_that_does_not_parse_is_a_gap_in_the_schema() {
    let code = read(&[("schema.ts", "export const users = pgTable('users', {"), ("app.ts", APP)]);
    assert!(code.gaps.iter().any(|gap| gap.in_schema), "{:?}", code.gaps);
}

#[test]
fn a_broken_file_behind_a_barrel_is_a_gap_in_the_schema() {
    let code = read(&[
        ("schema.ts", "export * from './users'; export * from './posts';"),
        ("users.ts", SCHEMA),
        ("posts.ts", "export const posts = (( ;"),
    ]);
    assert!(code.schema.relation(&users()).is_some());
    assert!(code.gaps.iter().any(|gap| gap.in_schema && &*gap.place.file == "posts.ts"), "{:?}", code.gaps);
}

#[test]
fn a_schema_that_is_not_there_is_a_gap_in_the_schema() {
    let code = read(&[("app.ts", APP)]);
    assert!(code.gaps.iter().any(|gap| gap.in_schema && gap.what.contains("schema.ts")), "{:?}", code.gaps);
}

#[test]
fn columns_that_cannot_be_told_leave_the_table_open() {
    for spread in ["...made(3)", "[name()]: text('x')", "...unknown", "note: thing()"] {
        let schema = format!(
            "import {{ integer, pgTable, text }} from 'drizzle-orm/pg-core';\n\
             export const users = pgTable('users', {{ id: integer('id'), {spread} }});"
        );
        let code = read(&[("schema.ts", &schema)]);
        let relation = code.schema.relation(&users()).expect("the table is there");
        assert!(relation.open.is_some(), "{spread}");
        assert!(relation.column("id").is_some(), "{spread}");
    }
}

#[test]
fn a_table_without_a_name_that_can_be_told_is_a_gap() {
    let schema = "import { pgTable } from 'drizzle-orm/pg-core';\n\
                  export const users = pgTable(process.env.PREFIX + 'users', {});";
    let code = read(&[("schema.ts", schema)]);
    assert!(code.gaps.iter().any(|gap| gap.in_schema && gap.what.contains("users")), "{:?}", code.gaps);
}

#[test]
fn generated_megabytes_are_left_alone() {
    let mut large = String::from("import { users } from './schema';\n");
    while large.len() < 3 << 20 {
        large
            .push_str("export const a = [users.email, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];\n");
    }
    let started = Instant::now();
    let code = read(&[("schema.ts", SCHEMA), ("generated.ts", &large), ("app.ts", APP)]);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(certain(&code, "app.ts"), 1);
    assert!(code.gaps.iter().any(|gap| &*gap.place.file == "generated.ts"), "{:?}", code.gaps);
}

#[test]
fn imports_in_a_circle_end() {
    let code = read(&[
        ("schema.ts", "export * from './users'; export * from './posts';"),
        (
            "users.ts",
            "import { integer, pgTable } from 'drizzle-orm/pg-core'; import { posts } from './schema';\n\
             export const users = pgTable('users', { id: integer('id').references(() => posts.id) });",
        ),
        (
            "posts.ts",
            "import { integer, pgTable } from 'drizzle-orm/pg-core'; import { users } from './schema';\n\
             export const posts = pgTable('posts', { id: integer('id').references(() => users.id) });",
        ),
        ("a.ts", "export * from './b'; import { x } from './b'; export const y = x;"),
        (
            "b.ts",
            "export * from './a'; import { y } from './a'; export const x = y; export { users } from './schema';",
        ),
        (
            "app.ts",
            "import { users, y } from './a'; export const all = (db: any) => db.select().from(users);",
        ),
        ("self.ts", "const users = users; export { users }; export const f = () => f();"),
    ]);
    assert_eq!(code.schema.relations.len(), 2);
    assert_eq!(certain(&code, "app.ts"), 1, "{:?}", code.uses);
}

#[test]
fn functions_that_call_each_other_end() {
    let schema = "import { integer, pgTable } from 'drizzle-orm/pg-core';\n\
        const a = (n) => ({ ...b(n), ...b(n) }); const b = (n) => ({ ...a(n), ...a(n) });\n\
        const wide = () => [1, 2, 3].map(() => [1, 2, 3].map(() => [1, 2, 3].map(() => wide())));\n\
        export const users = pgTable('users', { id: integer('id'), ...a(1), ...wide() });";
    let started = Instant::now();
    let code = read(&[("schema.ts", schema)]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(code.schema.relation(&users()).is_some_and(|users| users.open.is_some()));
}

#[test]
fn an_object_that_asks_for_its_own_parts_ends() {
    let asks = "ctx['a'].get(name); ctx[name].set(name, users.email); ".repeat(30);
    let app = format!(
        "import {{ users }} from './schema';\nconst ctx: any = {{ load: (name: string) => {{ {asks} return ctx[name]; }} }};\n\
         const list: any = [list[0], list[n], list[m], users];\n\
         export const q = (db: any, n: any) => db.select().from(ctx[n] ?? users).where(list[n], ctx, list);"
    );
    let started = Instant::now();
    let code = read(&[("schema.ts", SCHEMA), ("loop.ts", &app), ("app.ts", APP)]);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(certain(&code, "app.ts"), 1);
}

#[test]
fn committed_output_of_a_package_is_read_by_its_source() {
    let manifest = r#"{ "name": "@x/database", "main": "dist/index.js", "types": "dist/index.d.ts",
        "exports": { ".": { "types": "./dist/index.d.ts", "default": "./dist/index.js" } } }"#;
    let tree = MemoryTree::new([
        ("package.json", r#"{ "workspaces": ["packages/*"] }"#),
        ("packages/database/package.json", manifest),
        ("packages/database/dist/index.js", "__exportStar(require('./schema'), exports);"),
        ("packages/database/dist/index.d.ts", "export * from './schema';"),
        ("packages/database/src/index.ts", "export * from './schema';"),
        ("packages/database/src/schema.ts", SCHEMA),
        (
            "web/app.ts",
            "import { users } from '@x/database'; export const all = (db: any) => db.select().from(users);",
        ),
    ]);
    let schema = ["packages/database/src/schema.ts".to_owned()];
    let code = code::read(&tree, &Request { schema: &schema, ..Request::default() });
    assert_eq!(certain(&code, "web/app.ts"), 1, "{:?}", code.uses);
}

#[test]
fn depth_is_bounded() {
    let deep = format!(
        "import {{ users }} from './schema'; export const x = {}users.email{};",
        "(".repeat(50_000),
        ")".repeat(50_000)
    );
    let chain =
        format!("import {{ users }} from './schema'; export const x = users{};", ".email".repeat(50_000));
    let sum = format!(
        "import {{ users }} from './schema'; export const x = users.email{};",
        " + 'a'".repeat(20_000)
    );
    let calls = format!(
        "import {{ users }} from './schema'; export const x = db.select(){};",
        ".from(users)".repeat(20_000)
    );
    for text in [&deep, &chain, &sum, &calls] {
        let code = read(&[("schema.ts", SCHEMA), ("deep.ts", text), ("app.ts", APP)]);
        assert_eq!(certain(&code, "app.ts"), 1);
    }
}

/// Pieces that files are made of.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "import { users } from './schema';\n",
        "export * from './app';\n",
        "export default ",
        "db",
        ".select(",
        ")",
        ".from(users)",
        "users",
        ".email",
        "{",
        "}",
        "[",
        "]",
        "(",
        "=>",
        "...",
        ",",
        ";\n",
        "sql`select ${",
        "}`",
        "`",
        "'",
        "const x = ",
        "function f(a) {",
        "return ",
        "await ",
        "class A { x = ",
        "this.x",
        "db.query.users.findMany({",
        "columns: { id: true }",
        "with: { posts: true }",
        "set({ email: 1 })",
        "update(users)",
        "? :",
        "typeof users",
        "<",
        ">",
        "select email from users",
        "\u{0}",
        "ü",
        "\r\n",
        "enum E { A }",
        "= undefined",
        "\"update users set email = $1\"",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_are_read_to_their_end(pieces in prop::collection::vec(piece(), 0..60), more in prop::collection::vec(piece(), 0..40)) {
        let (app, schema) = (pieces.concat(), more.concat());
        let schema = format!("{SCHEMA}{schema}");
        let code = read(&[("schema.ts", &schema), ("app.ts", &app), ("other.tsx", &schema), ("more.js", &app)]);
        let length = app.len().max(schema.len());
        for one in &code.uses {
            prop_assert!(one.place.start <= one.place.end && one.place.end <= length, "{one:?}");
        }
    }

    #[test]
    fn any_text_is_read_to_its_end(text in "\\PC{0,400}") {
        read(&[("schema.ts", &format!("{SCHEMA}{text}")), ("app.ts", &format!("{APP}{text}"))]);
    }
}
