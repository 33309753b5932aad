//! A plan as text: for a terminal, for a pull request, and as JSON.

mod human;
mod markdown;

pub use human::plan_text;
pub use markdown::plan_markdown;

use plan::{Outline, OutlineDeploy};
use schemars::JsonSchema;
use serde::Serialize;

/// What `brolly plan --format json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Plans")]
pub(crate) struct Plans<'a> {
    /// The version of this format.
    version: u8,
    /// One for each project that has something pending.
    plans: &'a [Outline],
}

/// Plans as one JSON document.
pub fn plan_json(plans: &[Outline]) -> String {
    let mut text = serde_json::to_string_pretty(&Plans { version: 1, plans }).unwrap_or_default();
    text.push('\n');
    text
}

/// A relation for people: the schema `public` goes without saying.
fn shown(relation: &str) -> &str {
    relation.strip_prefix("public.").unwrap_or(relation)
}

/// What the deploy is, in a few words.
fn heading(deploy: &OutlineDeploy) -> &'static str {
    match (deploy.number, deploy.ships_code) {
        (1, true) => "the migration, then the new version of the app",
        (1, false) => "the migration, while the deployed version goes on serving",
        (_, true) => "the switch, then the new version of the app",
        (_, false) => "what waited",
    }
}

/// When the new version of the app may serve, where that is not at once.
fn code_line(deploy: &OutlineDeploy) -> Option<&'static str> {
    let waits = deploy.ships_code && deploy.code_waits && !deploy.backfills.is_empty();
    waits.then_some("The new version of the app goes out once the backfill is finished.")
}

/// One backfill as a line.
fn backfill_line(backfill: &plan::Backfill) -> String {
    let by = match backfill.key.is_empty() {
        true => "as they come".to_owned(),
        false => format!("by {}", backfill.key.join(", ")),
    };
    format!("{}, {} rows at a time, {by}", backfill.table, backfill.batch)
}

/// What a backfill does, as SQL on a line.
fn backfill_sql(backfill: &plan::Backfill) -> String {
    let words =
        |word: &str, text: &Option<String>| text.as_ref().map_or(String::new(), |t| format!(" {word} {t}"));
    let condition = words("WHERE", &backfill.condition);
    match backfill.set.is_empty() {
        true => format!("DELETE FROM {}{}{condition}", backfill.table, words("USING", &backfill.from)),
        false => {
            format!(
                "UPDATE {} SET {}{}{condition}",
                backfill.table,
                backfill.set,
                words("FROM", &backfill.from)
            )
        }
    }
}
