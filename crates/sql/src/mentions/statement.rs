//! Whole statements. Of those that change a schema, the relations are told and not the columns:
//! that is for whoever judges migrations.

use super::read::Reader;
use super::scope::{Frame, Source};
use super::{Mention, MentionColumnRole, MentionRole, Mentions};
use crate::ast::{DropObject, Name, ObjectKind, Stmt};
use crate::lower::{self, Lower, Place, strings};
use crate::parse::{range, tree};
use pg_raw_parse::{Node, nodes};

/// What a text of whole statements names; `None` if it is none.
pub(super) fn statements(text: &str) -> Option<Mentions> {
    let tree = tree(text).ok()?;
    let mut all = Mentions { parsed: true, ..Mentions::default() };
    for raw in tree.iter() {
        let Some(range) = range(text, raw) else { continue };
        let lower = Lower::new(text, Place::Shifted(0), range);
        let mut reader = Reader::new(&lower);
        reader.statement(raw.stmt());
        let Some(mut found) = reader.finish() else { return Some(Mentions::default()) };
        all.statements = true;
        all.relations.append(&mut found.relations);
        all.columns.append(&mut found.columns);
    }
    all.relations.sort_by_key(|mention| mention.span.start);
    all.columns.sort_by_key(|mention| mention.span.start);
    Some(all)
}

impl Reader<'_, '_> {
    /// Reads a statement.
    pub fn statement(&mut self, node: Node<'_>) {
        match node {
            Node::SelectStmt(select) => {
                if let Some(into) = lower::into(select) {
                    self.made(into.rel());
                }
                self.query(node, None);
            }
            Node::InsertStmt(_) | Node::UpdateStmt(_) | Node::DeleteStmt(_) | Node::MergeStmt(_) => {
                self.query(node, None);
            }
            Node::ExplainStmt(explain) => self.statement(explain.query()),
            Node::PrepareStmt(prepare) => self.statement(prepare.query()),
            Node::DeclareCursorStmt(cursor) => self.statement(cursor.query()),
            Node::ExecuteStmt(execute) => {
                self.expressions(execute.params(), &Frame::EMPTY, MentionColumnRole::Select);
            }
            Node::CallStmt(call) => {
                let call = call.funccall().map_or(Node::None, Node::FuncCall);
                self.expression(call, &Frame::EMPTY, MentionColumnRole::Select);
            }
            Node::CreateTableAsStmt(create) => {
                self.made(create.into().and_then(nodes::IntoClause::rel));
                self.query(create.query(), None);
            }
            Node::ViewStmt(view) => {
                self.made(view.view());
                self.query(view.query(), None);
            }
            Node::CopyStmt(copy) => self.copy(copy),
            _ => {
                let stmt = lower::statement(self.lower, node);
                for Name { schema, name, span } in relations(&stmt) {
                    let (schema, name) = (schema.clone(), name.clone());
                    self.found.relations.push(Mention {
                        schema,
                        name,
                        role: MentionRole::Other,
                        span: *span,
                    });
                }
            }
        }
    }

    fn made(&mut self, relation: Option<&nodes::RangeVar>) {
        if let Some(relation) = relation {
            self.relation(relation, &[MentionRole::Other]);
        }
    }

    fn copy(&mut self, copy: &nodes::CopyStmt) {
        let Some(relation) = copy.relation() else {
            self.query(copy.query(), None);
            return;
        };
        let (does, role) = match copy.is_from {
            true => (MentionRole::Insert, MentionColumnRole::Insert),
            false => (MentionRole::Read, MentionColumnRole::Select),
        };
        let target: Source = self.relation(relation, &[does]);
        let mut at = self.lower.after(Some(relation.location));
        for name in strings(copy.attlist()) {
            let (ident, next) = self.lower.ident_and_next(name, at);
            at = next;
            self.key(&target, name, role, ident.span);
        }
        let sources = [target];
        let frame = Frame { sources: &sources, outer: None };
        self.expression(copy.where_clause(), &frame, MentionColumnRole::Filter);
    }
}

/// The relations that a statement is about, queries aside.
fn relations(stmt: &Stmt) -> Vec<&Name> {
    use ObjectKind::{ForeignTable, MaterializedView, Table, View};
    let is_relation = |kind: ObjectKind| matches!(kind, Table | ForeignTable | View | MaterializedView);
    match stmt {
        Stmt::CreateTable(create) => {
            let like = create.like.iter().map(|like| &like.source);
            std::iter::once(&create.name).chain(&create.parents).chain(like).collect()
        }
        Stmt::CreateIndex(create) => vec![&create.table],
        Stmt::CreateTrigger(create) => vec![&create.table],
        Stmt::CreatePolicy(create) => vec![&create.table],
        Stmt::CreateRule(create) => vec![&create.table],
        Stmt::CreateStatistics(create) => create.tables.iter().collect(),
        Stmt::AlterTable(alter) if is_relation(alter.kind) => vec![&alter.name],
        Stmt::Rename(rename) if is_relation(rename.relation_kind) => vec![&rename.name],
        Stmt::SetSchema(set) if is_relation(set.kind) => vec![&set.name],
        Stmt::Drop(drop) => {
            let of_relation = |object: &&DropObject| is_relation(drop.kind) || object.part.is_some();
            drop.objects.iter().filter(of_relation).map(|object| &object.name).collect()
        }
        Stmt::Comment(comment) if is_relation(comment.kind) || comment.part.is_some() => {
            comment.name.iter().collect()
        }
        Stmt::AlterPolicy(alter) => vec![&alter.table],
        Stmt::Truncate(truncate) => truncate.tables.iter().collect(),
        Stmt::LockTable(lock) => lock.tables.iter().collect(),
        Stmt::Refresh(refresh) => vec![&refresh.name],
        Stmt::Vacuum(vacuum) => vacuum.tables.iter().collect(),
        Stmt::Cluster(cluster) => cluster.table.iter().collect(),
        Stmt::Reindex(reindex) if is_relation(reindex.kind) => vec![&reindex.name],
        Stmt::Grant(grant) if is_relation(grant.kind) => grant.objects.iter().collect(),
        _ => Vec::new(),
    }
}
