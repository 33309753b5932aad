"use strict";
// brolly from JavaScript: the program is run with a machine-readable format, and what it prints is parsed.
// `index.d.ts` holds the documentation.

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const { binaryPath, startFailure } = require("./lib/binary.js");

class BrollyError extends Error {
  constructor(message, details) {
    super(message);
    this.name = "BrollyError";
    Object.assign(this, details);
  }
}

async function lint(options = {}) {
  const { all, stats } = options;
  const flags = ["--format=json", ...flag("--all", all), ...flag("--stats", stats)];
  return JSON.parse(await run("lint", flags, options));
}

async function facts(options = {}) {
  const lines = await run("facts", ["--format=jsonl"], options);
  return lines.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function plan(options = {}) {
  const { migrations, values } = options;
  const given = Object.entries(values ?? {}).map(([column, expression]) => `${column}=${expression}`);
  const flags = ["--format=json", ...flag("--value", given)];
  return JSON.parse(await run("plan", flags, { ...options, paths: migrations }));
}

async function rollback(options = {}) {
  return JSON.parse(await run("rollback", ["--format=json", ...flag("--all", options.all)], options));
}

/** A flag for each value; `true` stands for the flag alone. */
function flag(name, value) {
  if (value === undefined || value === false) return [];
  if (value === true) return [name];
  return [value].flat().map((one) => `${name}=${one}`);
}

/** What the program prints. Findings are no failure. */
function run(command, flags, options) {
  const args = [
    command,
    ...flags,
    ...flag("--base", options.base),
    ...flag("--fetch-base", options.fetchBase),
    ...flag("--allow-missing-base", options.allowMissingBase),
    ...flag("--deployed", options.deployed),
    ...flag("--pg", options.pg),
    ...flag("--time-zone", options.timeZone),
    ...flag("--config", options.config),
    ...flag("--out", options.out),
    ...flag("--settings", options.settings),
    "--",
    ...(options.paths ?? []),
  ];
  const { cwd, signal, onNote } = options;
  if (cwd !== undefined && !fs.existsSync(cwd)) {
    return Promise.reject(new BrollyError(`there is no folder ${cwd}, which the option cwd names.`));
  }
  return new Promise((resolve, reject) => {
    let binary;
    try {
      binary = binaryPath();
    } catch (error) {
      reject(new BrollyError(error.message));
      return;
    }
    const how = { cwd, signal, maxBuffer: Infinity, windowsHide: true };
    execFile(binary, args, how, (error, stdout, stderr) => {
      if (error === null || error.code === 1) {
        if (onNote) stderr.split("\n").filter(Boolean).forEach((line) => onNote(line));
        resolve(stdout);
      } else if (error.name === "AbortError") {
        reject(error);
      } else if (typeof error.code === "number" || error.signal) {
        reject(failure(error, stdout, stderr));
      } else {
        reject(new BrollyError(startFailure(binary, error)));
      }
    });
  });
}

/** The program ended without doing its job. Where files could not be judged, it printed findings about them. */
function failure(error, stdout, stderr) {
  const report = parsed(stdout);
  const unreadable = (report?.findings ?? []).filter((finding) => finding.group === "input");
  const said = stderr.trim().replace(/^brolly: /, "");
  const found = unreadable.map(({ file, line, what }) => `${file}:${line}: ${what}`).join("\n");
  const exitCode = error.code ?? undefined;
  return new BrollyError([said, found].filter(Boolean).join("\n") || error.message, { exitCode, stderr, report });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

module.exports = { lint, facts, plan, rollback, binaryPath, BrollyError };
