//! Expressions as [`Term`]s.

use super::Lower;
use super::names::strings;
use crate::ast::{Source, SubQuery, Term};
use pg_raw_parse::list::NodeList;
use pg_raw_parse::{ConstValue, Node, nodes, raw};

/// How deep a tree may be; `1+1+1+..` is as deep as it is long.
const DEPTH: usize = 200;

/// The tree of an expression.
pub(crate) fn term(lower: &Lower<'_>, node: Node<'_>) -> Term {
    Terms { lower, depth: 0 }.node(node)
}

struct Terms<'l, 'a> {
    lower: &'l Lower<'a>,
    depth: usize,
}

fn op(word: &str, operands: Vec<Term>) -> Term {
    Term::Op(word.to_owned(), operands)
}

impl Terms<'_, '_> {
    fn deeper(&self) -> Option<Self> {
        (self.depth < DEPTH).then_some(Terms { lower: self.lower, depth: self.depth + 1 })
    }

    fn node(&self, node: Node<'_>) -> Term {
        match self.deeper() {
            Some(deeper) => deeper.here(node),
            None => Term::Opaque,
        }
    }

    fn list(&self, list: &NodeList) -> Vec<Term> {
        list.iter().map(|node| self.node(node)).collect()
    }

    fn optional(&self, node: Node<'_>) -> Option<Term> {
        (!matches!(node, Node::None)).then(|| self.node(node))
    }

    fn here(&self, node: Node<'_>) -> Term {
        use raw::{BoolExprType as Bool, BoolTestType as Truth, MinMaxOp, NullTestType as Null};
        match node {
            Node::A_Const(constant) if constant.isnull => Term::Null,
            Node::A_Const(constant) => match constant.val() {
                Some(ConstValue::Integer(value)) => Term::Number(value.to_string()),
                Some(ConstValue::Float(value)) => Term::Number(value.to_owned()),
                Some(ConstValue::Boolean(value)) => Term::Bool(value),
                Some(ConstValue::String(value)) => Term::Text(value.to_owned()),
                Some(ConstValue::BitString(value)) => op("bits", vec![Term::Text(value.to_owned())]),
                _ => Term::Opaque,
            },
            Node::ColumnRef(column) => {
                let mut qualifier: Vec<String> = strings(column.fields()).map(str::to_owned).collect();
                let star = column.fields().iter().any(|field| matches!(field, Node::A_Star(_)));
                let name = if star { None } else { qualifier.pop() };
                Term::Column { qualifier, name }
            }
            Node::TypeCast(cast) => match cast.type_name() {
                Some(name) => {
                    Term::Cast { to: self.lower.type_name(name), of: Box::new(self.node(cast.arg())) }
                }
                None => Term::Opaque,
            },
            Node::A_Expr(expr) => self.operator(expr),
            Node::BoolExpr(expr) => match expr.boolop {
                Bool::NOT_EXPR => op("not", self.list(expr.args())),
                Bool::AND_EXPR => self.flat("and", expr.args()),
                _ => self.flat("or", expr.args()),
            },
            Node::NullTest(test) => {
                let word = if test.nulltesttype == Null::IS_NULL { "is null" } else { "is not null" };
                op(word, vec![self.node(test.arg())])
            }
            Node::BooleanTest(test) => {
                let word = match test.booltesttype {
                    Truth::IS_TRUE => "is true",
                    Truth::IS_NOT_TRUE => "is not true",
                    Truth::IS_FALSE => "is false",
                    Truth::IS_NOT_FALSE => "is not false",
                    Truth::IS_UNKNOWN => "is unknown",
                    _ => "is not unknown",
                };
                op(word, vec![self.node(test.arg())])
            }
            Node::CaseExpr(case) => {
                let mut operands = vec![self.optional(case.arg()).unwrap_or(op("searched", Vec::new()))];
                for when in case.args() {
                    if let Node::CaseWhen(when) = when {
                        operands.push(self.node(when.expr()));
                        operands.push(self.node(when.result()));
                    }
                }
                // No ELSE is ELSE NULL.
                operands.push(self.optional(case.defresult()).unwrap_or(Term::Null));
                op("case", operands)
            }
            Node::CoalesceExpr(expr) => op("coalesce", self.list(expr.args())),
            Node::MinMaxExpr(expr) => {
                let word = if expr.op == MinMaxOp::IS_GREATEST { "greatest" } else { "least" };
                op(word, self.list(expr.args()))
            }
            Node::SQLValueFunction(value) => {
                let name = super::expr::value_function(value.op);
                let arguments = match value.typmod {
                    ..0 => Vec::new(),
                    precision => vec![Term::Number(precision.to_string())],
                };
                Term::Call { schema: None, name: name.to_owned(), manner: "", arguments }
            }
            Node::A_ArrayExpr(array) => op("array", self.list(array.elements())),
            Node::RowExpr(row) => op("row", self.list(row.args())),
            Node::CollateClause(collate) => {
                let name = strings(collate.collname()).last().unwrap_or_default();
                op(&format!("collate {name}"), vec![self.node(collate.arg())])
            }
            Node::NamedArgExpr(arg) => {
                op(&format!("named {}", arg.name().unwrap_or_default()), vec![self.node(arg.arg())])
            }
            Node::A_Indirection(expr) => {
                let mut operands = vec![self.node(expr.arg())];
                for step in expr.indirection() {
                    operands.push(match step {
                        Node::String(name) => {
                            op(&format!("field {}", name.sval().unwrap_or_default()), vec![])
                        }
                        Node::A_Indices(at) if at.is_slice => {
                            let end = |node| self.optional(node).unwrap_or(Term::Null);
                            op("slice", vec![end(at.lidx()), end(at.uidx())])
                        }
                        Node::A_Indices(at) => op("at", vec![self.node(at.uidx())]),
                        _ => Term::Opaque,
                    });
                }
                op("part", operands)
            }
            Node::JsonIsPredicate(test) => {
                let word = format!("is json {} {}", test.item_type, test.unique_keys);
                op(&word, vec![self.node(test.expr())])
            }
            Node::FuncCall(call) => self.call(call),
            Node::SubLink(link) => self.sub_link(link),
            _ => Term::Opaque,
        }
    }

