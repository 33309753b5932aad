//! The SQL statements of a PL/pgSQL body, with exact places.
//!
//! This is a walk over tokens that knows where the statements of the language begin and end, not
//! its grammar. Statements that only compute (assignments, RAISE, RETURN of a value ..) are passed
//! over; what might be SQL and can't be read is `unknown`.

mod parts;
mod sql;
mod tokens;

use parts::not;
pub use parts::{BodyStatement, Guard, RoutineBody};

use crate::lex::{self, Token, TokenKind};
use crate::lower::Place;
use source::Span;
use std::sync::Arc;

/// The statements of a PL/pgSQL body. `offset` is the place of `body` in its file.
pub fn routine_body(body: &str, offset: u32) -> RoutineBody {
    read(body, Place::Shifted(i64::from(offset)))
}

/// The statements of a PL/pgSQL body that was written with escapes, so that its bytes have no place
/// of their own: every span that comes out is `place`.
pub fn routine_body_within(body: &str, place: Span) -> RoutineBody {
    read(body, Place::Within(place))
}

fn read(body: &str, place: Place) -> RoutineBody {
    let tokens = lex::code(body, 0, body.len());
    let mut walk = Walk {
        body,
        tokens,
        at: 0,
        place,
        blocks: Vec::new(),
        after_return: None,
        out: RoutineBody::default(),
    };
    walk.run();
    walk.out
}

/// A block that is open.
struct Block {
    kind: Kind,
    /// Why what stands in it may not run.
    reason: Option<String>,
    /// The condition of an IF that is alone so far: no ELSIF before it.
    condition: Option<Arc<Guard>>,
    /// Number of statements when it was opened.
    start: usize,
    /// Number of statements when its handlers began.
    handlers: Option<usize>,
    catches: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Begin,
    If,
    Case,
    Loop,
}

struct Walk<'a> {
    body: &'a str,
    tokens: Vec<Token>,
    at: usize,
    place: Place,
    blocks: Vec<Block>,
    /// A RETURN stands in a branch before: what must hold to get past it.
    after_return: Option<Arc<Guard>>,
    out: RoutineBody,
}

