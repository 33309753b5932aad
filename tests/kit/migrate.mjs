// Runs drizzle-orm's own migrator of one line, by node-postgres.
//
//   node migrate.mjs <stable|v1> <migrations folder> <database URL> [schema of the ledger]

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [line, migrationsFolder, url, migrationsSchema] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, line, "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { default: pg } = await load("pg");
const { drizzle } = await load("drizzle-orm/node-postgres");
const { migrate } = await load("drizzle-orm/node-postgres/migrator");

const client = new pg.Client({ connectionString: url });
await client.connect();
try {
  await migrate(drizzle(line === "stable" ? client : { client }), { migrationsFolder, migrationsSchema });
} finally {
  await client.end();
}