    /// `a AND (b AND c)` as one list.
    fn flat(&self, word: &str, args: &NodeList) -> Term {
        let mut all = Vec::new();
        for arg in self.list(args) {
            match arg {
                Term::Op(inner, operands) if inner == word => all.extend(operands),
                other => all.push(other),
            }
        }
        op(word, all)
    }

    fn operator(&self, expr: &nodes::A_Expr) -> Term {
        use raw::A_Expr_Kind as Kind;
        let written = strings(expr.name()).last().unwrap_or_default();
        let name = if written == "!=" { "<>" } else { written };
        let operands = || {
            let mut both: Vec<Term> = self.optional(expr.lexpr()).into_iter().collect();
            both.extend(self.optional(expr.rexpr()));
            both
        };
        let items = || match expr.rexpr() {
            Node::NodeList(list) => self.list(list),
            other => vec![self.node(other)],
        };
        let left = || self.node(expr.lexpr());
        match expr.kind {
            Kind::AEXPR_OP => match (name, operands()) {
                // The grammar folds the sign of `-1`, and not that of `- 1.5::numeric`.
                ("-", operands) if operands.len() == 1 => match operands.into_iter().next() {
                    Some(Term::Number(number)) if !number.starts_with('-') => {
                        Term::Number(format!("-{number}"))
                    }
                    Some(other) => op("-", vec![other]),
                    None => Term::Opaque,
                },
                (name, operands) => op(name, operands),
            },
            Kind::AEXPR_OP_ANY => op(&format!("{name} any"), operands()),
            Kind::AEXPR_OP_ALL => op(&format!("{name} all"), operands()),
            Kind::AEXPR_DISTINCT => op("is distinct from", operands()),
            Kind::AEXPR_NOT_DISTINCT => op("not", vec![op("is distinct from", operands())]),
            Kind::AEXPR_NULLIF => op("nullif", operands()),
            Kind::AEXPR_IN => {
                let mut items = items();
                match items.len() {
                    1 => op(name, vec![left(), items.remove(0)]),
                    // The server keeps a list of constants as an array, and others as comparisons.
                    _ if items.iter().any(names_a_column) => {
                        let compare = |item| op(name, vec![left(), item]);
                        let compared: Vec<Term> = items.into_iter().map(compare).collect();
                        op(if name == "=" { "or" } else { "and" }, compared)
                    }
                    _ => {
                        let word = if name == "=" { "= any" } else { "<> all" };
                        op(word, vec![left(), op("array", items)])
                    }
                }
            }
            Kind::AEXPR_LIKE | Kind::AEXPR_ILIKE => op(name, operands()),
            Kind::AEXPR_SIMILAR => {
                let similar = |pattern| match pattern {
                    Term::Call { arguments, .. } => Term::Call {
                        schema: None,
                        name: "similar_to_escape".to_owned(),
                        manner: "",
                        arguments,
                    },
                    other => other,
                };
                let mut operands = operands();
                let last = operands.pop().map(similar);
                operands.extend(last);
                op(name, operands)
            }
            Kind::AEXPR_BETWEEN | Kind::AEXPR_NOT_BETWEEN => match <[Term; 2]>::try_from(items()) {
                Ok([low, high]) if expr.kind == Kind::AEXPR_BETWEEN => {
                    op("and", vec![op(">=", vec![left(), low]), op("<=", vec![left(), high])])
                }
                Ok([low, high]) => op("or", vec![op("<", vec![left(), low]), op(">", vec![left(), high])]),
                Err(_) => Term::Opaque,
            },
            _ => Term::Opaque,
        }
    }

