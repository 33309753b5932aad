//! Queries and data changes.

mod change;
mod output;

pub(crate) use self::output::output_name;
use super::Lower;
use super::expr::{AFTER_WHERE, Bounds, column_ref, expr_in};
use super::uses::Walk;
use crate::ast::{ColumnRef, Expr, OutputColumn, Query, QueryKind, RelationRef, Target, Uses};
use pg_raw_parse::list::NodeList;
use pg_raw_parse::{Node, nodes, raw};
use source::Span;

/// A query that is a statement.
pub(super) fn query(lower: &Lower<'_>, node: Node<'_>) -> Query {
    let (mut query, _) =
        any(lower, node, &[]).unwrap_or_else(|| (empty(QueryKind::Select, lower.whole()), None));
    query.span = lower.whole();
    query
}

/// A query inside of another statement, in brackets or behind `AS`; and where its first located
/// node stands.
pub(super) fn nested(lower: &Lower<'_>, node: Node<'_>, ctes: &[String]) -> Option<(Query, Option<usize>)> {
    let (mut query, first) = any(lower, node, ctes)?;
    let joins = matches!(node, Node::SelectStmt(select) if select.op != raw::SetOperation::SETOP_NONE);
    query.span = first.map_or(lower.whole(), |first| span_around(lower, first, joins));
    Some((query, first))
}

/// Whether a SELECT is nothing but its targets.
pub(crate) fn is_bare_select(select: &nodes::SelectStmt) -> bool {
    select.from_clause().is_empty()
        && select.where_clause().is_none()
        && select.into_clause().is_none()
        && select.group_clause().is_empty()
        && select.having_clause().is_none()
        && select.sort_clause().is_empty()
        && select.with_clause().is_none()
        && select.limit_count().is_none()
        && select.limit_offset().is_none()
        && select.distinct_clause().is_empty()
        && select.op == raw::SetOperation::SETOP_NONE
}

/// The INTO of a SELECT; of a set operation it is in the leftmost arm.
pub(crate) fn into(select: &nodes::SelectStmt) -> Option<&nodes::IntoClause> {
    let mut select = select;
    while let Some(left) = select.larg() {
        select = left;
    }
    select.into_clause()
}

trait IsNone {
    fn is_none(&self) -> bool;
}

impl IsNone for Node<'_> {
    fn is_none(&self) -> bool {
        matches!(self, Node::None)
    }
}

/// The query whose first located node stands at the byte `first`: from its first keyword to the
/// bracket that closes around it, or to the keyword behind it.
fn span_around(lower: &Lower<'_>, first: usize, set_operation: bool) -> Span {
    const STARTS: &[&str] = &["select", "with", "values", "table", "insert", "update", "delete", "merge"];
    let begins = |token: usize| STARTS.iter().any(|word| lower.is_word(token, word));
    let mut depth = 0usize;
    for token in (0..lower.token_at(first + 1)).rev() {
        if lower.is(token, b')') {
            depth += 1;
        } else if lower.is(token, b'(') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && begins(token) {
            let end = lower.end_of_query(token, set_operation);
            return lower.between(token, end);
        }
    }
    lower.whole()
}

fn empty(kind: QueryKind, span: Span) -> Query {
    Query {
        kind,
        target: None,
        reads: Vec::new(),
        opaque_sources: false,
        output: Vec::new(),
        filter: None,
        sets: Vec::new(),
        inserts_query: false,
        value_rows: 0,
        on_conflict: None,
        locks_rows: false,
        limited: false,
        uses: Uses::default(),
        span,
    }
}

/// A query while it is put together.
struct Build<'l, 'a> {
    lower: &'l Lower<'a>,
    walk: Walk<'l, 'a>,
    ctes: Vec<String>,
    query: Query,
}

