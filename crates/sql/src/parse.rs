//! Text to statements: parse, split what doesn't parse, find the fault.

use crate::ast::{Expr, Query, Statement, Stmt, Term, TypeName};
use crate::fault::fault;
use crate::lex::{self, Token, TokenKind};
use crate::lower::{self, Lower, Place};
use pg_raw_parse::{Node, ParseResult, nodes};
use source::Span;
use std::ffi::CString;

/// The most open brackets that a statement may hold; the recursion over sub-queries is as deep.
const DEPTH_LIMIT: usize = 100;
/// Comment openings in a row.
const COMMENT_LIMIT: usize = 1000;

/// What a text holds, in order of place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The statements that parse.
    pub statements: Vec<Statement>,
    /// The pieces that don't.
    pub errors: Vec<SyntaxError>,
}

/// A piece of text that is no SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The parser's message.
    pub message: String,
    /// The token at fault; empty at the end of the piece.
    pub span: Span,
    /// The piece that failed.
    pub statement: Span,
}

/// Parses a text of any number of statements. `offset` is the place of `text` in its file: all
/// spans that come out are places in the file.
pub fn parse(text: &str, offset: u32) -> Parsed {
    parse_at(text, Place::Shifted(i64::from(offset)))
}

/// Parses a text that stands at `place`.
pub(crate) fn parse_at(text: &str, place: Place) -> Parsed {
    let mut parsed = Parsed::default();
    match tree(text) {
        Ok(tree) => lower_all(text, place, &tree, &mut parsed.statements),
        Err(_) => {
            for piece in pieces(text, false) {
                parse_piece(text, piece, place, &mut parsed, true);
            }
        }
    }
    parsed
}

/// Parses one expression, such as a column default. Spans are places in `text`.
pub fn parse_expression(text: &str) -> Option<Expr> {
    let wrapped = Wrapped::new("SELECT (", text, "\n)");
    wrapped.with_target(|lower, node| lower::whole_expr(lower, node, wrapped.inner()))
}

/// Parses a type as it would be written for a column. Spans are places in `text`.
pub fn parse_type(text: &str) -> Option<TypeName> {
    let wrapped = Wrapped::new("SELECT NULL::", text, "");
    wrapped.with_target(|lower, node| match node {
        Node::TypeCast(cast) => match cast.arg() {
            Node::A_Const(_) => cast.type_name().map(|name| lower.type_name(name)),
            _ => None,
        },
        _ => None,
    })
}

/// Parses one query, such as the definition of a view. Spans are places in `text`.
pub fn parse_query(text: &str) -> Option<Query> {
    let mut parsed = parse(text, 0);
    match (parsed.statements.pop(), parsed.statements.is_empty() && parsed.errors.is_empty()) {
        (Some(Statement { stmt: Stmt::Query(query), .. }), true) => Some(*query),
        _ => None,
    }
}

/// An expression written the way the parser library writes it, so that two spellings of one
/// expression are equal. The text as it is where it can't be parsed or is very long.
pub fn canonical(expr: &Expr) -> String {
    // The deparser recurses in C without a limit of its own.
    const LONGEST: usize = 16 * 1024;
    let wrapped = Wrapped::new("SELECT (", &expr.text, "\n)");
    let written = (expr.text.len() <= LONGEST).then(|| tree(&wrapped.text).ok()).flatten();
    let written = written.and_then(|tree| {
        let node = tree.stmts().next()?;
        let text = pg_raw_parse::deparse(node).ok()?;
        text.as_str().strip_prefix("SELECT ").map(str::to_owned)
    });
    written.unwrap_or_else(|| expr.text.clone())
}

/// The tree of an expression; [`Term::Opaque`] where its text can't be parsed by itself.
pub fn term(expr: &Expr) -> Term {
    let wrapped = Wrapped::new("SELECT (", &expr.text, "\n)");
    wrapped.with_target(|lower, node| Some(lower::term(lower, node))).unwrap_or(Term::Opaque)
}

/// A text inside a `SELECT`.
struct Wrapped<'a> {
    text: String,
    prefix: usize,
    inside: &'a str,
}

