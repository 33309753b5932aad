//! The allowing comments of a text, as values. Looks at comments only: what stands in a string or in a
//! quoted body allows nothing.

use source::Span;
use sql::TokenKind;

/// Whether a migration is one that `brolly contract` made of a waiting file: its first line says so.
pub fn is_promoted(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("-- brolly: ").is_some_and(|rest| rest.contains(", from "))
}

/// What a comment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rules, for the next statement.
    Statement,
    /// Rules, for the file.
    File,
    /// A planned downtime.
    Window,
    /// All errors of the file.
    Errors,
}

/// One comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub kind: Kind,
    /// The word it begins with.
    pub word: &'static str,
    /// What stands in the comment.
    pub span: Span,
    /// The rules that it names, and where.
    pub rules: Vec<(String, Span)>,
    /// Empty where there is none.
    pub reason: String,
}

const WORDS: [(&str, Kind); 3] = [
    ("brolly-allow-file", Kind::File),
    ("brolly-maintenance-window", Kind::Window),
    ("brolly-allow", Kind::Statement),
];
/// Names that one comment may hold; there are fewer rules than that.
const MOST: usize = 200;
const OLDER: &str = "drizzle-migration-linter";

/// All of them, in order.
pub(crate) fn markers(text: &str) -> Vec<Marker> {
    // Most files have none, and need no second look.
    if !text.contains("brolly-") && !text.contains(OLDER) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut older: Option<Marker> = None;
    let mut reason = String::new();
    for token in sql::tokens(text) {
        if token.kind != TokenKind::Comment {
            continue;
        }
        let comment = token.text(text);
        let inner = match comment.strip_prefix("/*") {
            Some(block) => block.strip_suffix("*/").unwrap_or(block),
            None => comment.trim_start_matches('-'),
        };
        let words = inner.trim();
        let at = token.span.start + (words.as_ptr() as usize - comment.as_ptr() as usize) as u32;
        if let Some(rest) = words.strip_prefix(OLDER).and_then(|rest| rest.trim_start().strip_prefix(':')) {
            if rest.contains("allow-breaking") && older.is_none() {
                older = Some(Marker {
                    kind: Kind::Errors,
                    word: OLDER,
                    span: Span { start: at, end: at + words.len() as u32 },
                    rules: Vec::new(),
                    reason: String::new(),
                });
            }
            if let Some((_, said)) = rest.split_once("reason=") {
                reason = said.trim().trim_matches('"').trim().to_owned();
            }
        } else if let Some(marker) = marker(words, at) {
            found.push(marker);
        }
    }
    if let Some(older) = older {
        found.push(Marker { reason, ..older });
    }
    found
}

fn marker(words: &str, at: u32) -> Option<Marker> {
    let (word, kind) = WORDS.into_iter().find(|(word, _)| {
        let next = words.strip_prefix(word).map(|rest| rest.chars().next());
        next.is_some_and(|next| next.is_none_or(|next| next == ':' || next.is_whitespace()))
    })?;
    let rest = &words[word.len()..];
    let (names, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let mut rules = Vec::new();
    let mut from = at + word.len() as u32;
    for part in names.split(|c: char| c == ',' || c.is_whitespace()) {
        if !part.is_empty() && rules.len() < MOST && rules.iter().all(|(name, _)| name != part) {
            rules.push((part.to_owned(), Span { start: from, end: from + part.len() as u32 }));
        }
        // Separators of one byte and of several: the next part begins behind whichever it is.
        from += part.len() as u32;
        let behind = (from - at) as usize;
        from += words.get(behind..).and_then(|rest| rest.chars().next()).map_or(0, |c| c.len_utf8() as u32);
    }
    let span = Span { start: at, end: at + words.len() as u32 };
    Some(Marker { kind, word, span, rules, reason: reason.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Kind, &[&str], &str)]) {
        let found = markers(text);
        let seen: Vec<(Kind, Vec<&str>, &str)> = found
            .iter()
            .map(|m| (m.kind, m.rules.iter().map(|(_, span)| span.of(text)).collect(), m.reason.as_str()))
            .collect();
        let expected: Vec<(Kind, Vec<&str>, &str)> =
            expected.iter().map(|(kind, rules, reason)| (*kind, rules.to_vec(), *reason)).collect();
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn forms() {
        check(
            "-- brolly-allow drop-column: unused since v3\nselect 1;",
            &[(Kind::Statement, &["drop-column"], "unused since v3")],
        );
        check(
            "select 1; --brolly-allow a,b ,  c : why: so",
            &[(Kind::Statement, &["a", "b", "c"], "why: so")],
        );
        check("/* brolly-allow-file a: x */", &[(Kind::File, &["a"], "x")]);
        check("-- brolly-maintenance-window: Sunday\r\n", &[(Kind::Window, &[], "Sunday")]);
        check("-- brolly-allow a", &[(Kind::Statement, &["a"], "")]);
        check("-- brolly-allowed a: x", &[]);
        check("select '-- brolly-allow a: x';", &[]);
        check("-- brolly-allow é\u{a0}b: x", &[(Kind::Statement, &["é", "b"], "x")]);
    }

    #[test]
    fn the_older_pair() {
        check(
            "-- drizzle-migration-linter: allow-breaking\n-- drizzle-migration-linter: reason=all gone\nselect 1;",
            &[(Kind::Errors, &[], "all gone")],
        );
        check(
            "-- drizzle-migration-linter: allow-breaking reason=\"all gone\"",
            &[(Kind::Errors, &[], "all gone")],
        );
        check("-- drizzle-migration-linter: allow-breaking", &[(Kind::Errors, &[], "")]);
        check("-- drizzle-migration-linter: reason=alone", &[]);
    }
}
