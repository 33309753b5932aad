//! Expressions, and the lists that they stand in.
//!
//! The walk keeps its own stack, as that of `lower::uses` does; only sub-queries recurse.

use super::MentionColumnRole as Role;
use super::read::Reader;
use super::scope::{Found, Frame, Kind, Rows};
use crate::lower::{output_name, parts, strings};
use pg_raw_parse::{Node, nodes};

impl Reader<'_, '_> {
    /// Reads an expression.
    pub fn expression(&mut self, node: Node<'_>, frame: &Frame<'_>, role: Role) {
        let mut waiting = vec![node];
        let mut queries = Vec::new();
        while let Some(node) = waiting.pop() {
            let before = waiting.len();
            match node {
                Node::ColumnRef(column) => {
                    self.column(column, frame, role);
                }
                Node::A_Indirection(part) if self.row_part(part, frame, role) => {}
                Node::SelectStmt(_)
                | Node::InsertStmt(_)
                | Node::UpdateStmt(_)
                | Node::DeleteStmt(_)
                | Node::MergeStmt(_) => queries.push(node),
                _ => {
                    parts(node, &mut |part| waiting.push(part));
                    waiting[before..].reverse();
                }
            }
        }
        for query in queries {
            self.query(query, Some(frame));
        }
    }

    /// Reads the expressions of a list.
    pub fn expressions<'n>(
        &mut self,
        list: impl IntoIterator<Item = Node<'n>>,
        frame: &Frame<'_>,
        role: Role,
    ) {
        for node in list {
            self.expression(node, frame, role);
        }
    }

    /// Reads the list of a SELECT or of RETURNING, and gives the columns that come out.
    pub fn targets<'n>(
        &mut self,
        list: impl IntoIterator<Item = Node<'n>>,
        frame: &Frame<'_>,
        role: Role,
    ) -> Rows {
        let mut rows = Rows::default();
        for target in list {
            let Node::ResTarget(target) = target else { continue };
            let is_star = |column: &nodes::ColumnRef| {
                column.fields().iter().any(|field| matches!(field, Node::A_Star(_)))
            };
            match (target.val(), target.name()) {
                (Node::ColumnRef(column), _) if is_star(column) => self.star(column, frame, role, &mut rows),
                (Node::ColumnRef(column), None) => {
                    let found = self.column(column, frame, role);
                    rows.name(strings(column.fields()).last().unwrap_or_default(), found);
                }
                (node, name) => {
                    self.expression(node, frame, role);
                    match name {
                        Some(name) => rows.name(name, None),
                        None => rows.name(&output_name(node), None),
                    }
                }
            }
        }
        rows
    }

    /// Reads an item of ORDER BY or DISTINCT ON, where a bare name is an output column if there is
    /// one.
    pub fn sorted(&mut self, node: Node<'_>, frame: &Frame<'_>, output: &Rows) {
        match (bare(node), node) {
            (Some(name), Node::ColumnRef(column)) if let Some(plain) = output.named(name) => {
                // Resolved once already: what it is found to be is what it was found to be there.
                if let Some(found) = plain {
                    let span = self.lower.located(column.location);
                    let span = span.map_or(self.lower.whole(), |token| self.lower.between(token, token + 1));
                    self.note(Some(name), found.clone(), Role::Filter, span);
                }
            }
            _ => self.expression(node, frame, Role::Filter),
        }
    }

    /// Reads an item of GROUP BY, where a bare name is an output column only if there is no other.
    pub fn grouped(&mut self, node: Node<'_>, frame: &Frame<'_>, output: &Rows) {
        let before = self.found.columns.len();
        self.expression(node, frame, Role::Filter);
        let renamed = bare(node).is_some_and(|name| matches!(output.named(name), Some(None)));
        for column in &mut self.found.columns[before..] {
            column.elsewhere |= renamed;
        }
    }

    /// `(t).a` and `(t).*`, where `t` is in sight: a column of its row. Anything else is left to the
    /// walk.
    fn row_part(&mut self, part: &nodes::A_Indirection, frame: &Frame<'_>, role: Role) -> bool {
        let Node::ColumnRef(row) = part.arg() else { return false };
        let Some(source) = bare(part.arg()).and_then(|name| frame.source(None, name)) else { return false };
        let token = self.lower.located(row.location);
        let span = token.map_or(self.lower.whole(), |token| self.lower.between(token, token + 1));
        match part.indirection().first() {
            Some(Node::String(field)) => {
                let name = field.sval().unwrap_or_default();
                let span = self.lower.ident(Some(name), token.unwrap_or(0) + 1).span;
                if let Some(found) = source.column(name) {
                    // The row may be a column of the same name, and composite.
                    self.note(Some(name), Found { elsewhere: true, ..found }, role, span);
                }
            }
            Some(Node::A_Star(_)) => {
                if let Kind::Relation(relation) = &source.kind {
                    self.note(None, Found::of(relation), role, span);
                }
            }
            _ => return false,
        }
        true
    }
}

/// The name of a column without qualifier.
fn bare(node: Node<'_>) -> Option<&str> {
    match node {
        Node::ColumnRef(column) if column.fields().len() == 1 => strings(column.fields()).next(),
        _ => None,
    }
}
