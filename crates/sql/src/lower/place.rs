//! Places: the text of one statement, its tokens, and where in it things are written.

use crate::ast::{Ident, Name};
use crate::lex::{self, Token, TokenKind};
use source::Span;
use std::cell::OnceCell;

/// Where a text stands in the file.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Its places lead to the file by this many bytes.
    Shifted(i64),
    /// It was written in a way that gives its parts no place of their own: all are here.
    Within(Span),
}

impl Place {
    /// The place of a part of the text that begins at the byte `by`.
    pub fn part(self, by: usize) -> Place {
        match self {
            Place::Shifted(shift) => Place::Shifted(shift + by as i64),
            Place::Within(span) => Place::Within(span),
        }
    }

    /// A span of the file.
    pub fn span(self, start: usize, end: usize) -> Span {
        match self {
            Place::Shifted(shift) => {
                let place = |at: usize| usize::try_from(at as i64 + shift).unwrap_or(0);
                Span::new(place(start), place(end))
            }
            Place::Within(span) => span,
        }
    }
}

/// One statement while it is lowered. Byte positions are positions in `text`; token positions are
/// indexes into [`Lower::tokens`].
pub(crate) struct Lower<'a> {
    /// The text that was parsed; it may hold other statements too.
    pub text: &'a str,
    place: Place,
    /// Where the statement begins and ends.
    range: (usize, usize),
    tokens: OnceCell<Vec<Token>>,
}

