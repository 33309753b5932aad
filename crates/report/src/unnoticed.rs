//! What a run takes away without anybody noticing, as one line each. Since when no code names it is for
//! the caller to look up.

use crate::run::Run;
use facts::{Analysis, Step};
use schemars::JsonSchema;
use serde::Serialize;

/// What goes, or changes its name, and no deployed version notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unnoticed {
    /// Tag of the migration that takes it away.
    pub migration: String,
    /// `schema.name`.
    pub relation: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// The versions whose code was read.
    pub versions: Vec<String>,
    /// The commit since which no code names it, shortened, where that was looked up.
    pub since: Option<String>,
}

/// What goes unnoticed in the judged sets; `since` is for the caller to look up.
pub fn unnoticed(analysis: &Analysis) -> Vec<Unnoticed> {
    let of_step = |step: &Step| -> Vec<Unnoticed> {
        let one = |one: &facts::Unnoticed| Unnoticed {
            migration: step.tag.clone(),
            relation: one.relation.clone(),
            column: one.column.clone(),
            versions: one.versions.iter().map(ToString::to_string).collect(),
            since: None,
        };
        step.facts.unnoticed.iter().map(one).collect()
    };
    analysis.steps.iter().flat_map(of_step).collect()
}

impl Unnoticed {
    /// In words: `no code at v2.41 (3c1f9a2) names users.full_name since 8d2e11c`.
    pub fn line(&self) -> String {
        let name = source::shown(&self.relation);
        let column = self.column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
        let since = self.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
        let versions = match self.versions.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
            versions => versions.concat(),
        };
        format!("no code at {versions} names {name}{column}{since}")
    }
}

/// What goes unnoticed, a line each; empty where there is nothing of the kind.
pub fn unnoticed_lines(run: &Run) -> String {
    run.unnoticed.iter().map(|one| one.line() + "\n").collect()
}
