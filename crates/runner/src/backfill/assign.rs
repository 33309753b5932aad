//! What a SET list assigns, as far as its tokens tell: by it rows that are already right are left alone.
//!
//! No parser: where a list is written in another way than `column = expression, ..`, nothing is known.

use sql::{Token, TokenKind, tokens};

/// `column = expression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The column as written.
    pub column: String,
    /// The expression.
    pub value: String,
}

/// The assignments of a SET list; nothing where one of them is of another form.
pub(super) fn assignments(set: &str) -> Option<Vec<Assignment>> {
    let all: Vec<Token> = tokens(set).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
    let mut depth = 0_i32;
    let mut found = Vec::new();
    let parts = all.split(|token| {
        match token.kind {
            TokenKind::Punct(b'(' | b'[') => depth += 1,
            TokenKind::Punct(b')' | b']') => depth -= 1,
            _ => {}
        }
        depth == 0 && token.kind == TokenKind::Punct(b',')
    });
    for part in parts {
        let [column, equals, value @ ..] = part else { return None };
        let (first, last) = (value.first()?, value.last()?);
        let is_name = matches!(column.kind, TokenKind::Word | TokenKind::Quoted);
        if !is_name || equals.span.of(set) != "=" || first.span.of(set).eq_ignore_ascii_case("default") {
            return None;
        }
        found.push(Assignment {
            column: column.span.of(set).to_owned(),
            value: set[first.span.start as usize..last.span.end as usize].to_owned(),
        });
    }
    (!found.is_empty()).then_some(found)
}

/// The names that are called as functions in a text, in small letters where they aren't quoted.
pub(super) fn called(text: &str) -> Vec<String> {
    let all = tokens(text);
    let pairs = all.windows(2).filter(|two| two[1].kind == TokenKind::Punct(b'('));
    pairs
        .filter_map(|two| match two[0].kind {
            TokenKind::Word => Some(two[0].span.of(text).to_ascii_lowercase()),
            TokenKind::Quoted => Some(unquoted(two[0].span.of(text))),
            _ => None,
        })
        .collect()
}

/// Whether a text asks other rows.
pub(super) fn has_query(text: &str) -> bool {
    let is =
        |token: &Token| token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case("select");
    tokens(text).iter().any(is)
}

/// Words that are values of the session or the moment, written without parentheses (gram.y, func_expr_common_subexpr).
const OF_THE_SESSION: &[&str] = &[
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "system_user",
    "user",
];
/// Texts that mean a moment where they become a time (manual, "Special Date/Time Inputs").
const MOMENTS: &[&str] = &["now", "today", "tomorrow", "yesterday"];

/// Whether a text gives another value at another time or to another role, though it calls nothing.
pub(super) fn has_session_value(text: &str) -> bool {
    tokens(text).iter().any(|token| {
        let word = token.span.of(text).to_ascii_lowercase();
        match token.kind {
            TokenKind::Word => OF_THE_SESSION.contains(&word.as_str()),
            TokenKind::String
            | TokenKind::EscapeString
            | TokenKind::UnicodeString
            | TokenKind::DollarString => {
                word.split(|c: char| !c.is_alphabetic()).any(|word| MOMENTS.contains(&word))
            }
            _ => false,
        }
    })
}

/// The name that is meant by a word of SQL.
pub(super) fn unquoted(word: &str) -> String {
    match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => word.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart() {
        let of = |set: &str| {
            let found = assignments(set)?;
            Some(found.into_iter().map(|one| format!("{}|{}", one.column, one.value)).collect::<Vec<_>>())
        };
        assert_eq!(
            of("\"a\" = lower(\"b\"), c = 'x, y'"),
            Some(vec!["\"a\"|lower(\"b\")".to_owned(), "c|'x, y'".to_owned()])
        );
        assert_eq!(
            of("a = array[1, 2] || (b, c)::text"),
            Some(vec!["a|array[1, 2] || (b, c)::text".to_owned()])
        );
        for other in ["(a, b) = (1, 2)", "a[1] = 2", "a = DEFAULT", "", "a"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn calls_and_queries_are_seen() {
        assert_eq!(called("Gen_Random_UUID() || \"F\" (x)"), ["gen_random_uuid", "F"]);
        for moment in ["CURRENT_TIMESTAMP", "current_date - 1", "LocalTime(0)", "'now'::timestamptz", "User"]
        {
            assert!(has_session_value(moment), "{moment}");
        }
        assert!(!has_session_value("\"user\" || 'unknown' || users.currency"));
        assert!(has_query("(Select 1)") && !has_query("'select'"));
        assert_eq!(unquoted("\"a\"\"b\""), "a\"b");
    }
}
