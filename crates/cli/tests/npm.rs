//! The npm packages as a user gets them: written by `cargo xtask npm`, packed, installed into a project by npm
//! and by pnpm, started by `npx`, used from JavaScript and from TypeScript. Nothing is asked of a registry: the
//! packages of other platforms, which nobody has packed, are optional, and both managers do without.

#![allow(clippy::disallowed_methods, reason = "tests start npm and find this repository on the disk")]

mod run;

use run::{Folder, folder};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The platform that the tests run on, as Rust calls it and as its package is called.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const HERE: (&str, &str) = ("x86_64-unknown-linux-gnu", "linux-x64-gnu");
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
const HERE: (&str, &str) = ("aarch64-unknown-linux-gnu", "linux-arm64-gnu");
#[cfg(target_os = "macos")]
const HERE: (&str, &str) = ("aarch64-apple-darwin", "darwin-arm64");

/// What `npm pack` puts into `brolly`, and nothing else.
const BROLLY: &[&str] = &[
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "bin/brolly.js",
    "index.d.ts",
    "index.js",
    "lib/binary.js",
    "lib/platforms.json",
    "package.json",
    "schema/brolly.schema.json",
    "types/backfill.d.ts",
    "types/facts.d.ts",
    "types/ledger.d.ts",
    "types/lint.d.ts",
    "types/migrate.d.ts",
    "types/plan.d.ts",
    "types/preflight.d.ts",
    "types/rollback.d.ts",
    "types/watch.d.ts",
];

/// And what into the package of a platform.
const PROGRAM: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT", "README.md", "bin/brolly", "package.json"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there")
}

/// A program of tests/npm.
fn tool(path: &str) -> String {
    let path = root().join("tests/npm/node_modules").join(path);
    assert!(path.exists(), "no {}: run `bin/prepare test`", path.display());
    path.to_string_lossy().into_owned()
}

/// How a command ended, as text.
fn told(done: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    format!("{}\n{out}{err}", done.status)
}

fn command(dir: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).stdin(Stdio::null());
    command.env_remove("BROLLY_BINARY").env("NO_UPDATE_NOTIFIER", "1").env("CI", "true");
    command
}

/// Runs what has to succeed, and gives its output.
#[track_caller]
fn done(dir: &Path, program: &str, args: &[&str]) -> String {
    let done = command(dir, program, args).output().expect("it starts");
    assert!(done.status.success(), "{program} {args:?}: {}", told(&done));
    String::from_utf8(done.stdout).expect("it is UTF-8")
}

/// Runs a chore: as it was built beside this program, where that is no older than its sources. By itself cargo
/// would choose other features, and build every library once more.
fn xtask(args: &[&str]) -> Output {
    let built = Path::new(env!("CARGO_BIN_EXE_brolly")).with_file_name("xtask");
    let time = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
    let newest = sources(&root().join("xtask/src")).iter().filter_map(|path| time(path)).max();
    let mut xtask = if time(&built).is_some_and(|built| newest.is_none_or(|newest| newest < built)) {
        command(&root(), &built.to_string_lossy(), &[])
    } else {
        let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
        command(&root(), &cargo, &["run", "--quiet", "--package", "xtask", "--"])
    };
    xtask.args(args).output().expect("it starts")
}

/// All files below a folder.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("the folder can be read");
    let below = entries.map(|entry| entry.expect("it can be read").path());
    below.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The folders that `cargo xtask npm` writes, with this program in them.
fn written(to: &Path, target: &str, program: &Path) {
    let binary = format!("{target}={}", program.display());
    let done = xtask(&["npm", "--out", &to.to_string_lossy(), "--binary", &binary]);
    assert!(done.status.success(), "{}", told(&done));
}

/// The program as it is published, so without what only debuggers read.
fn stripped(folder: &Folder) -> PathBuf {
    let program = folder.at("brolly");
    std::fs::copy(env!("CARGO_BIN_EXE_brolly"), &program).expect("the program is there");
    done(folder.path(), "strip", &["brolly"]);
    program
}

/// Packs a folder; gives what is in the archive, and the archive's place.
fn pack(folder: &Folder, package: &str) -> (Vec<String>, String) {
    let said = done(&folder.at("npm").join(package), "npm", &["pack", "--json", "--pack-destination", ".."]);
    let said: Value = serde_json::from_str(&said).expect("npm says it in JSON");
    // npm 12 gives an object by name, older ones a list.
    let packed = said.as_array().map_or(&said, |list| &list[0]);
    let packed = if packed["files"].is_array() {
        packed
    } else {
        packed.as_object().unwrap().values().next().unwrap()
    };
    let files = packed["files"].as_array().expect("a list of files");
    let mut files: Vec<String> = files.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect();
    files.sort();
    (files, format!("../npm/{}", packed["filename"].as_str().expect("a name").replace(['@', '/'], "")))
}

