//! A plan as text: for a terminal, for a pull request, and as JSON.

mod human;
mod markdown;

pub use human::plan_text;
pub use markdown::plan_markdown;

use plan::{Outline, OutlineDeploy, OutlineLock, OutlineWork, Work};
use schemars::JsonSchema;
use serde::Serialize;
use source::shown;

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

/// How long a lock is held, in words.
fn held(lock: &OutlineLock) -> String {
    if lock.meanwhile.is_empty() {
        return "for a moment".to_owned();
    }
    let each: Vec<String> =
        lock.meanwhile.iter().map(|work| format!("{}{}", done(work), long(work))).collect();
    format!("while it {}", each.join(" and "))
}

/// Work that keeps nobody waiting, in words.
fn beside(work: &OutlineWork) -> String {
    format!("{} while reads and writes go on{}", done(work), long(work))
}

fn done(work: &OutlineWork) -> String {
    let name = shown(&work.relation);
    match work.work {
        Work::Read | Work::LookUp | Work::Index => format!("reads {name}"),
        Work::Rewrite => format!("writes {name} anew"),
    }
}

/// How long that takes.
fn long(work: &OutlineWork) -> String {
    match (work.rows, work.at_least_seconds) {
        (Some(rows), Some(0)) => format!(": {}, a second or so", amount(rows)),
        (Some(rows), Some(seconds)) => format!(": {}, {} or more", amount(rows), span(seconds)),
        _ => ", the longer the more rows it has".to_owned(),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}

/// So many rows, with a comma between thousands.
fn amount(rows: u64) -> String {
    let digits = rows.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(if rows == 1 { " row" } else { " rows" });
    out
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
    let after = match backfill.after.as_slice() {
        [] => String::new(),
        names => format!("; after {} is finished", names.join(" and ")),
    };
    format!("{}, {} rows at a time, {by}{after}", backfill.table, backfill.batch)
}

/// What a backfill does, as SQL on a line.
fn backfill_sql(backfill: &plan::Backfill) -> String {
    let words =
        |word: &str, text: &Option<String>| text.as_ref().map_or(String::new(), |t| format!(" {word} {t}"));
    let condition = words("WHERE", &backfill.condition);
    let table = format!("{}{}", backfill.table, words("AS", &backfill.alias));
    match backfill.set.is_empty() {
        true => format!("DELETE FROM {table}{}{condition}", words("USING", &backfill.from)),
        false => {
            format!("UPDATE {table} SET {}{}{condition}", backfill.set, words("FROM", &backfill.from))
        }
    }
}
