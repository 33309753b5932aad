//! What a finding is made of: what, why, what to do, and where.

use crate::{SourceFile, Span};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// How much a finding weighs. Ordered: `Info < Warning < Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; never fails a run by itself.
    Info,
    /// May hurt, depending on data or load.
    Warning,
    /// Hurts.
    Error,
}

/// The harm that a rule is about, in the order in which findings are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// The deployed version of the app stops working.
    BreaksOldApp,
    /// The version being deployed does not work.
    BreaksNewApp,
    /// Rows or values are lost.
    LosesData,
    /// The migration itself fails.
    Fails,
    /// Reads or writes wait.
    Blocks,
    /// Drizzle's journal, snapshots and files disagree.
    Journal,
    /// Good to know.
    Advice,
    /// A file that could not be read or understood.
    Input,
}

/// Whether a fact was worked out or seen on a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Worked out from the SQL and the replayed schema.
    #[default]
    Predicted,
    /// Seen on a running server.
    Observed,
}

/// What is fixed about a rule: one constant beside each rule's check function.
#[derive(Clone, Copy, Debug)]
pub struct RuleMeta {
    /// The hazard in kebab-case; file, docs and ignore comments use the same word.
    pub name: &'static str,
    /// The harm it is about.
    pub group: Group,
    /// Severity unless configured or lowered by context.
    pub severity: Severity,
    /// One line for lists.
    pub summary: &'static str,
}

/// A place in a file and what is to be seen there.
#[derive(Clone, Debug)]
pub struct Label {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The place, as small as a name where possible.
    pub span: Span,
    /// A few words; may be empty on a primary label.
    pub text: String,
}

/// What to do about a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// Plain steps.
    pub text: String,
    /// SQL (or TypeScript, or shell) to copy.
    pub code: Option<String>,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Name of the rule, such as `drop-column`.
    pub rule: &'static str,
    /// The harm.
    pub group: Group,
    /// The weight.
    pub severity: Severity,
    /// One terse sentence with the names in it.
    pub what: String,
    /// The facts: which lock, who waits, which query breaks with which SQLSTATE. One a line.
    pub why: Vec<String>,
    /// The way out.
    pub remedy: Remedy,
    /// Worked out or seen.
    pub evidence: Evidence,
    /// Where it is.
    pub primary: Label,
    /// Further places that explain it, possibly in other files.
    pub secondary: Vec<Label>,
    /// Tag or folder name of the migration, where it is about one.
    pub migration: Option<String>,
    /// Index of the statement in the migration, where it is about one.
    pub statement: Option<usize>,
    /// The relation it is about, as Postgres stores the name (`public.users`).
    pub relation: Option<String>,
    /// Why somebody lives with it: the reason that an allowing comment gives. Shown, and no failure.
    pub accepted: Option<String>,
}
