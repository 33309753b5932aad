//! What TypeScript declares, read without running it: a schema file and the lines it comes to.

use code::{Code, MemoryTree, RelationKind, Request};

const PG: &str = "import { bigint, char, integer, jsonb, numeric, pgEnum, pgMaterializedView, pgSchema, pgTable, pgTableCreator, \
                  pgView, serial, text, timestamp, time, uuid, varchar, customType, vector, interval } from 'drizzle-orm/pg-core';\n\
                  import * as p from 'drizzle-orm/pg-core';\nimport { sql, eq } from 'drizzle-orm';\n";

fn read(files: &[(&str, &str)], casing: Option<&str>) -> Code {
    let tree = MemoryTree::new(files.iter().copied());
    let schema = ["schema.ts".to_owned()];
    code::read(&tree, &Request { schema: &schema, casing, schema_only: true, ..Request::default() })
}

/// `public.users: id serial !null default, email text`; views say so.
fn lines(code: &Code) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, relation) in &code.schema.relations {
        let columns = relation.columns.iter().map(|column| {
            let mut text = format!("{} {}", column.name, column.sql_type.as_deref().unwrap_or("?"));
            let flags = [
                (column.not_null, "!null"),
                (column.default, "default"),
                (column.generated, "generated"),
                (column.identity, "identity"),
                (column.app_default, "$default"),
                (column.on_update, "$onUpdate"),
            ];
            for (_, flag) in flags.iter().filter(|(on, _)| *on) {
                text.push_str(&format!(" {flag}"));
            }
            text
        });
        let kind = match relation.kind {
            RelationKind::Table => "",
            RelationKind::View => "view ",
            RelationKind::MaterializedView => "materialized view ",
            RelationKind::Existing => "existing view ",
        };
        let open = if relation.open.is_some() { ", .." } else { "" };
        lines.push(format!("{kind}{name}: {}{open}", columns.collect::<Vec<_>>().join(", ")));
    }
    for (name, declared) in &code.schema.enums {
        lines.push(format!(
            "enum {name}: {}",
            declared.values.as_ref().map_or("?".to_owned(), |v| v.join(" "))
        ));
    }
    lines
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_files(&[("schema.ts", text)], None, expected);
}

