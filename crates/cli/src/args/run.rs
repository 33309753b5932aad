//! The arguments of the commands that change a database for good: `migrate` and `ledger`.

use super::servers::time;
use super::{Color, Server};
use clap::{Args, ValueEnum, ValueHint};
use std::time::Duration;

pub(super) const MIGRATE_EXAMPLES: &str = "\
Examples:
  brolly migrate                     what is pending in the database of DATABASE_URL
  brolly migrate --dry-run           every statement that would run, with what it locks
  brolly migrate --check             exit code 1 while something is pending; nothing is run
  brolly migrate --deployed v2.41    judge against the code of the version that serves traffic
  brolly migrate --allow 'no traffic at night, OPS-112'
                                     run what lint has errors about; the reason is recorded
  brolly migrate --skipped run       run migrations, too, that Drizzle skips since they came late
  brolly migrate --replica-env REPLICA_URL
                                     wait for reports on that replica, too, before their tables are locked
  brolly migrate --targets tenants.json --at-once 8
                                     many databases or tenant schemas: a canary first, then the others
  brolly migrate --targets tenants.json --check
                                     which of them have something pending

Each migration is a transaction of its own; what can't run in one (CREATE INDEX CONCURRENTLY) runs outside,
and a run that died goes on behind the last statement that was done. Locks are asked for a moment at a time,
rolled back and asked for again, so that nobody queues up behind a migration that waits. One run at a time:
others wait for it. A lock that the primary grants at once ends who reads the table on a replica: with --replica
they are waited for. What brolly preflight would stop for ends it before anything runs. The rows in the ledger are those of drizzle-orm, which can run before and after.

The database: --database-url, --database-url-env, DATABASE_URL of the environment or of .env, PGSERVICE, or
PGHOST and its kin. docs/migrate.md says more.

Exit codes: 0 done, or nothing is pending; 1 lint found errors, something is pending with --check, or a target of
--targets failed; 2 could not do its job: what was committed stays, and the next run goes on from there.";

/// Which database.
#[derive(Debug, Default, Args)]
pub struct Database {
    /// The database.
    #[arg(long, value_name = "URL", conflicts_with = "database_url_env")]
    pub database_url: Option<String>,
    /// The environment variable that holds the URL of the database.
    #[arg(long, value_name = "NAME")]
    pub database_url_env: Option<String>,
}

/// Many databases instead of one.
#[derive(Debug, Args)]
pub struct Targets {
    /// Each database or tenant schema that this file names, or standard input with `-`, in the place of one
    /// (docs/targets.md, schema/targets.schema.json). What a target does not say is that of --database-url.
    #[arg(id = "targets", long = "targets", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<String>,
    /// How many targets are worked on at once.
    #[arg(long, value_name = "N", default_value_t = 4, requires = "targets", value_parser = clap::value_parser!(u16).range(1..))]
    pub at_once: u16,
}

impl Targets {
    /// Whether a file of them is named.
    pub fn is_many(&self) -> bool {
        self.file.is_some()
    }
}

/// Many databases in which something is changed.
#[derive(Debug, Args)]
pub struct Many {
    /// Which.
    #[command(flatten)]
    pub targets: Targets,
    /// Begin no target any more after so many failures; what is at work ends.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "targets", value_parser = clap::value_parser!(u32).range(1..))]
    pub stop_after: u32,
}

/// Replicas that are asked themselves.
#[derive(Debug, Default, Args)]
pub struct Replicas {
    /// A replica to ask who reads there what will be locked; may be given several times.
    #[arg(long, value_name = "URL")]
    pub replica: Vec<String>,
    /// The environment variable that holds the URL of such a replica; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub replica_env: Vec<String>,
}

/// Which project: a database is that of one.
#[derive(Debug, Default, Args)]
pub struct OneProject {
    /// The project: its directory or its migrations folder.
    #[arg(value_name = "PROJECT", value_hint = ValueHint::AnyPath)]
    pub path: Option<String>,
    /// The Drizzle config to read.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<String>,
    /// The migrations folder (`out` of the config).
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<String>,
    /// The settings to go by instead of the nearest brolly.json above the project.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,
}

impl OneProject {
    /// Where to look.
    pub fn places(&self) -> super::Places {
        super::Places {
            paths: self.path.iter().cloned().collect(),
            config: self.config.iter().cloned().collect(),
            out: self.out.iter().cloned().collect(),
            settings: self.settings.clone(),
        }
    }
}

