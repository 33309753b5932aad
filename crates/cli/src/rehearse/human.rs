//! What was measured, for people: the statements, the waits by table, the lock queue, the verdict.

use super::Rehearsed;
use super::chart;
use crate::verify::human::{first_line, span};
use report::HumanOptions;
use source::shown;
use std::fmt::Write;
use std::time::Duration;
use verify::rehearse::{Blocker, End, FailedStatement, Kind, Spread, TableWaits, Waiting};

/// The text for all sets.
pub fn text(rehearsed: &[Rehearsed], paper: &HumanOptions) -> String {
    let mut text = String::new();
    for one in rehearsed {
        if !text.is_empty() {
            text.push('\n');
        }
        set(&mut text, one, paper);
    }
    text
}

fn set(text: &mut String, one: &Rehearsed, paper: &HumanOptions) {
    let seen = &one.rehearsal;
    let _ = writeln!(text, "{}: {}", one.dir, one.selection);
    let _ = writeln!(
        text,
        "on PostgreSQL {}, {} statements a second from {} sessions\n",
        seen.server, one.asked.rate, seen.sessions
    );
    for refused in &seen.refused {
        let sql = first_line(&refused.sql, paper.width);
        let _ = writeln!(text, "not applied here: {sql}\n  {} {}", refused.sqlstate, refused.message);
    }
    for (table, reason) in seen.filled.empty() {
        let _ = writeln!(text, "no rows in {table}: {reason}");
    }
    for table in &seen.filled.unknown {
        let _ = writeln!(text, "there is no table {table} to fill");
    }
    for left in &seen.left_out {
        let table = left.relation.to_string();
        let (table, label) = (shown(&table), &left.label);
        let _ = writeln!(text, "not sent: {label} on {table}, which fails before the migration too");
        let _ = writeln!(text, "  {} {}", left.sqlstate, left.message);
    }
    for table in &seen.passed_over {
        let _ =
            writeln!(text, "no traffic on {}: the app does not use it, or there are too many", shown(table));
    }
    tries(text, one, paper);
    waits(text, one);
    queue(text, one, paper);
    verdict(text, one, paper);
}

fn tries(text: &mut String, one: &Rehearsed, paper: &HumanOptions) {
    for (number, attempt) in one.rehearsal.tries.iter().enumerate() {
        let mut tag = "";
        if one.rehearsal.tries.len() > 1 {
            let _ = writeln!(text, "try {}", number + 1);
        }
        for ran in &attempt.statements {
            if ran.tag != tag {
                tag = &ran.tag;
                let _ = writeln!(text, "{tag}");
            }
            let sql = first_line(&ran.sql, paper.width.saturating_sub(16));
            let _ = writeln!(text, "  {:>10}  {sql}", span(ran.to.saturating_sub(ran.from)));
        }
        let took = span(attempt.to.saturating_sub(attempt.from));
        let _ = match &attempt.end {
            End::Committed => writeln!(text, "committed after {took}"),
            End::Refused { sqlstate, message } => {
                writeln!(text, "FAILED after {took}, and what was open is rolled back: {sqlstate} {message}")
            }
        };
    }
}

fn waits(text: &mut String, one: &Rehearsed) {
    let seen = &one.rehearsal;
    let shown = |table: &TableWaits| {
        let rows = seen.filled.tables.get(&table.relation).map_or(0, |filled| filled.rows());
        let beside = if table.touched { "" } else { ", not locked" };
        format!("{} ({rows} rows{beside})", shown(&table.relation.to_string()))
    };
    let names: Vec<String> = seen.tables.iter().map(shown).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0).max("longest wait".len());
    let _ = writeln!(
        text,
        "\n{:width$}  {:>10} {:>10} {:>12} {:>10}",
        "longest wait", "a read", "(before)", "a write", "(before)"
    );
    for (name, table) in names.iter().zip(&seen.tables) {
        let cell = |spread: &Spread| match spread.count {
            0 => "-".to_owned(),
            _ => span(spread.longest),
        };
        let marked = |spread: &Spread| {
            let over = spread.longest > one.limits.wait;
            format!("{}{}", cell(spread), if over { "!" } else { " " })
        };
        let _ = writeln!(
            text,
            "{name:width$}  {:>11} {:>9} {:>13} {:>9}",
            marked(&table.reads.during),
            cell(&table.reads.before),
            marked(&table.writes.during),
            cell(&table.writes.before)
        );
    }
}

