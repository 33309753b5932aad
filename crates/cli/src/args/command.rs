//! What brolly can do, a line of help for each command.

use super::back::ROLLBACK_EXAMPLES;
use super::backfill::BACKFILL_EXAMPLES;
use super::code::{STATUS_EXAMPLES, USES_EXAMPLES};
use super::path::{CONTRACT_EXAMPLES, FIX_EXAMPLES, PLAN_EXAMPLES};
use super::preflight::PREFLIGHT_EXAMPLES;
use super::run::{LEDGER_EXAMPLES, MIGRATE_EXAMPLES};
use super::servers::{DIFF_EXAMPLES, REHEARSE_EXAMPLES, STATS_EXAMPLES, VERIFY_EXAMPLES};
use super::setup::{COMPLETIONS_EXAMPLES, INIT_EXAMPLES, MAN_EXAMPLES};
use super::watch::WATCH_EXAMPLES;
use super::*;
use clap::Subcommand;

/// What brolly can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge migrations: say which can't be rolled out while the app serves traffic, why, and what
    /// to do instead.
    #[command(after_help = LINT_EXAMPLES)]
    Lint(Box<LintArguments>),
    /// Print what each statement does, with no verdict: locks, rewrites, scans, failures, and the
    /// queries of the deployed app that stop working.
    #[command(after_help = FACTS_EXAMPLES)]
    Facts(Box<FactsArguments>),
    /// Run the pending migrations on a throwaway Postgres, with rows in every table, and say what
    /// they did: locks, rewrites, failures, and which queries of the old and the new app break.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Box<VerifyArguments>),
    /// Compare schemas: the migration history, the newest snapshot, and a live database. Says what
    /// drifted apart.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(Box<DiffArguments>),
    /// Run the pending migrations under traffic: sessions send what the deployed app sends, on tables of
    /// production's size, and it is measured who waits, for how long, and what fails.
    #[command(after_help = REHEARSE_EXAMPLES)]
    Rehearse(Box<RehearseArguments>),
    /// Write the way back of migrations: for each, SQL that takes it back, derived from the schema that it met.
    /// Says what is lost and what can't be taken back.
    #[command(after_help = ROLLBACK_EXAMPLES)]
    Rollback(Box<RollbackArguments>),
    /// Read row counts, sizes, write rates and long transactions from a server into a file, by which
    /// `lint` then weighs what it finds. Reads only, and waits for nobody.
    #[command(after_help = STATS_EXAMPLES)]
    Stats(StatsArguments),
    /// Find where the code names a table or a column, as it is now or at any tag, branch or commit.
    #[command(after_help = USES_EXAMPLES)]
    Uses(UsesArguments),
    /// List what was begun and is not done: columns ready to drop or written twice, constraints not
    /// validated, leftover checks, triggers and indexes, each with its migration, commit and age.
    #[command(after_help = STATUS_EXAMPLES)]
    Status(StatusArguments),
    /// Show the safe path of the pending migrations: which deploys it takes, with their SQL, backfills and
    /// gates, and who waits at each step.
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Box<PlanArguments>),
    /// Write the safe path: change the pending migrations so that they can be deployed, and set aside what
    /// belongs to a later deploy. Shows the changes; --write makes them.
    #[command(after_help = FIX_EXAMPLES)]
    Fix(Box<FixArguments>),
    /// List what waits for a later deploy, ask code, database and history whether it may go now, and make
    /// migrations of what may.
    #[command(after_help = CONTRACT_EXAMPLES)]
    Contract(Box<ContractArguments>),
    /// Run what is pending in a database, for good: judged first, locks asked for a moment at a time, resumed
    /// where an earlier run died. Drizzle's own ledger stays valid.
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate(Box<MigrateArguments>),
    /// Show Drizzle's ledger beside the folder, and change it: note migrations as run, take rows away, adopt a
    /// database, mend rows. Shows each change before it is made.
    #[command(after_help = LEDGER_EXAMPLES)]
    Ledger(LedgerArguments),
    /// Run the backfills that `brolly fix` wrote: rows changed in batches, paced, held while something goes
    /// first, and gone on with after whatever stopped them.
    #[command(after_help = BACKFILL_EXAMPLES)]
    Backfill(Box<BackfillArguments>),
    /// Look at a database before a migration: transactions, locks, rights, replicas, room on the disk and what else
    /// would make it fail or hurt, each with what to do. Reads only.
    #[command(after_help = PREFLIGHT_EXAMPLES)]
    Preflight(Box<PreflightArguments>),
    /// Watch a database after a deploy, for 15 minutes by default: connections, waits for locks, errors, the time of each
    /// statement, replicas, tables and indexes, held against a baseline. Says at the end what got worse. Reads only.
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(Box<WatchArguments>),
    /// List all rules.
    Rules {
        /// How they are written.
        #[arg(long, value_enum, default_value_t = RulesFormat::Human)]
        format: RulesFormat,
    },
    /// Print the page of a rule, or the timeline of a migration: statement by statement, which locks
    /// are held and until when, who waits, what grows with the table, which app breaks.
    Explain(Box<ExplainArguments>),
    /// Set brolly up in the repository around: brolly.json, a script in package.json and a CI job, and say
    /// what it finds there. What is there already stays as it is.
    #[command(after_help = INIT_EXAMPLES)]
    Init(InitArguments),
    /// Print what a shell needs to complete brolly's commands and flags.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArguments),
    /// Print the man page, or write a page for each command into a folder.
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArguments),
    /// Serve an editor: the findings of `lint` while you type, what a statement locks, and what to write
    /// instead, by the language server protocol over standard input and output.
    Lsp(LspArguments),
}