/// Both packages for this platform, packed into `npm/`.
fn packed(folder: &Folder) -> (String, String) {
    written(&folder.at("npm"), HERE.0, &stripped(folder));
    let (files, brolly) = pack(folder, "brolly");
    assert_eq!(files, BROLLY);
    let (files, platform) = pack(folder, HERE.1);
    assert_eq!(files, PROGRAM);
    (brolly, platform)
}

/// A Drizzle project that has never heard of brolly.
fn project(folder: &Folder) -> PathBuf {
    folder.copy("examples/shop", "shop");
    std::fs::remove_file(folder.at("shop/package-lock.json")).expect("the example has one");
    folder.write("shop/package.json", r#"{ "name": "shop", "private": true, "type": "module" }"#);
    folder.at("shop")
}

#[test]
fn npm_install_and_npx() {
    let folder = folder();
    let (brolly, platform) = packed(&folder);
    let shop = project(&folder);
    done(&shop, "npm", &["install", "--offline", "--save-dev", &brolly, &platform]);
    let lint = command(&shop, "npx", &["brolly", "lint"]).output().expect("npx starts");
    assert_eq!(lint.status.code(), Some(1), "{}", told(&lint));
    let said = String::from_utf8_lossy(&lint.stdout);
    assert!(said.contains("error[drop-column]: drops `users.nickname`"), "{}", told(&lint));

    let mut git = command(&shop, "npx", &["brolly", "--version"]);
    let git = git.env("BROLLY_BINARY", "/usr/bin/env").output().expect("npx starts");
    assert!(!told(&git).contains("brolly 0"), "BROLLY_BINARY was not heeded: {}", told(&git));

    from_javascript(&folder, &shop);
    from_typescript(&shop);
    #[cfg(unix)]
    signals_reach_the_program(&shop);
}

/// Node's test runner, in a copy of the example with all that its tests name.
fn from_javascript(folder: &Folder, shop: &Path) {
    folder.write("shop/brolly.json", "{}");
    folder.write("shop/brolly.stats.json", r#"{ "version": 1, "taken": "2026-01-01T00:00:00Z", "postgres": "17.1", "database": "shop", "sampleSeconds": 5, "tables": {}, "longestTransactions": [] }"#);
    folder.write("shop/mysql/drizzle.config.ts", "export default { dialect: 'mysql', out: './drizzle' };\n");
    folder.write("broken/drizzle.config.ts", "export default { dialect: 'postgresql', out: f() };\n");
    folder.write("shop/.gitignore", "node_modules/\n").commit("shop", "all of it");
    std::fs::copy(root().join("tests/npm/api.test.mjs"), shop.join("api.test.mjs")).expect("it is there");
    let said = done(shop, "node", &["--test", "--test-reporter=tap", "api.test.mjs"]);
    assert!(said.contains("# fail 0") && !said.contains("# pass 0"), "{said}");
}

/// The types under `strict`, as a module of either kind.
fn from_typescript(shop: &Path) {
    let samples = ["sample.mts", "sample.cts"];
    for name in samples {
        std::fs::copy(root().join("tests/npm/sample.ts"), shop.join(name)).expect("it is there");
    }
    let (compiler, types) = (tool("typescript/bin/tsc"), tool("@types"));
    let strict = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--types", "node"];
    done(shop, "node", &[&[compiler.as_str(), "--typeRoots", &types], &strict[..], &samples].concat());
}

/// A request to end that only the launcher gets.
#[cfg(unix)]
fn signals_reach_the_program(shop: &Path) {
    use std::os::unix::process::ExitStatusExt;
    let launcher = "node_modules/brolly/bin/brolly.js";
    // A shell that says when it is there, and how it was ended.
    let script = "trap 'echo told to end; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let mut start = command(shop, "node", &[launcher, "-c", script]);
    let mut child =
        start.env("BROLLY_BINARY", "/bin/sh").stdout(Stdio::piped()).spawn().expect("node starts");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("a pipe")));
    assert_eq!(lines.next().expect("a line").expect("text"), "ready");
    done(shop, "kill", &["-TERM", &child.id().to_string()]);
    assert_eq!(lines.next().expect("a line").expect("text"), "told to end");
    assert_eq!(child.wait().expect("it ends").code(), Some(7));
    // What ends by a signal is seen to end by it.
    let mut start = command(shop, "node", &[launcher, "-c", "kill -KILL $$"]);
    let ended = start.env("BROLLY_BINARY", "/bin/sh").status().expect("node starts");
    assert_eq!(ended.signal(), Some(9), "{ended}");
}

