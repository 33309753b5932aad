//! `CREATE FOREIGN TABLE`, which the parser library has no node for.
//!
//! Without the word FOREIGN and its SERVER clause the statement is a `CREATE TABLE`: these are
//! blanked out, so that all places stay the same, and the rest is parsed again.

use super::{Lower, other, statement};
use crate::ast::{CreateTable, Stmt};
use crate::parse::tree;

/// The statement that `lower` stands on, if it is a foreign table.
pub(super) fn table(lower: &Lower<'_>) -> Stmt {
    let unknown = || other::unknown("a statement that brolly doesn't know");
    let words = ["create", "foreign", "table"];
    if !words.iter().enumerate().all(|(index, word)| lower.is_word(index, word)) {
        return unknown();
    }
    let (start, _) = lower.range();
    let tokens = lower.tokens();
    let server = (0..tokens.len())
        .rfind(|token| lower.is_word(*token, "server") && lower.element_end(*token) == tokens.len());
    let Some(server) = server else { return unknown() };
    let cut = tokens[server].span.start as usize;
    let Some(kept) = lower.text.get(start..cut) else { return unknown() };
    let mut text = " ".repeat(start) + kept;
    let foreign = tokens[1].span;
    text.replace_range(foreign.start as usize..foreign.end as usize, &" ".repeat("foreign".len()));
    let Ok(tree) = tree(&text) else { return unknown() };
    let again = lower.reading(&text, (start, cut));
    match tree.stmts().next().map(|node| statement(&again, node)) {
        Some(Stmt::CreateTable(table)) => Stmt::CreateTable(CreateTable { foreign: true, ..table }),
        _ => other::unknown("CREATE FOREIGN TABLE"),
    }
}
