//! What happens to a backfill, in words.

use crate::migrate::some;
use runner::backfill::{Ended, Estimate, Event, Standing, State, TargetEnd, TargetState};
use source::many;

/// The line for an event, where people want one.
pub(super) fn line(event: &Event) -> Option<String> {
    let (backfill, what) = match event {
        Event::Started { backfill, table, resumed, total, changed, pids, .. } => {
            let rows = thousands(*total);
            let first = match resumed {
                true => format!("goes on with {table} after {} changed", self::rows(*changed)),
                false => format!("{table}, about {rows} rows"),
            };
            (backfill, format!("{first} (pid {})", pids[0]))
        }
        Event::Batch { .. } => return None,
        Event::Held { backfill, reason } => (backfill, format!("held: {}", reason.what)),
        Event::Released { backfill, millis } => (backfill, format!("goes on after {}", span(*millis))),
        Event::Retried { backfill, tries, sqlstate, message, next } => (
            backfill,
            format!(
                "try {tries} of a batch failed ({sqlstate} {message}); again, with {} rows",
                thousands(*next)
            ),
        ),
        Event::Reconnecting { backfill, tries, why } => {
            (backfill, format!("connects again, try {tries}: {why}"))
        }
        Event::Again { backfill, pass, left } => {
            (backfill, format!("{} left: pass {pass} through the table", are(*left)))
        }
        Event::Anew { backfill, table } => {
            (backfill, format!("{table} was written anew meanwhile: from its first page again"))
        }
        Event::Vacuum { backfill, skipped: None } => (backfill, "VACUUM (ANALYZE)".to_owned()),
        Event::Vacuum { backfill, skipped: Some(why) } => (backfill, format!("no VACUUM: {why}")),
        Event::Ended { .. }
        | Event::Standing(_)
        | Event::Estimate(_)
        | Event::Begins { .. }
        | Event::Summary { .. } => return None,
    };
    Some(format!("{backfill}: {what}"))
}

/// The line that tells how a run ended.
pub(super) fn end(event: &Event) -> Option<String> {
    let Event::Ended { backfill, how, changed, left, millis, why } = event else { return None };
    let rows = format!("{} changed in all", self::rows(*changed));
    let what = match how {
        Ended::Finished => format!("finished in {}, {rows}", span(*millis)),
        Ended::WasFinished => "was finished before".to_owned(),
        Ended::Paused => "is paused: --resume lets it go on".to_owned(),
        Ended::Cancelled => format!("is cancelled, {rows}: --resume lets it go on, --restart begins anew"),
        Ended::Taken => why.clone().unwrap_or_else(|| "another session runs it".to_owned()),
        Ended::Waits => format!("not begun: {}", why.as_deref().unwrap_or("it waits for another one")),
        // The error is told elsewhere.
        Ended::Failed => return Some(format!("{backfill}: FAILED, {rows}; what was done is kept")),
        Ended::Interrupted => {
            return Some(format!("{backfill}: interrupted, {rows}; the next run goes on from there"));
        }
    };
    let left = if *left == Some(0) { ", none is left" } else { "" };
    let mut line = format!("{backfill}: {what}{left}");
    if let Some(left @ 1..) = event_left(event) {
        line.push_str(&format!(
            "\n  {} LEFT that its `where` finds: do writers still make them?",
            are(left).to_uppercase()
        ));
    }
    Some(line)
}

/// How many targets ended how, and who did not end well.
pub(super) fn summary(targets: &[TargetEnd]) -> String {
    let of = |state: TargetState| targets.iter().filter(move |one| one.state == state);
    let mut counts = Vec::new();
    let mut lines = Vec::new();
    for (state, word) in [
        (TargetState::Done, "done"),
        (TargetState::Failed, "not done"),
        (TargetState::NotStarted, "not started"),
    ] {
        let names: Vec<&str> = of(state).map(|one| one.target.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        counts.push(format!("{} {word}", names.len()));
        match state {
            TargetState::Failed => lines.extend(of(state).map(|one| {
                format!("  {word:<11}  {}: {}", one.target, one.why.as_deref().unwrap_or_default())
            })),
            _ => lines.push(format!("  {word:<11}  {}", some(&names))),
        }
    }
    lines.insert(0, format!("{}: {}", many(targets.len(), "target"), counts.join(", ")));
    lines.join("\n") + "\n"
}

/// Rows that are left, as an end tells.
pub(super) fn event_left(event: &Event) -> Option<u64> {
    match event {
        Event::Ended { how: Ended::Finished | Ended::WasFinished, left, .. } => *left,
        _ => None,
    }
}

/// A line of `--status`.
pub(super) fn standing(standing: &Standing) -> String {
    let state = match standing.state {
        State::Pending if standing.batches > 0 => "stopped",
        State::Pending => "pending",
        State::Running => "running",
        State::Paused => "paused",
        State::Throttled => "held",
        State::Failed => "failed",
        State::Finished => "finished",
        State::Cancelled => "cancelled",
    };
    let mut line = format!("{state:<9}  {}", standing.backfill);
    if standing.state == State::Finished {
        line.push_str(&format!(": {} changed", rows(standing.changed)));
        if let Some(left @ 1..) = standing.left {
            line.push_str(&format!(", {} WERE LEFT", thousands(left)));
        }
    } else if standing.batches > 0 {
        let share = 100.0 * standing.passed as f64 / standing.total.max(1) as f64;
        let pass = if standing.pass > 1 { format!(" of pass {}", standing.pass) } else { String::new() };
        line.push_str(&format!(
            ": {:.0}%{pass}, {} changed in {}",
            share.min(100.0),
            rows(standing.changed),
            batches(standing.batches)
        ));
    }
    if let Some(pid) = standing.pid {
        line.push_str(&format!(" (lock held by pid {pid})"));
    }
    if standing.edited {
        line.push_str("\n           its file was changed since: --restart begins anew");
    }
    if let Some(why) = &standing.why {
        line.push_str(&format!("\n           {}", why.replace('\n', "\n           ")));
    }
    line
}

/// What a dry run tells.
pub(super) fn estimate(estimate: &Estimate) -> String {
    let rows = thousands(estimate.rows);
    let to_change = match estimate.to_change {
        Some(rows) => format!("{} of them to be changed", thousands(rows)),
        None => "not counted how many of them are to be changed".to_owned(),
    };
    let statement = match &estimate.statement {
        Some(statement) => {
            format!("\n  the first batch, {} rows:\n    {statement}", thousands(estimate.batch))
        }
        None => "\n  the table is empty".to_owned(),
    };
    format!(
        "{}: about {rows} rows in {}, {to_change}; roughly {}{statement}",
        estimate.backfill,
        estimate.table,
        whole(estimate.seconds)
    )
}

/// `1,234 rows`.
fn rows(number: u64) -> String {
    format!("{} {}", thousands(number), if number == 1 { "row" } else { "rows" })
}

fn batches(number: u64) -> String {
    format!("{} {}", thousands(number), if number == 1 { "batch" } else { "batches" })
}

/// `1,234 rows are`.
pub(super) fn are(number: u64) -> String {
    format!("{} {}", rows(number), if number == 1 { "is" } else { "are" })
}

/// `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds as people say them.
pub(super) fn whole(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { span(seconds.saturating_mul(1000)) }
}

/// A time as people say it.
pub(super) fn span(millis: u64) -> String {
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", millis as f64 / 1e3),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1000),
        _ => format!("{} h {} min", millis / 3_600_000, millis % 3_600_000 / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([10, 1500, 61_000, 3_660_000].map(span), ["10 ms", "1.5 s", "1 min 1 s", "1 h 1 min"]);
    }
}
