//! The program `brolly`: arguments, files and exit codes. The thinking is in the other crates.

mod apps;
mod args;
mod backfill;
mod cache;
mod changes;
mod check;
mod checks;
mod confirm;
mod contract;
mod database;
mod deployed;
mod deploys;
mod diff;
mod disk;
mod editor;
mod errors;
mod explain;
mod facts;
mod fix;
mod init;
mod judge;
mod ledger;
mod ledger_change;
mod lint;
mod migrate;
mod past;
mod place;
mod plan;
mod preflight;
mod projects;
mod rehearse;
mod rollback;
mod rules;
mod schema_filter;
mod select;
mod settings_file;
mod shell;
mod stats;
mod status;
mod swap;
mod targets;
mod timeline;
mod trees;
mod unsaved;
mod uses;
mod verify;
mod versions;
mod watch;

use args::{Arguments, Color, Command};
use clap::Parser;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// A run makes millions of small values in one thread and drops them in others.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a command wants said, and how it ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For standard output.
    pub output: String,
    /// Lines for the error stream.
    pub notes: Vec<String>,
    /// The exit code.
    pub code: u8,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = run(&arguments).unwrap_or_else(|error| Outcome {
        notes: vec![format!("brolly: {error}")],
        code: error.exit_code(),
        ..Outcome::default()
    });
    // Whoever reads may have read enough: a closed pipe is no failure of ours.
    let mut errors = std::io::stderr().lock();
    for note in &outcome.notes {
        let _ = writeln!(errors, "{note}");
    }
    let mut out = std::io::stdout().lock();
    let written = out.write_all(outcome.output.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let _ = writeln!(errors, "brolly: the output could not be written: {error}");
            ExitCode::from(errors::COULD_NOT)
        }
        _ => ExitCode::from(outcome.code),
    }
}

fn run(arguments: &Arguments) -> Result<Outcome, errors::Error> {
    #[expect(clippy::disallowed_methods, reason = "the cli is started somewhere")]
    let here = std::env::current_dir().map_err(|source| errors::Error::NoCurrentDir { source })?;
    let disk = disk::Disk::new(here);
    match &arguments.command {
        Command::Lint(wanted) => lint::lint(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Facts(wanted) => facts::facts(&disk, wanted, &variable),
        Command::Verify(wanted) => verify::verify(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Diff(wanted) => diff::diff(&disk, wanted, &variable),
        Command::Rehearse(wanted) => rehearse::rehearse(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Rollback(wanted) => rollback::rollback(&disk, wanted, &variable),
        Command::Stats(wanted) => stats::stats(&disk, wanted),
        Command::Uses(wanted) => uses::uses(&disk, wanted),
        Command::Status(wanted) => status::status(&disk, wanted, &variable),
        Command::Plan(wanted) => plan::plan(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Fix(wanted) => fix::fix(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Contract(wanted) => contract::contract(&disk, wanted, &variable),
        Command::Migrate(wanted) => migrate::migrate(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Ledger(wanted) => ledger_change::ledger(&disk, wanted, &variable),
        Command::Backfill(wanted) => backfill::backfill(&disk, wanted, &variable),
        Command::Preflight(wanted) => preflight::preflight(&disk, wanted, &variable),
        Command::Watch(wanted) => watch::watch(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Rules { format } => Ok(rules::rules(*format)),
        Command::Explain(wanted) => explain::explain(&disk, wanted, &variable, &paper(wanted.color)),
        Command::Init(wanted) => init::init(&disk, wanted, &variable),
        Command::Completions(wanted) => Ok(shell::completions(wanted)),
        Command::Man(wanted) => shell::man(&disk, wanted),
        Command::Lsp(wanted) => editor::lsp(wanted),
    }
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the cli has an environment")]
    std::env::var(name).ok()
}

/// What findings are drawn on.
fn paper(color: Color) -> report::HumanOptions {
    let stdout = std::io::stdout();
    let terminal = stdout.is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
    };
    let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
    let width = if terminal { width.clamp(40, 140) } else { 100 };
    report::HumanOptions { color, width, unicode: terminal && speaks_unicode() }
}

/// Whether the locale says that the terminal shows more than ASCII.
fn speaks_unicode() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
