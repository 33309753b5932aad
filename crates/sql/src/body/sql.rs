//! Statements that go to the SQL parser, those of EXECUTE among them.

use super::{BodyStatement, Guard, Kind, Walk};
use crate::ast::Stmt;
use crate::lex::Token;
use crate::lower::Place;
use crate::parse::{Parsed, parse_at};
use std::sync::Arc;

impl Walk<'_> {
    /// `EXECUTE expression [INTO target] [USING values]`, the keyword left out.
    pub(super) fn execute(&mut self, from: usize, end: usize) {
        let stop = self.find("into", from).min(self.find("using", from)).min(end);
        let tokens = self.tokens.get(from..stop).unwrap_or_default().to_vec();
        match constant(self.body, &tokens) {
            Some(Constant::Token(token)) => {
                let (text, place) = match token.inside(self.body) {
                    Some(inside) => (inside.of(self.body).to_owned(), self.place.part(inside.start as usize)),
                    None => {
                        (token.string(self.body).unwrap_or_default(), Place::Within(self.span(from, stop)))
                    }
                };
                self.parsed(parse_at(&text, place), true, from, stop);
            }
            Some(Constant::Text(text)) => {
                let place = Place::Within(self.span(from, stop));
                self.parsed(parse_at(&text, place), true, from, stop);
            }
            None => {
                self.unknown(from, stop, "EXECUTE of an expression that isn't a literal".to_owned());
            }
        }
    }

    /// The text of a statement with `INTO target` blanked out: in PL/pgSQL it assigns, in SQL it
    /// would make a table.
    pub(super) fn without_into(&self, from: usize, to: usize) -> String {
        let mut text = self.text(from, to).to_owned();
        const QUERIES: &[&str] = &["select", "with", "values", "insert", "update", "delete", "merge"];
        let base = self.tokens.get(from).map_or(0, |token| token.span.start as usize);
        if !QUERIES.iter().any(|word| self.is_word(from, word)) {
            return text;
        }
        let mut at = from;
        loop {
            at = self.find("into", at);
            if at >= to {
                return text;
            }
            if at > from && (self.is_word(at - 1, "insert") || self.is_word(at - 1, "merge")) {
                at += 1;
                continue;
            }
            let mut end = at + 1 + usize::from(self.is_word(at + 1, "strict"));
            loop {
                end += 1;
                while self.tokens.get(end).is_some_and(|token| token.is(b'.')) {
                    end += 2;
                }
                while self.tokens.get(end).is_some_and(|token| token.is(b'[')) {
                    end = self.after_bracket(end);
                }
                if !self.tokens.get(end).is_some_and(|token| token.is(b',')) {
                    break;
                }
                end += 1;
            }
            let end = end.min(to);
            let gap = self.tokens[at].span.to(self.tokens[end.max(at + 1) - 1].span);
            let (start, stop) = (gap.start as usize - base, gap.end as usize - base);
            text.replace_range(start..stop, &" ".repeat(stop - start));
            at = end;
        }
    }

    /// SQL that stands on the tokens `from..to`, perhaps with other words of the same length.
    pub(super) fn sql(&mut self, text: &str, from: usize, to: usize) {
        let start = self.tokens.get(from).map_or(self.body.len(), |token| token.span.start as usize);
        self.parsed(parse_at(text, self.place.part(start)), false, from, to);
    }

    pub(super) fn parsed(&mut self, parsed: Parsed, dynamic: bool, from: usize, to: usize) {
        if parsed.statements.is_empty() && parsed.errors.is_empty() {
            return;
        }
        let reason = self.blocks.iter().rev().find_map(|block| block.reason.clone());
        let returned = self.after_return.as_ref().map(|guard| guard.text.clone());
        let mut guards: Vec<Arc<Guard>> = self.after_return.iter().cloned().collect();
        for block in &self.blocks {
            match (&block.condition, &block.reason) {
                (Some(guard), _) => guards.push(guard.clone()),
                (None, Some(reason)) => guards.push(Guard::open(reason)),
                (None, None) => {}
            }
        }
        let repeated = self.blocks.iter().any(|block| block.kind == Kind::Loop);
        for mut statement in parsed.statements {
            if let Stmt::Query(query) = &mut statement.stmt {
                query.span = statement.span;
            }
            self.out.statements.push(BodyStatement {
                statement,
                conditional: reason.clone().or_else(|| returned.clone()),
                guards: guards.clone(),
                repeated,
                dynamic,
                catches: Vec::new(),
            });
        }
        for error in parsed.errors {
            self.unknown(from, to, format!("it doesn't parse: {}", error.message));
            self.out.errors.push(error);
        }
    }
}

/// A constant that EXECUTE runs.
enum Constant {
    /// One literal.
    Token(Token),
    /// Put together from several, or with escapes.
    Text(String),
}

/// The value of literals joined by `||`, in brackets or not, or of `format` with no placeholder.
fn constant(body: &str, tokens: &[Token]) -> Option<Constant> {
    if let [open, inner @ .., close] = tokens
        && open.is(b'(')
        && close.is(b')')
    {
        return constant(body, inner);
    }
    if let [name, open, text, close] = tokens
        && name.is_word(body, "format")
        && open.is(b'(')
        && close.is(b')')
    {
        let value = text.string(body)?;
        return match value.replace("%%", "") {
            rest if rest.contains('%') => None,
            _ if value.contains("%%") => Some(Constant::Text(value.replace("%%", "%"))),
            _ => Some(Constant::Token(*text)),
        };
    }
    let (literals, joints): (Vec<_>, Vec<_>) =
        tokens.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    if tokens.len().is_multiple_of(2) || joints.iter().any(|(_, token)| token.text(body) != "||") {
        return None;
    }
    let mut value = String::new();
    for (_, token) in &literals {
        value.push_str(&token.string(body)?);
    }
    match literals.as_slice() {
        [(_, only)] => Some(Constant::Token(**only)),
        _ => Some(Constant::Text(value)),
    }
}
