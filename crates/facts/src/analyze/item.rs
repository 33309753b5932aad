//! What a migration consists of, as it was read.

use source::Span;
use sql::{Parsed, Statement, Stmt, SyntaxError};

/// A statement, or a syntax error in the place of one.
pub(super) enum Item {
    Statement(Box<Statement>),
    Error(SyntaxError),
}

impl Item {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Item::Statement(statement) => statement.span,
            Item::Error(error) => error.statement,
        }
    }
}

/// Whether it controls transactions.
pub(super) fn is_begin(item: &Item) -> bool {
    matches!(item, Item::Statement(statement) if matches!(statement.stmt, Stmt::Transaction(_)))
}

/// Statements and errors of a chunk in the order in which they stand there.
pub(super) fn in_order(chunk: Parsed) -> Vec<Item> {
    let statements = chunk.statements.into_iter().map(|statement| Item::Statement(Box::new(statement)));
    let mut items: Vec<Item> = statements.chain(chunk.errors.into_iter().map(Item::Error)).collect();
    items.sort_by_key(|item| item.span().start);
    items
}
