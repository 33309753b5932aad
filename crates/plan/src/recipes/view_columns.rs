//! A view with columns of another one behind its own, where the two are written over the same tables.
//!
//! It works on the text: what is not one plain SELECT, with each column an item of its list, is not understood.

use crate::text;
use source::Span;
use sql::{Token, TokenKind};

/// The statement `new` with the columns `wanted` of the statement `old` behind its own; `columns` are all columns of
/// the old view, in order. In words, why that can't be written.
pub(super) fn with_columns(
    new: &str,
    old: &str,
    columns: &[String],
    wanted: &[String],
) -> Result<String, String> {
    let not_plain = |which: &str| format!("the {which} view is more than one plain SELECT");
    let (was, is) =
        (Select::of(old).ok_or_else(|| not_plain("old"))?, Select::of(new).ok_or_else(|| not_plain("new"))?);
    if was.sources(old) != is.sources(new) {
        return Err("the new view reads from other tables, or groups otherwise, than the old one".to_owned());
    }
    if was.items.len() != columns.len() {
        return Err("the old view is written with `*`".to_owned());
    }
    let items = columns.iter().zip(&was.items).filter(|(column, _)| wanted.contains(column));
    let added: String = items.map(|(_, item)| format!(", {}", item.of(old))).collect();
    let end = is.items.last().map_or(0, |item| item.end);
    Ok(text::with(new, vec![(Span { start: end, end }, added)]))
}

/// A SELECT, taken apart.
struct Select {
    tokens: Vec<Token>,
    /// The items of its list.
    items: Vec<Span>,
    /// FROM, and what else decides over rows but WHERE, as indexes of tokens.
    rest: Vec<usize>,
}

impl Select {
    /// That of a statement that makes a view.
    fn of(text: &str) -> Option<Select> {
        let tokens = text::code(text);
        let depths = depths(&tokens);
        let is = |n: usize, word: &str| text::word(text, &tokens, word, n) == Some(n);
        let (mut from, mut to) =
            ((0..tokens.len()).find(|n| depths[*n] == 0 && is(*n, "AS"))? + 1, tokens.len());
        let mut depth = 0;
        // Brackets around all of it say nothing.
        while tokens.get(from)?.kind == TokenKind::Punct(b'(') {
            let close = (from + 1..to).find(|n| depths[*n] == depth)?;
            if close + 1 != to {
                return None;
            }
            (from, to, depth) = (from + 1, close, depth + 1);
        }
        if !is(from, "SELECT") {
            return None;
        }
        let top = |n: usize, words: &[&str]| depths[n] == depth && words.iter().any(|word| is(n, word));
        let odd = ["DISTINCT", "ALL", "UNION", "INTERSECT", "EXCEPT", "INTO"];
        let compared = |n: usize| is(n, "DISTINCT") && n > 0 && (is(n - 1, "IS") || is(n - 1, "NOT"));
        if (from + 1..to).any(|n| top(n, &odd) && !compared(n)) {
            return None;
        }
        let list = (from + 1..to).find(|n| top(*n, &["FROM"]) && !is(n - 1, "DISTINCT"))?;
        let mut items = Vec::new();
        let mut first = from + 1;
        for n in from + 1..=list {
            let ends = n == list || (depths[n] == depth && tokens[n].kind == TokenKind::Punct(b','));
            if ends {
                items.push(Span { start: tokens.get(first)?.span.start, end: tokens[n - 1].span.end });
                first = n + 1;
            }
        }
        let mut rest = Vec::new();
        let mut filter = false;
        for n in list..to {
            if top(n, &["WHERE"]) {
                filter = true;
            } else if top(n, &["GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"]) {
                filter = false;
            }
            if !filter {
                rest.push(n);
            }
        }
        Some(Select { tokens, items, rest })
    }

    /// What it reads, and how it groups, in one form.
    fn sources(&self, text: &str) -> Vec<String> {
        let form = |n: &usize| {
            let token = self.tokens[*n];
            let word = token.span.of(text);
            let plain =
                |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            match token.kind {
                TokenKind::Word => word.to_ascii_lowercase(),
                TokenKind::Quoted if plain(word.trim_matches('"')) => word.trim_matches('"').to_owned(),
                _ => word.to_owned(),
            }
        };
        self.rest.iter().map(form).collect()
    }
}

/// For each token how many brackets it is in; a closing one counts as outside.
fn depths(tokens: &[Token]) -> Vec<i32> {
    let mut depth = 0;
    let mut depths = Vec::with_capacity(tokens.len());
    for token in tokens {
        if matches!(token.kind, TokenKind::Punct(b')' | b']')) {
            depth -= 1;
        }
        depths.push(depth);
        if matches!(token.kind, TokenKind::Punct(b'(' | b'[')) {
            depth += 1;
        }
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::with_columns;

    const COLUMNS: [&str; 3] = ["id", "email", "town"];

    fn joined(new: &str, old: &str, wanted: &[&str]) -> Result<String, String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        with_columns(new, old, &owned(&COLUMNS), &owned(wanted))
    }

    #[test]
    fn columns_come_behind() {
        let old =
            r#"CREATE VIEW "v" AS (select "id", lower("email") AS "email", "city" as "town" from "users")"#;
        let new = r#"CREATE VIEW "v" WITH (security_invoker = true) AS (select "id", "a" IS DISTINCT FROM 'b' AS "c" from users where "x" > 1)"#;
        assert_eq!(
            joined(new, old, &["email", "town"]).as_deref(),
            Ok(
                r#"CREATE VIEW "v" WITH (security_invoker = true) AS (select "id", "a" IS DISTINCT FROM 'b' AS "c", lower("email") AS "email", "city" as "town" from users where "x" > 1)"#
            )
        );
    }

    #[test]
    fn other_queries_are_not_mixed() {
        let old = r#"CREATE VIEW v AS SELECT id, email, town FROM users"#;
        for new in [
            "CREATE VIEW v AS SELECT id FROM people",
            "CREATE VIEW v AS SELECT id FROM users JOIN teams USING (team)",
            "CREATE VIEW v AS SELECT id FROM users GROUP BY id",
            "CREATE VIEW v AS SELECT DISTINCT id FROM users",
            "CREATE VIEW v AS SELECT id FROM users UNION SELECT id FROM users",
            "CREATE VIEW v AS WITH x AS (SELECT 1) SELECT id FROM users",
            "CREATE VIEW v AS (SELECT id FROM users) UNION (SELECT id FROM users)",
            "CREATE VIEW v AS VALUES (1)",
        ] {
            assert!(joined(new, old, &["email"]).is_err(), "{new}");
            assert!(joined(old, new, &["email"]).is_err(), "{new}");
        }
        assert!(joined(old, "CREATE VIEW v AS SELECT * FROM users", &["email"]).is_err());
    }
}