impl<'a> Wrapped<'a> {
    fn new(prefix: &str, inside: &'a str, suffix: &str) -> Wrapped<'a> {
        Wrapped { text: format!("{prefix}{inside}{suffix}"), prefix: prefix.len(), inside }
    }

    /// Start and end of the inner text, white space and comments around it left out.
    fn inner(&self) -> (usize, usize) {
        let (start, end) = (self.prefix, self.prefix + self.inside.len());
        ends(&self.text, start, end).unwrap_or((start, end))
    }

    /// Hands the one target of the `SELECT` to `read`, if that is all it holds.
    fn with_target<T>(&self, read: impl FnOnce(&Lower<'_>, Node<'_>) -> Option<T>) -> Option<T> {
        let tree = tree(&self.text).ok()?;
        let mut stmts = tree.stmts();
        let (Some(Node::SelectStmt(select)), None) = (stmts.next(), stmts.next()) else { return None };
        let mut targets = select.target_list().iter();
        let (Some(target), None) = (targets.next(), targets.next()) else { return None };
        if target.name().is_some() || !lower::is_bare_select(select) {
            return None;
        }
        let lower = Lower::new(&self.text, Place::Shifted(-(self.prefix as i64)), (0, self.text.len()));
        read(&lower, target.val())
    }
}

/// Why a text has no tree.
pub(crate) enum Failure {
    /// The parser says no.
    Syntax(CString),
    /// It can't be given to the parser; where, and why.
    Refused(usize, &'static str),
}

pub(crate) fn tree(text: &str) -> Result<ParseResult, Failure> {
    if text.len() > i32::MAX as usize {
        return Err(Failure::Refused(0, "the statement is too long"));
    }
    let text = checked(text)?;
    pg_raw_parse::parse(text).map_err(|_| Failure::Syntax(CString::new(text).unwrap_or_default()))
}

/// Keeps away from the parser what it can't take.
fn checked(text: &str) -> Result<&str, Failure> {
    if let Some(at) = text.find('\0') {
        return Err(Failure::Refused(at, "a NUL character can't be part of SQL"));
    }
    // The parser's lexer reads a run of comment openings again from each of them.
    if text.len() > COMMENT_LIMIT && text.matches("/*").nth(COMMENT_LIMIT).is_some() {
        let mut openings = 0;
        let mut end = 0;
        for (at, _) in text.match_indices("/*") {
            openings = if at == end { openings + 1 } else { 1 };
            end = at + 2;
            if openings > COMMENT_LIMIT {
                return Err(Failure::Refused(at, "comments are nested too deeply"));
            }
        }
    }
    let brackets = || text.bytes().filter(|b| matches!(b, b'(' | b'[')).count();
    if text.len() > DEPTH_LIMIT && brackets() > DEPTH_LIMIT {
        let mut depth = 0usize;
        for token in lex::tokens(text) {
            match token.kind {
                TokenKind::Punct(b'(' | b'[') => depth += 1,
                TokenKind::Punct(b')' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEPTH_LIMIT {
                return Err(Failure::Refused(token.span.start as usize, "brackets are nested too deeply"));
            }
        }
    }
    Ok(text)
}

fn parse_piece(text: &str, piece: Span, place: Place, parsed: &mut Parsed, again: bool) {
    let inside = piece.of(text);
    let place = place.part(piece.start as usize);
    let failure = match tree(inside) {
        Ok(tree) => {
            return lower_all(inside, place, &tree, &mut parsed.statements);
        }
        Err(failure) => failure,
    };
    if again && inside.contains(';') {
        let parts = pieces(inside, true);
        if parts.len() > 1 {
            for part in parts {
                parse_piece(inside, part, place, parsed, false);
            }
            return;
        }
    }
    let (message, at) = match failure {
        Failure::Refused(at, why) => (why.to_owned(), at),
        Failure::Syntax(text) => match fault(&text) {
            Some((message, character)) => (message, byte_of(inside, character)),
            None => ("syntax error".to_owned(), 0),
        },
    };
    let token = lex::next(inside, at).filter(|token| token.span.start as usize == at);
    let span = token.map_or(Span::new(inside.len(), inside.len()), |token| token.span);
    let span = place.span(span.start as usize, span.end as usize);
    parsed.errors.push(SyntaxError { message, span, statement: place.span(0, inside.len()) });
}

/// The byte of a character counted from 1; 0 is "unknown" and gives the start.
fn byte_of(text: &str, character: usize) -> usize {
    let index = character.saturating_sub(1);
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

/// The pieces between semicolons, each from its first token to its last, without empty ones.
/// `every` also splits inside brackets and bodies.
fn pieces(text: &str, every: bool) -> Vec<Span> {
    let mut found = Vec::new();
    let mut piece: Option<Span> = None;
    let (mut depth, mut body) = (0usize, 0usize);
    let mut before: Option<Token> = None;
    for token in lex::tokens(text).into_iter().filter(|token| token.kind != TokenKind::Comment) {
        match token.kind {
            TokenKind::Punct(b';') if every || (depth == 0 && body == 0) => {
                found.extend(piece.take());
                (depth, body, before) = (0, 0, None);
                continue;
            }
            TokenKind::Punct(b'(') => depth += 1,
            TokenKind::Punct(b')') => depth = depth.saturating_sub(1),
            TokenKind::Word => {
                let begins = before.is_some_and(|word| word.is_word(text, "begin"));
                if begins && token.is_word(text, "atomic") || body > 0 && token.is_word(text, "case") {
                    body += 1;
                } else if body > 0 && token.is_word(text, "end") {
                    body -= 1;
                }
            }
            _ => {}
        }
        piece = Some(piece.map_or(token.span, |span| span.to(token.span)));
        before = Some(token);
    }
    found.extend(piece);
    found
}

fn lower_all(text: &str, place: Place, tree: &ParseResult, out: &mut Vec<Statement>) {
    for raw in tree.iter() {
        let Some((start, end)) = range(text, raw) else { continue };
        let lower = Lower::new(text, place, (start, end));
        let stmt = lower::statement(&lower, raw.stmt());
        out.push(Statement { stmt, span: lower.span(start, end) });
    }
}

/// First and last byte of a statement, comments around it left out.
pub(crate) fn range(text: &str, raw: &nodes::RawStmt) -> Option<(usize, usize)> {
    let start = usize::try_from(raw.stmt_location).unwrap_or(0);
    let end = match usize::try_from(raw.stmt_len) {
        Ok(len) if len > 0 => start + len,
        _ => text.len(),
    };
    ends(text, start, end)
}

/// Where the first token of `text[start..end]` begins and its last one ends.
fn ends(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let mut first = lex::next(text, start)?;
    while first.kind == TokenKind::Comment {
        first = lex::next(text, first.span.end as usize)?;
    }
    let start = first.span.start as usize;
    let inside = text.get(start..end)?.trim_end_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let inside = inside.strip_suffix(';').unwrap_or(inside);
    if !inside.contains("--") && !inside.contains("*/") {
        return Some((start, start + inside.trim_end().len()));
    }
    let last = lex::code(text, start, end).into_iter().rfind(|token| !token.is(b';'))?;
    Some((start, last.span.end as usize))
}
