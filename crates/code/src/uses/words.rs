//! What makes a string look like SQL, and words in a text.

use std::collections::BTreeSet;

/// Whether a text begins as a statement does that reads or writes rows.
pub(super) fn is_sql(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let words = [
        "select", "insert", "update", "delete", "with", "merge", "truncate", "copy", "lock", "alter", "drop",
    ];
    let rest = &text[end..];
    rest.starts_with(char::is_whitespace)
        && words.iter().any(|word| text[..end].eq_ignore_ascii_case(word))
        && rest.trim().len() > 3
}

/// Names in a text that can hardly be prose or keywords: with an underscore, or in quotes.
pub(super) fn names(text: &str) -> BTreeSet<&str> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let words = text.split(|c| !part(c)).filter(|word| word.contains('_'));
    let quoted = text.split('"').skip(1).step_by(2).filter(|word| word.chars().all(part));
    words.chain(quoted).filter(|word| word.len() > 2).collect()
}

/// Whether a text holds this word whole.
pub(super) fn named(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part) && !word.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_from_prose() {
        for (text, expected) in [
            ("select * from users", true),
            ("  UPDATE users SET x = 1", true),
            ("with a as (select 1) select * from a", true),
            ("Select", false),
            ("selection of users", false),
            ("Users", false),
            ("delete", false),
        ] {
            assert_eq!(is_sql(text), expected, "{text}");
        }
        assert!(named("from users u", "users"));
        assert!(!named("from all_users", "users"));
    }
}