impl Walk<'_> {
    fn run(&mut self) {
        while self.token(0).is_some_and(|token| token.text(self.body) == "#") {
            self.at += 3;
        }
        let begins = ["begin", "declare"].iter().any(|word| self.word(0, word));
        if !begins && !self.label() {
            let reason = "the body is no PL/pgSQL block".to_owned();
            return self.unknown(0, self.tokens.len(), reason);
        }
        let mut opened = false;
        while self.at < self.tokens.len() {
            if opened && self.blocks.is_empty() {
                let reason = "text behind the end of the body".to_owned();
                return self.unknown(self.at, self.tokens.len(), reason);
            }
            let before = self.at;
            self.statement();
            opened |= !self.blocks.is_empty();
            // Whatever happens, the walk goes on.
            self.at = self.at.max(before + 1);
            while opened && self.blocks.is_empty() && self.token(0).is_some_and(|token| token.is(b';')) {
                self.at += 1;
            }
        }
        if !self.blocks.is_empty() {
            self.unknown(self.tokens.len(), self.tokens.len(), "a block of the body isn't closed".to_owned());
        }
        while let Some(block) = self.blocks.pop() {
            self.caught(&block);
        }
    }

    /// One statement, or the head of a block.
    fn statement(&mut self) {
        let Some(first) = self.token(0).copied() else { return };
        let word = match first.kind {
            TokenKind::Word => first.text(self.body).to_ascii_lowercase(),
            TokenKind::Punct(b';') => {
                self.at += 1;
                return;
            }
            _ => String::new(),
        };
        let inner = self.blocks.last().map(|block| block.kind);
        match word.as_str() {
            _ if self.label() => {
                let end = (self.at..self.tokens.len()).find(|at| self.tokens[*at].text(self.body) == ">>");
                self.at = end.unwrap_or(self.at) + 1;
            }
            _ if self.assigns() => {
                let end = self.end();
                let sign = (self.at..end).find(|at| matches!(self.tokens[*at].text(self.body), ":=" | "="));
                self.value(sign.map_or(end, |sign| sign + 1), end);
                self.at = end + 1;
            }
            "declare" => self.declarations(),
            "begin" => {
                self.at += 1;
                self.open(Kind::Begin, None);
            }
            "exception" if inner == Some(Kind::Begin) => {
                self.at += 1;
                let count = self.out.statements.len();
                if let Some(block) = self.blocks.last_mut() {
                    block.handlers = Some(count);
                }
            }
            "when" if matches!(inner, Some(Kind::Begin | Kind::Case)) => self.when(),
            "if" => self.branch(Kind::If, "IF"),
            "elsif" | "elseif" if inner == Some(Kind::If) => self.branch_again(),
            "else" if matches!(inner, Some(Kind::If | Kind::Case)) => {
                self.at += 1;
                if let Some(block) = self.blocks.last_mut() {
                    let reason = block.reason.take().unwrap_or_default();
                    let reason =
                        if reason.starts_with("ELSE") { reason } else { format!("ELSE of {reason}") };
                    block.condition = block.condition.take().map(|guard| not(&guard, &reason));
                    block.reason = Some(reason);
                }
            }
            "case" => {
                self.at = self.find("when", self.at + 1);
                self.open(Kind::Case, Some("CASE".to_owned()));
            }
            "loop" => {
                // The first round always starts.
                self.at += 1;
                self.open(Kind::Loop, None);
            }
            "while" | "foreach" => {
                self.at = self.find("loop", self.at + 1) + 1;
                self.open(Kind::Loop, Some("loop".to_owned()));
            }
            "for" => self.for_loop(),
            "end" => self.close(),
            "return" if self.word(1, "query") => {
                self.at += 2;
                self.query_or_execute();
            }
            "return" => {
                if !self.word(1, "next") {
                    self.returns();
                }
                self.at = self.end() + 1;
            }
            "exit" | "continue" => {
                let inner = self.blocks.iter_mut().rev().find(|block| block.kind == Kind::Loop);
                if let Some(block) = inner {
                    block.reason.get_or_insert_with(|| format!("{} before it", word.to_ascii_uppercase()));
                }
                self.at = self.end() + 1;
            }
            "raise" | "assert" | "null" | "get" | "close" | "move" | "fetch" => {
                self.at = self.end() + 1;
            }
            "open" => {
                let end = self.end();
                match (self.at..end).find(|at| self.is_word(*at, "for")) {
                    Some(word) => {
                        self.at = word + 1;
                        self.query_or_execute();
                    }
                    None => self.at = end + 1,
                }
            }
            "perform" => {
                let end = self.end();
                // Both words with a blank are seven bytes long: places stay as they are.
                let text = self.text(self.at, end);
                let text = format!("SELECT {}", text.get("PERFORM".len()..).unwrap_or_default());
                self.sql(&text, self.at, end);
                self.at = end + 1;
            }
            "execute" => {
                let end = self.end();
                self.execute(self.at + 1, end);
                self.at = end + 1;
            }
            _ => {
                let end = self.end();
                let text = self.without_into(self.at, end);
                self.sql(&text, self.at, end);
                self.at = end + 1;
            }
        }
    }

    fn unknown(&mut self, from: usize, to: usize, reason: String) {
        let span = self.span(from, to);
        self.out.unknown.push((span, reason));
    }

    fn open(&mut self, kind: Kind, reason: Option<String>) {
        let start = self.out.statements.len();
        self.blocks.push(Block { kind, reason, condition: None, start, handlers: None, catches: Vec::new() });
    }

    /// `RETURN` in a branch: the rest runs only where the branch was not taken.
    fn returns(&mut self) {
        let mut branches = self.blocks.iter().filter(|block| block.reason.is_some());
        let Some(branch) = branches.next() else { return };
        let text = "a RETURN before it";
        let alone = branches.next().is_none() && self.after_return.is_none();
        self.after_return = Some(match &branch.condition {
            Some(guard) if alone => not(guard, text),
            _ => Guard::open(text),
        });
    }

    /// The query in a condition or in the value of an assignment, if there is one.
    fn value(&mut self, first: usize, to: usize) {
        if !(first..to).any(|at| self.is_word(at, "select")) {
            return;
        }
        let text = format!("SELECT {}", self.text(first, to));
        let place = Place::Within(self.span(first, to));
        self.parsed(crate::parse::parse_at(&text, place), false, first, to);
    }

    /// `END [IF | LOOP | CASE] [label];`
    fn close(&mut self) {
        let end = self.end();
        if let Some(block) = self.blocks.pop() {
            let word = match block.kind {
                Kind::Begin => None,
                Kind::If => Some("if"),
                Kind::Case => Some("case"),
                Kind::Loop => Some("loop"),
            };
            let names_other = ["if", "case", "loop"].iter().any(|word| self.word(1, word));
            if word.map_or(names_other, |word| !self.word(1, word)) {
                self.unknown(self.at, end, "END doesn't match the block that is open".to_owned());
            }
            self.caught(&block);
        }
        self.at = end + 1;
    }

    /// Tells the statements of a block what its handlers catch.
    fn caught(&mut self, block: &Block) {
        let end = block.handlers.unwrap_or(block.start);
        for statement in self.out.statements[block.start..end].iter_mut() {
            statement.catches.extend(block.catches.iter().cloned());
        }
    }

    fn declarations(&mut self) {
        self.at += 1;
        while self.at < self.tokens.len() && !self.word(0, "begin") {
            let end = self.end();
            let cursor = (self.at..end).find(|at| self.is_word(*at, "cursor"));
            let query = cursor.and_then(|cursor| {
                (cursor..end).find(|at| self.is_word(*at, "for") || self.is_word(*at, "is"))
            });
            if let Some(word) = query {
                let text = self.text(word + 1, end).to_owned();
                let before = self.out.statements.len();
                self.sql(&text, word + 1, end);
                for statement in &mut self.out.statements[before..] {
                    statement.conditional = Some("cursor".to_owned());
                }
            }
            self.at = end + 1;
        }
    }

    /// `WHEN condition OR condition THEN` of a handler, `WHEN value THEN` of a CASE.
    fn when(&mut self) {
        let then = self.find("then", self.at + 1);
        let mut caught = Vec::new();
        for token in self.tokens.get(self.at + 1..then).unwrap_or_default() {
            match token.kind {
                TokenKind::String => caught.extend(token.string(self.body)),
                _ => caught.extend(token.ident(self.body).filter(|word| word != "or" && word != "sqlstate")),
            }
        }
        if let Some(block) = self.blocks.last_mut().filter(|block| block.kind == Kind::Begin) {
            block.reason = Some("exception handler".to_owned());
            block.catches.extend(caught);
        } else if let Some(block) = self.blocks.last_mut() {
            block.reason = Some("CASE".to_owned());
        }
        self.at = then + 1;
    }

    fn branch(&mut self, kind: Kind, word: &str) {
        let then = self.find("then", self.at + 1);
        let condition: Vec<&str> = self.text(self.at + 1, then).split_whitespace().collect();
        let reason = format!("{word} {}", condition.join(" "));
        let (from, alone) = (self.at + 1, word == "IF");
        let condition = crate::parse::parse_expression(self.text(from, then));
        self.value(from, then);
        self.at = then + 1;
        self.open(kind, Some(reason.clone()));
        if let (true, Some(block)) = (alone, self.blocks.last_mut()) {
            block.condition = condition
                .map(|condition| Arc::new(Guard { text: reason, condition: Some(condition), holds: true }));
        }
    }

    fn branch_again(&mut self) {
        let start = self.blocks.pop().map(|block| block.start);
        self.branch(Kind::If, "ELSIF");
        if let (Some(block), Some(start)) = (self.blocks.last_mut(), start) {
            block.start = start;
        }
    }

    fn for_loop(&mut self) {
        let head = self.at;
        let found = self.find("loop", head + 1);
        let from = (head..found).find(|at| self.is_word(*at, "in")).map_or(found, |at| at + 1);
        let range = self
            .tokens
            .get(from..found)
            .unwrap_or_default()
            .iter()
            .any(|token| token.text(self.body) == "..");
        const QUERIES: &[&str] =
            &["select", "with", "values", "table", "insert", "update", "delete", "merge", "explain", "show"];
        if self.is_word(from, "execute") {
            self.execute(from + 1, found);
        } else if !range {
            let bracket = self.tokens.get(from).is_some_and(|token| token.is(b'('));
            if bracket || QUERIES.iter().any(|word| self.is_word(from, word)) {
                let text = self.text(from, found).to_owned();
                self.sql(&text, from, found);
            }
            // Else it is a cursor, whose query stands where it is declared.
        }
        self.at = found + 1;
        self.open(Kind::Loop, Some("loop".to_owned()));
    }

    /// What stands behind RETURN QUERY or OPEN .. FOR.
    fn query_or_execute(&mut self) {
        let end = self.end();
        if self.word(0, "execute") {
            self.execute(self.at + 1, end);
        } else {
            let text = self.text(self.at, end).to_owned();
            self.sql(&text, self.at, end);
        }
        self.at = end + 1;
    }
}
