//! A timeline drawn for people: transactions as a line down the left, each statement with what hangs
//! on it.

use crate::human::HumanOptions;
use crate::timeline::{Breaks, Moment, Timeline};
use annotate_snippets::normalize_untrusted_str;
use facts::Operation;
use source::shown;
use std::fmt::Write;

const RED: &str = "31";
const YELLOW: &str = "33";
const BOLD: &str = "1";
const DIM: &str = "2";

struct Pen<'a> {
    paper: &'a HumanOptions,
    out: String,
    bar: &'static str,
}

/// The timeline as text.
pub fn timeline_text(timeline: &Timeline, paper: &HumanOptions) -> String {
    let bar = if paper.unicode { "│" } else { "|" };
    let mut pen = Pen { paper, out: String::new(), bar };
    let mut migration = "";
    for (at, moment) in timeline.statements.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| timeline.statements.get(before));
        if moment.migration != migration {
            migration = &moment.migration;
            let _ = writeln!(pen.out, "{}", pen.ink(&moment.migration, BOLD));
        }
        if moment.transaction.is_some() && before.is_none_or(|before| before.commits) {
            let _ = writeln!(pen.out, "    BEGIN");
        }
        statement(&mut pen, at, moment);
        if moment.commits && moment.transaction.is_some() {
            let freed: Vec<&str> = moment.locks.iter().map(|lock| shown(&lock.relation)).collect();
            let freed =
                if freed.is_empty() { String::new() } else { format!("  frees {}", freed.join(", ")) };
            let _ = writeln!(pen.out, "    COMMIT{freed}");
        }
    }
    if timeline.statements.is_empty() {
        pen.out.push_str("no statement\n");
    }
    pen.out
}

fn statement(pen: &mut Pen<'_>, at: usize, moment: &Moment) {
    let inside = moment.transaction.is_some();
    let room = pen.paper.width.saturating_sub(8).max(40);
    let sql = moment.sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let sql = match sql.char_indices().nth(room) {
        Some((end, _)) => format!("{}..", &sql[..end]),
        None => sql,
    };
    let bar = if inside { pen.bar } else { " " };
    let place = format!("{}:{}", moment.file, moment.line);
    let sql = pen.ink(&normalize_untrusted_str(&sql), BOLD);
    let _ = writeln!(pen.out, "{:>3} {bar} {sql}", at + 1);
    let _ = writeln!(pen.out, "    {bar} {}", pen.ink(&place, DIM));
    let until = match (inside, moment.until == at) {
        (false, _) => "outside of any transaction: freed when it ends".to_owned(),
        (true, true) => "until the commit right behind it".to_owned(),
        (true, false) => format!("until the commit behind statement {}", moment.until + 1),
    };
    for (n, lock) in moment.locks.iter().enumerate() {
        let since =
            if lock.since == at { String::new() } else { format!(", since statement {}", lock.since + 1) };
        let maybe = if lock.conditional { ", if a condition holds" } else { "" };
        let text = format!("{} on {}{since}{maybe}", lock.mode, shown(&lock.relation));
        let text = if n == 0 { format!("{text} ({until})") } else { text };
        line(pen, bar, if n == 0 { "locks" } else { "" }, &text, "");
    }
    let both: Vec<&str> = moment.reads_wait.iter().map(|name| shown(name)).collect();
    let writes = moment.writes_wait.iter().filter(|name| !moment.reads_wait.contains(name));
    let writes: Vec<&str> = writes.map(|name| shown(name)).collect();
    if !both.is_empty() {
        line(pen, bar, "waits", &format!("reads and writes of {}", both.join(", ")), RED);
    }
    if !writes.is_empty() {
        line(pen, bar, "waits", &format!("writes of {}; reads go on", writes.join(", ")), YELLOW);
    }
    for growth in &moment.grows {
        line(pen, bar, "grows", &growth.words.replace("public.", ""), YELLOW);
    }
    for failure in &moment.fails {
        line(pen, bar, "fails", &format!("{}: {}", failure.sqlstate, failure.when), RED);
    }
    breaks(pen, bar, "breaks", "the deployed app, from the commit on", &moment.breaks_old_app, RED);
    breaks(
        pen,
        bar,
        "breaks",
        "maybe the deployed app, from the commit on",
        &moment.may_break_old_app,
        YELLOW,
    );
    breaks(pen, bar, "breaks", "the app being deployed, up to the commit", &moment.breaks_new_app, YELLOW);
    for unknown in &moment.unknown {
        line(pen, bar, "unknown", unknown, YELLOW);
    }
}

fn breaks(pen: &mut Pen<'_>, bar: &str, word: &str, who: &str, breaks: &[Breaks], colour: &str) {
    for one in breaks {
        let kinds: Vec<&str> = one.operations.iter().map(|operation| kind(*operation)).collect();
        let how = one.sqlstate.map_or("silently wrong".to_owned(), |state| format!("fails with {state}"));
        line(pen, bar, word, &format!("{who}: {} {how}; {}", kinds.join(", "), one.reason), colour);
    }
}

/// The word for a kind of query.
pub(crate) fn kind(operation: Operation) -> &'static str {
    match operation {
        Operation::Select => "select",
        Operation::Insert => "insert",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Upsert => "upsert",
    }
}

/// One line below a statement, wrapped at spaces.
fn line(pen: &mut Pen<'_>, bar: &str, word: &str, text: &str, colour: &str) {
    let room = pen.paper.width.saturating_sub(17).max(40);
    for (n, part) in crate::human::wrapped(text, room).lines().enumerate() {
        let word = if n == 0 { word } else { "" };
        let part = pen.ink(part, colour);
        let _ = writeln!(pen.out, "    {bar}   {word:<7} {part}");
    }
}

impl Pen<'_> {
    fn ink(&self, text: &str, colour: &str) -> String {
        if self.paper.color && !colour.is_empty() {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