#[test]
fn pnpm_add_and_exec() {
    let folder = folder();
    let (brolly, platform) = packed(&folder);
    let shop = project(&folder);
    // What the registry would give for the optional dependency of brolly.
    folder
        .write("shop/pnpm-workspace.yaml", format!("overrides:\n  '@brolly/{}': file:{platform}\n", HERE.1));
    let (pnpm, store) = (tool("pnpm/bin/pnpm.cjs"), folder.at("store"));
    let store = store.to_string_lossy();
    done(&shop, "node", &[&pnpm, "add", "--offline", "--store-dir", &store, "--save-dev", &brolly]);
    assert!(!shop.join("node_modules/@brolly").exists(), "the program lies in pnpm's own folder");
    let lint = command(&shop, "node", &[&pnpm, "exec", "brolly", "lint"]).output().expect("pnpm starts");
    assert_eq!(lint.status.code(), Some(1), "{}", told(&lint));
    let said = String::from_utf8_lossy(&lint.stdout);
    assert!(said.contains("error[drop-column]: drops `users.nickname`"), "{}", told(&lint));
}

/// The chore that comes before a tag, with a program that is no release: it is too large.
#[test]
fn a_release_is_checked() {
    let folder = folder();
    let binary = format!("{}={}", HERE.0, stripped(&folder).display());
    let out = folder.at("npm").to_string_lossy().into_owned();
    let checked = xtask(&["release", "--dry-run", "--binary", &binary, "--out", &out]);
    let said = told(&checked);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    for step in [
        "versions: ok",
        "changelog: ok",
        "generated files: ok",
        "program: FAILED\n  ",
        " MB, and 15 MB is the limit",
        "packages: ok",
        "installed into a fresh project: ok",
        "1 failed: this is no release",
    ] {
        assert!(said.contains(step), "no {step:?} in\n{said}");
    }
    // cargo-deny may be there or not, but its step is never passed over in silence.
    let licences = [
        "licences, bans, sources: ok",
        "licences, bans, sources: NOT CHECKED\n  cargo-deny is not installed",
    ];
    assert!(licences.iter().any(|line| said.contains(line)), "{said}");
    let other =
        told(&xtask(&["release", "--dry-run", "--tag", "v99.0.0", "--binary", &binary, "--out", &out]));
    assert!(other.contains("changelog: FAILED\n  the tag is v99.0.0, and the version"), "{other}");
}

#[test]
fn a_program_that_is_missing() {
    let folder = folder();
    // Of another platform, there is a package; it is never started.
    let other = folder.write("other", "").at("other");
    written(&folder.at("npm"), "x86_64-pc-windows-msvc", &other);
    let (_, brolly) = pack(&folder, "brolly");
    folder.write("app/package.json", r#"{ "name": "app", "private": true }"#);
    let app = folder.at("app");
    done(&app, "npm", &["install", "--offline", "--omit=optional", &brolly]);
    let check = |program: &str, args: &[&str], variables: &[(&str, &str)], pieces: &[&str]| {
        let mut command = command(&app, program, args);
        command.env_remove("npm_config_user_agent").envs(variables.iter().copied());
        let done = command.output().expect("it starts");
        assert_eq!(done.status.code(), Some(2), "{}", told(&done));
        let said = String::from_utf8_lossy(&done.stderr);
        pieces.iter().for_each(|piece| assert!(said.contains(piece), "no {piece:?} in\n{said}"));
    };
    let package = format!("brolly: the package @brolly/{} is not installed", HERE.1);
    check("npx", &["brolly", "lint"], &[], &[&package, "--omit=optional", "BROLLY_BINARY", "or add it"]);
    let launcher = "node_modules/brolly/bin/brolly.js";
    check("node", &[launcher], &[], &["with npm:", "with pnpm:", "with yarn:", "with bun:"]);
    let named = [("BROLLY_BINARY", "no/such")];
    check("node", &[launcher], &named, &["there is no file no/such, which BROLLY_BINARY names"]);
    folder.write("app/plain", "no program");
    check("node", &[launcher], &[("BROLLY_BINARY", "plain")], &["may not be run", "chmod +x"]);
    folder.write("app/elsewhere.cjs", "Object.defineProperty(process, 'platform', { value: 'sunos' });");
    let there = ["--require", "./elsewhere.cjs", launcher];
    check("node", &there, &[], &["no ready-made program for sunos on", "cargo install"]);
    folder.copy(&folder.at("npm/win32-x64").to_string_lossy(), "app/node_modules/@brolly/win32-x64");
    check("node", &[launcher], &[], &["What is installed is @brolly/win32-x64", "Install again on this one"]);
}
