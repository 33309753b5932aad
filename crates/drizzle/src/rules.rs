//! Journal rules: the findings that this crate makes itself, about files rather than about SQL.

use source::{Group, RuleMeta, Severity};

const fn rule(name: &'static str, group: Group, severity: Severity, summary: &'static str) -> RuleMeta {
    RuleMeta { name, group, severity, summary }
}

/// A journal entry whose `when` is not greater than that of every earlier entry.
pub const SKIPPED_BY_DRIZZLE: RuleMeta = rule(
    "skipped-by-drizzle",
    Group::Journal,
    Severity::Error,
    "the entry's `when` is not newer than an earlier one's, so an up-to-date database never runs it",
);
/// A migration that the base has with other SQL.
pub const EDITED_APPLIED_MIGRATION: RuleMeta = rule(
    "edited-applied-migration",
    Group::Journal,
    Severity::Error,
    "a migration that exists at the base was edited, and databases that have run it never run it again",
);
/// A journal entry without its SQL file.
pub const MISSING_SQL_FILE: RuleMeta = rule(
    "missing-sql-file",
    Group::Journal,
    Severity::Error,
    "the journal names a migration whose SQL file does not exist",
);
/// An SQL file that the journal does not name.
pub const UNJOURNALED_SQL: RuleMeta = rule(
    "unjournaled-sql",
    Group::Journal,
    Severity::Warning,
    "an SQL file lies in the migrations folder and Drizzle never runs it",
);
/// A migration without its snapshot.
pub const MISSING_SNAPSHOT: RuleMeta = rule(
    "missing-snapshot",
    Group::Journal,
    Severity::Warning,
    "a migration has no snapshot, so the next `generate` may compare with the wrong schema",
);
/// A snapshot that does not follow the one before it.
pub const BROKEN_SNAPSHOT_CHAIN: RuleMeta = rule(
    "broken-snapshot-chain",
    Group::Journal,
    Severity::Warning,
    "a snapshot does not follow the snapshot of the migration before it",
);
/// Several newest migrations in a folder of the v1 format.
pub const CONFLICTING_BRANCHES: RuleMeta = rule(
    "conflicting-branches",
    Group::Journal,
    Severity::Error,
    "two migrations were generated from the same parent and nothing joins them",
);
/// The splitter cuts a literal, a body or a comment in two.
pub const BREAKPOINT_IN_LITERAL: RuleMeta = rule(
    "breakpoint-in-literal",
    Group::Journal,
    Severity::Error,
    "a statement-breakpoint marker lies inside a literal, body or comment, and Drizzle cuts there",
);
/// A journal that is no valid JSON or lacks what Drizzle needs.
pub const BROKEN_JOURNAL: RuleMeta = rule(
    "broken-journal",
    Group::Journal,
    Severity::Error,
    "the journal, or a migration folder's name, is not what Drizzle can read",
);
/// A snapshot that can't be read.
pub const BROKEN_SNAPSHOT: RuleMeta = rule(
    "broken-snapshot",
    Group::Journal,
    Severity::Warning,
    "a snapshot can't be read, so the schema it declares is unknown",
);
/// A folder in a format that is not supported.
pub const UNSUPPORTED_LAYOUT: RuleMeta = rule(
    "unsupported-layout",
    Group::Input,
    Severity::Error,
    "the folder is no migrations folder, or one of a format that is not supported",
);
/// A config of which something needed can't be worked out by reading.
pub const UNREADABLE_CONFIG: RuleMeta = rule(
    "unreadable-config",
    Group::Input,
    Severity::Warning,
    "a setting of the Drizzle config can't be worked out without running it",
);
/// A project for another database.
pub const OTHER_DIALECT: RuleMeta = rule(
    "other-dialect",
    Group::Input,
    Severity::Info,
    "the project is for another database than Postgres and was skipped",
);
/// A file that can't be read as text.
pub const UNREADABLE_FILE: RuleMeta = rule(
    "unreadable-file",
    Group::Input,
    Severity::Error,
    "a file can't be read, or holds bytes that are no SQL text",
);

/// All of them, by name.
pub const ALL: &[&RuleMeta] = &[
    &BREAKPOINT_IN_LITERAL,
    &BROKEN_JOURNAL,
    &BROKEN_SNAPSHOT,
    &BROKEN_SNAPSHOT_CHAIN,
    &CONFLICTING_BRANCHES,
    &EDITED_APPLIED_MIGRATION,
    &MISSING_SNAPSHOT,
    &MISSING_SQL_FILE,
    &OTHER_DIALECT,
    &SKIPPED_BY_DRIZZLE,
    &UNJOURNALED_SQL,
    &UNREADABLE_CONFIG,
    &UNREADABLE_FILE,
    &UNSUPPORTED_LAYOUT,
];
