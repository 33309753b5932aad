//! Expressions: where they begin and end, their root, and what they prove.

use super::Lower;
use super::names::strings;
use super::pins::pins;
use super::uses::Walk;
use crate::ast::{ColumnRef, Expr, Ident, Shape, TypeName};
use pg_raw_parse::{ConstValue, Node, nodes, raw};

/// What is known about where an expression ends.
#[derive(Clone, Copy)]
pub(super) enum Bounds<'s> {
    /// These tokens.
    Tokens(usize, usize),
    /// Before this token, a comma, a closing bracket, or one of these keywords.
    Until(usize, &'s [&'s str]),
}

/// Keywords that end a WHERE.
pub(super) const AFTER_WHERE: &[&str] = &[
    "group",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "returning",
    "on",
];

/// An expression with the place it is written at.
pub(super) fn expr(lower: &Lower<'_>, node: Node<'_>, bounds: Bounds<'_>) -> Expr {
    expr_in(lower, node, bounds, &[])
}

/// An expression in sight of common table expressions.
pub(super) fn expr_in(lower: &Lower<'_>, node: Node<'_>, bounds: Bounds<'_>, ctes: &[String]) -> Expr {
    let mut walk = Walk::new(lower, ctes);
    walk.node(node);
    let (from, to) = tokens(lower, walk.first, bounds);
    Expr {
        text: lower.text_between(from, to).to_owned(),
        span: lower.between(from, to),
        shape: shape(lower, node),
        uses: walk.uses,
        proves_not_null: proves_not_null(node),
        pins: pins(node),
    }
}

/// An expression that runs over the bytes `range`.
pub(crate) fn whole_expr(lower: &Lower<'_>, node: Node<'_>, range: (usize, usize)) -> Option<Expr> {
    let (from, to) = (lower.token_at(range.0), lower.token_at(range.1));
    Some(expr(lower, node, Bounds::Tokens(from, to)))
}

/// The tokens of an expression whose first located node stands at the byte `first`.
fn tokens(lower: &Lower<'_>, first: Option<usize>, bounds: Bounds<'_>) -> (usize, usize) {
    let (limit, stops) = match bounds {
        Bounds::Tokens(from, to) => return (from, to),
        Bounds::Until(limit, stops) => (limit, stops),
    };
    let Some(first) = first else {
        // `CURRENT OF cursor` has no place in the tree.
        let current = (0..lower.tokens().len())
            .find(|token| lower.is_word(*token, "current") && lower.is_word(token + 1, "of"));
        return current.map_or((0, 0), |current| (current, current + 3));
    };
    let mut from = lower.token_at(first);
    while from > 0 && lower.is(from - 1, b'(') {
        from -= 1;
    }
    let stop =
        |token: usize| stops.iter().any(|word| lower.is_word(token, word)) || lower.is_with_option(token);
    (from, lower.end_before(from, stop).min(limit))
}

/// A reference to a column.
pub(super) fn column_ref(lower: &Lower<'_>, column: &nodes::ColumnRef) -> ColumnRef {
    let mut qualifier: Vec<String> = strings(column.fields()).map(str::to_owned).collect();
    let star = column.fields().iter().any(|field| matches!(field, Node::A_Star(_)));
    let name = if star { None } else { qualifier.pop() };
    let span = match usize::try_from(column.location) {
        Ok(start) => lower.span(start, lower.name_end(start)),
        Err(_) => lower.whole(),
    };
    ColumnRef { qualifier, name, span }
}

/// The value of a string literal under any casts.
pub(super) fn string_value(node: Node<'_>) -> Option<String> {
    let mut node = node;
    loop {
        match node {
            Node::TypeCast(cast) => node = cast.arg(),
            Node::NamedArgExpr(arg) => node = arg.arg(),
            Node::A_Const(constant) => {
                return match constant.val() {
                    Some(ConstValue::String(value)) if !constant.isnull => Some(value.to_owned()),
                    _ => None,
                };
            }
            _ => return None,
        }
    }
}

/// The name of the function that a keyword such as `CURRENT_DATE` stands for.
pub(super) fn value_function(op: raw::SQLValueFunctionOp::Type) -> &'static str {
    use raw::SQLValueFunctionOp as Op;
    match op {
        Op::SVFOP_CURRENT_DATE => "current_date",
        Op::SVFOP_CURRENT_TIME | Op::SVFOP_CURRENT_TIME_N => "current_time",
        Op::SVFOP_CURRENT_TIMESTAMP | Op::SVFOP_CURRENT_TIMESTAMP_N => "now",
        Op::SVFOP_LOCALTIME | Op::SVFOP_LOCALTIME_N => "localtime",
        Op::SVFOP_LOCALTIMESTAMP | Op::SVFOP_LOCALTIMESTAMP_N => "localtimestamp",
        Op::SVFOP_SESSION_USER => "session_user",
        Op::SVFOP_CURRENT_CATALOG => "current_database",
        Op::SVFOP_CURRENT_SCHEMA => "current_schema",
        _ => "current_user",
    }
}

fn shape(lower: &Lower<'_>, node: Node<'_>) -> Shape {
    let mut cast: Option<TypeName> = None;
    let mut casts = 0;
    let mut node = node;
    while let Node::TypeCast(outer) = node {
        if cast.is_none() {
            cast = outer.type_name().map(|name| lower.type_name(name));
        }
        casts += 1;
        node = outer.arg();
    }
    match node {
        Node::A_Const(constant) if constant.isnull => Shape::Null,
        Node::A_Const(constant) => match constant.val() {
            Some(ConstValue::Unrecognized(_)) | None => Shape::Other,
            Some(value) => Shape::Constant {
                string: matches!(value, ConstValue::String(_)),
                value: value.to_string(),
                cast,
            },
        },
        // `c::text::mood` goes another way than `c::mood`, which may not exist at all.
        Node::ColumnRef(column) if column.fields().len() == 1 && casts < 2 => match column_ref(lower, column)
        {
            ColumnRef { name: Some(text), span, .. } => Shape::Column { name: Ident { text, span }, cast },
            _ => Shape::Other,
        },
        Node::FuncCall(call) if cast.is_none() => {
            Shape::Call(strings(call.funcname()).last().unwrap_or_default().to_owned())
        }
        Node::SQLValueFunction(value) if cast.is_none() => Shape::Call(value_function(value.op).to_owned()),
        _ => Shape::Other,
    }
}

/// Columns that can't be NULL where `node` is true or NULL.
fn proves_not_null(node: Node<'_>) -> Vec<String> {
    use raw::{BoolExprType as Bool, NullTestType as Test};
    let mut proved = Vec::new();
    let mut waiting = vec![(node, true)];
    while let Some((node, holds)) = waiting.pop() {
        match node {
            Node::BoolExpr(e) if e.boolop == Bool::NOT_EXPR => {
                waiting.extend(e.args().iter().map(|arg| (arg, !holds)));
            }
            // Where an OR is not true, none of its arms is.
            Node::BoolExpr(e) if (e.boolop == Bool::AND_EXPR) == holds => {
                let args: Vec<Node<'_>> = e.args().iter().collect();
                waiting.extend(args.into_iter().rev().map(|arg| (arg, holds)));
            }
            Node::NullTest(test) if (test.nulltesttype == Test::IS_NOT_NULL) == holds => {
                if let Node::ColumnRef(column) = test.arg()
                    && column.fields().len() == 1
                    && let Some(name) = strings(column.fields()).next()
                    && !proved.iter().any(|known| known == name)
                {
                    proved.push(name.to_owned());
                }
            }
            _ => {}
        }
    }
    proved
}
