//! A watch in words: its state while it goes on, and the verdict.

use super::{Verdict, against};
use crate::chart::bars;
use source::{many, shown, size, time};
use std::fmt::Write;
use watch::{Sample, State, Wait};

/// Columns that the name of a line takes while a watch goes on.
const NAME: usize = 14;

/// The verdict. With `color`, states are coloured.
pub fn watch_text(verdict: &Verdict, color: bool) -> String {
    let mut out = String::new();
    for finding in &verdict.findings {
        let state = painted(finding.state, color);
        let _ = writeln!(out, "  {state} {:<12} {}", finding.topic.word(), finding.what);
        if let Some(cure) = &finding.cure {
            let _ = writeln!(out, "  {:<21} {cure}", "");
        }
    }
    let count = |state| verdict.findings.iter().filter(|one| one.state == state).count();
    let mut parts = Vec::new();
    for (state, word) in [(State::Bad, "bad"), (State::Worse, "worse"), (State::Unknown, "not known")] {
        if count(state) > 0 {
            parts.push(format!("{} {word}", count(state)));
        }
    }
    let parts = if parts.is_empty() { "nothing got worse".to_owned() } else { parts.join(", ") };
    let early = if verdict.interrupted { ", ended early" } else { "" };
    let _ = writeln!(
        out,
        "{parts}: {} in {}{early}, held against {}",
        many(verdict.looks, "look"),
        time(verdict.seconds),
        against(&verdict.baseline)
    );
    let lead = match (verdict.back.commands.is_empty(), verdict.state) {
        (true, _) => "the way back: ",
        (false, State::Bad) => "to go back: ",
        _ => "the way back, were it needed: ",
    };
    let _ = writeln!(out, "{lead}{}", verdict.back.what);
    for command in &verdict.back.commands {
        let _ = writeln!(out, "  {command}");
    }
    out
}

fn painted(state: State, color: bool) -> String {
    let word = format!("{:<8}", state.word());
    let code = match state {
        State::Ok => "32",
        State::Unknown => "36",
        State::Worse => "33",
        State::Bad => "31;1",
    };
    if color { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word }
}

/// One look on one line, for logs.
pub fn watch_status(sample: &Sample) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(why) = &sample.unreachable {
        return format!("{:>7}  no answer: {why}", time(sample.at));
    }
    parts.extend(connections(sample));
    parts.extend(waits(sample));
    parts.extend(statements(sample));
    parts.extend(transactions(sample));
    parts.extend(lag(sample));
    parts.extend(invalid(sample));
    format!("{:>7}  {}", time(sample.at), parts.join(", "))
}

fn connections(sample: &Sample) -> Option<String> {
    let seen = sample.connections.as_ref()?;
    Some(format!(
        "{} of {} connections ({} active, {} idle in transaction)",
        seen.used, seen.most, seen.active, seen.idle_in_transaction
    ))
}

fn waits(sample: &Sample) -> Option<String> {
    let waits = sample.waits.as_ref()?;
    Some(match waits.first() {
        None => "nobody waits for a lock".to_owned(),
        Some(first) => format!(
            "{} for locks, {}{}",
            if waits.len() == 1 {
                "1 session waits".to_owned()
            } else {
                format!("{} sessions wait", waits.len())
            },
            time(first.waited),
            first.relation.as_deref().map_or(String::new(), |name| format!(" on {}", shown(name)))
        ),
    })
}

fn statements(sample: &Sample) -> Option<String> {
    let slice = sample.statements.as_ref()?;
    let mean = if slice.calls == 0 { 0.0 } else { slice.milliseconds / slice.calls as f64 / 1e3 };
    Some(format!(
        "{} a statement, {:.1} a second",
        time(mean),
        slice.calls as f64 / sample.seconds.max(0.001)
    ))
}

fn transactions(sample: &Sample) -> Option<String> {
    let work = sample.work.as_ref()?;
    let seconds = sample.seconds.max(0.001);
    let rolled_back = work.rollbacks as f64 / seconds;
    Some(format!("{:.1} commits and {rolled_back:.1} rollbacks a second", work.commits as f64 / seconds))
}

fn lag(sample: &Sample) -> Option<String> {
    let worst =
        sample.replicas.iter().max_by(|a, b| a.lag.unwrap_or(0.0).total_cmp(&b.lag.unwrap_or(0.0)))?;
    Some(match (&worst.trouble, worst.lag) {
        (Some(why), _) => format!("replica {}: {why}", worst.name),
        (None, Some(lag)) => format!("replica {} {} behind", worst.name, time(lag)),
        (None, None) => format!("how far replica {} is behind is not known", worst.name),
    })
}

fn invalid(sample: &Sample) -> Option<String> {
    let invalid = sample.invalid_indexes.as_ref().filter(|list| !list.is_empty())?;
    let names: Vec<&str> = invalid.iter().map(|index| index.name.as_str()).collect();
    Some(format!("invalid: {}", names.join(", ")))
}

