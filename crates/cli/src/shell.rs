//! `brolly completions` and `brolly man`: what a shell and `man` know of brolly, from the definitions
//! that `--help` is made of.

use crate::Outcome;
use crate::args::{Arguments, CompletionsArguments, ManArguments};
use crate::disk::Disk;
use crate::errors::Error;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::fmt::Write;

/// The script that a shell loads to complete commands and flags.
pub fn completions(wanted: &CompletionsArguments) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(wanted.shell, &mut Arguments::command(), "brolly", &mut script);
    outcome(script)
}

/// The page about brolly as a whole, or all pages into a folder.
pub fn man(disk: &Disk, wanted: &ManArguments) -> Result<Outcome, Error> {
    let mut main = Arguments::command().disable_help_subcommand(true);
    main.build();
    let Some(dir) = &wanted.out else { return Ok(outcome(page(&about(&main)))) };
    let mut said = String::new();
    for command in std::iter::once(&main).chain(main.get_subcommands()) {
        let man = about(command);
        let path = drizzle::join(dir, &man.get_filename());
        disk.write(&path, &String::from_utf8_lossy(&page(&man)))?;
        let _ = writeln!(said, "{path}");
    }
    Ok(Outcome { output: said, ..Outcome::default() })
}

fn about(command: &Command) -> Man {
    // Left empty, the date would leave its place in the header to what follows. Pages have none, so that
    // the same program always writes the same.
    Man::new(command.clone()).date(" ").source(concat!("brolly ", env!("CARGO_PKG_VERSION"))).manual("brolly")
}

fn page(man: &Man) -> Vec<u8> {
    let mut page = Vec::new();
    // Writing into memory can't fail.
    let _ = man.render(&mut page);
    page
}

fn outcome(text: Vec<u8>) -> Outcome {
    Outcome { output: String::from_utf8_lossy(&text).into_owned(), ..Outcome::default() }
}
