//! Looking around in the tokens of a body.

use super::Walk;
use crate::lex::{Token, TokenKind};
use source::Span;

impl Walk<'_> {
    pub(super) fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    pub(super) fn word(&self, ahead: usize, word: &str) -> bool {
        self.token(ahead).is_some_and(|token| token.is_word(self.body, word))
    }

    pub(super) fn is_word(&self, token: usize, word: &str) -> bool {
        self.tokens.get(token).is_some_and(|token| token.is_word(self.body, word))
    }

    pub(super) fn label(&self) -> bool {
        self.token(0).is_some_and(|token| token.text(self.body) == "<<")
    }

    /// Whether `name[1].part :=` or `name =` stands here.
    pub(super) fn assigns(&self) -> bool {
        let mut at = self.at;
        let name = |at: usize| {
            let kind = self.tokens.get(at).map(|token| token.kind);
            matches!(
                kind,
                Some(TokenKind::Word | TokenKind::Quoted | TokenKind::UnicodeQuoted | TokenKind::Param)
            )
        };
        if !name(at) {
            return false;
        }
        at += 1;
        loop {
            match self.tokens.get(at) {
                Some(token) if token.is(b'.') && name(at + 1) => at += 2,
                Some(token) if token.is(b'[') => at = self.after_bracket(at),
                Some(token) => return matches!(token.text(self.body), ":=" | "="),
                None => return false,
            }
        }
    }

    pub(super) fn after_bracket(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                TokenKind::Punct(b'(' | b'[') => depth += 1,
                TokenKind::Punct(b')' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.tokens.len()
    }

    /// The semicolon that ends the statement: the first one outside of brackets, or any.
    pub(super) fn end(&self) -> usize {
        let (mut depth, mut atomic) = (0usize, 0usize);
        let mut any = None;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.kind {
                TokenKind::Punct(b'(' | b'[') => depth += 1,
                TokenKind::Punct(b')' | b']') => depth = depth.saturating_sub(1),
                TokenKind::Punct(b';') if depth == 0 && atomic == 0 => return at,
                TokenKind::Punct(b';') => any = any.or(Some(at)),
                TokenKind::Word
                    if token.is_word(self.body, "atomic") && at > 0 && self.is_word(at - 1, "begin") =>
                {
                    atomic += 1;
                }
                TokenKind::Word if atomic > 0 && token.is_word(self.body, "case") => atomic += 1,
                TokenKind::Word if atomic > 0 && token.is_word(self.body, "end") => atomic -= 1,
                _ => {}
            }
        }
        any.unwrap_or(self.tokens.len())
    }

    /// The next keyword outside of brackets and CASE expressions; the end of the body without it.
    pub(super) fn find(&self, word: &str, from: usize) -> usize {
        let (mut depth, mut cases) = (0usize, 0usize);
        for (at, token) in self.tokens.iter().enumerate().skip(from) {
            match token.kind {
                TokenKind::Punct(b'(' | b'[') => depth += 1,
                TokenKind::Punct(b')' | b']') => depth = depth.saturating_sub(1),
                TokenKind::Word if depth == 0 && cases == 0 && token.is_word(self.body, word) => return at,
                TokenKind::Word if token.is_word(self.body, "case") => cases += 1,
                TokenKind::Word if token.is_word(self.body, "end") => cases = cases.saturating_sub(1),
                _ => {}
            }
        }
        self.tokens.len()
    }

    pub(super) fn text(&self, from: usize, to: usize) -> &str {
        match (self.tokens.get(from), to.checked_sub(1).and_then(|last| self.tokens.get(last))) {
            (Some(first), Some(last)) if from < to => first.span.to(last.span).of(self.body),
            _ => "",
        }
    }

    pub(super) fn span(&self, from: usize, to: usize) -> Span {
        match (self.tokens.get(from), to.checked_sub(1).and_then(|last| self.tokens.get(last))) {
            (Some(first), Some(last)) if from < to => {
                self.place.span(first.span.start as usize, last.span.end as usize)
            }
            _ => self.place.span(self.body.len(), self.body.len()),
        }
    }
}
