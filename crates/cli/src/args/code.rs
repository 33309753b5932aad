//! The arguments of the commands that read the app's code: `uses`, `status`.

use super::Places;
use clap::{Args, ValueEnum};

pub(super) const USES_EXAMPLES: &str = "\
Examples:
  brolly uses users.full_name               where the code as it is now names the column
  brolly uses users.full_name --at v2.41    the same for a tag, branch or commit
  brolly uses users                         every use of the table, whichever columns it names
  brolly uses billing.invoices.total apps/api --at-least likely
                                            a table of another schema, in one project of several

The files are read from git's objects, and nothing is checked out, run or fetched. Queries are
followed through Drizzle's builders, relational queries and SQL in templates, over imports and
re-exports. Each use is

  certain    whenever this code runs, the query names it
  likely     it most likely is one, and something about it could not be followed
  possible   a name that fits, a type, a test, a table that is handed to unknown code

What could not be read is listed under `may be hidden`.

Exit codes: 0 there is an answer, 2 could not do its job.";

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  brolly status                             in every project here, against the code of the base branch
  brolly status --deployed v2.41            against the code that serves traffic
  brolly status --format json apps/api      one project, for scripts

What is looked for, in the replayed migrations and in the code:

  ready to drop      no deployed code, nor that of now, declares or names a column (or table)
  on the way out     the code of now does not declare it, and deployed code needs it
  written twice      one insert or update gives one value to two columns of different migrations
  kept equal         a trigger copies one column to another
  not validated      a constraint that was added NOT VALID
  not null           a CHECK (c IS NOT NULL) without SET NOT NULL, or left over after it
  indexes            not valid, or left over by REINDEX CONCURRENTLY

The database itself is not asked; brolly diff compares it with the history.

Exit codes: 0 there is an answer, 2 could not do its job.";

/// Arguments of `brolly status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// A version of the app that serves traffic: a tag, branch or commit. May be given several times.
    /// [default: `deployed` of brolly.json, or else the base branch]
    #[arg(long, value_name = "REF")]
    pub deployed: Vec<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = CodeFormat::Human)]
    pub format: CodeFormat,
}

/// Arguments of `brolly uses`.
#[derive(Debug, Args)]
pub struct UsesArguments {
    /// The table or column by its name in the database: `users`, `users.full_name`,
    /// `billing.invoices.total`.
    #[arg(value_name = "TABLE[.COLUMN]")]
    pub name: String,
    /// Where to look.
    #[command(flatten)]
    pub places: Places,
    /// The version of the code: a tag, branch or commit. [default: the working tree]
    #[arg(long, value_name = "REF")]
    pub at: Option<String>,
    /// Leave out what is less sure.
    #[arg(long, value_enum, value_name = "CERTAINTY", default_value_t = Sureness::Possible)]
    pub at_least: Sureness,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = CodeFormat::Human)]
    pub format: CodeFormat,
}

/// How sure a use is, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sureness {
    /// Whenever the code runs.
    Certain,
    /// Most likely.
    Likely,
    /// It may be.
    Possible,
}

impl Sureness {
    /// The same in the code's words.
    pub fn certainty(self) -> code::Certainty {
        match self {
            Sureness::Certain => code::Certainty::Certain,
            Sureness::Likely => code::Certainty::Likely,
            Sureness::Possible => code::Certainty::Possible,
        }
    }
}

/// How an answer about code is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodeFormat {
    /// For people.
    Human,
    /// One JSON document (crates/report/JSON.md describes it).
    Json,
}