#[track_caller]
fn check_files(files: &[(&str, &str)], casing: Option<&str>, expected: &[&str]) {
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (*path, format!("{PG}{text}"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_eq!(lines(&read(&files, casing)), expected);
}

#[test]
fn types_are_written_as_drizzle_kit_writes_them() {
    check(
        "export const t = pgTable('t', { a: varchar('a', { length: 20 }), b: numeric({ precision: 10, scale: 2 }), c: numeric('c'), \
         d: timestamp('d', { withTimezone: true, precision: 3 }), e: time('e', { precision: 0 }), f: p.doublePrecision('f'), \
         g: text('g').array(), h: integer().array(3), i: vector('i', { dimensions: 3 }), j: char('j', { length: 2 }), \
         k: interval('k', { fields: 'day', precision: 2 }), l: bigint('l', { mode: 'number' }), m: p.decimal({ precision: 4 }) });",
        &[
            "public.t: a varchar(20), b numeric(10, 2), c numeric, d timestamp (3) with time zone, e time(0), \
           f double precision, g text[], h integer[3], i vector(3), j char(2), k interval day(2), l bigint, m numeric(4)",
        ],
    );
}

#[test]
fn what_is_said_of_columns_counts() {
    check(
        "export const t = pgTable('t', { id: serial('id').primaryKey(), a: text().notNull().default('x'), b: uuid().defaultRandom(), \
         c: timestamp().defaultNow().$onUpdate(() => new Date()), d: text().$defaultFn(() => 'x').notNull(), \
         e: integer().generatedAlwaysAsIdentity(), f: integer().generatedByDefaultAsIdentity(), \
         g: text().generatedAlwaysAs(sql`a`), h: jsonb().$type<{ a: string }>() as any });",
        &[
            "public.t: id serial !null default, a text !null default, b uuid default, c timestamp default $onUpdate, \
           d text !null $default, e integer !null generated, f integer !null identity, g text generated, h jsonb",
        ],
    );
}

#[test]
fn names_come_from_constants_makers_and_schemas() {
    check(
        "const NAME = 'people' as const; const make = pgTableCreator((name) => `app_${name}`); const auth = pgSchema('auth');\n\
         enum Names { Log = 'log_entries' }\n\
         export const a = pgTable(NAME, { id: integer() }); export const b = make('b', { id: integer() });\n\
         export const c = auth.table('c', { id: integer() }); export const d = pgTable(Names.Log, { id: integer() });\n\
         export const e = p.snakeCase.table('e', { someId: integer() });",
        &[
            "auth.c: id integer",
            "public.app_b: id integer",
            "public.e: some_id integer",
            "public.log_entries: id integer",
            "public.people: id integer",
        ],
    );
}

#[test]
fn columns_come_from_callbacks_spreads_and_functions() {
    check(
        "const stamps = { createdAt: timestamp('created_at').notNull() }; const id = () => uuid('id').primaryKey();\n\
         const named = (name: string, length = 24) => varchar(name, { length });\n\
         const base = <T extends object>(more: T) => ({ id: id(), ...more });\n\
         const { createdAt, ...rest } = { createdAt: text('x'), note: text('note') };\n\
         export const a = pgTable('a', (t) => ({ id: id(), owner: t.text('owner'), ...stamps }));\n\
         export const b = pgTable('b', base({ code: named('code'), long: named('long', 99), ...rest }));",
        &[
            "public.a: id uuid !null, owner text, created_at timestamp !null",
            "public.b: id uuid !null, code varchar(24), long varchar(99), note text",
        ],
    );
}

#[test]
fn overloads_and_conditions_that_agree_are_one_column() {
    check(
        "export function key(name: string): any; export function key(name: string, o?: { d?: boolean }) {\n\
           const column = varchar(name, { length: 24 });\n  if (o?.d === false) return column;\n  return column.$defaultFn(() => 'x');\n}\n\
         export const a = pgTable('a', { id: key('id').primaryKey(), b: process.env.X ? text('b').notNull() : text('b') });",
        &["public.a: id varchar(24) !null, b text"],
    );
}

#[test]
fn types_of_the_projects_own() {
    check(
        "const citext = customType<{ data: string }>({ dataType() { return 'citext'; } });\n\
         const money = customType({ dataType: (config) => config ? `numeric(${config.p})` : 'numeric' });\n\
         export const a = pgTable('a', { email: citext('email').notNull(), sum: money('sum') });",
        &["public.a: email citext !null, sum ?"],
    );
}

#[test]
fn enums_from_lists_objects_and_zod() {
    check(
        "import { z } from 'zod'; const LEVELS = ['low', 'high'] as const; enum Role { Admin = 'admin', User = 'user' }\n\
         const kinds = z.enum(['x', 'y']);\n\
         export const level = pgEnum('level', LEVELS); export const role = pgEnum('role', Object.values(Role) as [string]);\n\
         export const kind = p.pgEnum('kind', kinds.options); export const other = pgSchema('auth').enum('other', ['a']);\n\
         export const made = pgEnum('made', fetched());\n\
         export const t = pgTable('t', { level: level('level').notNull().default('low'), others: other().array() });",
        &[
            "public.t: level level !null default, others auth.other[]",
            "enum auth.other: a",
            "enum public.kind: x y",
            "enum public.level: low high",
            "enum public.made: ?",
            "enum public.role: admin user",
        ],
    );
}

#[test]
fn views_list_their_columns_or_take_those_of_their_query() {
    check(
        "export const t = pgTable('t', { id: integer('id'), name: text('full_name') });\n\
         export const a = pgView('a', { id: integer('id') }).existing();\n\
         export const b = pgView('b').as((qb) => qb.select().from(t));\n\
         export const c = pgMaterializedView('c').as((qb) => qb.select({ n: t.name, k: sql`1`.as('k') }).from(t).where(eq(t.id, 1)));\n\
         export const d = pgView('d', { id: integer('id') }).as(sql`select 1`);",
        &[
            "existing view public.a: id integer",
            "view public.b: id integer, full_name text",
            "materialized view public.c: full_name text, k ?",
            "view public.d: id integer",
            "public.t: id integer, full_name text",
        ],
    );
}

#[test]
fn only_what_is_exported_counts_under_whatever_name() {
    check_files(
        &[
            (
                "schema.ts",
                "export * from './users'; export { posts as articles } from './posts'; const hidden = pgTable('hidden', {});",
            ),
            (
                "users.ts",
                "const u = pgTable('users', { id: integer() }); export { u as users }; export default u;",
            ),
            (
                "posts.ts",
                "export const posts = pgTable('posts', { id: integer() }); export const drafts = pgTable('drafts', {});",
            ),
        ],
        None,
        &["public.posts: id integer", "public.users: id integer"],
    );
}

#[test]
fn names_without_builders_names_follow_the_casing() {
    let text = "export const t = pgTable('someThing', { createdAt: timestamp(), plain: text('keptAsIs') });";
    check_files(
        &[("schema.ts", text)],
        Some("snake_case"),
        &["public.someThing: created_at timestamp, keptAsIs text"],
    );
    check_files(&[("schema.ts", text)], None, &["public.someThing: createdAt timestamp, keptAsIs text"]);
}

#[test]
fn other_dialects_declare_nothing() {
    let text = "import { mysqlTable, int } from 'drizzle-orm/mysql-core'; import { pgTable as other } from './mine';\n\
                export const a = mysqlTable('a', { id: int('id') }); export const b = other('b', {});";
    check_files(
        &[("schema.ts", text), ("mine.ts", "export const pgTable = (name: string) => ({ name });")],
        None,
        &[],
    );
}

#[test]
fn what_packages_export_is_a_gap() {
    let code = read(&[("schema.ts", "export * from '@acme/auth-schema';")], None);
    assert!(
        code.gaps.iter().any(|gap| gap.in_schema && gap.what.contains("@acme/auth-schema")),
        "{:?}",
        code.gaps
    );
}