fn any(lower: &Lower<'_>, node: Node<'_>, ctes: &[String]) -> Option<(Query, Option<usize>)> {
    let (kind, with) = match node {
        Node::SelectStmt(s) if s.values_lists().is_empty() => (QueryKind::Select, s.with_clause()),
        Node::SelectStmt(s) => (QueryKind::Values, s.with_clause()),
        Node::InsertStmt(s) => (QueryKind::Insert, s.with_clause()),
        Node::UpdateStmt(s) => (QueryKind::Update, s.with_clause()),
        Node::DeleteStmt(s) => (QueryKind::Delete, s.with_clause()),
        Node::MergeStmt(s) => (QueryKind::Merge, s.with_clause()),
        _ => return None,
    };
    let walk = Walk::new(lower, ctes);
    let mut build = Build { lower, walk, ctes: ctes.to_vec(), query: empty(kind, lower.whole()) };
    build.with(with);
    match node {
        Node::SelectStmt(s) => build.select(s),
        Node::InsertStmt(s) => build.insert(s),
        Node::UpdateStmt(s) => build.update(s),
        Node::DeleteStmt(s) => build.delete(s),
        Node::MergeStmt(s) => build.merge(s),
        _ => {}
    }
    build.query.uses = build.walk.uses;
    Some((build.query, build.walk.first))
}

impl Build<'_, '_> {
    fn with(&mut self, with: Option<&nodes::WithClause>) {
        let Some(with) = with else { return };
        self.walk.at(with.location);
        let all: Vec<&nodes::CommonTableExpr> = with.ctes().iter().collect();
        let add = |build: &mut Self, cte: &nodes::CommonTableExpr| {
            let name = cte.ctename().unwrap_or_default();
            build.walk.add_cte(name);
            build.ctes.push(name.to_owned());
        };
        // A recursive one sees itself and its sisters; else each sees those before it.
        if with.recursive {
            all.iter().for_each(|cte| add(self, cte));
        }
        for cte in all {
            self.walk.sub_query(cte.ctequery());
            if !with.recursive {
                add(self, cte);
            }
        }
    }

    fn select(&mut self, select: &nodes::SelectStmt) {
        if select.op != raw::SetOperation::SETOP_NONE {
            self.set_operation(select);
        } else if !select.values_lists().is_empty() {
            self.query.value_rows = u32::try_from(select.values_lists().len()).unwrap_or(u32::MAX);
            self.walk.list(select.values_lists());
            let width = match select.values_lists().first() {
                Some(Node::NodeList(row)) => row.len(),
                _ => 0,
            };
            let name = |index| format!("column{index}");
            let named = |index| OutputColumn::Named { name: name(index), column: None, cast: None };
            self.query.output = (1..=width).map(named).collect();
        } else {
            self.targets(select);
        }
        self.walk.list(select.distinct_clause());
        self.from(select.from_clause());
        self.filter(select.where_clause());
        self.walk.list(select.group_clause());
        self.walk.node(select.having_clause());
        self.walk.list(select.window_clause());
        for sort in select.sort_clause() {
            self.walk.node(sort.node());
        }
        self.walk.node(select.limit_offset());
        self.walk.node(select.limit_count());
        self.query.limited |= !select.limit_count().is_none();
        self.query.locks_rows |= !select.locking_clause().is_empty();
    }

    fn targets(&mut self, select: &nodes::SelectStmt) {
        for target in select.target_list() {
            self.walk.node(Node::ResTarget(target));
            let column = match target.val() {
                Node::ColumnRef(column) => Some(column_ref(self.lower, column)),
                _ => None,
            };
            let cast = match target.val() {
                Node::TypeCast(cast) => cast.type_name().map(|name| self.lower.type_name(name)),
                _ => None,
            };
            let output = match (target.name(), column) {
                (None, Some(ColumnRef { qualifier, name: None, .. })) => OutputColumn::Star(qualifier),
                (Some(name), column) => OutputColumn::Named { name: name.to_owned(), column, cast },
                (None, column) => OutputColumn::Named { name: output_name(target.val()), column, cast },
            };
            self.query.output.push(output);
        }
    }

    /// Unions lean to the left and can be long: the left spine is a loop.
    fn set_operation(&mut self, select: &nodes::SelectStmt) {
        let mut arms = Vec::new();
        let mut left = Some(select);
        while let Some(node) = left {
            let spine = node.op != raw::SetOperation::SETOP_NONE
                && (std::ptr::eq(node, select) || (is_plain(node) && node.larg().is_some()));
            if spine {
                arms.extend(node.rarg());
                left = node.larg();
            } else {
                arms.push(node);
                left = None;
            }
        }
        let before = self.walk.uses.queries.len();
        for arm in arms.into_iter().rev() {
            self.walk.sub_query(Node::SelectStmt(arm));
        }
        self.query.output =
            self.walk.uses.queries.get(before).map(|arm| arm.output.clone()).unwrap_or_default();
    }

