//! Queries: common table expressions, SELECT, set operations and VALUES.

use super::MentionColumnRole as Role;
use super::read::Reader;
use super::scope::{Frame, Rows, Source};
use crate::lower::strings;
use pg_raw_parse::{Node, nodes, raw};
use std::rc::Rc;

impl Reader<'_, '_> {
    /// Reads a query or a change, and gives the columns that come out.
    pub fn query(&mut self, node: Node<'_>, outer: Option<&Frame<'_>>) -> Rows {
        let filling = self.filling.take();
        self.deeper(|reader| {
            let known = reader.ctes.len();
            let rows = match node {
                Node::SelectStmt(select) => {
                    reader.with(select.with_clause(), outer);
                    reader.select(select, outer, filling)
                }
                Node::InsertStmt(insert) => {
                    reader.with(insert.with_clause(), outer);
                    reader.insert(insert, outer)
                }
                Node::UpdateStmt(update) => {
                    reader.with(update.with_clause(), outer);
                    reader.update(update, outer)
                }
                Node::DeleteStmt(delete) => {
                    reader.with(delete.with_clause(), outer);
                    reader.delete(delete, outer)
                }
                Node::MergeStmt(merge) => {
                    reader.with(merge.with_clause(), outer);
                    reader.merge(merge, outer)
                }
                _ => Rows::unknown(),
            };
            reader.ctes.truncate(known);
            rows
        })
    }

    /// The common table expression of this name.
    pub fn cte(&self, name: &str) -> Option<Rc<Rows>> {
        self.ctes.iter().rev().find(|(known, _)| known == name).map(|(_, rows)| Rc::clone(rows))
    }

    fn with(&mut self, with: Option<&nodes::WithClause>, outer: Option<&Frame<'_>>) {
        let Some(with) = with else { return };
        let first = self.ctes.len();
        // A recursive one sees itself and its sisters; else each sees those before it.
        if with.recursive {
            let name = |cte: &nodes::CommonTableExpr| cte.ctename().unwrap_or_default().to_owned();
            self.ctes.extend(with.ctes().iter().map(|cte| (name(cte), Rc::new(Rows::unknown()))));
        }
        for (index, cte) in with.ctes().iter().enumerate() {
            let names: Vec<String> = strings(cte.aliascolnames()).map(str::to_owned).collect();
            if with.recursive {
                self.filling = Some((first + index, names.clone()));
            }
            let mut rows = self.query(cte.ctequery(), outer);
            if !names.is_empty() {
                rows = rows.renamed(&names);
            }
            // They add columns of their own.
            rows.open |= cte.search_clause().is_some() || cte.cycle_clause().is_some();
            match self.ctes.get_mut(first + index) {
                Some(known) if with.recursive => known.1 = Rc::new(rows),
                _ => self.ctes.push((cte.ctename().unwrap_or_default().to_owned(), Rc::new(rows))),
            }
        }
    }

    fn select(
        &mut self,
        select: &nodes::SelectStmt,
        outer: Option<&Frame<'_>>,
        filling: Option<(usize, Vec<String>)>,
    ) -> Rows {
        if select.op != raw::SetOperation::SETOP_NONE {
            return self.set_operation(select, outer, filling);
        }
        let mut sources: Vec<Source> = Vec::new();
        for item in select.from_clause() {
            self.from(item, &mut sources, outer);
        }
        let frame = Frame { sources: &sources, outer };
        let rows = if select.values_lists().is_empty() {
            self.targets(select.target_list().iter().map(Node::ResTarget), &frame, Role::Select)
        } else {
            self.expressions(select.values_lists(), &frame, Role::Select);
            let width = match select.values_lists().first() {
                Some(Node::NodeList(row)) => row.len(),
                _ => 0,
            };
            let mut rows = Rows::default();
            (1..=width).for_each(|column| rows.name(&format!("column{column}"), None));
            rows
        };
        self.expression(select.where_clause(), &frame, Role::Filter);
        for item in select.distinct_clause() {
            self.sorted(item, &frame, &rows);
        }
        for item in select.group_clause() {
            self.grouped(item, &frame, &rows);
        }
        self.expression(select.having_clause(), &frame, Role::Filter);
        self.expressions(select.window_clause(), &frame, Role::Filter);
        self.tail(select, &frame, &rows);
        rows
    }

    /// Unions lean to the left and can be long: the left spine is a loop.
    fn set_operation(
        &mut self,
        select: &nodes::SelectStmt,
        outer: Option<&Frame<'_>>,
        filling: Option<(usize, Vec<String>)>,
    ) -> Rows {
        let mut arms = Vec::new();
        let mut left = Some(select);
        while let Some(node) = left {
            let spine = std::ptr::eq(node, select)
                || (node.larg().is_some() && node.with_clause().is_none() && node.sort_clause().is_empty());
            if spine {
                arms.extend(node.rarg());
                left = node.larg();
            } else {
                arms.push(node);
                left = None;
            }
        }
        let mut output = None;
        for arm in arms.into_iter().rev() {
            let rows = self.query(Node::SelectStmt(arm), outer);
            if output.is_some() {
                continue;
            }
            // The other arms of a recursive one see the columns of the first.
            if let Some((index, names)) = &filling
                && let Some(known) = self.ctes.get_mut(*index)
            {
                known.1 = Rc::new(rows.renamed(names));
            }
            output = Some(rows);
        }
        let output = output.unwrap_or_default();
        self.tail(select, &outer.copied().unwrap_or(Frame::EMPTY), &output);
        output
    }

    /// ORDER BY, LIMIT and OFFSET.
    fn tail(&mut self, select: &nodes::SelectStmt, frame: &Frame<'_>, output: &Rows) {
        for sort in select.sort_clause() {
            self.sorted(sort.node(), frame, output);
        }
        self.expression(select.limit_offset(), frame, Role::Filter);
        self.expression(select.limit_count(), frame, Role::Filter);
    }
}
