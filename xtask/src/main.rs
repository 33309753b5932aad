//! Chores of this repository: `cargo xtask <chore>`, or `cargo run -p xtask -- <chore>`.
//!
//! - `new-rule <name>` writes a new lint rule with its page and puts it into the list.
//! - `codegen` writes what is made from code: JSON Schemas and TypeScript types. `--check` only compares.
//! - `npm` writes the npm packages: the launcher, and a package with the program for each platform.
//! - `release --dry-run` checks all that can be known before a version is published.
//! - `docs [folder]` builds the site: home, guides, rules, command line.
//! - `corpus` replays whole folders on a server and compares what it does with what is predicted.
//! - `verdicts` holds the reading of deployed code against what people found in public repositories.
//! - `bench` times `brolly lint` on generated projects; `bench backfill` measures what backfills cost a server.

// This is no part of the tool: it works on the repository's own files.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

mod bench;
mod codegen;
mod corpus;
mod docs;
mod new_rule;
mod npm;
mod plans;
mod release;
mod verdicts;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore>

  new-rule <name>          a rule named by its hazard in kebab-case, such as `drop-column`
  codegen [--check]        writes schema/ and npm/brolly/types, or says whether they are as they should be
  npm [--complete] [--binary TARGET=PATH ..] [--out DIR]
                           writes the npm packages (target/npm), with these programs in them
  release --dry-run [--tag TAG] [--binary TARGET=PATH ..] [--out DIR]
                           checks versions, changelog, generated files, licences, and the packages
  docs [folder]            builds the site of guides and rules (target/site)
  corpus DIR [--major N] [--show N]
                           replays folders of migrations on a server, and compares with the facts
  verdicts MIRRORS [TSV]   compares the reading of deployed code with docs/deployed-code-verdicts.tsv
  plans DIR [RULE]         plans every dangerous migration below DIR, and counts the paths
  bench [--squawk PATH]    times brolly on generated projects, and squawk on the same files
  bench backfill [MAJOR]   measures the CPU of a server for a backfill, beside other SQL that does the same";

fn corpus(dir: &str, rest: &[&str]) -> Result<String, String> {
    let number = |name: &str, usual: u16| match rest.iter().position(|word| *word == name) {
        None => Ok(usual),
        Some(at) => rest.get(at + 1).and_then(|word| word.parse().ok()).ok_or(USAGE.to_owned()),
    };
    corpus::corpus(Path::new(dir), number("--major", 15)?, usize::from(number("--show", 20)?))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let done = match words.as_slice() {
        ["new-rule", name] => new_rule::new_rule(root, name),
        ["codegen"] => codegen::codegen(root, false),
        ["codegen", "--check"] => codegen::codegen(root, true),
        ["npm", rest @ ..] => npm::Npm::from_words(root, rest).and_then(|npm| npm.write(root)),
        ["release", rest @ ..] => release::release(root, rest),
        ["docs"] => docs::docs(root, &root.join("target/site")),
        ["docs", folder] => docs::docs(root, Path::new(folder)),
        ["corpus", dir, rest @ ..] => corpus(dir, rest),
        ["plans", dir, rest @ ..] => plans::plans(Path::new(dir), rest.first().copied()),
        ["verdicts", mirrors] => {
            verdicts::verdicts(&root.join("docs/deployed-code-verdicts.tsv"), Path::new(mirrors), 50)
        }
        ["verdicts", mirrors, table] => verdicts::verdicts(Path::new(table), Path::new(mirrors), 50),
        ["bench", "backfill"] => bench::backfill::times(root, 16),
        ["bench", "backfill", major] => {
            major.parse().map_err(|_| USAGE.to_owned()).and_then(|major| bench::backfill::times(root, major))
        }
        ["bench"] => bench::bench(root, None),
        ["bench", "--squawk", path] => bench::bench(root, Some(path)),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
