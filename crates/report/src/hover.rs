//! What a statement does, as a few lines of Markdown for an editor that points at it.

use crate::timeline::{Breaks, Held, Moment, timeline};
use crate::timeline_text::kind;
use facts::Analysis;
use source::shown;
use std::fmt::Write;

/// What is known of a statement, by its place in [`Analysis::steps`].
pub fn hover(analysis: &Analysis, at: usize) -> Option<String> {
    let step = analysis.steps.get(at)?;
    let first = analysis.sets.get(step.set)?.steps.start;
    let timeline = timeline(analysis, step.set);
    let n = at.checked_sub(first)?;
    let moment = timeline.statements.get(n)?;
    let mut text = format!("PostgreSQL {}\n", timeline.postgres);
    for lock in &moment.locks {
        locked(&mut text, moment, lock, n);
    }
    if moment.locks.is_empty() {
        text.push_str("\n- takes no lock on what was there before");
    }
    for growth in &moment.grows {
        let _ = write!(
            text,
            "\n- **{}**: the larger it is, the longer it takes",
            growth.words.replace("public.", "")
        );
    }
    for failure in &moment.fails {
        let _ = write!(text, "\n- **fails** with {}: {}", failure.sqlstate, failure.when);
    }
    breaks(&mut text, "the deployed app, from the commit on", &moment.breaks_old_app);
    breaks(&mut text, "maybe the deployed app, from the commit on", &moment.may_break_old_app);
    breaks(&mut text, "the app being deployed, up to the commit", &moment.breaks_new_app);
    for unknown in &moment.unknown {
        let _ = write!(text, "\n- unknown: {unknown}");
    }
    text.push('\n');
    Some(text)
}

fn locked(text: &mut String, moment: &Moment, lock: &Held, n: usize) {
    let waits =
        match (moment.reads_wait.contains(&lock.relation), moment.writes_wait.contains(&lock.relation)) {
            (true, _) => "reads and writes wait",
            (false, true) => "writes wait, reads go on",
            (false, false) => "reads and writes go on",
        };
    let until = match (moment.transaction, moment.until == n) {
        (None, _) => ", until it ends".to_owned(),
        (Some(_), true) => ", until the commit right behind it".to_owned(),
        (Some(_), false) => format!(", until the commit {} further on", count(moment.until - n)),
    };
    let since =
        if lock.since < n { format!(" (since {} before)", count(n - lock.since)) } else { String::new() };
    let maybe = if lock.conditional { ", if a condition holds" } else { "" };
    let _ = write!(text, "\n- {} on `{}`{since}{until}{maybe}: {waits}", lock.mode, shown(&lock.relation));
}

fn count(statements: usize) -> String {
    if statements == 1 { "1 statement".to_owned() } else { format!("{statements} statements") }
}

fn breaks(text: &mut String, who: &str, breaks: &[Breaks]) {
    for one in breaks {
        let kinds: Vec<&str> = one.operations.iter().map(|operation| kind(*operation)).collect();
        let how = one.sqlstate.map_or("silently wrong".to_owned(), |state| format!("fails with {state}"));
        let _ = write!(text, "\n- **breaks** {who}: {} {how}; {}", kinds.join(", "), one.reason);
    }
}
