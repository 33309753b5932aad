//! The text of a statement as it may be shown and kept: without values, on one line, cut.
//!
//! No parser: servers cut what sessions run in the middle. `pg_stat_statements` takes values out by itself, but for
//! those of statements such as `ALTER ROLE .. PASSWORD`, of which only the first words are kept here.

/// Statements whose text is names, once its values are gone.
const PLAIN: &[&str] = &["select", "insert", "update", "delete", "merge", "with", "values", "table"];

/// Statements about objects whose text is names as well, by their first two words.
const ABOUT: &[&str] = &["alter", "create", "drop", "lock", "truncate", "reindex", "refresh"];
const OBJECTS: &[&str] = &["table", "index", "unique", "view", "materialized", "sequence", "type", "schema"];

/// Characters that are shown.
const LONGEST: usize = 240;

/// A statement without its values and comments, on one line. Literals become `?`; of what is neither a query nor
/// a change of rows, tables and their like the first two words are left.
pub fn normalised(query: &str) -> String {
    let bare = bare(query);
    let text = told(&bare);
    let first = text.split([' ', '(']).find(|word| !word.is_empty()).unwrap_or_default();
    let first = first.to_ascii_lowercase();
    let second =
        text.split(' ').filter(|word| !word.is_empty()).nth(1).unwrap_or_default().to_ascii_lowercase();
    let about = ABOUT.contains(&first.as_str()) && OBJECTS.contains(&second.as_str());
    if !about && !PLAIN.contains(&first.as_str()) {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        let named = words.iter().take(2).take_while(|word| word.chars().all(|c| c.is_ascii_alphabetic()));
        let kept = named.copied().collect::<Vec<_>>().join(" ");
        let more = if kept.len() < text.len() { " .." } else { "" };
        return format!("{kept}{more}").trim_start().to_owned();
    }
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} ..", &text[..at]),
        None => text.to_owned(),
    }
}

/// Statements that only open, close and set.
const AROUND: &[&str] = &["begin", "start", "set", "commit", "rollback", "savepoint", "release"];

/// Of several statements that were sent together, those from the first on that does something.
fn told(text: &str) -> &str {
    let mut text = text.trim_end_matches([';', ' ']);
    while let Some((first, rest)) = text.split_once(';') {
        let word = first.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        if !AROUND.contains(&word.as_str()) {
            break;
        }
        text = rest.trim_start();
    }
    text
}

/// Literals replaced, comments and spare room left out.
fn bare(query: &str) -> String {
    let mut out = String::new();
    let mut rest = query;
    while let Some(next) = rest.chars().next() {
        let word =
            out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '"'));
        let taken = match next {
            '\'' => {
                // The letter before tells what kind of string it is: E'..', B'..'.
                let escapes = out.ends_with(['e', 'E']);
                if out.ends_with(['e', 'E', 'b', 'B', 'x', 'X', 'n', 'N']) && ends_in_one_letter(&out) {
                    out.pop();
                }
                out.push('?');
                string(rest, escapes)
            }
            '"' => {
                let length = rest[1..].find('"').map_or(rest.len(), |at| at + 2);
                out.push_str(&rest[..length]);
                length
            }
            '$' if !word => match dollar(rest) {
                Some(length) => {
                    out.push('?');
                    length
                }
                None => {
                    out.push('$');
                    let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
                    out.push_str(&rest[1..=digits]);
                    digits + 1
                }
            },
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            c if c.is_ascii_digit() && !word => {
                out.push('?');
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len())
            }
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
                c.len_utf8()
            }
            c => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken.max(1).min(rest.len())..];
    }
    out.trim_end().to_owned()
}

fn ends_in_one_letter(out: &str) -> bool {
    let before = out.chars().rev().nth(1);
    before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
}

/// The length of a string; of all there is where it was cut.
fn string(text: &str, escapes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if escapes => {
                chars.next();
            }
            '\'' if chars.peek().is_some_and(|(_, c)| *c == '\'') => {
                chars.next();
            }
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `$tag$ .. $tag$`, where this begins one.
fn dollar(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[..end];
    let named = tag[1..end - 1].chars().all(|c| c.is_alphanumeric() || c == '_');
    if !named || tag[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(text[end..].find(tag).map_or(text.len(), |at| end + at + end))
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn values_and_comments_are_left_out() {
        for (query, shown) in [
            (
                "select *\n  from users where id = 42 and a1 = $1",
                "select * from users where id = ? and a1 = $1",
            ),
            ("SELECT 'it''s', E'a\\'b', b'01' FROM \"t 1\"", "SELECT ?, ?, ? FROM \"t 1\""),
            ("select $x$a 'b' $x$, $$c$$ -- secret\n, 1.5e3 /* secret */", "select ?, ? , ?"),
            ("insert into t values ('cut in the mid", "insert into t values (?"),
            ("begin; set local a = 'b;c'; select 1;", "select ?"),
            ("(select 1)", "(select ?)"),
            ("with a as (select 'x') delete from b", "with a as (select ?) delete from b"),
        ] {
            assert_eq!(normalised(query), shown, "{query}");
        }
    }

    #[test]
    fn of_other_statements_the_first_words_are_left() {
        for (query, shown) in [
            ("alter role app password 'secret'", "alter role .."),
            ("alter table a add b text default 'secret'", "alter table a add b text default ?"),
            ("create user app password 'secret'", "create user .."),
            ("SET app.token = 'secret'", "SET .."),
            ("do $$ begin perform 'secret'; end $$", "do .."),
            ("COMMIT", "COMMIT"),
            ("VACUUM users", "VACUUM users"),
            ("", ""),
        ] {
            assert_eq!(normalised(query), shown, "{query}");
        }
    }

    #[test]
    fn no_text_is_too_odd() {
        for query in
            ["select '", "select \"", "select $", "select $1$", "select $é$ü", "é'ü", "select /*", "--", "e'"]
        {
            normalised(query);
        }
        assert!(normalised(&format!("select {}", "é,".repeat(500))).ends_with(" .."));
    }
}
