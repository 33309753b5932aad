//! Finding markers that cut a literal, a body or a comment in two.
//!
//! Drizzle's splitter knows no SQL. This module knows just enough of it to tell whether a marker
//! stands inside something that begins before it and ends after it: quoted text, a quoted name, a
//! dollar-quoted body or a comment. The lexical rules are those of the Postgres manual, chapter
//! 4.1, with standard_conforming_strings on.

use crate::files::file_name;
use crate::rules::BREAKPOINT_IN_LITERAL;
use crate::say::{Say, say};
use crate::split::BREAKPOINT;
use source::{Diagnostic, SourceFile, Span};
use std::sync::Arc;

/// One diagnostic for each literal of the file that a marker cuts.
pub(crate) fn cut_literals(file: &Arc<SourceFile>, tag: &str) -> Vec<Diagnostic> {
    let text = file.text.as_str();
    let markers: Vec<usize> = memchr::memmem::find_iter(text.as_bytes(), BREAKPOINT).collect();
    if markers.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = next_token(text.as_bytes(), at) {
        // The marker looks like a comment, but what follows on its line belongs to the next chunk.
        if markers.binary_search(&token.start).is_ok() {
            at = token.start + BREAKPOINT.len();
            continue;
        }
        let from = markers.partition_point(|marker| *marker <= token.start);
        let to = markers.partition_point(|marker| *marker < token.end);
        let inside = markers.get(from..to).unwrap_or_default();
        let Some(first) = inside.first().copied() else {
            at = token.end;
            continue;
        };
        // What never ends is a mistake in its own chunk; the next chunk is read afresh.
        at = if token.closed { token.end } else { first + BREAKPOINT.len() };
        if token.kind == Kind::LineComment && rest_of_line(text, first).trim().is_empty() {
            continue;
        }
        let chunk = markers.partition_point(|marker| *marker < token.start);
        found.push(cut(file, tag, &token, inside, chunk));
    }
    found
}

/// The SQL of a text without its comments, and with one space wherever it has white space outside of
/// literals: texts that say the same to Postgres and differ in looks only are equal here.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let plain = |text: &str, code: &mut String| {
        for (n, word) in text.split(char::is_whitespace).enumerate() {
            if n > 0 && !code.ends_with(' ') && !code.is_empty() {
                code.push(' ');
            }
            code.push_str(word);
        }
    };
    let mut at = 0;
    while let Some(token) = next_token(text.as_bytes(), at) {
        plain(&text[at..token.start], &mut code);
        match token.kind {
            Kind::LineComment | Kind::BlockComment => plain(" ", &mut code),
            Kind::Text | Kind::Name | Kind::Body => code.push_str(&text[token.start..token.end]),
        }
        at = token.end;
    }
    plain(&text[at..], &mut code);
    code.truncate(code.trim_end().len());
    code
}

fn cut(file: &Arc<SourceFile>, tag: &str, token: &Token, inside: &[usize], chunk: usize) -> Diagnostic {
    let first = inside[0];
    let what = match token.kind {
        Kind::Text => "a string literal",
        Kind::Name => "a quoted name",
        Kind::Body => "a dollar-quoted body",
        Kind::BlockComment => "a block comment",
        Kind::LineComment => "a line comment",
    };
    let why = match token.kind {
        Kind::LineComment => "the words after the marker are no comment any more: Postgres reads them as SQL",
        _ => {
            "the statement before the cut ends inside what was opened, and Postgres rejects it with a syntax error (42601)"
        }
    };
    let mut diagnostic = say(
        &BREAKPOINT_IN_LITERAL,
        file,
        Span::new(first, first + BREAKPOINT.len()),
        format!("a statement-breakpoint in `{}` cuts {what} in two", file_name(&file.path)),
    )
    .why("Drizzle splits the file at every `--> statement-breakpoint`, without regard to SQL")
    .why(why)
    .fix("Move the marker behind the end of the statement; where the text itself must hold those words, break them up, for example with `||`.")
    .label("Drizzle cuts here")
    .of(tag)
    .also(file, Span::new(token.start, token.start + token.opener), format!("{what} begins here"));
    for marker in &inside[1..] {
        diagnostic = diagnostic.also(file, Span::new(*marker, marker + BREAKPOINT.len()), "and here");
    }
    diagnostic.statement = Some(chunk);
    diagnostic
}

fn rest_of_line(text: &str, marker: usize) -> &str {
    text.get(marker + BREAKPOINT.len()..).and_then(|rest| rest.lines().next()).unwrap_or("")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Name,
    Body,
    BlockComment,
    LineComment,
}

