"use strict";
// Which program to start: the one that $BROLLY_BINARY names, or that of the package for this platform.
// `platforms.json` is written by `cargo xtask npm`, from the list of published packages.

const fs = require("node:fs");
const path = require("node:path");
const platforms = require("./platforms.json");

/** The path of the program. Throws an error with words for people where there is none. */
function binaryPath() {
  const named = process.env.BROLLY_BINARY;
  if (named) {
    if (!fs.existsSync(named)) {
      throw new Error(`there is no file ${named}, which BROLLY_BINARY names.`);
    }
    return path.resolve(named);
  }
  const libc = process.platform === "linux" ? libcOfNode() : undefined;
  const platform = platforms.find(
    (one) => one.os === process.platform && one.cpu === process.arch && one.libc === libc,
  );
  if (!platform) throw new Error(unsupported());
  const found = installed(platform);
  if (!found) throw new Error(missing(platform));
  return found;
}

/** The program of a package that is installed. */
function installed(platform) {
  try {
    return require.resolve(`${platform.package}/${platform.binary}`);
  } catch {
    return undefined;
  }
}

/** Which C library this machine's programs use: Node's own file names its loader near its start. */
function libcOfNode() {
  try {
    const file = fs.openSync(process.execPath, "r");
    const head = Buffer.alloc(4096);
    fs.readSync(file, head, 0, head.length, 0);
    fs.closeSync(file);
    return head.includes("ld-musl") ? "musl" : "glibc";
  } catch {
    return "glibc";
  }
}

function unsupported() {
  return `there is no ready-made program for ${process.platform} on ${process.arch}.

With Rust (https://rustup.rs) it can be built:
  cargo install --git https://github.com/brolly/brolly brolly
and BROLLY_BINARY set to the path of what that installs lets this package use it.`;
}

/** How each package manager comes to leave out the package of a platform, and how to get it back. */
const HINTS = {
  npm: `with npm:   install without --omit=optional, --no-optional and \`omit=optional\` in .npmrc; where a lock
              file names other platforms only, delete it and node_modules, then \`npm install\``,
  pnpm: `with pnpm:  install without --no-optional, and name this platform in supportedArchitectures if
              that is set in pnpm-workspace.yaml or package.json`,
  yarn: `with yarn:  name this platform in supportedArchitectures if that is set in .yarnrc.yml; with yarn 1,
              install without --ignore-optional`,
  bun: `with bun:   install without --omit=optional, and without --os and --cpu that name another platform`,
};

function missing(platform) {
  const { version } = require("../package.json");
  const here = [process.platform, process.arch, platform.libc].filter(Boolean).join(" ");
  const others = platforms.filter((one) => one !== platform && installed(one)).map((one) => one.package);
  const manager = (process.env.npm_config_user_agent ?? "").split("/")[0];
  const hints = HINTS[manager] ? [HINTS[manager]] : Object.values(HINTS);
  const why = others.length
    ? `What is installed is ${others.join(", ")}: node_modules was made for another platform, perhaps
copied from one. Install again on this one.`
    : `It is an optional dependency of brolly, and was left out when node_modules was made.`;
  return `the package ${platform.package} is not installed. It holds the program for this platform (${here}).

${why}
  ${hints.join("\n  ")}
  or add it:  ${platform.package}@${version} as a dependency of your own
  or set BROLLY_BINARY to the path of a brolly that is installed in another way.`;
}

/** Why a program that is there did not start, in words. */
function startFailure(binary, error) {
  if (error.code === "EACCES") {
    return `${binary} may not be run. Something took its executable bit, or its folder forbids it:
install again, or \`chmod +x\` it.`;
  }
  if (error.code === "ENOENT" && fs.existsSync(binary)) {
    return `${binary} is there, but what it needs to run is not: it was made for another C library.
Install again on this machine, or set BROLLY_BINARY to a brolly that runs here.`;
  }
  return `${binary} did not start: ${error.message}`;
}

module.exports = { binaryPath, startFailure };
