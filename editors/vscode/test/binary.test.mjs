// Which brolly is run, in folders as package managers make them.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { buildSync } from "esbuild";

const here = import.meta.dirname;
const out = fs.mkdtempSync(path.join(os.tmpdir(), "brolly-vscode-"));
const bundle = path.join(out, "binary.cjs");
buildSync({ entryPoints: [path.join(here, "../src/binary.ts")], bundle: true, platform: "node", outfile: bundle });
const { findBinary } = (await import(bundle)).default;
process.on("exit", () => fs.rmSync(out, { recursive: true, force: true }));

let count = 0;

/** A workspace and an extension with these files, and what is found there. */
function found(files, more = {}) {
  const root = path.join(out, `case-${count++}`);
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), "");
  }
  const folders = [path.join(root, "repo/apps/web")];
  const places = { setting: "", folders, extension: path.join(root, "extension"), platform: "linux", arch: "x64" };
  const binary = findBinary({ ...places, ...more });
  const command = [binary.command, ...binary.args].map((part) => part.replace(`${root}${path.sep}`, ""));
  return [command.join(" "), binary.from];
}

const bundled = "extension/bin/brolly";
const launcher = "repo/node_modules/brolly/bin/brolly.js";

test("the setting goes first", () => {
  assert.deepEqual(found([bundled], { setting: "brolly-dev" }), ["brolly-dev", "setting"]);
  assert.deepEqual(found([bundled], { setting: "./bin/brolly" }), ["repo/apps/web/bin/brolly", "setting"]);
  assert.deepEqual(found([], { setting: "/opt/brolly" }), ["/opt/brolly", "setting"]);
});

test("then the workspace's, in the folder or above it", () => {
  const own = "repo/node_modules/@brolly/linux-x64-gnu/bin/brolly";
  assert.deepEqual(found([bundled, launcher, own]), [own, "workspace"]);
  const bin = "repo/apps/web/node_modules/.bin/brolly";
  assert.deepEqual(found([bundled, bin]), [bin, "workspace"]);
  assert.deepEqual(found([bundled, launcher]), [`node ${launcher}`, "workspace"]);
});

test("each platform has its package", () => {
  const mac = "repo/node_modules/@brolly/darwin-arm64/bin/brolly";
  assert.deepEqual(found([mac], { platform: "darwin", arch: "arm64" }), [mac, "workspace"]);
  const windows = "repo/node_modules/@brolly/win32-x64/bin/brolly.exe";
  assert.deepEqual(found([windows], { platform: "win32" }), [windows, "workspace"]);
  // What is installed for another one is no help.
  assert.deepEqual(found([mac, bundled]), [bundled, "extension"]);
});

test("then the one that came along, then the PATH", () => {
  assert.deepEqual(found([bundled]), [bundled, "extension"]);
  assert.deepEqual(found([]), ["brolly", "PATH"]);
  assert.deepEqual(found([], { folders: [] }), ["brolly", "PATH"]);
});