struct Token {
    kind: Kind,
    start: usize,
    /// Length of what opens it.
    opener: usize,
    end: usize,
    closed: bool,
}

/// The next quoted thing or comment at or after `at`.
fn next_token(text: &[u8], mut at: usize) -> Option<Token> {
    while at < text.len() {
        let byte = text[at];
        match byte {
            b'\'' => return Some(quoted(text, at, at, Kind::Text, false)),
            b'"' => return Some(quoted(text, at, at, Kind::Name, false)),
            b'-' if text.get(at + 1) == Some(&b'-') => {
                let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n);
                return Some(Token { kind: Kind::LineComment, start: at, opener: 2, end, closed: true });
            }
            b'/' if text.get(at + 1) == Some(&b'*') => return Some(block_comment(text, at)),
            b'$' => match dollar_quoted(text, at) {
                Some(token) => return Some(token),
                None => at += 1,
            },
            _ if is_word(byte) => {
                let start = at;
                while at < text.len() && (is_word(text[at]) || text[at] == b'$') {
                    at += 1;
                }
                // E'..' takes backslashes; the other prefixes change nothing about where it ends.
                if at - start == 1 && matches!(byte, b'e' | b'E') && text.get(at) == Some(&b'\'') {
                    return Some(quoted(text, start, at, Kind::Text, true));
                }
            }
            _ => at += 1,
        }
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn quoted(text: &[u8], start: usize, open: usize, kind: Kind, backslashes: bool) -> Token {
    let quote = text[open];
    let mut at = open + 1;
    while at < text.len() {
        if backslashes && text[at] == b'\\' {
            at += 2;
        } else if text[at] != quote {
            at += 1;
        } else if text.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return Token { kind, start, opener: open + 1 - start, end: at + 1, closed: true };
        }
    }
    Token { kind, start, opener: open + 1 - start, end: text.len(), closed: false }
}

fn block_comment(text: &[u8], start: usize) -> Token {
    let (mut at, mut depth) = (start + 2, 1);
    while at < text.len() && depth > 0 {
        match text.get(at..at + 2) {
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    let end = at.min(text.len());
    Token { kind: Kind::BlockComment, start, opener: 2, end, closed: depth == 0 }
}

fn dollar_quoted(text: &[u8], start: usize) -> Option<Token> {
    let tag_end = start + 1 + text[start + 1..].iter().take_while(|b| is_word(**b)).count();
    if text.get(tag_end) != Some(&b'$') || text[start + 1].is_ascii_digit() {
        return None;
    }
    let tag = &text[start..=tag_end];
    let close = memchr::memmem::find(&text[tag_end + 1..], tag);
    let end = close.map_or(text.len(), |n| tag_end + 1 + n + tag.len());
    Some(Token { kind: Kind::Body, start, opener: tag.len(), end, closed: close.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_harm_from_none() {
        const M: &str = "--> statement-breakpoint";
        let cases: &[(&str, &[&str])] = &[
            ("a;@\nb;", &[]),
            ("select 'x'; @\nselect 'it''s';@\n", &[]),
            ("select 'x @ y';", &["a string literal"]),
            ("select E'it\\'s @ y';", &["a string literal"]),
            ("select e'\\\\';@ select ''''", &[]),
            ("select \"x @ y\";", &["a quoted name"]),
            ("do $$ begin a; @ b; @ end $$; @ select 1", &["a dollar-quoted body"]),
            ("do $f$ 'x @ $$ $f$", &["a dollar-quoted body"]),
            ("select a$b$ , 'x'; @ select c$b$", &[]),
            ("select $1; @ select $2", &[]),
            ("/* a /* b */ @ */ c", &["a block comment"]),
            ("-- about\n@\nselect 1", &[]),
            ("-- a note @\nselect 1", &[]),
            ("-- a note @ goes on\nselect 1", &["a line comment"]),
            ("@select 'a'", &[]),
            ("@ select 'a @ b'; -- c", &["a string literal"]),
            ("it's broken; @ select 'fine'; @ select 'x @ y';", &["a string literal", "a string literal"]),
        ];
        for (text, expected) in cases {
            let file = SourceFile::new("0001_a.sql", text.replace('@', M));
            let found: Vec<String> = cut_literals(&file, "0001_a").iter().map(|d| d.what.clone()).collect();
            let expected: Vec<String> = expected
                .iter()
                .map(|what| format!("a statement-breakpoint in `0001_a.sql` cuts {what} in two"))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
