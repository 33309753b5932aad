//! Columns that a condition holds to a few values, so that a key among them finds few rows.

use super::names::strings;
use pg_raw_parse::{ConstValue, Node, nodes, raw};
use raw::{A_Expr_Kind as Kind, BoolExprType as Bool, SubLinkType as Link};

/// So many values of one column are still few: the size of a batch.
const FEW: i64 = 10_000;

/// Columns that a true condition holds to few values that are written out: `a = 1 AND b IN ('x', 'y')`,
/// `id BETWEEN 1 AND 500`. Values from sub-queries don't count, which may give other ones for each row.
pub(super) fn pins(node: Node<'_>) -> Vec<String> {
    let mut pinned = Vec::new();
    let mut bounds: Vec<Bound> = Vec::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        match node {
            Node::BoolExpr(e) if e.boolop == Bool::AND_EXPR => waiting.extend(e.args().iter()),
            Node::BoolExpr(e) if e.boolop == Bool::OR_EXPR => {
                let mut arms = e.args().iter().map(pins);
                let first = arms.next().unwrap_or_default();
                pinned.extend(
                    arms.fold(first, |all, arm| all.into_iter().filter(|c| arm.contains(c)).collect()),
                );
            }
            Node::A_Expr(e) => compared(e, &mut pinned, &mut bounds),
            Node::SubLink(link) if link.sub_link_type == Link::ANY_SUBLINK && link.oper_name().is_empty() => {
                pinned.extend(column(link.testexpr()).filter(|_| is_list(link.subselect())));
            }
            _ => {}
        }
    }
    for low in bounds.iter().filter(|bound| bound.low) {
        let near = |high: &&Bound| {
            !high.low
                && high.column == low.column
                && (0..=FEW).contains(&high.value.saturating_sub(low.value))
        };
        pinned.extend(bounds.iter().find(near).map(|bound| bound.column.clone()));
    }
    pinned
}

/// One end of a range.
struct Bound {
    column: String,
    value: i64,
    low: bool,
}

fn compared(e: &nodes::A_Expr, pinned: &mut Vec<String>, bounds: &mut Vec<Bound>) {
    let equal = strings(e.name()).eq(["="]);
    match e.kind {
        Kind::AEXPR_OP if equal => {
            if let (Node::RowExpr(left), Node::RowExpr(right)) = (e.lexpr(), e.rexpr()) {
                let pairs = left.args().iter().zip(right.args().iter());
                pinned.extend(
                    pairs.filter(|(_, value)| is_constant(*value)).filter_map(|(name, _)| column(name)),
                );
            }
            let sides = [(e.lexpr(), e.rexpr()), (e.rexpr(), e.lexpr())];
            pinned.extend(sides.into_iter().find_map(|(a, b)| column(a).filter(|_| is_constant(b))));
        }
        Kind::AEXPR_OP => {
            let low = match strings(e.name()).next() {
                Some(">" | ">=") => true,
                Some("<" | "<=") => false,
                _ => return,
            };
            let sides = [(e.lexpr(), e.rexpr(), low), (e.rexpr(), e.lexpr(), !low)];
            bounds.extend(
                sides
                    .into_iter()
                    .find_map(|(a, b, low)| Some(Bound { column: column(a)?, value: integer(b)?, low })),
            );
        }
        Kind::AEXPR_BETWEEN => {
            let Some(ends) = e.rexpr().as_node_list() else { return };
            let ends: Vec<i64> = ends.iter().filter_map(integer).collect();
            if let (Some(column), [low, high]) = (column(e.lexpr()), ends.as_slice()) {
                bounds.push(Bound { column: column.clone(), value: *low, low: true });
                bounds.push(Bound { column, value: *high, low: false });
            }
        }
        Kind::AEXPR_IN if equal => {
            let constants = e.rexpr().as_node_list().is_some_and(|list| list.iter().all(is_constant));
            pinned.extend(column(e.lexpr()).filter(|_| constants));
        }
        Kind::AEXPR_OP_ANY if equal => {
            let few = match e.rexpr() {
                Node::A_ArrayExpr(array) => array.elements().iter().all(is_constant),
                other => is_constant(other),
            };
            pinned.extend(column(e.lexpr()).filter(|_| few));
        }
        _ => {}
    }
}

fn column(node: Node<'_>) -> Option<String> {
    match node {
        Node::ColumnRef(column) => strings(column.fields()).last().map(str::to_owned),
        _ => None,
    }
}

/// A literal, cast or not.
fn is_constant(node: Node<'_>) -> bool {
    match node {
        Node::A_Const(_) | Node::ParamRef(_) => true,
        Node::TypeCast(cast) => matches!(cast.arg(), Node::A_Const(_) | Node::ParamRef(_)),
        _ => false,
    }
}

fn integer(node: Node<'_>) -> Option<i64> {
    match node {
        Node::A_Const(constant) if !constant.isnull => match constant.val() {
            Some(ConstValue::Integer(value)) => Some(i64::from(value)),
            _ => None,
        },
        _ => None,
    }
}

/// `VALUES` with rows that are written out.
fn is_list(query: Node<'_>) -> bool {
    let Node::SelectStmt(select) = query else { return false };
    let mut rows = select.values_lists().iter();
    rows.len() > 0 && rows.all(|row| matches!(row, Node::NodeList(row) if row.iter().all(is_constant)))
}
