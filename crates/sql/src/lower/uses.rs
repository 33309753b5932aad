//! What an expression names: columns, functions, literals, types and sub-queries.
//!
//! The walk keeps its own stack, since `1+1+1+..` makes a tree as deep as it is long. Only
//! sub-queries recurse; brackets bound their depth.

use super::expr::{self, column_ref};
use super::names::strings;
use super::parts::parts;
use super::{Lower, query};
use crate::ast::{ColumnRef, FunctionCall, Literal, Name, TypeName, Uses};
use pg_raw_parse::list::NodeList;
use pg_raw_parse::{ConstValue, Node, nodes, raw};

/// A walk over expressions that belong together.
pub(super) struct Walk<'l, 'a> {
    lower: &'l Lower<'a>,
    /// Names of the common table expressions in sight.
    ctes: Vec<String>,
    pub uses: Uses,
    /// The first byte that any node of the walk stands at.
    pub first: Option<usize>,
}

/// A node that waits for its turn.
enum Work<'n> {
    Node(Node<'n>),
    /// An operand of a comparison with this column.
    Beside(Node<'n>, ColumnRef),
    /// An element of an array that is cast to this type.
    Element(Node<'n>, TypeName),
}

/// What waits.
struct Stack<'n> {
    work: Vec<Work<'n>>,
    queries: Vec<Node<'n>>,
}

impl<'n> Stack<'n> {
    fn one(&mut self, node: Node<'n>) {
        self.work.push(Work::Node(node));
    }
}

impl<'l, 'a> Walk<'l, 'a> {
    pub fn new(lower: &'l Lower<'a>, ctes: &[String]) -> Walk<'l, 'a> {
        Walk { lower, ctes: ctes.to_vec(), uses: Uses::default(), first: None }
    }

    /// Makes a common table expression known.
    pub fn add_cte(&mut self, name: &str) {
        self.ctes.push(name.to_owned());
    }

    /// Whether a name without schema is a common table expression.
    pub fn is_cte(&self, name: &str) -> bool {
        self.ctes.iter().any(|cte| cte == name)
    }

    /// Takes note of a place.
    pub fn at(&mut self, location: i32) {
        if let Ok(byte) = usize::try_from(location) {
            self.first = Some(self.first.map_or(byte, |first| first.min(byte)));
        }
    }

    /// Lowers a sub-query.
    pub fn sub_query(&mut self, node: Node<'_>) {
        if let Some((query, first)) = query::nested(self.lower, node, &self.ctes) {
            self.uses.queries.push(query);
            self.at(first.and_then(|first| i32::try_from(first).ok()).unwrap_or(-1));
        }
    }

    /// Walks the nodes of a list.
    pub fn list(&mut self, list: &NodeList) {
        for node in list {
            self.node(node);
        }
    }

    /// Walks a value that is written to a column.
    pub fn assigned(&mut self, node: Node<'_>, column: ColumnRef) {
        self.run(Work::Beside(node, column));
    }

    /// Walks an expression.
    pub fn node(&mut self, node: Node<'_>) {
        self.run(Work::Node(node));
    }

    fn run(&mut self, work: Work<'_>) {
        let mut stack = Stack { work: vec![work], queries: Vec::new() };
        while let Some(work) = stack.work.pop() {
            let before = stack.work.len();
            match work {
                Work::Node(node) => self.visit(node, &mut stack),
                Work::Beside(node, column) => self.visit_beside(node, column, &mut stack),
                Work::Element(node, cast) => self.visit_element(node, cast, &mut stack),
            }
            stack.work[before..].reverse();
        }
        // Not before the walk is done: the recursion over sub-queries should need little room.
        for query in stack.queries {
            self.sub_query(query);
        }
    }

    fn visit_beside<'n>(&mut self, node: Node<'n>, column: ColumnRef, stack: &mut Stack<'n>) {
        match (self.literal(node), node) {
            (Some(literal), _) => self.uses.literals.push(Literal { beside: Some(column), ..literal }),
            (None, Node::NodeList(list)) => {
                stack.work.extend(list.iter().map(|node| Work::Beside(node, column.clone())));
            }
            (None, _) => self.visit(node, stack),
        }
    }

    fn visit_element<'n>(&mut self, node: Node<'n>, cast: TypeName, stack: &mut Stack<'n>) {
        match self.literal(node) {
            Some(literal) => {
                let cast = literal.cast.clone().or(Some(cast));
                self.uses.literals.push(Literal { cast, ..literal });
            }
            None => self.visit(node, stack),
        }
    }

    /// A string literal, also one that is cast; the type of the cast is noted.
    fn literal(&mut self, node: Node<'_>) -> Option<Literal> {
        let (constant, cast) = match node {
            Node::A_Const(constant) => (constant, None),
            Node::TypeCast(cast) => match cast.arg() {
                Node::A_Const(constant) => (constant, cast.type_name()),
                _ => return None,
            },
            _ => return None,
        };
        let value = match constant.val() {
            Some(ConstValue::String(value)) if !constant.isnull => value.to_owned(),
            _ => return None,
        };
        let cast = cast.map(|name| self.cast(name));
        self.at(constant.location);
        let start = usize::try_from(constant.location).unwrap_or(0);
        let end = self.lower.name_end(start);
        Some(Literal { value, cast, beside: None, span: self.lower.span(start, end) })
    }

    fn cast(&mut self, name: &nodes::TypeName) -> TypeName {
        self.at(name.location);
        let name = self.lower.type_name(name);
        self.uses.types.push(name.clone());
        name
    }

    fn visit<'n>(&mut self, node: Node<'n>, stack: &mut Stack<'n>) {
        match node {
            Node::A_Const(constant) => {
                self.at(constant.location);
                if let Some(literal) = self.literal(node) {
                    self.uses.literals.push(literal);
                }
            }
            Node::TypeCast(cast) => {
                self.at(cast.location);
                if let Some(literal) = self.literal(node) {
                    self.uses.literals.push(literal);
                    return;
                }
                let name = cast.type_name().map(|name| self.cast(name));
                match (cast.arg(), name) {
                    (Node::A_ArrayExpr(array), Some(name)) => {
                        self.at(array.location);
                        let element = TypeName { dimensions: 0, ..name };
                        let elements = array.elements().iter();
                        stack.work.extend(elements.map(|node| Work::Element(node, element.clone())));
                    }
                    (arg, _) => stack.one(arg),
                }
            }
            Node::ColumnRef(column) => {
                self.at(column.location);
                self.uses.columns.push(column_ref(self.lower, column));
            }
            Node::A_Expr(operation) => self.operation(operation, stack),
            Node::CaseExpr(case) => {
                self.at(case.location);
                stack.one(case.arg());
                let column = match case.arg() {
                    Node::ColumnRef(column) => Some(column_ref(self.lower, column)),
                    _ => None,
                };
                for when in case.args() {
                    if let (Node::CaseWhen(when), Some(column)) = (when, &column) {
                        stack.work.push(Work::Beside(when.expr(), column.clone()));
                        stack.one(when.result());
                    } else {
                        stack.one(when);
                    }
                }
                stack.one(case.defresult());
            }
            Node::FuncCall(call) => {
                self.uses.functions.push(function_call(self.lower, call));
                let place = parts(node, &mut |part| stack.one(part));
                self.at(place);
            }
            Node::SQLValueFunction(value) => {
                self.at(value.location);
                let start = usize::try_from(value.location).unwrap_or(0);
                let span = self.lower.span(start, self.lower.name_end(start));
                let name = expr::value_function(value.op).to_owned();
                let name = Name { schema: None, name, span };
                self.uses.functions.push(FunctionCall { name, arguments: 0, strings: Vec::new() });
            }
            Node::SubLink(link) => {
                self.at(link.location);
                stack.one(link.testexpr());
                stack.queries.push(link.subselect());
            }
            Node::SelectStmt(_)
            | Node::InsertStmt(_)
            | Node::UpdateStmt(_)
            | Node::DeleteStmt(_)
            | Node::MergeStmt(_) => stack.queries.push(node),
            _ => {
                let place = parts(node, &mut |part| stack.one(part));
                self.at(place);
            }
        }
    }

    fn operation<'n>(&mut self, operation: &'n nodes::A_Expr, stack: &mut Stack<'n>) {
        use raw::A_Expr_Kind as Kind;
        self.at(operation.location);
        let compares = match operation.kind {
            Kind::AEXPR_OP | Kind::AEXPR_OP_ANY | Kind::AEXPR_OP_ALL => {
                let name = strings(operation.name()).last();
                matches!(name, Some("=" | "<>" | "!=" | "<" | "<=" | ">" | ">="))
            }
            Kind::AEXPR_DISTINCT | Kind::AEXPR_NOT_DISTINCT | Kind::AEXPR_IN | Kind::AEXPR_NULLIF => true,
            Kind::AEXPR_BETWEEN | Kind::AEXPR_NOT_BETWEEN => true,
            _ => false,
        };
        let beside = |node: Node<'n>, other: Node<'n>| match other {
            Node::ColumnRef(column) if compares => Work::Beside(node, column_ref(self.lower, column)),
            _ => Work::Node(node),
        };
        stack.work.push(beside(operation.lexpr(), operation.rexpr()));
        stack.work.push(beside(operation.rexpr(), operation.lexpr()));
    }
}

/// The call of a function.
pub(super) fn function_call(lower: &Lower<'_>, call: &nodes::FuncCall) -> FunctionCall {
    let parts: Vec<&str> = strings(call.funcname()).collect();
    let span = match usize::try_from(call.location) {
        Ok(start) => lower.span(start, lower.name_end(start)),
        Err(_) => lower.whole(),
    };
    let name = Name {
        schema: parts.len().checked_sub(2).map(|index| parts[index].to_owned()),
        name: parts.last().copied().unwrap_or_default().to_owned(),
        span,
    };
    let strings = call.args().iter().map(expr::string_value).collect();
    FunctionCall { name, arguments: call.args().len(), strings }
}
