// Which brolly is run. Knows nothing of the editor, so that it can be tried without one.

import * as fs from "node:fs";
import * as path from "node:path";

/** A brolly and where it was found. */
export interface Binary {
  command: string;
  args: string[];
  from: "setting" | "workspace" | "extension" | "PATH";
}

/** What the choice depends on. */
export interface Places {
  /** The setting `brolly.path`. */
  setting: string;
  /** The folders of the workspace. */
  folders: string[];
  /** The folder of this extension. */
  extension: string;
  platform: NodeJS.Platform;
  arch: string;
}

/**
 * The brolly of the setting; or else that of the workspace, which is the one of its CI; or else the one that
 * came with this extension; or else whatever the PATH has.
 */
export function findBinary(places: Places): Binary {
  const { setting, folders, extension, platform } = places;
  const file = platform === "win32" ? "brolly.exe" : "brolly";
  if (setting !== "") {
    const command = path.resolve(folders[0] ?? "", setting);
    // A bare word is looked for on the PATH.
    return { command: /[\\/]/.test(setting) ? command : setting, args: [], from: "setting" };
  }
  for (const folder of folders.flatMap(upwards)) {
    const installed = path.join(folder, "node_modules");
    const own = platformPackages(places).map((name) => path.join(installed, name, "bin", file));
    const found = own.find(isFile);
    if (found !== undefined) {
      return { command: found, args: [], from: "workspace" };
    }
    // Where the platform's package lies elsewhere (pnpm, yarn), the launcher knows where.
    const bin = path.join(installed, ".bin", "brolly");
    if (platform !== "win32" && isFile(bin)) {
      return { command: bin, args: [], from: "workspace" };
    }
    const launcher = path.join(installed, "brolly", "bin", "brolly.js");
    if (isFile(launcher)) {
      return { command: "node", args: [launcher], from: "workspace" };
    }
  }
  const bundled = path.join(extension, "bin", file);
  if (isFile(bundled)) {
    return { command: bundled, args: [], from: "extension" };
  }
  return { command: file, args: [], from: "PATH" };
}

/** The names that the binary's package of this platform may have. */
function platformPackages({ platform, arch }: Places): string[] {
  const kinds = platform === "linux" ? ["-gnu", "-musl"] : [""];
  const names = kinds.map((kind) => `${platform}-${arch}${kind}`);
  return names.map((name) => path.join("@brolly", name));
}

/** A folder and those above it. */
function upwards(folder: string): string[] {
  const above = path.dirname(folder);
  return above === folder ? [folder] : [folder, ...upwards(above)];
}

function isFile(file: string): boolean {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
