// The server, met by the protocol library that VS Code's client is made of. BROLLY names the program.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import protocol from "vscode-languageserver-protocol/node.js";

const brolly = process.env.BROLLY;

test("a session", { skip: brolly === undefined && "BROLLY is not set" }, async (t) => {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "brolly-vscode-")));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const shop = path.join(import.meta.dirname, "../../../examples/shop");
  for (const part of ["drizzle", "src", "drizzle.config.ts"]) {
    fs.cpSync(path.join(shop, part), path.join(root, part), { recursive: true });
  }
  for (const args of [["init", "-q"], ["add", "-A"], ["commit", "-qm", "Open the shop"]]) {
    const who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    assert.equal(spawnSync("git", [...who, ...args], { cwd: root }).status, 0);
  }
  const file = path.join(root, "drizzle/0018_index_order_items_product.sql");
  const uri = pathToFileURL(file).href;

  const server = spawn(brolly, ["lsp", "--stdio"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => server.on("exit", resolve));
  const { StreamMessageReader, StreamMessageWriter, createProtocolConnection } = protocol;
  const connection = createProtocolConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const waiting = [];
  connection.onNotification(protocol.PublishDiagnosticsNotification.type, (params) => {
    for (const wait of waiting) wait(params);
  });
  const diagnostics = (version) =>
    new Promise((resolve) => {
      waiting.push((params) => params.uri === uri && params.version === version && resolve(params.diagnostics));
    });
  connection.listen();
  const folders = [{ uri: pathToFileURL(root).href, name: "shop" }];
  const { capabilities } = await connection.sendRequest(protocol.InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    workspaceFolders: folders,
    capabilities: {},
    initializationOptions: { asksForReason: true },
  });
  assert.equal(capabilities.hoverProvider, true);
  await connection.sendNotification(protocol.InitializedNotification.type, {});

  const sql = 'CREATE INDEX "a" ON "orders" ("currency");\n';
  const textDocument = { uri, languageId: "sql", version: 1, text: sql };
  const first = diagnostics(1);
  await connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, { textDocument });
  const found = (await first).find((one) => one.code === "index-blocks-writes");
  assert.ok(found, "what is typed is judged");

  const position = { line: 0, character: 3 };
  const hover = await connection.sendRequest(protocol.HoverRequest.type, { textDocument: { uri }, position });
  assert.match(hover.contents.value, /SHARE on `orders`/);
  const actions = await connection.sendRequest(protocol.CodeActionRequest.type, {
    textDocument: { uri },
    range: found.range,
    context: { diagnostics: [found] },
  });
  assert.ok(actions.some((action) => action.isPreferred && action.edit));
  const allow = actions.find((action) => action.title.startsWith("Allow"));
  assert.equal(allow.command.command, "brolly.allow", "the editor asks for the reason itself");
  assert.equal(allow.command.arguments[0].text, "-- brolly-allow index-blocks-writes: \n");

  await connection.sendRequest(protocol.ShutdownRequest.type);
  await connection.sendNotification(protocol.ExitNotification.type);
  assert.equal(await ended, 0);
  connection.dispose();
});
