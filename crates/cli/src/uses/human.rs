//! Uses for people: a line each, with the line of code below it.

use super::{Answer, counted};
use code::{Columns, Role};
use std::fmt::Write;

/// A line of code is cut here.
const LONGEST: usize = 100;

/// All answers, one below the other.
pub fn text(answers: &[Answer]) -> String {
    let mut text = String::new();
    for (n, answer) in answers.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        if answers.len() > 1 {
            let _ = writeln!(text, "{}", answer.project);
        }
        one(&mut text, answer);
    }
    text
}

fn one(text: &mut String, answer: &Answer) {
    let _ = writeln!(text, "{} at {}", answer.subject(), answer.version.label());
    if let Some(declared) = &answer.declared {
        let place = &declared.place;
        let key = declared.key.as_ref().map(|key| format!("`{key}`, ")).unwrap_or_default();
        let at = format!("{}:{}:{}", place.file, place.line, place.column);
        let _ = writeln!(text, "  declared in {at}  {key}{}", declared.what);
    }
    let rows: Vec<[String; 4]> = answer
        .uses
        .iter()
        .map(|found| {
            let place = &found.place;
            let what = match answer.column {
                Some(_) => role(found.role).to_owned(),
                None => format!("{} {}", role(found.role), columns(&found.columns)).trim_end().to_owned(),
            };
            let prepared = found.prepared.as_ref().map(|name| format!(" (prepared as {name})"));
            let why = format!("{}{}", found.why, prepared.unwrap_or_default());
            let at = format!("{}:{}:{}", place.file, place.line, place.column);
            [at, what, certainty(found.certainty).to_owned(), why]
        })
        .collect();
    let width = |n: usize| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or_default().min(60);
    let (first, second) = (width(0), width(1));
    for (found, [at, what, sure, why]) in answer.uses.iter().zip(&rows) {
        let _ = writeln!(text, "  {at:<first$}  {what:<second$}  {sure:<8}  {why}");
        if let Some(line) = answer.version.line(&found.place.file, found.place.line) {
            let _ = writeln!(text, "      | {}", cut(&line));
        }
    }
    let left_out = answer.counts.iter().sum::<usize>() - answer.uses.len();
    if left_out > 0 {
        let _ = writeln!(text, "  and {} less sure", counted(left_out, "use"));
    }
    if !answer.gaps.is_empty() {
        let _ = writeln!(text, "  may be hidden, since it could not be read:");
    }
    for gap in &answer.gaps {
        let place = &gap.place;
        let at = if place.file.is_empty() {
            String::new()
        } else {
            format!("{}:{}:{}  ", place.file, place.line, place.column)
        };
        let schema = if gap.in_schema { " (in the schema)" } else { "" };
        let _ = writeln!(text, "    {at}{}{schema}", gap.what);
    }
    for note in &answer.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    let _ = writeln!(text, "{}", verdict(answer));
}

/// How many there are, and what that means for who wants to drop it.
pub fn verdict(answer: &Answer) -> String {
    let [certain, likely, possible] = answer.counts;
    let (subject, at) = (answer.subject(), place(answer));
    let hidden = if answer.gaps.is_empty() { "" } else { "; what could not be read may hide others" };
    let said = match (certain, likely, possible) {
        (0, 0, 0) => return unused(answer, &subject, &at),
        (0, 0, possible) => {
            let look = if possible == 1 { "look at it" } else { "look at them" };
            let declared = if answer.declared.is_some() { ", and the schema still declares it" } else { "" };
            format!(
                "{} {at}, and no surer one{declared}: {look} before a DROP",
                counted(possible, "possible use")
            )
        }
        (0, likely, possible) => {
            let rest = if possible == 0 { String::new() } else { format!(" and {possible} possible") };
            format!("{}{rest} {at}: a DROP would most likely break them", counted(likely, "likely use"))
        }
        (certain, likely, possible) => {
            let them = if certain == 1 { "it" } else { "them" };
            let more: Vec<String> = [(likely, "likely"), (possible, "possible")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!(", {count} {word}"))
                .collect();
            format!("{} {at}{}: a DROP would break {them}", counted(certain, "certain use"), more.concat())
        }
    };
    format!("{said}{hidden}")
}

fn unused(answer: &Answer, subject: &str, at: &str) -> String {
    let hidden = if answer.gaps.is_empty() { "" } else { "; what could not be read may do so" };
    if let Some(declared) = &answer.declared {
        let place = &declared.place;
        return format!(
            "no code {at} uses {subject}, but {}:{} still declares it, so `select()` and `insert()` would name \
             it: take it out there and deploy that before a DROP{hidden}",
            place.file, place.line
        );
    }
    let last = match &answer.last_named {
        Some(commit) => format!(
            "; last named before {} ({}, '{}')",
            commit.short,
            commit.date.get(..10).unwrap_or(&commit.date),
            commit.subject
        ),
        None => String::new(),
    };
    format!("no code {at} names {subject}{last}{hidden}")
}

fn place(answer: &Answer) -> String {
    match &answer.version.commit {
        Some(_) => format!("at {}", answer.version.name),
        None => "in the working tree".to_owned(),
    }
}

/// The word for a role.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Select => "select",
        Role::Filter => "filter",
        Role::Insert => "insert",
        Role::Update => "update",
        Role::Delete => "delete",
        Role::Returning => "returning",
        Role::Conflict => "conflict",
        Role::Named => "named",
        Role::Type => "type",
    }
}

/// The word for a certainty.
pub fn certainty(certainty: code::Certainty) -> &'static str {
    match certainty {
        code::Certainty::Certain => "certain",
        code::Certainty::Likely => "likely",
        code::Certainty::Possible => "possible",
    }
}

fn columns(columns: &Columns) -> String {
    match columns {
        Columns::None => String::new(),
        Columns::One(name) => name.clone(),
        Columns::All => "*".to_owned(),
        Columns::AllBut(names) => format!("* but {}", names.join(", ")),
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}..", line[..at].trim_end()),
        None => line.to_owned(),
    }
}
