//! Indexes and extended statistics.

use super::Lower;
use super::expr::{Bounds, expr};
use super::names::strings;
use crate::ast::{CreateIndex, CreateStatistics, IndexKey, KeyOrder, Stmt};
use pg_raw_parse::{Node, nodes, raw};

/// `CREATE INDEX`.
pub(super) fn index(lower: &Lower<'_>, node: &nodes::IndexStmt) -> Stmt {
    let table = node.relation().and_then(|table| lower.located(table.location)).unwrap_or(0);
    // The name of the index stands before the table.
    let name = node.idxname().map(|name| {
        let token = (0..table).rfind(|token| lower.names(*token, name));
        match token {
            Some(token) => lower.ident(Some(name), token),
            None => lower.ident(Some(name), 0),
        }
    });
    let keys = lower.inside_next(table).map(|(from, to)| lower.elements(from, to)).unwrap_or_default();
    let mut made = CreateIndex {
        name,
        table: lower.relation(node.relation()),
        unique: node.unique,
        concurrently: node.concurrent,
        if_not_exists: node.if_not_exists,
        only: node.relation().is_some_and(|table| !table.inh),
        method: node.access_method().unwrap_or("btree").to_owned(),
        keys: Vec::new(),
        orders: Vec::new(),
        include: Vec::new(),
        filter: None,
        nulls_not_distinct: node.nulls_not_distinct,
        options: options(lower, node, table),
        more: node.table_space().is_some()
            || node.index_params().iter().any(|element| !element.opclassopts().is_empty()),
    };
    for (position, element) in node.index_params().iter().enumerate() {
        made.orders.push(order(element));
        made.keys.push(match element.name() {
            Some(name) => IndexKey::Column(name.to_owned()),
            None => {
                let bounds = keys.get(position).map_or((0, 0), |key| key_bounds(lower, *key));
                IndexKey::Expr(expr(lower, element.expr(), Bounds::Tokens(bounds.0, bounds.1)))
            }
        });
    }
    for element in node.index_including_params() {
        if let Node::IndexElem(element) = element {
            made.include.extend(element.name().map(str::to_owned));
        }
    }
    if !matches!(node.where_clause(), Node::None) {
        made.filter = Some(expr(lower, node.where_clause(), Bounds::Until(usize::MAX, &[])));
    }
    Stmt::CreateIndex(made)
}

/// What `WITH (..)` says behind the keys.
fn options(lower: &Lower<'_>, node: &nodes::IndexStmt, table: usize) -> Option<String> {
    if node.options().is_empty() {
        return None;
    }
    let keys = (table..lower.tokens().len()).find(|token| lower.is(*token, b'('))?;
    let with = lower.find_word("with", lower.after_bracket(keys), usize::MAX)?;
    let (from, to) = lower.inside_next(with)?;
    Some(lower.text_between(from, to).to_owned())
}

fn order(element: &nodes::IndexElem) -> KeyOrder {
    use raw::{SortByDir as Direction, SortByNulls as Nulls};
    let descending = element.ordering == Direction::SORTBY_DESC;
    KeyOrder {
        descending,
        nulls_first: match element.nulls_ordering {
            Nulls::SORTBY_NULLS_FIRST => true,
            Nulls::SORTBY_NULLS_LAST => false,
            _ => descending,
        },
        operator_class: strings(element.opclass()).last().map(str::to_owned),
        collation: strings(element.collation()).last().map(str::to_owned),
    }
}

/// The expression of a key, without brackets around it, collation, operator class and order.
fn key_bounds(lower: &Lower<'_>, (from, to): (usize, usize)) -> (usize, usize) {
    if lower.is(from, b'(') {
        return (from + 1, lower.after_bracket(from).saturating_sub(1).clamp(from + 1, to.max(from + 1)));
    }
    match (from..to).find(|token| lower.is(*token, b'(')) {
        Some(open) => (from, lower.after_bracket(open).min(to)),
        None => (from, to),
    }
}

/// `CREATE STATISTICS`.
pub(super) fn statistics(lower: &Lower<'_>, node: &nodes::CreateStatsStmt) -> Stmt {
    let parts: Vec<&str> = node.defnames().iter().filter_map(nodes::String::sval).collect();
    // The grammar takes any FROM item; the library can't list what is no plain table.
    let from = (0..lower.tokens().len()).rfind(|token| lower.is_word(*token, "from"));
    let tables = from.map(|from| lower.names_at(from + 1)).unwrap_or_default();
    Stmt::CreateStatistics(CreateStatistics {
        name: (!parts.is_empty()).then(|| lower.listed_name(&parts, 2)),
        tables,
        if_not_exists: node.if_not_exists,
    })
}
