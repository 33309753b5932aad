// The client: starts `brolly lsp` and hands the editor's messages on. What is found is the server's affair.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { findBinary } from "./binary";

/** What the server sends along with the action that allows a finding. */
interface Allow {
  uri: string;
  version: number;
  position: { line: number; character: number };
  text: string;
  rule: string;
}

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("brolly", { log: true });
  const restart = async (): Promise<void> => {
    await stop();
    await start(context, log);
  };
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("brolly.restart", restart),
    vscode.commands.registerCommand("brolly.log", () => log.show()),
    vscode.commands.registerCommand("brolly.allow", allow),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("brolly.path") || event.affectsConfiguration("brolly.arguments")) {
        await restart();
      }
    }),
  );
  await start(context, log);
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function start(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<void> {
  const settings = vscode.workspace.getConfiguration("brolly");
  const binary = findBinary({
    setting: settings.get<string>("path", "").trim(),
    folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
    extension: context.extensionPath,
    platform: process.platform,
    arch: process.arch,
  });
  log.info(`${binary.command} (${binary.from})`);
  const args = [...binary.args, "lsp", ...settings.get<string[]>("arguments", [])];
  const server: ServerOptions = { command: binary.command, args };
  const files = (pattern: string): { scheme: string; pattern: string } => ({ scheme: "file", pattern });
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "sql" },
      files("**/*.sql"),
      { scheme: "file", language: "typescript" },
      { scheme: "file", language: "javascript" },
      files("**/brolly.json"),
    ],
    initializationOptions: { asksForReason: true },
    outputChannel: log,
  };
  client = new LanguageClient("brolly", "brolly", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const choice = await vscode.window.showErrorMessage(
      `brolly could not be started: ${error instanceof Error ? error.message : String(error)}`,
      "Open settings",
    );
    if (choice !== undefined) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "brolly.path");
    }
  }
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.stop();
}

/** Asks why a finding can be lived with, and writes the comment. */
async function allow(wanted: Allow): Promise<void> {
  const reason = await vscode.window.showInputBox({
    title: `Allow ${wanted.rule}`,
    prompt: "Why is it safe here? Whoever reads this next has nothing but the reason.",
    validateInput: (text) => (text.trim() === "" ? "A comment without a reason allows nothing." : undefined),
  });
  if (reason === undefined) {
    return;
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(wanted.uri));
  if (document.version !== wanted.version) {
    await vscode.window.showWarningMessage("The text has changed meanwhile. Ask for the action again.");
    return;
  }
  const edit = new vscode.WorkspaceEdit();
  const { line, character } = wanted.position;
  const end = wanted.text.lastIndexOf("\n");
  const text = `${wanted.text.slice(0, end).trimEnd()} ${reason.trim()}${wanted.text.slice(end)}`;
  edit.insert(document.uri, new vscode.Position(line, character), text);
  await vscode.workspace.applyEdit(edit);
}
