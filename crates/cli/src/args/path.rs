//! The arguments of the commands that lead along a safe path: `plan`, `fix` and `contract`.

use super::{Choice, Color, Database, Places, Server};
use clap::{Args, ValueEnum, ValueHint};

pub(super) const PLAN_EXAMPLES: &str = "\
Examples:
  brolly plan                        the deploys that what this branch adds needs
  brolly plan 0042_drop_nickname     those of one migration, by its tag or its path
  brolly plan --format markdown      for the description of the pull request

A plan is made for what is pending as one deploy, since Drizzle runs it in one transaction. Each path has
been replayed before it is shown: it ends where the migrations end, and lints clean deploy by deploy.

Exit codes: 0 a path, or nothing to do; 1 no path; 2 could not do its job.";

pub(super) const FIX_EXAMPLES: &str = "\
Examples:
  brolly fix                         the changes to the pending migrations, as a diff
  brolly fix --write                 make them

What belongs to a later deploy waits in `contract/` beside the migrations, rows to be changed are written
to `backfills/`, and what can't run in a transaction gets a migration of its own. Journal and snapshots
go along: `drizzle-kit generate` finds nothing to do afterwards. All files change at once or none does.

Exit codes: 0 a path, or nothing to do; 1 no path, and nothing written; 2 could not do its job.";

pub(super) const CONTRACT_EXAMPLES: &str = "\
Examples:
  brolly contract                    what waits, and what for
  brolly contract --write            make migrations of all that may go now
  brolly contract --database-url-env DATABASE_URL
                                     ask this database for rows that are left: best
                                     the one in production, or a replica of it
  brolly contract --done 0042_x.users_full_name
                                     a backfill that is known to be finished

The code of the deployed versions is read from git: --deployed, `deployed` of brolly.json, or the base.

Exit codes: 0 done, 1 something was named that may not go yet, 2 could not do its job.";

/// Which pending migrations.
#[derive(Debug, Default, Args)]
pub struct Pending {
    /// Migrations by their tags or paths; by default all that are new.
    #[arg(value_name = "MIGRATIONS", value_hint = ValueHint::AnyPath)]
    pub migrations: Vec<String>,
    /// A Drizzle config to read; may be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Vec<String>,
    /// A migrations folder (`out` of the config); may be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Vec<String>,
    /// The settings to go by instead of the nearest brolly.json above the project.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,
    /// A value for rows that have none in a column that becomes required, as SQL: `users.country='DE'`,
    /// `auth.users.country='DE'`, `"My Shop"."Order Items".qty=1`. May be given several times.
    #[arg(long, value_name = "COLUMN=SQL", value_parser = value)]
    pub value: Vec<(String, String)>,
    /// Put dropped tables aside under another name first, and drop them a deploy later: until then no row is lost.
    #[arg(long)]
    pub keep_dropped: bool,
}

/// A column and an expression.
fn value(text: &str) -> Result<(String, String), String> {
    // A name in quotes may hold what separates names and values.
    let quotes = |at: usize| text[..at].matches('"').count();
    let equals = text.match_indices('=').map(|(at, _)| at).find(|at| quotes(*at) % 2 == 0);
    let (column, value) = equals.map(|at| (&text[..at], &text[at + 1..])).unwrap_or_default();
    match plan::name_parts(column).len() {
        2.. if !value.trim().is_empty() => Ok((column.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write TABLE.COLUMN=SQL, as in users.country='DE'".to_owned()),
    }
}

impl Pending {
    /// Where to look: the projects themselves; which migrations is for later.
    pub fn places(&self) -> Places {
        Places {
            paths: Vec::new(),
            config: self.config.clone(),
            out: self.out.clone(),
            settings: self.settings.clone(),
        }
    }
}

/// Arguments of `brolly plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Which migrations.
    #[command(flatten)]
    pub pending: Pending,
    /// What to compare with.
    #[command(flatten)]
    pub choice: Choice,
    /// What to plan for.
    #[command(flatten)]
    pub server: Server,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = PlanFormat::Human)]
    pub format: PlanFormat,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people.
    Human,
    /// One JSON document (schema/plan.schema.json describes it).
    Json,
    /// For a pull request.
    Markdown,
}

/// Arguments of `brolly fix`.
#[derive(Debug, Args)]
pub struct FixArguments {
    /// Which migrations.
    #[command(flatten)]
    pub pending: Pending,
    /// What to compare with.
    #[command(flatten)]
    pub choice: Choice,
    /// What to plan for.
    #[command(flatten)]
    pub server: Server,
    /// Change the files; without it, the changes are shown.
    #[arg(long)]
    pub write: bool,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// Arguments of `brolly contract`.
#[derive(Debug, Args)]
pub struct ContractArguments {
    /// Waiting files by their names; by default all.
    #[arg(value_name = "NAMES")]
    pub names: Vec<String>,
    /// A Drizzle config to read; may be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Vec<String>,
    /// A migrations folder (`out` of the config); may be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Vec<String>,
    /// The settings to go by instead of the nearest brolly.json above the project.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,
    /// What to compare with.
    #[command(flatten)]
    pub choice: Choice,
    /// What to judge for.
    #[command(flatten)]
    pub server: Server,
    /// What is asked for rows that are left, where it is named: best the database in production, or a replica of it.
    #[command(flatten)]
    pub database: Database,
    /// A backfill that is finished, or a waiting file whose rows are known to be in order; may be given
    /// several times.
    #[arg(long, value_name = "NAME")]
    pub done: Vec<String>,
    /// Make migrations of what may go.
    #[arg(long)]
    pub write: bool,
}
