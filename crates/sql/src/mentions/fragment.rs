//! Pieces of queries: they are put where they could stand, and read there.

use super::read::Reader;
use super::scope::Frame;
use super::{MentionColumnRole, Mentions};
use crate::lex::{Token, tokens};
use crate::lower::{Lower, Place, is_bare_select, strings};
use crate::parse::tree;
use pg_raw_parse::{Node, raw};

/// What can stand before and behind a piece, in the order they are tried. A relation `_` stands for
/// those of the query around it.
const AROUND: &[(&str, &str)] = &[
    // An expression, a select list, and all from FROM, WHERE, GROUP BY, ORDER BY or LIMIT on.
    ("SELECT ", ""),
    // a DESC, b NULLS LAST
    SORTED,
    // AND a = 1
    ("SELECT WHERE true ", ""),
    // IS NOT NULL, = lower(a), ->> 'b'
    ("SELECT NULL ", ""),
    // DESC NULLS LAST
    ("SELECT ORDER BY NULL ", ""),
    // a JOIN b ON ..
    ("SELECT FROM ", ""),
    // JOIN b ON ..
    ("SELECT FROM _ AS _ ", ""),
    // FILTER (WHERE ..), OVER (..)
    ("SELECT count(*) ", ""),
    // PARTITION BY a
    ("SELECT count(*) OVER (", "\n)"),
    // SET a = 1
    ("UPDATE _ AS _ ", ""),
    // a = DEFAULT
    ("UPDATE _ AS _ SET ", ""),
    // (a, b) VALUES (1, 2)
    ("INSERT INTO _ AS _ ", ""),
    // ON CONFLICT (a) DO NOTHING
    ("INSERT INTO _ AS _ DEFAULT VALUES ", ""),
    // USING b WHERE .., RETURNING a
    ("DELETE FROM _ AS _ ", ""),
    // WITH a AS (..)
    ("", "\nSELECT"),
];

const SORTED: (&str, &str) = ("SELECT ORDER BY ", "");

/// What a piece names; `None` if it can stand nowhere.
pub(super) fn fragment(text: &str) -> Option<Mentions> {
    // `a desc` is a column with an alias too.
    let directed = |token: &Token| token.is_word(text, "asc") || token.is_word(text, "desc");
    let first = tokens(text).iter().any(directed).then_some(&SORTED);
    first.into_iter().chain(AROUND).find_map(|(prefix, suffix)| read(prefix, text, suffix))
}

fn read(prefix: &str, piece: &str, suffix: &str) -> Option<Mentions> {
    let text = format!("{prefix}{piece}{suffix}");
    let tree = tree(&text).ok()?;
    let mut stmts = tree.stmts();
    let (Some(node), None) = (stmts.next(), stmts.next()) else { return None };
    let start = prefix.len();
    let lower = Lower::new(&text, Place::Shifted(-(start as i64)), (start, start + piece.len()));
    let mut reader = Reader::of_piece(&lower, start);
    match node {
        Node::SelectStmt(select) if is_bare_select(select) && select.target_list().len() == 1 => {
            let targets = select.target_list();
            match targets.iter().next().filter(|target| target.name().is_none() && is_condition(target.val()))
            {
                Some(target) => reader.expression(target.val(), &Frame::EMPTY, MentionColumnRole::Filter),
                None => reader.statement(node),
            }
        }
        _ => reader.statement(node),
    }
    let mut found = reader.finish()?;
    found.relations.sort_by_key(|mention| mention.span.start);
    found.columns.sort_by_key(|mention| mention.span.start);
    Some(found)
}

/// Whether an expression looks like one that is true or false.
fn is_condition(node: Node<'_>) -> bool {
    use raw::A_Expr_Kind::{AEXPR_NULLIF, AEXPR_OP};
    const VALUES: &[&str] =
        &["+", "-", "*", "/", "%", "^", "||", "->", "->>", "#>", "#>>", "#-", "&", "|", "#"];
    match node {
        Node::A_Expr(e) if e.kind == AEXPR_OP => {
            !strings(e.name()).last().is_some_and(|op| VALUES.contains(&op))
        }
        Node::A_Expr(e) => e.kind != AEXPR_NULLIF,
        Node::BoolExpr(_) | Node::NullTest(_) | Node::BooleanTest(_) => true,
        Node::SubLink(link) => {
            !matches!(link.sub_link_type, raw::SubLinkType::EXPR_SUBLINK | raw::SubLinkType::ARRAY_SUBLINK)
        }
        _ => false,
    }
}
