// Makes a migration history with one line of drizzle-kit, and asks nobody anything.
//
//   node generate.mjs <stable|v1> <folder> < steps.json
//
// The folder becomes a project: drizzle.config.ts, src/schema.ts (as of the last step) and drizzle/.
// Steps are a JSON array; each is one run of `drizzle-kit generate`:
//
//   { "schema": "…the whole of schema.ts…", "name": "add_email", "hints": [ … ] }
//   { "custom": "UPDATE …;", "name": "backfill" }
//
// `name` may be left out. `hints` answer the rename questions of the v1 line; the stable line asks
// them on a terminal only, so there a rename is a custom step. A step that makes no migration, for
// whatever reason, is an error: drizzle-kit itself exits with 0 after many of its failures.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Prepares the folder so that drizzle-kit and schema.ts find the same drizzle-orm. */
function prepare(line, folder) {
  const modules = join(here, line, "node_modules");
  if (!existsSync(join(modules, "drizzle-kit", "bin.cjs"))) {
    fail(`drizzle-kit (${line}) is not installed: run \`npm ci\` in tests/kit, or bin/test`);
  }
  mkdirSync(join(folder, "src"), { recursive: true });
  symlinkSync(modules, join(folder, "node_modules"), "junction");
  writeFileSync(
    join(folder, "drizzle.config.ts"),
    [
      'import { defineConfig } from "drizzle-kit";',
      "",
      'export default defineConfig({ dialect: "postgresql", schema: "./src/schema.ts", out: "./drizzle" });',
      "",
    ].join("\n"),
  );
  return join(modules, "drizzle-kit", "bin.cjs");
}

/** The SQL files of the history in either layout, by their path below drizzle/. */
function migrations(folder) {
  const out = join(folder, "drizzle");
  if (!existsSync(out)) return [];
  return readdirSync(out, { recursive: true }).filter((path) => path.endsWith(".sql"));
}

/** Runs one step and returns the file that it made. */
function take(step, number, kit, folder) {
  const args = [kit, "generate", "--name", step.name ?? `step_${number}`];
  if (step.custom !== undefined) args.push("--custom");
  else writeFileSync(join(folder, "src", "schema.ts"), step.schema);
  if (step.hints) args.push("--hints", JSON.stringify(step.hints));
  const before = new Set(migrations(folder));
  const env = { ...process.env, NO_COLOR: "1" };
  const run = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8", input: "" });
  const made = migrations(folder).filter((path) => !before.has(path));
  if (run.status !== 0 || made.length !== 1) {
    fail(`step ${number} made no migration (exit ${run.status}):\n${run.stdout}${run.stderr}`);
  }
  if (step.custom !== undefined) writeFileSync(join(folder, "drizzle", made[0]), step.custom);
  return made[0];
}

const [line, target] = process.argv.slice(2);
if (!["stable", "v1"].includes(line) || !target) {
  fail("usage: node generate.mjs <stable|v1> <folder> < steps.json");
}
const folder = resolve(target);
const steps = JSON.parse(readFileSync(0, "utf8"));
const kit = prepare(line, folder);
steps.forEach((step, number) => console.log(take(step, number, kit, folder)));
