// What `import { .. } from "brolly"` does, in a project with an installed brolly: node's test runner is started in
// a copy of examples/shop.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { BrollyError, binaryPath, facts, lint, plan, rollback } from "brolly";

const DROP = "drizzle/0007_drop_nickname.sql";

test("lint returns findings, and they are no error", async () => {
  const report = await lint({ paths: [DROP] });
  assert.equal(report.version, 1);
  assert.deepEqual(report.selection.migrations, ["0007_drop_nickname"]);
  assert.ok(report.summary.errors > 0);
  const finding = report.findings.find(({ rule }) => rule === "drop-column");
  assert.equal(finding.severity, "error");
  assert.equal(finding.relation, "public.users");
  assert.deepEqual([finding.file, finding.line], [DROP, 1]);
});

test("facts returns statements in order", async () => {
  const statements = await facts({ paths: ["drizzle"], pg: 13 });
  assert.equal(statements[0].migration.slice(0, 4), "0000");
  assert.ok(statements.every(({ postgres }) => postgres === 13));
  const drop = statements.find(({ file }) => file === DROP);
  assert.deepEqual(drop.locks, [
    { relation: "public.users", mode: "AccessExclusive", new: false, conditional: false },
  ]);
});

test("plan returns the deploys of a path", async () => {
  const asked = { migrations: ["0007_drop_nickname"], pg: 15 };
  const { version, plans } = await plan(asked);
  assert.equal(version, 1);
  assert.equal(plans[0].parts[0].recipe, "drop-column");
  assert.deepEqual(plans[0].deploys.map(({ number }) => number), [1, 2]);
  assert.deepEqual(plans[0].deploys[1].needs, ["no deployed version names public.users.nickname"]);
  const [lock] = plans[0].deploys[1].files[0].locks;
  assert.deepEqual([lock.relation, lock.meanwhile], ["public.users", []]);
  // What goes wants no value.
  const values = { "users.nickname": "'none'" };
  await assert.rejects(plan({ ...asked, values }), /`users\.nickname`: nothing that is pending wants a value there/);
});

test("rollback returns ways back", async () => {
  const { rollbacks } = await rollback({ paths: [DROP] });
  assert.equal(rollbacks[0].migration, "0007_drop_nickname");
  assert.match(rollbacks[0].statements[0].sql, /ADD COLUMN "nickname"/);
  assert.match(rollbacks[0].statements[0].lost[0], /users\.nickname/);
  assert.ok((await rollback({ all: true })).rollbacks.length > 10);
});

test("every option is a flag that the program knows", async () => {
  const common = {
    cwd: ".",
    config: ["drizzle.config.ts"],
    settings: "brolly.json",
    deployed: ["HEAD"],
    pg: 17,
    timeZone: "Europe/Berlin",
  };
  const all = await lint({ ...common, all: true, stats: "brolly.stats.json" });
  assert.equal(all.selection.postgres, 17);
  assert.ok(all.selection.migrations.length > 10);
  const { config, ...placed } = common;
  const none = await lint({ ...placed, out: "drizzle", base: "HEAD", fetchBase: true, allowMissingBase: true });
  assert.deepEqual(none.selection.migrations, []);
  const statements = await facts({ ...placed, out: ["drizzle"], base: "HEAD", allowMissingBase: true });
  assert.deepEqual(statements, []);
});

test("what is skipped is told", async () => {
  const notes = [];
  await lint({ all: true, onNote: (line) => notes.push(line) });
  assert.deepEqual(notes, ["skipped mysql/drizzle.config.ts: it is for mysql, not for Postgres"]);
});

test("a job that could not be done is a BrollyError", async () => {
  await assert.rejects(lint({ paths: ["nowhere"] }), (error) => {
    assert.ok(error instanceof BrollyError);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /nowhere/);
    assert.match(error.stderr, /^brolly: /);
    return true;
  });
  await assert.rejects(facts({ cwd: "no/such/folder" }), { name: "BrollyError", message: /no\/such\/folder/ });
  await assert.rejects(lint({ paths: ["--version"] }), { name: "BrollyError" });
});

test("files that can't be judged are an error that holds the rest", async () => {
  await assert.rejects(lint({ paths: ["../broken"], all: true }), (error) => {
    assert.equal(error.exitCode, 2);
    assert.ok(error.report.findings.some(({ group }) => group === "input"));
    return true;
  });
});

test("it can be aborted", async () => {
  await assert.rejects(lint({ signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("require finds the same functions", () => {
  const required = createRequire(import.meta.url)("brolly");
  assert.equal(required.lint, lint);
  assert.equal(required.binaryPath(), binaryPath());
});