impl<'a> Lower<'a> {
    /// A statement at `range` of `text`.
    pub fn new(text: &'a str, place: Place, range: (usize, usize)) -> Lower<'a> {
        Lower { text, place, range, tokens: OnceCell::new() }
    }

    /// Another text with the same places.
    pub fn reading<'b>(&self, text: &'b str, range: (usize, usize)) -> Lower<'b> {
        Lower::new(text, self.place, range)
    }

    /// A span of the file.
    pub fn span(&self, start: usize, end: usize) -> Span {
        self.place.span(start, end)
    }

    /// The span of the statement.
    pub fn whole(&self) -> Span {
        self.span(self.range.0, self.range.1)
    }

    /// Where the statement begins and ends in the text.
    pub fn range(&self) -> (usize, usize) {
        self.range
    }

    /// The statement as written, without comments around it and without a semicolon.
    pub fn written(&self) -> String {
        let count = self.tokens().len();
        let end = if count > 0 && self.is(count - 1, b';') { count - 1 } else { count };
        self.text_between(0, end).to_owned()
    }

    /// The tokens of the statement, without comments.
    pub fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| lex::code(self.text, self.range.0, self.range.1))
    }

    /// The first token at or behind a byte.
    pub fn token_at(&self, byte: usize) -> usize {
        self.tokens().partition_point(|token| (token.span.start as usize) < byte)
    }

    /// The token at a location of the tree, which is -1 where it is unknown.
    pub fn located(&self, location: i32) -> Option<usize> {
        usize::try_from(location).ok().map(|byte| self.token_at(byte))
    }

    /// Whether the token is this keyword.
    pub fn is_word(&self, token: usize, word: &str) -> bool {
        self.tokens().get(token).is_some_and(|found| found.is_word(self.text, word))
    }

    /// Whether the token is this character.
    pub fn is(&self, token: usize, punct: u8) -> bool {
        self.tokens().get(token).is_some_and(|found| found.is(punct))
    }

    /// The span of the tokens `from..to`; of the whole statement where there are none.
    pub fn between(&self, from: usize, to: usize) -> Span {
        let tokens = self.tokens();
        match (tokens.get(from), to.checked_sub(1).and_then(|last| tokens.get(last))) {
            (Some(first), Some(last)) if from < to => {
                self.span(first.span.start as usize, last.span.end as usize)
            }
            _ => self.whole(),
        }
    }

    /// The text of the tokens `from..to`.
    pub fn text_between(&self, from: usize, to: usize) -> &'a str {
        let tokens = self.tokens();
        match (tokens.get(from), to.checked_sub(1).and_then(|last| tokens.get(last))) {
            (Some(first), Some(last)) if from < to => first.span.to(last.span).of(self.text),
            _ => "",
        }
    }

    /// The next token from `from` on, before `to`, that is this keyword, whatever the brackets.
    pub fn find_word(&self, word: &str, from: usize, to: usize) -> Option<usize> {
        (from..to.min(self.tokens().len())).find(|token| self.is_word(*token, word))
    }

    /// The token behind the bracket that closes the one at `open`.
    pub fn after_bracket(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for (index, token) in self.tokens().iter().enumerate().skip(open) {
            match token.kind {
                TokenKind::Punct(b'(' | b'[') => depth += 1,
                TokenKind::Punct(b')' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return index + 1;
            }
        }
        self.tokens().len()
    }

    /// The tokens inside the next brackets at or behind `from`.
    pub fn inside_next(&self, from: usize) -> Option<(usize, usize)> {
        let open = (from..self.tokens().len()).find(|token| self.is(*token, b'('))?;
        Some((open + 1, self.after_bracket(open).saturating_sub(1).max(open + 1)))
    }

    /// The tokens inside the brackets behind the next keyword `word`.
    pub fn inside_after(&self, word: &str, from: usize) -> Option<(usize, usize)> {
        let word = self.find_word(word, from, usize::MAX)?;
        self.is(word + 1, b'(').then(|| self.inside_next(word)).flatten()
    }

    /// The end of the list element that begins at `from`: the next comma outside of brackets that
    /// open behind `from`, or the bracket that closes around it.
    pub fn element_end(&self, from: usize) -> usize {
        self.end_before(from, |_| false)
    }

    /// Like [`Lower::element_end`], and stops before any of these keywords outside of brackets too.
    pub fn end_before(&self, from: usize, stop: impl Fn(usize) -> bool) -> usize {
        let mut depth = 0usize;
        for (index, token) in self.tokens().iter().enumerate().skip(from) {
            match token.kind {
                TokenKind::Punct(b'(' | b'[') => depth += 1,
                TokenKind::Punct(b')' | b']') if depth == 0 => return index,
                TokenKind::Punct(b')' | b']') => depth -= 1,
                TokenKind::Punct(b',' | b';') if depth == 0 => return index,
                // Behind a dot any word is a name.
                TokenKind::Word if depth == 0 && index > from && !self.is(index - 1, b'.') && stop(index) => {
                    return index;
                }
                _ => {}
            }
        }
        self.tokens().len()
    }

    /// Whether `WITH NO DATA` or `WITH CHECK OPTION` begins here, which ends a query.
    pub fn is_with_option(&self, token: usize) -> bool {
        const OPTIONS: &[&str] = &["no", "data", "check", "cascaded", "local"];
        self.is_word(token, "with") && OPTIONS.iter().any(|word| self.is_word(token + 1, word))
    }

    /// The end of the query that begins at `from`, commas being part of it.
    pub fn end_of_query(&self, from: usize, set_operation: bool) -> usize {
        let mut depth = 0usize;
        for (index, token) in self.tokens().iter().enumerate().skip(from) {
            let word = |word| token.is_word(self.text, word);
            match token.kind {
                TokenKind::Punct(b'(' | b'[') => depth += 1,
                TokenKind::Punct(b')' | b']') if depth == 0 => return index,
                TokenKind::Punct(b')' | b']') => depth -= 1,
                TokenKind::Punct(b';') if depth == 0 => return index,
                TokenKind::Word if depth == 0 => {
                    let joins = word("union") || word("intersect") || word("except");
                    let conflict = word("on") && self.is_word(index + 1, "conflict");
                    let option = index > from && self.is_with_option(index);
                    if conflict || option || (joins && !set_operation) {
                        return index;
                    }
                }
                _ => {}
            }
        }
        self.tokens().len()
    }

    /// The elements of a list that runs over the tokens `from..to`.
    pub fn elements(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = from;
        while at < to {
            let end = self.element_end(at).min(to);
            found.push((at, end));
            at = end + 1;
        }
        found
    }

    /// Whether the token is an identifier with this name.
    pub fn names(&self, token: usize, name: &str) -> bool {
        let Some(token) = self.tokens().get(token) else { return false };
        let written = token.text(self.text);
        match token.kind {
            TokenKind::Word if written.len() <= 63 => written.eq_ignore_ascii_case(name),
            TokenKind::Quoted if written.len() == name.len() + 2 => &written[1..written.len() - 1] == name,
            TokenKind::Quoted if written.len() <= 65 && !written[1..].contains("\"\"") => false,
            TokenKind::Word | TokenKind::Quoted | TokenKind::UnicodeQuoted => {
                token.ident(self.text).is_some_and(|found| found == name)
            }
            _ => false,
        }
    }

    /// The first token in `from..to` that is an identifier with this name.
    pub fn find(&self, name: &str, from: usize, to: usize) -> Option<usize> {
        (from..to.min(self.tokens().len())).find(|token| self.names(*token, name))
    }

    /// An identifier written somewhere behind the token `from`, and the token behind it.
    pub fn ident_and_next(&self, name: &str, from: usize) -> (Ident, usize) {
        match self.find(name, from, usize::MAX) {
            Some(token) => (Ident { text: name.to_owned(), span: self.between(token, token + 1) }, token + 1),
            None => (Ident { text: name.to_owned(), span: self.whole() }, from),
        }
    }

    /// An identifier written somewhere behind the token `from`.
    pub fn ident(&self, name: Option<&str>, from: usize) -> Ident {
        self.ident_and_next(name.unwrap_or_default(), from).0
    }

    /// The identifier with this name that is written last.
    pub fn last_ident(&self, name: &str) -> Ident {
        let token = (0..self.tokens().len()).rfind(|token| self.names(*token, name));
        let span = token.map_or(self.whole(), |token| self.between(token, token + 1));
        Ident { text: name.to_owned(), span }
    }

    /// A string literal with this value behind the token `from`, and the token behind it.
    pub fn string_and_next(&self, value: &str, from: usize) -> (Ident, usize) {
        let found = (from..self.tokens().len())
            .find(|token| self.tokens()[*token].string(self.text).is_some_and(|found| found == value));
        let span = found.map_or(self.whole(), |token| self.between(token, token + 1));
        (Ident { text: value.to_owned(), span }, found.map_or(from, |token| token + 1))
    }

    /// A name whose parts are written one behind the other after the token `from`, and the token
    /// behind it.
    pub fn name_and_next(&self, parts: &[&str], from: usize) -> (Name, usize) {
        let tokens = self.tokens().len();
        let width = (parts.len() * 2).saturating_sub(1);
        let at = (from..tokens).find(|start| {
            let reads = |(index, part): (usize, &&str)| self.names(start + index * 2, part);
            let dots = (1..parts.len()).all(|index| self.is(start + index * 2 - 1, b'.'));
            width > 0 && dots && parts.iter().enumerate().all(reads)
        });
        let span = at.map_or(self.whole(), |at| self.between(at, at + width));
        let name = parts.last().copied().unwrap_or_default().to_owned();
        let schema = parts.len().checked_sub(2).map(|index| parts[index].to_owned());
        (Name { schema, name, span }, at.map_or(from, |at| at + width))
    }

    /// The token behind the name of a relation, or behind the first two words of the statement.
    pub fn after(&self, location: Option<i32>) -> usize {
        let start = location.and_then(|location| usize::try_from(location).ok());
        start.map_or(2, |start| self.token_at(self.name_end(start)))
    }

    /// A name where the tree has none.
    pub fn unknown_name(&self) -> Name {
        Name { schema: None, name: String::new(), span: self.whole() }
    }

    /// Where the dotted name that begins at the byte `start` ends.
    pub fn name_end(&self, start: usize) -> usize {
        let code = |mut at: usize| loop {
            let token = lex::next(self.text, at)?;
            if token.kind != TokenKind::Comment {
                break Some(token);
            }
            at = token.span.end as usize;
        };
        let Some(first) = code(start) else { return start };
        let mut end = first.span.end as usize;
        while let Some(dot) = code(end).filter(|token| token.is(b'.'))
            && let Some(part) = code(dot.span.end as usize)
            && matches!(part.kind, TokenKind::Word | TokenKind::Quoted | TokenKind::UnicodeQuoted)
        {
            end = part.span.end as usize;
        }
        end
    }
}