/// Arguments of `brolly migrate`.
#[derive(Debug, Args)]
pub struct MigrateArguments {
    /// Where to look.
    #[command(flatten)]
    pub place: OneProject,
    /// The database to migrate.
    #[command(flatten)]
    pub database: Database,
    /// Many databases.
    #[command(flatten)]
    pub many: Many,
    /// Whose readers are waited for before a table is locked.
    #[command(flatten)]
    pub replicas: Replicas,
    /// Versions of the app that serve traffic, to judge against: tags, branches or commits.
    #[arg(long, value_name = "REF")]
    pub deployed: Vec<String>,
    /// What to judge for.
    #[command(flatten)]
    pub server: Server,
    /// Show what would run, statement by statement, and run nothing.
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
    /// Exit with 1 where something is pending, and run nothing.
    #[arg(long)]
    pub check: bool,
    /// Run what lint has errors about, for this reason. It is recorded beside the ledger.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub allow: Option<String>,
    /// Run without the checks of `brolly preflight`.
    #[arg(long)]
    pub skip_preflight: bool,
    /// What to do with migrations that Drizzle skips, since the ledger has a row of a later time.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub skipped: Option<Skipped>,
    /// The longest that one try waits for a lock, and everybody behind it.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    pub lock_wait: Duration,
    /// How long to go on trying, for each transaction, and to wait for another run.
    #[arg(long, value_name = "TIME", default_value = "20min", value_parser = time)]
    pub patience: Duration,
    /// The longest that a statement in a transaction may take.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub statement_timeout: Option<Duration>,
    /// How it is written; schema/migrate.schema.json describes the JSON.
    #[arg(long, value_enum, default_value_t = RunFormat::Human)]
    pub format: RunFormat,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// What becomes of migrations that Drizzle would skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Skipped {
    /// They run, before the others.
    Run,
    /// They stay out, as with Drizzle.
    Leave,
}

/// How a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// For people.
    Human,
    /// JSON, a document a line for each thing that is told.
    Json,
}

pub(super) const LEDGER_EXAMPLES: &str = "\
Examples:
  brolly ledger                      what the ledger says of each migration
  brolly ledger list --targets tenants.json
                                     in many databases or tenant schemas, once for all that stand alike
  brolly ledger mark 0007_by_hand    note a migration as run that was run by hand, or never is to run
  brolly ledger forget 0007_by_hand  take its row away: it is pending again
  brolly ledger adopt                note all as run, in a database that was made with drizzle-kit push
  brolly ledger repair               mend rows whose files were edited, renamed or given another time

`forget` of a migration that is half run, and `mark` of one whose way back is, say that the rest was done by hand.
Every change is shown, as SQL, before it is made: at a terminal you are asked, elsewhere --yes agrees. `adopt`
compares the database with the history first, and refuses where they differ.

Exit codes: 0 done, or nothing to do; 1 the database differs (adopt), or rows can't be mended (repair);
2 could not do its job.";

/// Arguments of `brolly ledger`.
#[derive(Debug, Args)]
pub struct LedgerArguments {
    /// What to do.
    #[arg(value_enum, default_value_t = LedgerAction::List)]
    pub action: LedgerAction,
    /// Migrations, by their tags; for `mark` and `forget`.
    #[arg(value_name = "MIGRATIONS")]
    pub migrations: Vec<String>,
    /// The Drizzle config to read.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<String>,
    /// The migrations folder (`out` of the config).
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<String>,
    /// The database.
    #[command(flatten)]
    pub database: Database,
    /// Many databases; for `list`.
    #[command(flatten)]
    pub many: Targets,
    /// Agree to what is shown without being asked.
    #[arg(long)]
    pub yes: bool,
    /// Adopt a database that differs from the history, too.
    #[arg(long)]
    pub force: bool,
    /// How the list is written; schema/ledger.schema.json describes the JSON.
    #[arg(long, value_enum, default_value_t = RunFormat::Human)]
    pub format: RunFormat,
}

/// What is done with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LedgerAction {
    /// Show it.
    List,
    /// Note migrations as run.
    Mark,
    /// Take their rows away.
    Forget,
    /// Note all migrations as run.
    Adopt,
    /// Mend rows that belong to no file any more, or to an edited one.
    Repair,
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why".to_owned()),
        text => Ok(text.to_owned()),
    }
}