fn queue(text: &mut String, one: &Rehearsed, paper: &HumanOptions) {
    let seen = &one.rehearsal;
    let most = seen.queue.iter().map(|sample| sample.length()).max().unwrap_or(0);
    let _ = match most {
        0 => writeln!(text, "\nlock queue: nobody waited"),
        _ => writeln!(text, "\nlock queue: up to {most} of {} sessions waited", seen.sessions),
    };
    let width = paper.width.saturating_sub(20).clamp(20, 100);
    let [bars, ran] = chart::lines(seen, width, paper.unicode);
    if most > 0 {
        let _ = writeln!(text, "  {bars}");
    }
    let _ = writeln!(text, "  {ran} migration");
    let _ = writeln!(text, "  0{:>rest$}", span(seen.end), rest = width - 1);
}

fn verdict(text: &mut String, one: &Rehearsed, paper: &HumanOptions) {
    let (seen, found) = (&one.rehearsal, &one.verdict);
    text.push('\n');
    if !found.waits.is_empty() {
        let _ = writeln!(text, "WAITED LONGER THAN {}:", span(one.limits.wait));
        for (relation, kind, longest) in &found.waits {
            let what = if *kind == Kind::Read { "reads of" } else { "writes to" };
            let _ = writeln!(text, "  {what} {}: {}", shown(&relation.to_string()), span(*longest));
        }
    }
    let gave_up = seen.tries.iter().any(|attempt| attempt.lost_a_lock());
    if !found.waits.is_empty() || gave_up {
        blockers(text, one, paper);
    }
    if !found.broken.is_empty() {
        let _ = writeln!(text, "STATEMENTS OF THE OLD APP THAT FAILED:");
        let begun = seen.tries.first().map_or(Duration::ZERO, |first| first.from);
        for failed in &found.broken {
            failure(text, failed, begun);
        }
    }
    if found.failed {
        let _ = writeln!(text, "THE MIGRATION FAILED");
        if seen.tries.last().is_some_and(|last| last.lost_a_lock()) {
            let _ = writeln!(text, "  it gave up on a lock: --retries 5 tries it again");
        }
    }
    if found.long {
        let _ = writeln!(
            text,
            "the migration takes {}: deploys wait for it, and what it locks stays locked; more rows take longer",
            span(seen.duration())
        );
    }
    if found.noisy {
        let _ = writeln!(
            text,
            "statements waited that long before the migration too: this machine is too busy to measure on"
        );
    }
    if found.is_fine() {
        let _ =
            writeln!(text, "within limits: nothing failed, and nobody waited for {}", span(one.limits.wait));
    }
    let _ = writeln!(
        text,
        "(waits count from when a statement was due; the clock was {} late at most)",
        span(seen.late)
    );
}

/// Who was in the way, as far as it counts: a part of what is too long, at least.
fn blockers(text: &mut String, one: &Rehearsed, paper: &HumanOptions) {
    let counts = |blocker: &&Blocker| blocker.duration() >= one.limits.wait / 4;
    for (at, blocker) in one.rehearsal.blockers.iter().filter(counts).take(5).enumerate() {
        if at == 0 {
            let _ = writeln!(text, "IN THE WAY:");
        }
        let whom = match blocker.waiting {
            Waiting::Migration => "of the migration",
            Waiting::Reads => "of reads",
            Waiting::Writes => "of writes",
        };
        let who = match (blocker.migration, blocker.application.as_str()) {
            (true, _) => "the migration".to_owned(),
            (false, "") => "a session without a name".to_owned(),
            (false, name) => name.to_owned(),
        };
        let _ = writeln!(
            text,
            "  {whom}, for {}: {who} (pid {}), {}\n    {}",
            span(blocker.duration()),
            blocker.pid,
            blocker.state,
            first_line(&blocker.query, paper.width.saturating_sub(8))
        );
    }
}

fn failure(text: &mut String, failed: &FailedStatement, begun: Duration) {
    let table = failed.relation.to_string();
    let _ = writeln!(text, "  {}: {} {}", shown(&table), failed.sqlstate, failed.message);
    let times = if failed.count == 1 { "once".to_owned() } else { format!("{} times", failed.count) };
    let first = span(failed.first.saturating_sub(begun));
    let _ = writeln!(text, "    {}, {times}, first {first} after the migration began", failed.label);
}