    /// FROM items; joins lean to the left and can be long, so they wait in a list.
    fn from(&mut self, items: &NodeList) {
        let mut waiting: Vec<Node<'_>> = items.iter().collect();
        waiting.reverse();
        while let Some(item) = waiting.pop() {
            match item {
                Node::RangeVar(relation) => self.read(relation),
                Node::JoinExpr(join) => {
                    self.walk.node(join.quals());
                    for name in join.using_clause().iter().filter_map(nodes::String::sval) {
                        let span = self.lower.whole();
                        let name = Some(name.to_owned());
                        self.walk.uses.columns.push(ColumnRef { qualifier: Vec::new(), name, span });
                    }
                    waiting.push(join.rarg());
                    waiting.push(join.larg());
                }
                Node::RangeSubselect(sub) => {
                    self.query.opaque_sources = true;
                    self.walk.sub_query(sub.subquery());
                }
                Node::RangeFunction(functions) => {
                    self.query.opaque_sources = true;
                    self.walk.list(functions.functions());
                }
                Node::RangeTableSample(sample) => {
                    waiting.push(sample.relation());
                    self.walk.list(sample.args());
                    self.walk.node(sample.repeatable());
                }
                Node::RangeTableFunc(table) => {
                    self.query.opaque_sources = true;
                    self.walk.at(table.location);
                    self.walk.node(table.docexpr());
                    self.walk.node(table.rowexpr());
                    for column in table.columns() {
                        self.walk.node(column.colexpr());
                        self.walk.node(column.coldefexpr());
                    }
                }
                Node::JsonTable(table) => {
                    self.query.opaque_sources = true;
                    self.walk.at(table.location);
                    self.walk.node(table.context_item().map_or(Node::None, Node::JsonValueExpr));
                    self.walk.list(table.passing());
                }
                _ => self.query.opaque_sources = true,
            }
        }
    }

    fn read(&mut self, relation: &nodes::RangeVar) {
        self.walk.at(relation.location);
        let name = self.lower.relation(Some(relation));
        if name.schema.is_none() && self.walk.is_cte(&name.name) {
            self.query.opaque_sources = true;
        } else {
            self.query.reads.push(RelationRef { name, alias: alias(relation.alias()) });
        }
    }

    fn target(&mut self, relation: Option<&nodes::RangeVar>) {
        let Some(relation) = relation else { return };
        self.walk.at(relation.location);
        self.query.target = Some(Target {
            name: self.lower.relation(Some(relation)),
            alias: alias(relation.alias()),
            only: !relation.inh,
        });
    }

    /// An expression that is noted with its text, and counts among the uses of this level.
    fn noted(&mut self, node: Node<'_>, bounds: Bounds<'_>) -> Expr {
        let mut expr = expr_in(self.lower, node, bounds, &self.ctes);
        let uses = &mut self.walk.uses;
        uses.columns.extend(expr.uses.columns.iter().cloned());
        uses.functions.extend(expr.uses.functions.iter().cloned());
        uses.literals.extend(expr.uses.literals.iter().cloned());
        uses.types.extend(expr.uses.types.iter().cloned());
        // Kept once: a copy at each level would double with every level.
        uses.queries.append(&mut expr.uses.queries);
        expr
    }

    fn filter(&mut self, node: Node<'_>) {
        if !node.is_none() {
            let filter = self.noted(node, Bounds::Until(usize::MAX, AFTER_WHERE));
            self.query.filter = Some(filter);
        }
    }
}

/// Whether a SELECT has nothing of its own around its set operation.
fn is_plain(select: &nodes::SelectStmt) -> bool {
    select.with_clause().is_none()
        && select.sort_clause().is_empty()
        && select.limit_count().is_none()
        && select.limit_offset().is_none()
        && select.locking_clause().is_empty()
}

fn alias(alias: Option<&nodes::Alias>) -> Option<String> {
    alias.and_then(nodes::Alias::aliasname).map(str::to_owned)
}
