//! `cargo xtask release --dry-run`: everything that can be known before a version is published, step by step.
//! It publishes nothing; docs/releasing.md tells what does.

mod install;
mod versions;

use crate::codegen;
use crate::npm::{Npm, PLATFORMS, version};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program may weigh.
const LIMIT: u64 = 15_000_000;

/// How a step ended.
pub enum Step {
    /// As it should be.
    Ok(String),
    /// What it needs is not there, and how to get it.
    NotChecked(String),
    /// What is wrong.
    Failed(String),
}

impl From<Result<String, String>> for Step {
    fn from(done: Result<String, String>) -> Step {
        done.map_or_else(Step::Failed, Step::Ok)
    }
}

/// What to check.
#[derive(Debug, Default)]
struct Wanted<'a> {
    /// The tag that is about to be published: with it, what is not checked and what is not final fails.
    tag: Option<&'a str>,
    /// For `cargo xtask npm`.
    npm: Vec<&'a str>,
    binaries: bool,
}

/// Reads the arguments, takes the steps, and says how each ended. An error where one failed.
pub fn release(root: &Path, words: &[&str]) -> Result<String, String> {
    let wanted = wanted(words)?;
    let mut npm = Npm::from_words(root, &wanted.npm)?;
    let mut said = String::new();
    let mut failed = 0;
    let mut step = |name: &str, ended: Step| {
        let (word, text) = match ended {
            Step::NotChecked(why) if wanted.tag.is_some() => ("FAILED", why),
            Step::Ok(text) => ("ok", text),
            Step::NotChecked(why) => ("NOT CHECKED", why),
            Step::Failed(why) => ("FAILED", why),
        };
        failed += usize::from(word == "FAILED");
        let _ = writeln!(said, "{name}: {word}\n  {}", text.trim().replace('\n', "\n  "));
    };
    step("versions", versions::agree(root).into());
    step("changelog", versions::changelog(root, wanted.tag).into());
    step("generated files", codegen::codegen(root, true).into());
    step("licences, bans, sources", dependencies(root));
    let built = if wanted.binaries { Ok("as given".to_owned()) } else { build(root, &mut npm) };
    let packs = built.is_ok();
    step("program", built.and_then(|said| Ok(format!("{said}\n{}", sizes(&npm)?))).into());
    if packs {
        step("packages", npm.write(root).into());
        step("installed into a fresh project", install::install(root, &npm.out).into());
    }
    let text = format!("{said}\n{}", publish(&npm.out));
    if failed == 0 { Ok(text) } else { Err(format!("{said}\n{failed} failed: this is no release")) }
}

fn wanted<'a>(words: &[&'a str]) -> Result<Wanted<'a>, String> {
    let ["--dry-run", rest @ ..] = words else {
        return Err(
            "cargo xtask release publishes nothing: say --dry-run (docs/releasing.md tells the rest)"
                .to_owned(),
        );
    };
    let mut wanted = Wanted::default();
    for pair in rest.chunks(2) {
        match pair {
            ["--tag", tag] => wanted.tag = Some(*tag),
            ["--binary" | "--out", _] => {
                wanted.binaries |= pair[0] == "--binary";
                wanted.npm.extend(pair);
            }
            other => {
                return Err(format!("--tag TAG, --binary TARGET=PATH or --out DIR, not {}", other.join(" ")));
            }
        }
    }
    Ok(wanted)
}

/// What deny.toml asks of the dependencies, as far as that needs no network.
fn dependencies(root: &Path) -> Step {
    let has = Command::new("cargo").args(["deny", "--version"]).output();
    if !has.is_ok_and(|done| done.status.success()) {
        let cure = "cargo-deny is not installed: cargo install cargo-deny --locked";
        return Step::NotChecked(cure.to_owned());
    }
    let args = ["deny", "--offline", "check", "licenses", "bans", "sources"];
    run(root, "cargo", &args)
        .map(|_| "advisories are checked by the workflow, which has a network".to_owned())
        .into()
}

/// The program for this machine, as it is published.
fn build(root: &Path, npm: &mut Npm) -> Result<String, String> {
    let said = run(root, "rustc", &["--version", "--verbose"])?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let platform = PLATFORMS.iter().find(|platform| platform.target == host);
    let platform = platform.ok_or_else(|| format!("there is no package for {host}"))?;
    run(root, "cargo", &["build", "--locked", "--package", "brolly", "--profile", "dist"])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let program = target.join("dist").join(platform.binary().trim_start_matches("bin/"));
    npm.binaries.push((host.to_owned(), program));
    Ok(format!("built for {host}"))
}

fn sizes(npm: &Npm) -> Result<String, String> {
    let mut said = Vec::new();
    for (target, path) in &npm.binaries {
        let bytes = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        let text = format!("{target}: {}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
        if bytes > LIMIT {
            return Err(format!("{text}, and {} MB is the limit", LIMIT / 1_000_000));
        }
        said.push(text);
    }
    Ok(said.join("\n"))
}

/// The commands that would publish what was packed.
fn publish(out: &Path) -> String {
    let tag = format!("v{}", version());
    let mut text = format!(
        "To publish, push the tag; .github/workflows/release.yml does the rest:\n  \
         git tag --annotate {tag} --message 'brolly {tag}' && git push origin {tag}\n\
         By hand, with a program for each platform in place, the platforms first:\n"
    );
    for name in PLATFORMS.iter().map(|platform| platform.name).chain(["brolly"]) {
        let _ = writeln!(text, "  npm publish {}", out.join(name).display());
    }
    text
}

/// Runs a command that has to succeed, and gives its output.
fn run(dir: &Path, program: &str, args: &[&str]) -> Result<String, String> {
    let done = Command::new(program).args(args).current_dir(dir).output();
    let done = done.map_err(|error| format!("{program} did not start: {error}"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(said);
    }
    Err(format!(
        "{program} {}: {}\n{said}{}",
        args.join(" "),
        done.status,
        String::from_utf8_lossy(&done.stderr)
    ))
}