    fn call(&self, call: &nodes::FuncCall) -> Term {
        let plain = call.agg_order().is_empty()
            && matches!(call.agg_filter(), Node::None)
            && call.over().is_none()
            && !call.agg_within_group;
        if !plain {
            return Term::Opaque;
        }
        let parts: Vec<&str> = strings(call.funcname()).collect();
        let schema = parts.len().checked_sub(2).map(|index| parts[index].to_owned());
        let schema = schema.filter(|schema| schema != "pg_catalog");
        let written = parts.last().copied().unwrap_or_default();
        // EXTRACT was a spelling of date_part before 14; the two differ in the type of the number.
        let name = if written == "extract" && schema.is_none() { "date_part" } else { written };
        let manner = match (call.agg_star, call.agg_distinct, call.func_variadic) {
            (true, ..) => "*",
            (_, true, _) => "distinct",
            (.., true) => "variadic",
            _ => "",
        };
        Term::Call { schema, name: name.to_owned(), manner, arguments: self.list(call.args()) }
    }

    fn sub_link(&self, link: &nodes::SubLink) -> Term {
        use raw::SubLinkType as Type;
        let Node::SelectStmt(select) = link.subselect() else { return Term::Opaque };
        let Some(mut query) = self.query(select) else { return Term::Opaque };
        if link.sub_link_type == Type::EXISTS_SUBLINK {
            // What it selects does not matter, and the server writes out a star.
            query.clauses.remove(0);
        }
        let query = Term::Query(Box::new(query));
        let operator = strings(link.oper_name()).last().unwrap_or("=").to_owned();
        match link.sub_link_type {
            Type::EXISTS_SUBLINK => op("exists", vec![query]),
            Type::EXPR_SUBLINK => query,
            Type::ARRAY_SUBLINK => op("array of", vec![query]),
            Type::ANY_SUBLINK => op(&format!("{operator} any"), vec![self.node(link.testexpr()), query]),
            Type::ALL_SUBLINK => op(&format!("{operator} all"), vec![self.node(link.testexpr()), query]),
            _ => Term::Opaque,
        }
    }

    fn query(&self, select: &nodes::SelectStmt) -> Option<SubQuery> {
        let known = select.op == raw::SetOperation::SETOP_NONE
            && select.with_clause().is_none()
            && select.into_clause().is_none()
            && select.window_clause().is_empty()
            && select.values_lists().is_empty()
            && select.locking_clause().is_empty();
        if !known {
            return None;
        }
        let mut query = SubQuery::default();
        let mut joined = Vec::new();
        for item in select.from_clause() {
            self.source(item, &mut query, &mut joined)?;
        }
        // What a column is called outside does not matter inside of an expression.
        query.clauses.push(op(
            if select.distinct_clause().is_empty() { "select" } else { "select distinct" },
            select.target_list().iter().map(|target| self.node(target.val())).collect(),
        ));
        query.clauses.extend(joined);
        query.clauses.extend(self.optional(select.where_clause()).map(|term| op("where", vec![term])));
        query.clauses.push(op("group", self.list(select.group_clause())));
        query.clauses.extend(self.optional(select.having_clause()).map(|term| op("having", vec![term])));
        for sort in select.sort_clause() {
            let descending = sort.sortby_dir == raw::SortByDir::SORTBY_DESC;
            let nulls_first = match sort.sortby_nulls {
                raw::SortByNulls::SORTBY_NULLS_FIRST => true,
                raw::SortByNulls::SORTBY_NULLS_LAST => false,
                _ => descending,
            };
            let word = match (descending, nulls_first) {
                (false, false) => "order",
                (false, true) => "order nulls first",
                (true, true) => "order desc",
                (true, false) => "order desc nulls last",
            };
            query.clauses.push(op(word, vec![self.node(sort.node())]));
        }
        query.clauses.extend(self.optional(select.limit_count()).map(|term| op("limit", vec![term])));
        query.clauses.extend(self.optional(select.limit_offset()).map(|term| op("offset", vec![term])));
        Some(query)
    }

    fn source(&self, node: Node<'_>, query: &mut SubQuery, joined: &mut Vec<Term>) -> Option<()> {
        let alias = |alias: Option<&nodes::Alias>| alias.and_then(nodes::Alias::aliasname).map(str::to_owned);
        match node {
            Node::RangeVar(relation) => query.sources.push(Source::Relation {
                schema: relation.schemaname().map(str::to_owned),
                name: relation.relname()?.to_owned(),
                alias: alias(relation.alias()),
            }),
            Node::RangeSubselect(inner) => {
                let Node::SelectStmt(select) = inner.subquery() else { return None };
                let inside = self.deeper()?.query(select)?;
                query.sources.push(Source::Query(Box::new(inside), alias(inner.alias())));
            }
            Node::JoinExpr(join) => {
                if join.is_natural || !join.using_clause().is_empty() || join.alias().is_some() {
                    return None;
                }
                let deeper = self.deeper()?;
                deeper.source(join.larg(), query, joined)?;
                deeper.source(join.rarg(), query, joined)?;
                let on = self.optional(join.quals()).into_iter().collect();
                joined.push(op(&format!("join {}", join.jointype), on));
            }
            _ => return None,
        }
        Some(())
    }
}

/// Whether a term is more than constants.
fn names_a_column(term: &Term) -> bool {
    match term {
        Term::Column { .. } | Term::Query(_) | Term::Opaque => true,
        Term::Cast { of, .. } => names_a_column(of),
        Term::Op(_, operands) => operands.iter().any(names_a_column),
        _ => false,
    }
}
