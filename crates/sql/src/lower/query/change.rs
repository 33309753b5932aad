//! INSERT, UPDATE, DELETE and MERGE.

use super::Build;
use crate::ast::{ColumnRef, Expr, Ident, OnConflict, Shape};
use crate::lower::expr::Bounds;
use pg_raw_parse::{Node, nodes, raw};

impl Build<'_, '_> {
    /// The values of an INSERT's only row, where they are written.
    pub(super) fn row_places(&self, insert: &nodes::InsertStmt) -> Vec<(usize, usize)> {
        let after = self.lower.after(insert.relation().map(|relation| relation.location));
        let values = self.lower.find_word("values", after, usize::MAX).unwrap_or(after);
        let row = self.lower.inside_next(values);
        row.map(|(from, to)| self.lower.elements(from, to)).unwrap_or_default()
    }

    pub(super) fn insert(&mut self, insert: &nodes::InsertStmt) {
        self.target(insert.relation());
        let columns: Vec<ColumnRef> = insert.cols().iter().filter_map(|node| self.key(node)).collect();
        let mut values = vec![None; columns.len()];
        match insert.select_stmt() {
            Node::SelectStmt(select)
                if !select.values_lists().is_empty() && select.with_clause().is_none() =>
            {
                let rows = select.values_lists();
                let places = if rows.len() == 1 { self.row_places(insert) } else { Vec::new() };
                self.query.value_rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
                for row in rows {
                    let Node::NodeList(row) = row else { continue };
                    for (index, node) in row.iter().enumerate() {
                        match columns.get(index) {
                            Some(_) if rows.len() == 1 => {
                                let place = places.get(index).copied().unwrap_or_default();
                                values[index] = Some(self.noted(node, Bounds::Tokens(place.0, place.1)));
                                self.mark_beside(values[index].as_mut(), &columns[index]);
                            }
                            Some(column) => self.walk.assigned(node, column.clone()),
                            None => self.walk.node(node),
                        }
                    }
                }
            }
            Node::None => {}
            node => {
                self.query.inserts_query = true;
                self.walk.sub_query(node);
            }
        }
        self.query.sets = columns.iter().map(ident).zip(values).collect();
        if let Some(conflict) = insert.on_conflict_clause() {
            self.on_conflict(conflict);
        }
        self.returning(insert.returning_clause());
    }

    pub(super) fn on_conflict(&mut self, conflict: &nodes::OnConflictClause) {
        let mut columns = Vec::new();
        if let Some(infer) = conflict.infer() {
            for element in infer.index_elems() {
                if let Node::IndexElem(element) = element {
                    columns.extend(element.name().map(str::to_owned));
                    self.walk.node(element.expr());
                }
            }
            self.walk.node(infer.where_clause());
        }
        for target in conflict.target_list() {
            self.set(target);
        }
        self.walk.node(conflict.where_clause());
        self.query.on_conflict = Some(OnConflict {
            columns,
            constraint: conflict.infer().and_then(nodes::InferClause::conname).map(str::to_owned),
            updates: conflict.action == raw::OnConflictAction::ONCONFLICT_UPDATE,
        });
    }

    pub(super) fn update(&mut self, update: &nodes::UpdateStmt) {
        self.target(update.relation());
        for target in update.target_list() {
            let Some(column) = self.key(Node::ResTarget(target)) else { continue };
            let value = match target.val() {
                Node::MultiAssignRef(all) => {
                    // `(a, b) = (1, 2)`: the source is shared by all its columns.
                    if all.colno == 1 {
                        self.walk.node(all.source());
                    }
                    None
                }
                node => {
                    let mut value =
                        self.noted(node, Bounds::Until(usize::MAX, &["from", "where", "returning"]));
                    self.mark_beside(Some(&mut value), &column);
                    Some(value)
                }
            };
            self.query.sets.push((ident(&column), value));
        }
        self.from(update.from_clause());
        self.filter(update.where_clause());
        self.returning(update.returning_clause());
    }

    pub(super) fn delete(&mut self, delete: &nodes::DeleteStmt) {
        self.target(delete.relation());
        self.from(delete.using_clause());
        self.filter(delete.where_clause());
        self.returning(delete.returning_clause());
    }

    pub(super) fn merge(&mut self, merge: &nodes::MergeStmt) {
        self.target(merge.relation());
        match merge.source_relation() {
            Node::RangeVar(relation) => self.read(relation),
            Node::RangeSubselect(sub) => {
                self.query.opaque_sources = true;
                self.walk.sub_query(sub.subquery());
            }
            _ => self.query.opaque_sources = true,
        }
        self.walk.node(merge.join_condition());
        for when in merge.merge_when_clauses() {
            self.walk.node(when.condition());
            let values: Vec<Node<'_>> = when.values().iter().collect();
            for (index, target) in when.target_list().iter().enumerate() {
                let Node::ResTarget(target) = target else { continue };
                let Some(column) = self.key(Node::ResTarget(target)) else { continue };
                match values.get(index) {
                    Some(value) => self.walk.assigned(*value, column.clone()),
                    None => self.walk.assigned(target.val(), column.clone()),
                }
                self.query.sets.push((ident(&column), None));
            }
        }
        self.returning(merge.returning_clause());
    }

    pub(super) fn set(&mut self, target: &nodes::ResTarget) {
        match self.key(Node::ResTarget(target)) {
            Some(column) => self.walk.assigned(target.val(), column),
            None => self.walk.node(target.val()),
        }
    }

    /// The column that a target of INSERT or SET names.
    pub(super) fn key(&mut self, node: Node<'_>) -> Option<ColumnRef> {
        let Node::ResTarget(target) = node else { return None };
        self.walk.at(target.location);
        self.walk.list(target.indirection());
        let start = usize::try_from(target.location).unwrap_or(self.lower.range().0);
        let end = crate::lex::next(self.lower.text, start).map_or(start, |token| token.span.end as usize);
        let name = Some(target.name()?.to_owned());
        Some(ColumnRef { qualifier: Vec::new(), name, span: self.lower.span(start, end) })
    }

    /// A literal that is the whole value of a column stands beside that column.
    pub(super) fn mark_beside(&mut self, value: Option<&mut Expr>, column: &ColumnRef) {
        let Some(value) = value else { return };
        if matches!(value.shape, Shape::Constant { string: true, .. }) {
            let noted = self.walk.uses.literals.last_mut();
            for literal in value.uses.literals.last_mut().into_iter().chain(noted) {
                literal.beside = Some(column.clone());
            }
        }
    }

    pub(super) fn returning(&mut self, returning: Option<&nodes::ReturningClause>) {
        if let Some(returning) = returning {
            self.walk.list(returning.exprs());
        }
    }
}

fn ident(column: &ColumnRef) -> Ident {
    Ident { text: column.name.clone().unwrap_or_default(), span: column.span }
}
