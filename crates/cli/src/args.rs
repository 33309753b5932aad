//! The command line as a value. The doc comments here are the text of `--help`.

mod back;
mod backfill;
mod code;
mod command;
mod explain;
mod path;
mod preflight;
mod run;
mod servers;
mod setup;
mod watch;

pub use back::{RollbackArguments, RollbackFormat};
pub use backfill::{BackfillArguments, BackfillFormat, Ignored};
pub use code::{CodeFormat, StatusArguments, UsesArguments};
pub use command::Command;
pub use explain::{ExplainArguments, ExplainFormat};
pub use path::{ContractArguments, FixArguments, Pending, PlanArguments, PlanFormat};
pub use preflight::PreflightArguments;
pub use run::{
    Database, LedgerAction, LedgerArguments, Many, MigrateArguments, Replicas, RunFormat, Skipped, Targets,
};
pub use servers::{
    DiffArguments, DiffFormat, RehearseArguments, Room, StatsArguments, VerifyArguments, VerifyFormat,
};
pub use setup::{Also, Ci, CompletionsArguments, InitArguments, ManArguments};
pub use watch::WatchArguments;

use clap::{Args, Parser, ValueEnum, ValueHint};

/// Tells whether a Drizzle migration can be rolled out to Postgres while old and new versions of
/// the app serve traffic.
#[derive(Debug, Parser)]
#[command(name = "brolly", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  brolly lint                        judge what this branch adds, in every project here
  brolly lint --all                  judge the whole history, each migration as a deploy of its own
  brolly lint --format github        the same findings as annotations of a pull request
  brolly facts --pg 13 drizzle       locks, rewrites, scans and broken queries of each statement
  brolly verify                      the new migrations, really run on a throwaway server
  brolly rehearse --rows users=3e6   the same under traffic: who waits, and for how long
  brolly plan                        the deploys that a safe path takes, and their SQL
  brolly fix --write                 make the pending migrations safe
  brolly contract                    what waits for a later deploy, and whether it may go
  brolly migrate --dry-run           what would run in the database, statement by statement
  brolly backfill --status           how far the backfills of a path are
  brolly preflight                   what in the database would make it fail or hurt
  brolly watch --against before.json what got worse after a deploy
  brolly rollback --write            the way back of the new migrations, in drizzle/rollbacks
  brolly uses users.full_name        where the code names a column, now or at a tag
  brolly status                      what is half-way: ready to drop, not validated, written twice
  brolly explain drop-column         what a rule is about, and the safe way

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 could not do its job.";

const LINT_EXAMPLES: &str = "\
Examples:
  brolly lint                               what is new against the base branch
  brolly lint --base origin/release         new against another branch, tag or commit
  brolly lint --deployed v2.41 --deployed v2.40
                                            held against the code of the versions that serve traffic
  brolly lint apps/api                      one project of several
  brolly lint --out db/migrations --all     a folder that no config names
  brolly lint drizzle/0042_add_index.sql    this file, on top of the history before it
  brolly lint --format github --also sarif=brolly.sarif --also markdown=brolly.md
                                            several formats of one run

What is new: files that the merge base with the base does not have, uncommitted and untracked ones
included. The base is --base, or else what the CI's variables name (GitHub, GitLab, Buildkite,
CircleCI), or else the remote's default branch. All new migrations of a project are judged as one
deploy, since Drizzle runs them in one transaction. Outside of git everything is judged, as with
--all.

What serves traffic meanwhile: the code of --deployed, or of `deployed` in brolly.json, or else of the
base. Its schema and its queries are read from git's objects, and findings name their lines. Where
there is no code to read, Drizzle's snapshots stand for it.

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 could not do its job.";

const FACTS_EXAMPLES: &str = "\
Examples:
  brolly facts drizzle                      one JSON object a statement, in execution order
  brolly facts --base origin/main --pg 18   only the new migrations, as one deploy

Without --base, each migration is a deploy of its own, and the deployed app is the one that the
snapshot before it declares.";

