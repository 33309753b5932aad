//! What XML and JSON expressions hold.

use super::{Stack, Walk, Work};
use pg_raw_parse::{Node, nodes};

impl Walk<'_, '_> {
    /// XML and JSON.
    pub(super) fn rare<'n>(&mut self, node: Node<'n>, stack: &mut Stack<'n>) {
        let json = |value: Option<&'n nodes::JsonValueExpr>| value.map_or(Node::None, Node::JsonValueExpr);
        match node {
            Node::XmlExpr(e) => {
                self.at(e.location);
                stack.work.extend(e.named_args().iter().chain(e.args().iter()).map(Work::Node));
            }
            Node::XmlSerialize(e) => {
                self.at(e.location);
                stack.one(e.expr());
            }
            Node::JsonValueExpr(e) => stack.one(e.raw_expr()),
            Node::JsonArgument(e) => stack.one(json(e.val())),
            Node::JsonBehavior(e) => stack.one(e.expr()),
            Node::JsonKeyValue(e) => {
                stack.one(e.key());
                stack.one(json(e.value()));
            }
            Node::JsonFuncExpr(e) => {
                self.at(e.location);
                stack.one(json(e.context_item()));
                stack.one(e.pathspec());
                stack.work.extend(e.passing().iter().map(Work::Node));
                for behaviour in [e.on_empty(), e.on_error()].into_iter().flatten() {
                    stack.one(behaviour.expr());
                }
            }
            Node::JsonParseExpr(e) => {
                self.at(e.location);
                stack.one(json(e.expr()));
            }
            Node::JsonScalarExpr(e) => {
                self.at(e.location);
                stack.one(e.expr());
            }
            Node::JsonSerializeExpr(e) => {
                self.at(e.location);
                stack.one(json(e.expr()));
            }
            Node::JsonIsPredicate(e) => {
                self.at(e.location);
                stack.one(e.expr());
            }
            Node::JsonObjectConstructor(e) => {
                self.at(e.location);
                stack.work.extend(e.exprs().iter().map(|pair| Work::Node(Node::JsonKeyValue(pair))));
            }
            Node::JsonArrayConstructor(e) => {
                self.at(e.location);
                stack.work.extend(e.exprs().iter().map(|value| Work::Node(Node::JsonValueExpr(value))));
            }
            Node::JsonArrayQueryConstructor(e) => {
                self.at(e.location);
                stack.queries.push(e.query());
            }
            Node::JsonObjectAgg(e) => {
                stack.one(e.arg().map_or(Node::None, Node::JsonKeyValue));
                stack.one(e.constructor().map_or(Node::None, Node::JsonAggConstructor));
            }
            Node::JsonArrayAgg(e) => {
                stack.one(json(e.arg()));
                stack.one(e.constructor().map_or(Node::None, Node::JsonAggConstructor));
            }
            Node::JsonAggConstructor(e) => {
                self.at(e.location);
                stack.one(e.agg_filter());
                stack.work.extend(e.agg_order().iter().map(Work::Node));
                stack.work.extend(e.over().map(|window| Work::Node(Node::WindowDef(window))));
            }
            _ => {}
        }
    }
}
