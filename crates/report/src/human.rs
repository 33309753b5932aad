//! Findings for people at a terminal: the SQL with the name underlined, why below it, then the way
//! out, and the numbers last.

use crate::run::{Run, summary_line};
use crate::unnoticed::unnoticed_lines;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Padding, Renderer, Snippet, normalize_untrusted_str,
};
use source::{Diagnostic, Label, Severity, SourceFile, Span};
use std::ops::Range;
use std::sync::Arc;

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub struct HumanOptions {
    /// ANSI colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Box-drawing characters; plain ASCII without.
    pub unicode: bool,
}

impl Default for HumanOptions {
    fn default() -> HumanOptions {
        HumanOptions { color: false, width: 100, unicode: false }
    }
}

/// All findings, what goes unnoticed, and the summary as the last line. Empty where there are no findings.
pub fn human(diagnostics: &[Diagnostic], run: &Run, options: &HumanOptions) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = if options.color { Renderer::styled() } else { Renderer::plain() };
    let decor = if options.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    let renderer = renderer.term_width(options.width).decor_style(decor);
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&report(diagnostic, options.width)));
        out.push_str(&code(diagnostic));
        out.push_str("\n\n");
    }
    out.push_str(&unnoticed_lines(run));
    out.push_str(&summary_line(diagnostics, run));
    out.push('\n');
    out
}

fn report(diagnostic: &Diagnostic, width: usize) -> Vec<Group<'_>> {
    let level = match (diagnostic.severity, &diagnostic.accepted) {
        (_, Some(_)) => Level::INFO.with_name("accepted"),
        (Severity::Error, None) => Level::ERROR,
        (Severity::Warning, None) => Level::WARNING,
        (Severity::Info, None) => Level::NOTE,
    };
    let mut main = Group::with_title(level.primary_title(diagnostic.what.as_str()).id(diagnostic.rule));
    let mut files: Vec<&Arc<SourceFile>> = vec![&diagnostic.primary.file];
    for label in &diagnostic.secondary {
        if !files.iter().any(|file| same(file, &label.file)) {
            files.push(&label.file);
        }
    }
    for file in files {
        let primary = same(file, &diagnostic.primary.file).then_some(&diagnostic.primary);
        let others = diagnostic.secondary.iter().filter(|label| same(file, &label.file));
        main = match snippet(file, primary, others) {
            Some(snippet) => main.element(snippet),
            None => main.element(Origin::path(file.shown())),
        };
    }
    // Room for ` = note: ` and the width of line numbers.
    let room = width.saturating_sub(14).max(40);
    if let Some(reason) = &diagnostic.accepted {
        // Whoever accepted it has read why; the page of the rule tells the rest.
        return vec![
            main.element(Padding).element(Level::NOTE.message(wrapped(&format!("accepted: {reason}"), room))),
        ];
    }
    if !diagnostic.why.is_empty() {
        main = main.element(Padding);
    }
    for why in &diagnostic.why {
        main = main.element(Level::NOTE.message(wrapped(why, room)));
    }
    let mut groups = vec![main];
    groups.extend(help(diagnostic, room));
    groups
}

fn help(diagnostic: &Diagnostic, room: usize) -> Option<Group<'_>> {
    let remedy = &diagnostic.remedy;
    if remedy.text.is_empty() && remedy.code.is_none() {
        return None;
    }
    let text = if remedy.text.is_empty() { "use this form:" } else { &remedy.text };
    Some(Group::with_title(Level::HELP.secondary_title(wrapped(text, room))))
}

/// SQL to copy, indented and never cut or wrapped.
fn code(diagnostic: &Diagnostic) -> String {
    let mut out = String::new();
    if diagnostic.accepted.is_some() {
        return out;
    }
    for line in diagnostic.remedy.code.iter().flat_map(|code| code.trim_end().lines()) {
        out.push('\n');
        if !line.is_empty() {
            out.push_str("    ");
            out.push_str(&normalize_untrusted_str(line));
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn same(one: &Arc<SourceFile>, other: &Arc<SourceFile>) -> bool {
    Arc::ptr_eq(one, other) || (one.path == other.path && one.commit == other.commit)
}

/// The lines of a file that hold the labels; `None` where there is no text.
fn snippet<'a>(
    file: &'a SourceFile,
    primary: Option<&'a Label>,
    others: impl Iterator<Item = &'a Label>,
) -> Option<Snippet<'a, Annotation<'a>>> {
    if file.text.is_empty() {
        return None;
    }
    let text = file.text.as_str();
    let mut labels: Vec<(AnnotationKind, Range<usize>, &str)> = Vec::new();
    if let Some(label) = primary {
        labels.push((AnnotationKind::Primary, shown(text, label.span), &label.text));
    }
    labels
        .extend(others.map(|label| (AnnotationKind::Context, shown(text, label.span), label.text.as_str())));
    let first = labels.iter().map(|(_, range, _)| range.start).min()?;
    let last = labels.iter().map(|(_, range, _)| range.end).max()?;
    let from = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let to = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let line = file.position(from as u32).line as usize;
    let mut snippet = Snippet::source(&text[from..to]).line_start(line).path(file.shown());
    for (kind, range, words) in labels {
        let mut annotation = kind.span(range.start - from..range.end - from);
        if !words.is_empty() {
            annotation = annotation.label(words);
        }
        snippet = snippet.annotation(annotation);
    }
    Some(snippet)
}

/// A span inside the text, on character boundaries, and no longer than its first line: what
/// matters of a long statement is where it begins.
fn shown(text: &str, span: Span) -> Range<usize> {
    let mut start = (span.start as usize).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let line_end = text[start..end].find(['\n', '\r']).map_or(end, |at| start + at);
    start..line_end
}

/// Broken at spaces so that no line is longer than `room`; what has lines already keeps them.
pub(crate) fn wrapped(text: &str, room: usize) -> String {
    let mut out = String::new();
    for (n, line) in text.lines().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let mut used = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > room {
                out.push('\n');
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += length;
        }
    }
    normalize_untrusted_str(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("a\nb", 40), "a\nb");
    }

    #[test]
    fn spans_outside_of_the_text_are_pulled_in() {
        assert_eq!(shown("é\nb", Span { start: 1, end: 99 }), 0..2);
        assert_eq!(shown("", Span { start: 5, end: 9 }), 0..0);
    }
}
