//! The parts of an expression's node, for walks that keep their own stack.
//!
//! Queries inside of it are parts too; what they are made of is left to `query` and `mentions`.

use pg_raw_parse::{Node, nodes};

/// Hands each part of an expression's node to `each`, in order, and gives the place of the node; -1
/// where it has none.
pub(crate) fn parts<'n>(node: Node<'n>, each: &mut impl FnMut(Node<'n>)) -> i32 {
    match node {
        Node::NodeList(list) => list.iter().for_each(each),
        Node::A_Const(e) => return e.location,
        Node::ColumnRef(e) => return e.location,
        Node::ParamRef(e) => return e.location,
        Node::SetToDefault(e) => return e.location,
        Node::SQLValueFunction(e) => return e.location,
        Node::TypeCast(e) => {
            each(e.arg());
            return e.location;
        }
        Node::A_Expr(e) => {
            each(e.lexpr());
            each(e.rexpr());
            return e.location;
        }
        Node::CaseExpr(e) => {
            each(e.arg());
            e.args().iter().for_each(&mut *each);
            each(e.defresult());
            return e.location;
        }
        Node::CaseWhen(e) => {
            each(e.expr());
            each(e.result());
        }
        Node::FuncCall(e) => {
            e.args().iter().for_each(&mut *each);
            e.agg_order().iter().for_each(|sort| each(sort.node()));
            each(e.agg_filter());
            e.over().map(Node::WindowDef).into_iter().for_each(each);
            return e.location;
        }
        Node::SubLink(e) => {
            each(e.testexpr());
            each(e.subselect());
            return e.location;
        }
        Node::BoolExpr(e) => {
            e.args().iter().for_each(each);
            return e.location;
        }
        Node::NullTest(e) => {
            each(e.arg());
            return e.location;
        }
        Node::BooleanTest(e) => {
            each(e.arg());
            return e.location;
        }
        Node::CoalesceExpr(e) => {
            e.args().iter().for_each(each);
            return e.location;
        }
        Node::MinMaxExpr(e) => {
            e.args().iter().for_each(each);
            return e.location;
        }
        Node::RowExpr(e) => {
            e.args().iter().for_each(each);
            return e.location;
        }
        Node::A_ArrayExpr(e) => {
            e.elements().iter().for_each(each);
            return e.location;
        }
        Node::CollateClause(e) => {
            each(e.arg());
            return e.location;
        }
        Node::A_Indirection(e) => {
            each(e.arg());
            e.indirection().iter().for_each(each);
        }
        Node::A_Indices(e) => {
            each(e.lidx());
            each(e.uidx());
        }
        Node::NamedArgExpr(e) => {
            each(e.arg());
            return e.location;
        }
        Node::ResTarget(e) => {
            e.indirection().iter().for_each(&mut *each);
            each(e.val());
            return e.location;
        }
        Node::MultiAssignRef(e) => each(e.source()),
        Node::SortBy(e) => each(e.node()),
        Node::GroupingSet(e) => e.content().iter().for_each(each),
        Node::GroupingFunc(e) => {
            e.args().iter().for_each(each);
            return e.location;
        }
        Node::WindowDef(e) => {
            e.partition_clause().iter().for_each(&mut *each);
            e.order_clause().iter().for_each(|sort| each(sort.node()));
            each(e.start_offset());
            each(e.end_offset());
        }
        _ => return documents(node, each),
    }
    -1
}

/// XML and JSON.
fn documents<'n>(node: Node<'n>, each: &mut impl FnMut(Node<'n>)) -> i32 {
    let json = |value: Option<&'n nodes::JsonValueExpr>| value.map_or(Node::None, Node::JsonValueExpr);
    match node {
        Node::XmlExpr(e) => {
            e.named_args().iter().chain(e.args().iter()).for_each(each);
            return e.location;
        }
        Node::XmlSerialize(e) => {
            each(e.expr());
            return e.location;
        }
        Node::JsonValueExpr(e) => each(e.raw_expr()),
        Node::JsonArgument(e) => each(json(e.val())),
        Node::JsonBehavior(e) => each(e.expr()),
        Node::JsonKeyValue(e) => {
            each(e.key());
            each(json(e.value()));
        }
        Node::JsonFuncExpr(e) => {
            each(json(e.context_item()));
            each(e.pathspec());
            e.passing().iter().for_each(&mut *each);
            [e.on_empty(), e.on_error()].into_iter().flatten().for_each(|e| each(e.expr()));
            return e.location;
        }
        Node::JsonParseExpr(e) => {
            each(json(e.expr()));
            return e.location;
        }
        Node::JsonScalarExpr(e) => {
            each(e.expr());
            return e.location;
        }
        Node::JsonSerializeExpr(e) => {
            each(json(e.expr()));
            return e.location;
        }
        Node::JsonIsPredicate(e) => {
            each(e.expr());
            return e.location;
        }
        Node::JsonObjectConstructor(e) => {
            e.exprs().iter().for_each(|pair| each(Node::JsonKeyValue(pair)));
            return e.location;
        }
        Node::JsonArrayConstructor(e) => {
            e.exprs().iter().for_each(|value| each(Node::JsonValueExpr(value)));
            return e.location;
        }
        Node::JsonArrayQueryConstructor(e) => {
            each(e.query());
            return e.location;
        }
        Node::JsonObjectAgg(e) => {
            each(e.arg().map_or(Node::None, Node::JsonKeyValue));
            each(e.constructor().map_or(Node::None, Node::JsonAggConstructor));
        }
        Node::JsonArrayAgg(e) => {
            each(json(e.arg()));
            each(e.constructor().map_or(Node::None, Node::JsonAggConstructor));
        }
        Node::JsonAggConstructor(e) => {
            each(e.agg_filter());
            e.agg_order().iter().for_each(&mut *each);
            e.over().map(Node::WindowDef).into_iter().for_each(each);
            return e.location;
        }
        _ => {}
    }
    -1
}