/// Arguments of `brolly lint`.
#[derive(Debug, Default, Args)]
pub struct LintArguments {
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// What to judge.
    #[command(flatten)]
    pub choice: Choice,
    /// Judge each migration of the history as a deploy of its own.
    #[arg(long, conflicts_with_all = ["base", "fetch_base", "allow_missing_base"])]
    pub all: bool,
    /// What to judge for.
    #[command(flatten)]
    pub server: Server,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// What `brolly stats` wrote, instead of the file that brolly.json names.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub stats: Option<String>,
    /// Write the findings to a file and only their numbers to the terminal.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<String>,
    /// Write the same findings to a file in another format, too; may be given several times.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub also: Vec<Also>,
    /// The weight from which a finding makes the exit code 1.
    /// [default: error]
    #[arg(long, value_enum, value_name = "WEIGHT")]
    pub fail_on: Option<FailOn>,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Print findings only: nothing about what was chosen or skipped, and nothing when clean.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `brolly facts`.
#[derive(Debug, Args)]
pub struct FactsArguments {
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// What to judge.
    #[command(flatten)]
    pub choice: Choice,
    /// What to judge for.
    #[command(flatten)]
    pub server: Server,
    /// How facts are written.
    #[arg(long, value_enum, default_value_t = FactsFormat::Jsonl)]
    pub format: FactsFormat,
}

/// Arguments of `brolly lsp`.
#[derive(Debug, Args)]
pub struct LspArguments {
    /// Judge what is new against this branch, tag or commit.
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// A version of the app that serves traffic: a tag, branch or commit. May be given several times.
    /// [default: `deployed` of brolly.json, or else the base]
    #[arg(long, value_name = "REF")]
    pub deployed: Vec<String>,
    /// Speak over standard input and output, as it always does; many editors pass this.
    #[arg(long)]
    pub stdio: bool,
}

/// Where the migrations are.
#[derive(Debug, Default, Args)]
pub struct Places {
    /// Project directories, migrations folders, folders of SQL files, or SQL files; by default
    /// every Drizzle project of the repository around the current directory.
    #[arg(value_name = "PATHS", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// A Drizzle config to read; may be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Vec<String>,
    /// A migrations folder (`out` of the config); may be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Vec<String>,
    /// The settings to go by instead of the nearest brolly.json above a project.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,
}

/// Which migrations are judged.
#[derive(Debug, Default, Args)]
pub struct Choice {
    /// Judge what is new against this branch, tag or commit.
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// Fetch the base where this clone lacks it.
    #[arg(long)]
    pub fetch_base: bool,
    /// Where there is no base, carry on with uncommitted and untracked files.
    #[arg(long)]
    pub allow_missing_base: bool,
    /// A version of the app that serves traffic while migrations run: a tag, branch or commit, whose
    /// code is read from git. May be given several times. [default: `deployed` of brolly.json, or else
    /// the base]
    #[arg(long, value_name = "REF")]
    pub deployed: Vec<String>,
}

/// The server that migrations are judged for.
#[derive(Debug, Default, Args)]
pub struct Server {
    /// Major version of Postgres, 13 to 18. [default: 16]
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u8).range(13..=18))]
    pub pg: Option<u8>,
    /// TimeZone of the session that migrates. [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
}

impl Server {
    /// What statements are judged for: what the flags say, or else the settings.
    pub fn options(&self, settings: &settings::Settings) -> facts::Options {
        let usual = facts::Options::default();
        let zone = self.time_zone.clone().or_else(|| settings.time_zone.clone());
        facts::Options {
            version: self.pg.or(settings.postgres).map_or(usual.version, facts::Version),
            time_zone: zone.unwrap_or(usual.time_zone),
            app_role: settings.app_role.clone(),
            runner: match settings.runner {
                settings::Runner::Brolly => facts::Runner::Brolly,
                settings::Runner::Drizzle | settings::Runner::OutsideTransaction => facts::Runner::Drizzle,
            },
        }
    }
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: the SQL with the place underlined, why, and what to do.
    #[default]
    Human,
    /// One JSON document (schema/lint.schema.json describes it).
    Json,
    /// Workflow commands, which GitHub shows beside the changed lines.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// The code quality report of GitLab.
    Gitlab,
    /// JUnit XML: a suite for each migration, a case for each finding.
    Junit,
    /// A comment for a pull request: the verdict first, details folded.
    Markdown,
}

/// How rules are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RulesFormat {
    /// For people.
    Human,
    /// One JSON document, with the pages in it.
    Json,
    /// Tables.
    Markdown,
}

/// How facts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FactsFormat {
    /// One JSON object a line.
    Jsonl,
}

/// The weight from which findings fail a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors only.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Info,
    /// No finding; input that can't be judged still does.
    Never,
}

impl FailOn {
    /// The least severity that fails; `None` where none does.
    pub fn severity(self) -> Option<source::Severity> {
        match self {
            FailOn::Error => Some(source::Severity::Error),
            FailOn::Warning => Some(source::Severity::Warning),
            FailOn::Info => Some(source::Severity::Info),
            FailOn::Never => None,
        }
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }
}
