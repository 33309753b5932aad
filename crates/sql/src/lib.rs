//! Postgres SQL as our own values: split, parse, lower.
//!
//! Text goes in, [`Statement`]s with a byte span on every name come out, beside the syntax errors.
//! The parser library (the Postgres 18 grammar) stays inside this crate. Nothing here knows what a
//! statement does; that is `catalog` (schema) and `facts` (locks, scans, failures).

pub mod ast;
mod body;
mod fault;
mod lex;
mod lower;
mod mentions;
mod parse;

pub use ast::*;
pub use body::{BodyStatement, Guard, RoutineBody, routine_body, routine_body_within};
pub use lex::{Token, TokenKind, tokens};
pub use mentions::{ColumnMention, Mention, MentionColumnRole, MentionRole, Mentions, mentions};
pub use parse::{Parsed, SyntaxError, canonical, parse, parse_expression, parse_query, parse_type, term};
