//! The literals of a condition, and what was meant by them.
//!
//! Reads the text that `pg_get_expr` makes; it is no parser, and a literal that it misreads only
//! makes for a value that is tried in vain.

/// A literal of a condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Literal {
    /// A text to compare with.
    Text(String),
    /// The pattern of LIKE.
    Like(String),
    /// A regular expression.
    Regex(String),
    /// A number.
    Number(String),
}

/// All literals, each once, in order.
pub(crate) fn literals(sql: &str) -> Vec<Literal> {
    let mut found: Vec<Literal> = Vec::new();
    let mut rest = sql;
    let mut before = String::new();
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c == '\'' {
            let escaped = before.ends_with('E');
            let (text, remaining) = quoted(after, escaped);
            let literal = match operator(&before) {
                Some('~') => Literal::Regex(text),
                Some('%') => Literal::Like(text),
                _ if is_number(&text) => Literal::Number(text),
                _ => Literal::Text(text),
            };
            push(&mut found, literal);
            rest = remaining;
            before.push('\'');
        } else if c == '"' {
            let end = after.find('"').map_or(after.len(), |at| at + 1);
            rest = &after[end..];
            before.push('"');
        } else if c.is_ascii_digit() && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let negative = before.trim_end_matches('(').ends_with('-');
            let number = rest[..end].trim_end_matches('.');
            push(&mut found, Literal::Number(format!("{}{number}", if negative { "-" } else { "" })));
            rest = &rest[end..];
            before.push('0');
        } else {
            before.push(c);
            rest = after;
        }
    }
    found
}

fn push(found: &mut Vec<Literal>, literal: Literal) {
    if !found.contains(&literal) {
        found.push(literal);
    }
}

/// The text up to the closing quote, and what follows.
fn quoted(sql: &str, escaped: bool) -> (String, &str) {
    let mut text = String::new();
    let mut chars = sql.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                text.push('\'');
                chars.next();
            }
            '\'' => return (text, &sql[at + 1..]),
            '\\' if escaped => text.extend(chars.next().map(|(_, next)| next)),
            _ => text.push(c),
        }
    }
    (text, "")
}

/// Whether the text before a literal ends in a pattern operator: `~` or `~~` (LIKE, given as `%`).
fn operator(before: &str) -> Option<char> {
    let before = before.trim_end_matches([' ', '(', 'E']);
    let before = before.trim_end_matches("ARRAY[").trim_end_matches("ANY (").trim_end();
    let before = before.strip_suffix('*').unwrap_or(before);
    match before.ends_with("~~") {
        true => Some('%'),
        false => before.ends_with('~').then_some('~'),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.parse::<f64>().is_ok()
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_postgres_prints() {
        let check = |sql: &str, expected: &[Literal]| assert_eq!(literals(sql), expected, "{sql}");
        let text = |text: &str| Literal::Text(text.to_owned());
        let number = |text: &str| Literal::Number(text.to_owned());
        check("(kind = ANY (ARRAY['a'::text, 'it''s'::text]))", &[text("a"), text("it's")]);
        check("((n2 >= 0) AND (n2 <= 1.5))", &[number("0"), number("1.5")]);
        check("(score >= '-1'::integer)", &[number("-1")]);
        check("(slug ~ '^[a-z]+$'::text)", &[Literal::Regex("^[a-z]+$".to_owned())]);
        check("(id ~~ 'usr_%'::text)", &[Literal::Like("usr_%".to_owned())]);
        check("(\"odd 7\" IS NOT NULL)", &[]);
        check("(x ~ E'\\\\d'::text)", &[Literal::Regex("\\d".to_owned())]);
    }
}
