//! Reading `_journal.json`: the entries with their places, as many as can be had.

use crate::files::file_name;
use crate::rules::BROKEN_JOURNAL;
use crate::say::{Say, say};
use crate::value::{Broken, Kind, Value, parse_json, recover_objects};
use source::{Diagnostic, Severity, SourceFile, Span};
use std::collections::HashMap;
use std::sync::Arc;

/// What a journal says.
#[derive(Default)]
pub(crate) struct Journal {
    pub dialect: Option<String>,
    pub entries: Vec<Entry>,
}

/// One entry of it.
pub(crate) struct Entry {
    pub tag: String,
    pub tag_span: Span,
    pub when: Option<i64>,
    pub when_span: Span,
    pub breakpoints: bool,
}

/// Reads the journal in `file`.
pub(crate) fn read_journal(file: &Arc<SourceFile>) -> (Journal, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (dialect, entries) = match parse_json(&file.text) {
        Ok(value) => {
            let dialect = value.get("dialect").and_then(Value::as_str).map(str::to_owned);
            match value.get("entries") {
                Some(Value { kind: Kind::Array(items), .. }) => (dialect, items.clone()),
                other => {
                    let span = other.map_or(Span::new(0, 1), |value| value.span);
                    diagnostics.push(no_entries(file, span));
                    (dialect, Vec::new())
                }
            }
        }
        Err(broken) => {
            let entries = recover_objects(&file.text, |value| value.get("tag").is_some());
            diagnostics.push(broken_json(file, broken, entries.len()));
            (recover_dialect(&file.text), entries)
        }
    };
    let mut journal = Journal { dialect, entries: Vec::with_capacity(entries.len()) };
    let mut first: HashMap<String, Span> = HashMap::new();
    for value in &entries {
        let Some(tag) = value.get("tag").filter(|tag| tag.as_str().is_some()) else {
            diagnostics.push(no_tag(file, value.span));
            continue;
        };
        let entry = entry(value, tag);
        if entry.when.is_none() {
            diagnostics.push(no_when(file, &entry));
        }
        if let Some(earlier) = first.get(&entry.tag) {
            diagnostics.push(twice(file, &entry, *earlier));
        } else {
            first.insert(entry.tag.clone(), entry.tag_span);
        }
        journal.entries.push(entry);
    }
    (journal, diagnostics)
}

fn entry(value: &Value, tag: &Value) -> Entry {
    let when = value.get("when");
    let number = when.and_then(|when| match &when.kind {
        Kind::Number(number) => Some(*number as i64),
        // Drizzle compares with `<`, which turns text into a number.
        Kind::String(text) => text.trim().parse().ok(),
        _ => None,
    });
    Entry {
        tag: tag.as_str().unwrap_or_default().to_owned(),
        tag_span: tag.span,
        when: number,
        when_span: when.map_or(tag.span, |when| when.span),
        breakpoints: !matches!(value.get("breakpoints").map(|b| &b.kind), Some(Kind::Bool(false))),
    }
}

fn recover_dialect(text: &str) -> Option<String> {
    let rest = text.split_once("\"dialect\"")?.1.trim_start().strip_prefix(':')?;
    rest.split('"').nth(1).map(str::to_owned)
}

fn broken_json(file: &Arc<SourceFile>, broken: Broken, whole: usize) -> Diagnostic {
    let place = file.position(broken.at as u32);
    let conflict = conflict_marker(&file.text);
    let span = conflict.unwrap_or(Span::new(broken.at, broken.at + 1));
    let name = file_name(&file.path);
    let kept = match whole {
        0 => "no whole entry was found in it, so no migration was judged".to_owned(),
        1 => "1 whole entry was found in it and judged".to_owned(),
        count => format!("{count} whole entries were found in it and judged"),
    };
    let why = format!("line {}, column {}: expected {}", place.line, place.column, broken.expected);
    match conflict {
        Some(_) => say(&BROKEN_JOURNAL, file, span, format!("`{name}` holds an unresolved merge conflict"))
            .why(why)
            .why(format!("{kept}, those of both sides alike"))
            .fix("Keep the entries of both sides, give the later one a `when` above all others, and remove the markers."),
        None => say(&BROKEN_JOURNAL, file, span, format!("`{name}` is not valid JSON"))
            .why(why)
            .why("`migrate` fails on it before it runs anything")
            .why(kept)
            .fix("Restore the file from version control, or repair the JSON at the marked place."),
    }
}

/// Where the first line begins that git leaves behind in a conflict.
pub(crate) fn conflict_marker(text: &str) -> Option<Span> {
    let at = ["<<<<<<< ", ">>>>>>> "].iter().filter_map(|marker| {
        if text.starts_with(marker) { Some(0) } else { text.find(&format!("\n{marker}")).map(|at| at + 1) }
    });
    at.min().map(|at| Span::new(at, at + 7))
}

fn no_entries(file: &Arc<SourceFile>, span: Span) -> Diagnostic {
    let what = format!("`{}` has no list of entries", file_name(&file.path));
    say(&BROKEN_JOURNAL, file, span, what)
        .why("Drizzle reads the migrations from the array `entries`; without it `migrate` fails")
        .fix("Restore the file from version control.")
}

fn no_tag(file: &Arc<SourceFile>, span: Span) -> Diagnostic {
    say(&BROKEN_JOURNAL, file, span, "a journal entry has no `tag`")
        .why("the tag is the name of the SQL file; Drizzle looks for `undefined.sql` and fails")
        .why("the entry was left out of everything else that is reported")
        .fix("Remove the entry, or give it the name of its SQL file without `.sql`.")
}

fn no_when(file: &Arc<SourceFile>, entry: &Entry) -> Diagnostic {
    say(&BROKEN_JOURNAL, file, entry.when_span, format!("`{}` has no usable `when`", entry.tag))
        .why("Drizzle runs an entry if its `when` is greater than the newest recorded one; without a number that is never so")
        .fix("Set `when` to the time of generation in milliseconds, above that of every earlier entry.")
        .of(&entry.tag)
}

fn twice(file: &Arc<SourceFile>, entry: &Entry, earlier: Span) -> Diagnostic {
    let mut diagnostic =
        say(&BROKEN_JOURNAL, file, entry.tag_span, format!("`{}` is in the journal twice", entry.tag))
            .why(
                "Drizzle goes through the entries one by one and runs the file once for each that is pending",
            )
            .fix("Remove one of the two entries.")
            .of(&entry.tag)
            .also(file, earlier, "the first time");
    diagnostic.severity = Severity::Warning;
    diagnostic
}
