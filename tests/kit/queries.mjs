// Prints the SQL that one line of drizzle-orm makes for the tables of a schema, as JSON:
//
//   node queries.mjs <stable|v1> <folder>
//
// The folder is one that generate.mjs made; its src/schema.ts must be JavaScript too. One entry a
// query: { relation, label, sql }, labels as crate `verify` has them. Nothing is sent anywhere.

import { copyFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [line, target] = process.argv.slice(2);
if (!["stable", "v1"].includes(line) || !target) {
  console.error("usage: node queries.mjs <stable|v1> <folder>");
  process.exit(1);
}
const folder = resolve(target);
const modules = join(dirname(fileURLToPath(import.meta.url)), line, "node_modules", "drizzle-orm");
const load = (path) => import(pathToFileURL(join(modules, path)).href);

const orm = await load("index.js");
const pg = await load("pg-core/index.js");
const { drizzle } = await load("pg-proxy/index.js");
copyFileSync(join(folder, "src", "schema.ts"), join(folder, "src", "schema.mjs"));
const schema = await import(pathToFileURL(join(folder, "src", "schema.mjs")).href);

const tables = Object.values(schema).filter((value) => orm.is(value, pg.PgTable));
const views = Object.values(schema).filter((value) => orm.is(value, pg.PgView));
const configs = new Map(tables.map((table) => [table, pg.getTableConfig(table)]));
const name = (table) => configs.get(table).name;
const keys = Object.fromEntries(tables.map((table) => [name(table), table]));

/** The key in the table object of a column. */
const field = (table, column) =>
  Object.entries(orm.getTableColumns(table)).find(([, other]) => other.name === column.name)[0];

/** A relation has the name of its table, unless a column has it. */
const called = (table, other) =>
  configs.get(table).columns.some((column) => column.name === name(other)) ? `${name(other)}_row` : name(other);

/** Foreign keys with both of their ends. */
const links = tables.flatMap((table) =>
  configs.get(table).foreignKeys.map((key) => {
    const { columns, foreignTable, foreignColumns } = key.reference();
    return { table, other: foreignTable, columns, foreignColumns };
  }),
);

/** A database object that knows one relation: a table may have several, and their names would clash. */
function knowing(link, many) {
  const [from, to] = many ? [link.other, link.table] : [link.table, link.other];
  const relation = called(from, to);
  if (line === "stable") {
    const one = orm.relations(link.table, (r) => ({
      [many ? "back" : relation]: r.one(link.other, { fields: link.columns, references: link.foreignColumns }),
    }));
    const back = orm.relations(link.other, (r) => (many ? { [relation]: r.many(link.table) } : {}));
    return drizzle(async () => ({ rows: [] }), { schema: { ...keys, one, back } });
  }
  const relations = orm.defineRelations(keys, (r) => {
    const side = (table, columns) => columns.map((column) => r[name(table)][field(table, column)]);
    const ends = { from: side(link.table, link.columns), to: side(link.other, link.foreignColumns) };
    const turned = { from: ends.to, to: ends.from };
    return many
      ? { [name(from)]: { [relation]: r.many[name(to)](turned) } }
      : { [name(from)]: { [relation]: r.one[name(to)](ends) } };
  });
  return drizzle(async () => ({ rows: [] }), { relations });
}

const found = [];
const say = (relation, label, query) => {
  const { name, schema } = relation;
  found.push({ relation: `${schema ?? "public"}.${name}`, label, sql: query.toSQL().sql });
};

const plain = line === "stable" ? { schema: keys } : { relations: orm.defineRelations(keys, () => ({})) };
const db = drizzle(async () => ({ rows: [] }), plain);
const value = () => orm.sql.placeholder("value");

for (const view of views) {
  const { name, schema } = pg.getViewConfig(view);
  say({ name, schema }, "select()", db.select().from(view).limit(1));
}

for (const table of tables) {
  const config = configs.get(table);
  say(config, "select()", db.select().from(table).limit(1));
  say(config, "relational query", db.query[config.name].findFirst());

  const free = config.columns.filter(
    (column) => !column.generated && !(column.generatedIdentity && column.generatedIdentity.type === "always"),
  );
  const given = (columns) => Object.fromEntries(columns.map((column) => [field(table, column), value()]));
  const needed = free.filter((column) => column.notNull && !column.hasDefault && !column.generatedIdentity);
  say(config, "insert()", db.insert(table).values(given(needed)).returning());
  say(config, "insert() of every column", db.insert(table).values(given(free)).returning());

  const primary = config.columns.filter((column) => column.primary);
  const key = [...primary, ...config.primaryKeys.flatMap((key) => key.columns)];
  const unique = [
    ...config.columns.filter((column) => column.isUnique).map((column) => [column]),
    ...config.uniqueConstraints.map((constraint) => constraint.columns),
    ...config.indexes
      .filter((index) => index.config.unique && !index.config.where)
      .map((index) => index.config.columns),
  ];
  const partial = config.indexes.filter((index) => index.config.unique && index.config.where);
  const by = key.length > 0 ? key : (unique[0] ?? [config.columns[0]]);
  const own = (column) => table[field(table, column)];
  const equal = by.map((column) => orm.eq(own(column), value()));
  const where = equal.length === 1 ? equal[0] : orm.and(...equal);
  const names = new Set(key.map((column) => column.name));
  for (const column of free.filter((column) => !names.has(column.name))) {
    const query = db.update(table).set(given([column])).where(where).returning();
    say(config, `update of "${column.name}"`, query);
  }
  say(config, "delete()", db.delete(table).where(where).returning());

  const targets = [...(key.length > 0 ? [key] : []), ...unique].map((columns) => ({ columns }));
  targets.push(...partial.map(({ config: { columns, where } }) => ({ columns, where })));
  for (const { columns, where } of targets) {
    const target = columns.map((column) => own(column));
    const names_only = columns.map((column) => `"${column.name}"`).join(", ");
    // Postgres takes no table before a column here, so an app can't hand over the index's own condition.
    const filter = where && db.dialect.sqlToQuery(where).sql.replaceAll(`"${config.name}".`, "");
    const raw = filter && orm.sql.raw(filter);
    const label = names_only + (filter ? ` where ${filter}` : "");
    const targets = new Set(columns.map((column) => column.name));
    const other = free.find((column) => !targets.has(column.name) && !names.has(column.name));
    const set = given([other ?? columns[0]]);
    const insert = () =>
      db.insert(table).values(given(free.filter((c) => needed.includes(c) || targets.has(c.name))));
    const update = filter ? { target, set, targetWhere: raw } : { target, set };
    const nothing = filter ? { target, where: raw } : { target };
    say(config, `onConflictDoUpdate on ${label}`, insert().onConflictDoUpdate(update).returning());
    say(config, `onConflictDoNothing on ${label}`, insert().onConflictDoNothing(nothing));
  }
}

for (const link of links) {
  for (const many of [false, true]) {
    const [from, to] = many ? [link.other, link.table] : [link.table, link.other];
    const query = knowing(link, many).query[name(from)].findFirst({ with: { [called(from, to)]: true } });
    say(configs.get(from), `relational query with ${name(to)}`, query);
  }
}

console.log(JSON.stringify(found));
