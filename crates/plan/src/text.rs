//! Changes to the text of one statement, where a better form is the old text with a word more or less.

use source::Span;
use sql::{Token, TokenKind, tokens};

/// `text` with other words in some places; the places are offsets in it and don't overlap.
pub fn with(text: &str, mut edits: Vec<(Span, String)>) -> String {
    edits.sort_by_key(|(span, _)| span.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (span, new) in edits {
        let (start, end) = (span.start as usize, span.end as usize);
        out.push_str(text.get(at..start.max(at)).unwrap_or_default());
        out.push_str(&new);
        at = end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The tokens of a text that aren't comments.
pub fn code(text: &str) -> Vec<Token> {
    tokens(text).into_iter().filter(|token| token.kind != TokenKind::Comment).collect()
}

/// The first token that is this word, whatever its case, from a token on.
pub fn word(text: &str, tokens: &[Token], wanted: &str, from: usize) -> Option<usize> {
    let is =
        |token: &Token| token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case(wanted);
    (from..tokens.len()).find(|n| is(&tokens[*n]))
}

/// A statement with `word` put behind its first `after`.
pub fn with_word(text: &str, after: &str, word_to_add: &str) -> Option<String> {
    let tokens = code(text);
    let at = tokens[word(text, &tokens, after, 0)?].span.end as usize;
    Some(with(text, vec![(Span::new(at, at), format!(" {word_to_add}"))]))
}

/// A statement without some words that follow each other.
pub fn without_words(text: &str, words: &[&str]) -> String {
    let tokens = code(text);
    let is = |n: usize| {
        let run = words.iter().enumerate();
        run.into_iter().all(|(k, wanted)| word(text, &tokens, wanted, n + k) == Some(n + k))
    };
    let Some(first) = (0..tokens.len()).find(|n| is(*n)) else { return text.to_owned() };
    let (start, end) = (tokens[first].span.start as usize, tokens[first + words.len() - 1].span.end as usize);
    tidy(&with(text, vec![(Span::new(start, end), String::new())]))
}

/// Pieces between top-level commas, from one byte to the end.
pub fn listed(text: &str, from: usize) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_i32, from, Vec::new());
    for token in code(text).iter().filter(|token| token.span.start as usize >= from) {
        match token.kind {
            TokenKind::Punct(b'(' | b'[') => depth += 1,
            TokenKind::Punct(b')' | b']') => depth -= 1,
            TokenKind::Punct(b',') if depth == 0 => {
                found.push(text[start..token.span.start as usize].trim());
                start = token.span.end as usize;
            }
            _ => {}
        }
    }
    found.push(text[start..].trim());
    found
}

/// Without the double space and the space before a bracket that a cut leaves behind.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let gaps: Vec<Token> = tokens(text);
    let mut at = 0;
    for token in gaps {
        let (start, end) = (token.span.start as usize, token.span.end as usize);
        let gap = &text[at..start];
        out.push_str(if gap.len() > 1 && !gap.contains('\n') { " " } else { gap });
        out.push_str(&text[start..end]);
        at = end;
    }
    out.push_str(&text[at..]);
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_and_go() {
        let index = "CREATE INDEX IF NOT EXISTS \"index\" ON t (a)";
        assert_eq!(
            with_word(index, "INDEX", "CONCURRENTLY").as_deref(),
            Some("CREATE INDEX CONCURRENTLY IF NOT EXISTS \"index\" ON t (a)")
        );
        assert_eq!(without_words(index, &["IF", "NOT", "EXISTS"]), "CREATE INDEX \"index\" ON t (a)");
        assert_eq!(without_words(index, &["IF", "EXISTS"]), index);
    }

    #[test]
    fn lists_end_at_their_own_commas() {
        assert_eq!(listed("f(a, b), ARRAY[1, 2], ','", 0), ["f(a, b)", "ARRAY[1, 2]", "','"]);
    }
}
