//! What keeps brolly from doing its job, each with the way out. All of it is exit code 2, but for signals.
//!
//! `Display` is what a user reads: the first line says what happened, the lines after it what to
//! do. What is wrong inside a migration is no error but a finding.

use std::fmt::Write;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing to judge was found.
    #[error(
        "no Drizzle project for Postgres found in {place}{}\n  name its config: --config FILE\n  or its migrations folder: --out DIR",
        listed(notes)
    )]
    NoProject {
        /// Where was searched.
        place: String,
        /// What was seen there and passed over.
        notes: Vec<String>,
    },
    /// A named path does not exist.
    #[error("there is no `{path}`\n  name a project directory, a migrations folder or SQL files")]
    NoSuchPath {
        /// The path as given.
        path: String,
    },
    /// A named file is no SQL.
    #[error(
        "`{path}` is neither a directory nor an SQL file\n  a Drizzle config is named with --config FILE"
    )]
    NotSql {
        /// The path as given.
        path: String,
    },
    /// The settings file that was named is not there.
    #[error("there is no settings file `{path}`\n  brolly init writes one")]
    NoSuchSettings {
        /// The path as given.
        path: String,
    },
    /// A settings file can't be read.
    #[error("{path} can't be read: {why}")]
    UnreadableSettings {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// A settings file says what means nothing.
    #[error("the settings can't be used\n{}", lines.join("\n"))]
    BrokenSettings {
        /// What is wrong, with place and cure.
        lines: Vec<String>,
    },
    /// The statistics of a server are not there, or are something else.
    #[error(
        "{path}, the statistics of a server, can't be read: {why}\n  brolly stats --database-url URL --output {path} writes it"
    )]
    BrokenStats {
        /// The file.
        path: String,
        /// What the system or the reader says.
        why: String,
    },
    /// The baseline of a watch is not there, or is something else.
    #[error(
        "{path}, the baseline, can't be read: {why}\n  brolly watch --take {path} writes it, before a deploy"
    )]
    BrokenBaseline {
        /// The file.
        path: String,
        /// What the system or the reader says.
        why: String,
    },
    /// No look at a server was answered, so there is nothing to keep.
    #[error("{path} was not written: the server answered no look")]
    NothingSeen {
        /// The file.
        path: String,
    },
    /// The baseline is no migration.
    #[error("{path}: no migration is called `{tag}`, the baseline{near}")]
    NoSuchBaseline {
        /// The settings file.
        path: String,
        /// The baseline.
        tag: String,
        /// The migration that may be meant, as a line.
        near: String,
    },
    /// There is no rule, recipe or migration of that name.
    #[error(
        "`{name}` is neither a rule or recipe nor a migration{near}\n  brolly rules lists the rules; a migration goes by its tag or its path"
    )]
    NothingToExplain {
        /// The name as given.
        name: String,
        /// The rule that may be meant, as a line.
        near: String,
    },
    /// A version was asked for where no versions are.
    #[error("{} is not inside a git repository, so there is no `{reference}` to read code from", dir.display())]
    NoRepository {
        /// The folder of the project.
        dir: std::path::PathBuf,
        /// The version as asked.
        reference: String,
    },
    /// A version that is said to be deployed is not here.
    #[error("{source}\n  it is deployed, as {why} says")]
    NoDeployed {
        /// Who says that it is deployed.
        why: String,
        /// What git says.
        source: git::Error,
    },
    /// The command that says what is deployed did not.
    #[error(
        "{why} is to print which versions are deployed: {message}\n  run it by hand, or name them with --deployed REF"
    )]
    DeployedCommand {
        /// The command and where it is set.
        why: String,
        /// What went wrong.
        message: String,
    },
    /// Neither code nor migrations know the table or column.
    #[error("there is no table or column `{name}` {at}, and no migration made one{}", near.as_ref().map(|near| format!("\n  did you mean `{near}`?")).unwrap_or_default())]
    NoSuchName {
        /// The name as given.
        name: String,
        /// Where was looked.
        at: String,
        /// The name that may be meant.
        near: Option<String>,
    },
    /// There is no project to set up for.
    #[error(
        "no Drizzle project for Postgres found in {place}{}\n  init looks for drizzle.config.ts and its variants with the dialect \"postgresql\", and for folders of migrations\n  run it inside of the repository of a Drizzle project",
        listed(notes)
    )]
    NothingToSetUp {
        /// Where was searched.
        place: String,
        /// What was seen there and passed over.
        notes: Vec<String>,
    },
    /// A package.json that is none.
    #[error("nothing was written: {path} can't be read: {why}\n  mend it, then start again")]
    BrokenPackage {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file could not be written.
    #[error("{path} can't be written: {why}")]
    NotWritten {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// No migration is called so.
    #[error("no migration is called `{name}`\n  name it by its tag or its path")]
    NoSuchMigration {
        /// The name as given.
        name: String,
    },
    /// A value is given for a column that needs none.
    #[error("--value `{name}`: nothing that is pending wants a value there\n  {fits}")]
    ValueFitsNothing {
        /// The column as given.
        name: String,
        /// The columns that a value may be given for, in words.
        fits: String,
    },
    /// Nothing waits under this name.
    #[error("nothing that waits is called `{name}`\n  brolly contract lists what does")]
    NothingWaits {
        /// The name as given.
        name: String,
    },
    /// Neither a backfill nor what waits goes by this name.
    #[error(
        "--done {name}: no backfill and nothing that waits is called so\n  brolly contract lists what waits, brolly backfill --status the backfills"
    )]
    NothingDone {
        /// The name as given.
        name: String,
    },
    /// No backfill is called so.
    #[error("no backfill is called `{name}` in {folder}\n  brolly backfill --status lists them")]
    NoSuchBackfill {
        /// The name as given.
        name: String,
        /// Where they are.
        folder: String,
    },
    /// A backfill.
    #[error(transparent)]
    Backfill(#[from] runner::backfill::Error),
    /// Migrations can't be added to a folder.
    #[error(transparent)]
    Compose(#[from] drizzle::ComposeError),
    /// The current directory is gone or can't be read.
    #[error("the current directory can't be worked out: {source}\n  change to one that exists")]
    NoCurrentDir {
        /// What the system says.
        source: std::io::Error,
    },
    /// An amount of rows that is none.
    #[error("--rows {text} is no amount of rows\n  write 1000, or users=1e6 for one table")]
    BadRows {
        /// As given.
        text: String,
    },
    /// What waits for servers can't be started.
    #[error("connections can't be waited for: {source}")]
    NoRuntime {
        /// What the system says.
        source: std::io::Error,
    },
    /// A server, or what was asked of it.
    #[error(transparent)]
    Server(#[from] pg::Error),
    /// A run for good.
    #[error(transparent)]
    Run(#[from] runner::Error),
    /// A run on a server.
    #[error(transparent)]
    Verify(#[from] ::verify::Error),
    /// A database can be that of one project only.
    #[error("a database is that of one project, and there are {}: {}\n  name one of them, as in brolly {command} {}", projects.len(), projects.join(", "), projects.first().map_or("", String::as_str))]
    SeveralProjects {
        /// The command that was given.
        command: &'static str,
        /// Their folders.
        projects: Vec<String>,
    },
    /// What is pending in a database is what its ledger says, and nothing else.
    #[error("{what}\n  nothing was run")]
    CannotMigrate {
        /// What is in the way, with the way out.
        what: String,
    },
    /// What was shown was not agreed to.
    #[error("nothing was run{hint}")]
    NotAgreed {
        /// How to agree, as a line, where nobody could be asked.
        hint: &'static str,
    },
    /// It ended in the middle of migrating somebody's database.
    #[error("{source}\n  {state}")]
    StoppedMidway {
        /// Why.
        source: Box<Error>,
        /// What became of the database.
        state: String,
    },
    /// The variable that was named holds nothing.
    #[error("--database-url-env {name}: there is no such environment variable, or it is empty")]
    NoSuchVariable {
        /// The name as given.
        name: String,
    },
    /// The config takes the database from a variable that holds nothing.
    #[error(
        "{config} takes the database from {name}, which is not set\n  set it, in .env too, or name a database: --database-url-env NAME, --database-url URL"
    )]
    NoVariableOfConfig {
        /// The config.
        config: String,
        /// The variable.
        name: String,
    },
    /// The config says which database, in a way that can't be worked out, and nothing else does.
    #[error(
        "no database is named: `dbCredentials` of {config} can't be worked out, since it depends on {why}\n  --database-url-env NAME, --database-url URL, or DATABASE_URL in the environment or in .env beside the config"
    )]
    UnreadableDatabase {
        /// The config.
        config: String,
        /// What it depends on.
        why: String,
    },
    /// The file of targets can't be used.
    #[error("{path}{place}: {why}\n  docs/targets.md and schema/targets.schema.json say what it holds")]
    BrokenTargets {
        /// The file.
        path: String,
        /// Line and column, where something in it is wrong.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Nothing names a database.
    #[error(
        "no database is named\n  --database-url URL, --database-url-env NAME, dbCredentials of drizzle.config, DATABASE_URL in the environment or in .env beside the config, or PGHOST and its kin"
    )]
    NoDatabase,
    /// An editor could not be served.
    #[error(transparent)]
    Editor(#[from] lsp::Error),
    /// Git could not say what is new.
    #[error(transparent)]
    Git(#[from] git::Error),
}

impl Error {
    /// The exit code that goes with it.
    pub fn exit_code(&self) -> u8 {
        match self {
            // As shells have it.
            Error::Server(pg::Error::Interrupted { signal }) => 128 + signal.number(),
            Error::StoppedMidway { source, .. } => source.exit_code(),
            _ => COULD_NOT,
        }
    }
}

/// Exit code: nothing to complain about.
pub const CLEAN: u8 = 0;
/// Exit code: findings at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// Exit code: the job could not be done.
pub const COULD_NOT: u8 = 2;

fn listed(notes: &[String]) -> String {
    notes.iter().fold(String::new(), |mut text, note| {
        let _ = write!(text, "\n  {note}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_over_is_listed_before_the_cure() {
        let notes = vec!["skipped a.config.ts".to_owned()];
        let text = Error::NoProject { place: "apps".to_owned(), notes }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "no Drizzle project for Postgres found in apps",
                "  skipped a.config.ts",
                "  name its config: --config FILE",
                "  or its migrations folder: --out DIR"
            ]
        );
    }
}
