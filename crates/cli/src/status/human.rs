//! What is half-way, for people: by kind, each with where it comes from and how old it is.

use super::{Item, Kind, Status, days};
use git::Commit;
use std::fmt::Write;

/// All projects, one below the other.
pub fn text(all: &[Status], today: i64) -> String {
    let mut text = String::new();
    for (n, status) in all.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        one(&mut text, status, today);
    }
    text
}

fn one(text: &mut String, status: &Status, today: i64) {
    let count = match status.items.len() + status.waiting.len() {
        0 => "nothing is half-way".to_owned(),
        1 => "1 thing is half-way".to_owned(),
        more => format!("{more} things are half-way"),
    };
    let deployed = match status.deployed.as_slice() {
        [] => String::new(),
        labels => format!("; deployed: {}", labels.join(", ")),
    };
    let _ = writeln!(text, "{}: {count}{deployed}", status.project);
    let mut last: Option<Kind> = None;
    for item in &status.items {
        if last != Some(item.kind) {
            let _ = writeln!(text, "\n{}", item.kind.left_to_do());
        }
        last = Some(item.kind);
        of_item(text, item, today);
    }
    if !status.notes.is_empty() {
        text.push('\n');
    }
    for note in &status.notes {
        let _ = writeln!(text, "note: {note}");
    }
}

fn of_item(text: &mut String, item: &Item, today: i64) {
    let _ = writeln!(text, "  {}  {}", item.subject(), item.what);
    if let Some(made) = &item.made {
        let commit =
            made.commit.as_ref().map_or_else(|| "no commit seen".to_owned(), |one| commit(one, today));
        let _ = writeln!(text, "      made by {}, {commit}", made.migration);
    }
    if let Some(out) = &item.taken_out {
        let _ = writeln!(text, "      out of the code since {}", commit(out, today));
    }
    for (version, place) in item.places.iter().take(5) {
        let _ = writeln!(text, "      {}:{}:{} at {version}", place.file, place.line, place.column);
    }
    if item.places.len() > 5 {
        let _ = writeln!(text, "      and {} more", item.places.len() - 5);
    }
}

fn commit(commit: &Commit, today: i64) -> String {
    let day = commit.date.get(..10).unwrap_or(&commit.date);
    let age = match days(commit, today) {
        Some(0) => ", today".to_owned(),
        Some(1) => ", 1 day ago".to_owned(),
        Some(days) => format!(", {days} days ago"),
        None => String::new(),
    };
    format!("{} ({day}{age}, '{}')", commit.short, commit.subject)
}
