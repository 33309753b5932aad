//! Chores of this repository: `cargo xtask <chore>`, or `cargo run -p xtask -- <chore>`.
//!
//! - `new-rule <name>` writes a new lint rule with its page and puts it into the list.

// This is no part of the tool: it works on the repository's own files.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

mod new_rule;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask new-rule <name>\n\n  new-rule <name>   a rule named by its hazard in kebab-case, such as `drop-column`";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let done = match words.as_slice() {
        ["new-rule", name] => new_rule::new_rule(root, name),
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
