#!/usr/bin/env node
"use strict";
// Starts the program and gets out of its way: same arguments, same streams, same exit code, same signals.

const { spawn } = require("node:child_process");
const { binaryPath, startFailure } = require("../lib/binary.js");

/** "Could not do its job", as the program itself ends. */
const COULD_NOT = 2;

function fail(message) {
  process.stderr.write(`brolly: ${message}\n`);
  process.exitCode = COULD_NOT;
}

function start(binary) {
  let child;
  // The program undoes what it made on a server before it ends, so it is waited for. A terminal sends Ctrl-C
  // and hang-ups to all that run in it; what is sent to this process alone is passed on. The handlers come
  // first: a signal between the start and them would end this process alone, and leave the program behind.
  const shared = process.stdin.isTTY ? ["SIGINT", "SIGHUP"] : [];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (!shared.includes(signal)) child.kill(signal);
    });
  }
  child = spawn(binary, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
  child.on("error", (error) => fail(startFailure(binary, error)));
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exit(code);
    } else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}

let binary;
try {
  binary = binaryPath();
} catch (error) {
  fail(error.message);
}
if (binary !== undefined) start(binary);
