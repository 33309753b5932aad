//! The names of a query's output columns.

use crate::lower::expr;
use crate::lower::names::{owned, strings};
use pg_raw_parse::{Node, raw};

/// The name that Postgres gives to a column without `AS`, as in the manual's chapter on select
/// lists and `FigureColname` of parse_target.c.
pub(crate) fn output_name(node: Node<'_>) -> String {
    let mut weak: Option<String> = None;
    let mut node = node;
    let strong = loop {
        let fixed = match node {
            Node::ColumnRef(column) => break strings(column.fields()).last().map(str::to_owned),
            Node::FuncCall(call) => break strings(call.funcname()).last().map(str::to_owned),
            Node::A_Indirection(part) => {
                if let Some(name) = owned(part.indirection()).pop() {
                    break Some(name);
                }
                node = part.arg();
                continue;
            }
            Node::TypeCast(cast) => {
                if weak.is_none() {
                    let names = cast.type_name().map(|name| name.names());
                    weak = names
                        .and_then(|names| names.iter().next_back())
                        .and_then(|name| name.sval())
                        .map(str::to_owned);
                }
                node = cast.arg();
                continue;
            }
            Node::CollateClause(collate) => {
                node = collate.arg();
                continue;
            }
            Node::CaseExpr(case) => {
                weak = weak.or(Some("case".to_owned()));
                node = case.defresult();
                continue;
            }
            Node::SubLink(link) => match link.sub_link_type {
                raw::SubLinkType::EXISTS_SUBLINK => "exists",
                raw::SubLinkType::ARRAY_SUBLINK => "array",
                raw::SubLinkType::EXPR_SUBLINK => {
                    let Node::SelectStmt(select) = link.subselect() else { break None };
                    let Some(target) = select.target_list().first() else { break None };
                    if let Some(name) = target.name() {
                        break Some(name.to_owned());
                    }
                    node = target.val();
                    continue;
                }
                _ => break None,
            },
            Node::A_Expr(e) if e.kind == raw::A_Expr_Kind::AEXPR_NULLIF => "nullif",
            Node::A_ArrayExpr(_) => "array",
            Node::RowExpr(_) => "row",
            Node::CoalesceExpr(_) => "coalesce",
            Node::MinMaxExpr(e) if e.op == raw::MinMaxOp::IS_GREATEST => "greatest",
            Node::MinMaxExpr(_) => "least",
            Node::GroupingFunc(_) => "grouping",
            Node::SQLValueFunction(value) => match expr::value_function(value.op) {
                "now" => "current_timestamp",
                name => name,
            },
            Node::JsonObjectConstructor(_) => "json_object",
            Node::JsonArrayConstructor(_) | Node::JsonArrayQueryConstructor(_) => "json_array",
            Node::JsonObjectAgg(_) => "json_objectagg",
            Node::JsonArrayAgg(_) => "json_arrayagg",
            Node::JsonParseExpr(_) => "json",
            Node::JsonScalarExpr(_) => "json_scalar",
            Node::JsonSerializeExpr(_) => "json_serialize",
            Node::JsonFuncExpr(e) => match e.op {
                raw::JsonExprOp::JSON_EXISTS_OP => "json_exists",
                raw::JsonExprOp::JSON_QUERY_OP => "json_query",
                raw::JsonExprOp::JSON_VALUE_OP => "json_value",
                _ => break None,
            },
            _ => break None,
        };
        break Some(fixed.to_owned());
    };
    strong.or(weak).unwrap_or_else(|| "?column?".to_owned())
}