/// The state of a watch as lines of a terminal, each with its past as bars, so many columns wide.
pub fn watch_live(samples: &[Sample], width: usize, unicode: bool) -> Vec<String> {
    let Some(last) = samples.last() else { return Vec::new() };
    if let Some(why) = &last.unreachable {
        return vec![cut(&format!("no answer: {why}"), width, unicode)];
    }
    type Number = fn(&Sample) -> Option<f64>;
    let none: Number = |_| None;
    let mut rows: Vec<(&str, Option<String>, Number)> = vec![
        ("connections", connections(last), |sample| {
            sample.connections.as_ref().map(|one| f64::from(one.used))
        }),
        ("locks", waits(last), |sample| sample.waits.as_ref().map(|waits| waits.len() as f64)),
        ("statements", statements(last), |sample| {
            sample.statements.as_ref().map(|one| one.milliseconds / one.calls.max(1) as f64)
        }),
        ("transactions", transactions(last), |sample| sample.work.as_ref().map(|work| work.commits as f64)),
    ];
    if !last.replicas.is_empty() {
        rows.push(("replicas", lag(last), |sample| {
            Some(sample.replicas.iter().filter_map(|one| one.lag).fold(0.0, f64::max))
        }));
    }
    if let Some(tables) = samples.iter().rev().find_map(|sample| sample.tables.as_ref()) {
        let all: u64 = tables.iter().map(|table| table.bytes + table.index_bytes).sum();
        let dead: u64 = tables.iter().map(|table| table.dead).sum();
        let words = format!("{} with indexes, {dead} old versions of rows", size(all as f64));
        rows.push(("tables", Some(words), none));
    }
    rows.extend(invalid(last).map(|words| ("indexes", Some(words), none)));
    let words =
        |row: &(&str, Option<String>, Number)| row.1.clone().unwrap_or_else(|| "not known".to_owned());
    // The numbers first; the past has what they leave.
    let numbers = rows.iter().map(|row| words(row).chars().count()).max().unwrap_or_default();
    let past = &samples[samples.len().saturating_sub(width.saturating_sub(NAME + numbers + 1))..];
    let line = |row: &(&str, Option<String>, Number)| {
        let values: Vec<f64> = past.iter().map(|sample| row.2(sample).unwrap_or(0.0)).collect();
        let text = format!("{:<13} {:<numbers$} {}", row.0, words(row), bars(&values, 0.0, unicode));
        cut(text.trim_end(), width, unicode)
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.extend(last.waits.iter().flatten().take(3).map(|wait| cut(&waiting(wait), width, unicode)));
    lines
}

/// A line that fits; it shows where it was cut.
fn cut(line: &str, width: usize, unicode: bool) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mark = if unicode { "…" } else { "..." };
    let kept: String = line.chars().take(width.saturating_sub(mark.chars().count())).collect();
    kept + mark
}

fn waiting(wait: &Wait) -> String {
    let pid = |pid: Option<i32>| pid.map_or("a prepared transaction".to_owned(), |pid| pid.to_string());
    let behind: Vec<String> = wait.blockers.iter().map(|one| pid(one.pid)).collect();
    format!(
        "  {} waits {} for {}: {}",
        pid(wait.session.pid),
        time(wait.waited),
        behind.join(", "),
        wait.session.query
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{BaselineTold, WayBack};
    use watch::{Limits, Seen, Work, judge};

    #[test]
    fn a_verdict_says_what_and_against_what() {
        let verdict = Verdict {
            state: State::Ok,
            seconds: 60.0,
            looks: 12,
            interrupted: true,
            baseline: BaselineTold { taken: None, seconds: 10.0 },
            findings: judge(&Seen::default(), &Seen::default(), &[], &Limits::default()),
            statements: None,
            back: WayBack { what: "nothing".to_owned(), ..WayBack::default() },
        };
        let text = watch_text(&verdict, false);
        assert!(
            text.contains("7 not known: 12 looks in 60 s, ended early, held against its first 10 s"),
            "{text}"
        );
        assert!(text.ends_with("the way back: nothing\n"), "{text}");
        assert!(!text.contains('\u{1b}') && watch_text(&verdict, true).contains("\u{1b}[36m"), "{text}");
    }

    #[test]
    fn no_line_of_a_terminal_is_too_long() {
        let waits = vec![Wait { waited: 9.0, ..Wait::default() }];
        let sample = Sample { waits: Some(waits), ..Sample::default() };
        for width in [20, 64, 100] {
            let lines = watch_live(&vec![sample.clone(); 300], width, false);
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:#?}");
        }
        let work = Work { commits: 1_234_567, rollbacks: 89, ..Work::default() };
        let sample = Sample { work: Some(work), ..Sample::default() };
        let lines = watch_live(&vec![sample; 300], 79, true);
        // Numbers go before bars, and what is cut is seen to be.
        assert!(lines.iter().any(|line| line.contains("rollbacks a second")), "{lines:#?}");
        assert!(watch_live(&[], 80, true).is_empty());
    }
}
