//! INSERT, UPDATE, DELETE and MERGE.

use super::MentionColumnRole as Role;
use super::MentionRole;
use super::read::Reader;
use super::scope::{Found, Frame, Kind, Rows, Source};
use pg_raw_parse::{Node, nodes, raw};
use source::Span;

impl Reader<'_, '_> {
    pub(super) fn insert(&mut self, insert: &nodes::InsertStmt, outer: Option<&Frame<'_>>) -> Rows {
        let Some(relation) = insert.relation() else { return Rows::unknown() };
        let target = self.relation(relation, &[MentionRole::Insert]);
        for column in insert.cols() {
            self.target_key(&target, column, Role::Insert);
        }
        if insert.cols().is_empty()
            && !matches!(insert.select_stmt(), Node::None)
            && let Kind::Relation(all) = &target.kind
        {
            let span = self.lower.relation(Some(relation)).span;
            self.note(None, Found::of(all), Role::Insert, span);
        }
        if !matches!(insert.select_stmt(), Node::None) {
            self.query(insert.select_stmt(), outer);
        }
        if let Some(conflict) = insert.on_conflict_clause() {
            self.conflict(conflict, &target, outer);
        }
        self.returning(insert.returning_clause(), &target, Vec::new(), outer)
    }

    pub(super) fn update(&mut self, update: &nodes::UpdateStmt, outer: Option<&Frame<'_>>) -> Rows {
        let Some(relation) = update.relation() else { return Rows::unknown() };
        let target = self.relation(relation, &[MentionRole::Update]);
        let mut sources = vec![target.clone()];
        for item in update.from_clause() {
            self.from(item, &mut sources, outer);
        }
        let frame = Frame { sources: &sources, outer };
        self.sets(update.target_list(), &target, &frame);
        self.expression(update.where_clause(), &frame, Role::Filter);
        self.returning(update.returning_clause(), &target, sources.split_off(1), outer)
    }

    pub(super) fn delete(&mut self, delete: &nodes::DeleteStmt, outer: Option<&Frame<'_>>) -> Rows {
        let Some(relation) = delete.relation() else { return Rows::unknown() };
        let target = self.relation(relation, &[MentionRole::Delete]);
        let mut sources = vec![target.clone()];
        for item in delete.using_clause() {
            self.from(item, &mut sources, outer);
        }
        let frame = Frame { sources: &sources, outer };
        self.expression(delete.where_clause(), &frame, Role::Filter);
        self.returning(delete.returning_clause(), &target, sources.split_off(1), outer)
    }

    pub(super) fn merge(&mut self, merge: &nodes::MergeStmt, outer: Option<&Frame<'_>>) -> Rows {
        use raw::MergeMatchKind::MERGE_WHEN_NOT_MATCHED_BY_TARGET as NO_TARGET;
        let Some(relation) = merge.relation() else { return Rows::unknown() };
        let target = self.relation(relation, &merge_roles(merge));
        let mut sources = vec![target.clone()];
        self.from(merge.source_relation(), &mut sources, outer);
        let frame = Frame { sources: &sources, outer };
        self.expression(merge.join_condition(), &frame, Role::Filter);
        for when in merge.merge_when_clauses() {
            let frame = match when.match_kind {
                NO_TARGET => Frame { sources: &sources[1..], outer },
                _ => frame,
            };
            self.expression(when.condition(), &frame, Role::Filter);
            let inserts = when.command_type == raw::CmdType::CMD_INSERT;
            let targets = when.target_list().iter();
            for key in targets {
                self.target_key(&target, key, if inserts { Role::Insert } else { Role::Update });
                if let Node::ResTarget(key) = key {
                    self.expression(key.val(), &frame, Role::Select);
                }
            }
            self.expressions(when.values(), &frame, Role::Select);
        }
        self.returning(merge.returning_clause(), &target, sources.split_off(1), outer)
    }

    fn conflict(&mut self, conflict: &nodes::OnConflictClause, target: &Source, outer: Option<&Frame<'_>>) {
        let excluded = Source { name: "excluded".to_owned(), aside: true, ..target.clone() };
        let sources = [target.clone(), excluded];
        let frame = Frame { sources: &sources, outer };
        if let Some(infer) = conflict.infer() {
            let open = self.lower.located(infer.location).unwrap_or(0);
            let inside = self.lower.inside_next(open);
            let places = inside.map(|(from, to)| self.lower.elements(from, to)).unwrap_or_default();
            for (index, element) in infer.index_elems().iter().enumerate() {
                let Node::IndexElem(element) = element else { continue };
                self.expression(element.expr(), &Frame { sources: &sources[..1], outer }, Role::Conflict);
                if let Some(name) = element.name() {
                    let place = places.get(index).map(|(from, _)| self.lower.between(*from, from + 1));
                    self.key(target, name, Role::Conflict, place.unwrap_or(self.lower.whole()));
                }
            }
            self.expression(infer.where_clause(), &Frame { sources: &sources[..1], outer }, Role::Conflict);
        }
        self.sets(conflict.target_list(), target, &frame);
        self.expression(conflict.where_clause(), &frame, Role::Filter);
    }

    /// The list of SET.
    fn sets<'n>(
        &mut self,
        list: impl IntoIterator<Item = &'n nodes::ResTarget>,
        target: &Source,
        frame: &Frame<'_>,
    ) {
        for set in list {
            self.target_key(target, Node::ResTarget(set), Role::Update);
            match set.val() {
                // `(a, b) = (1, 2)`: the source is shared by all its columns.
                Node::MultiAssignRef(all) if all.colno > 1 => {}
                value => self.expression(value, frame, Role::Select),
            }
            // `a[b] = 1`
            self.expressions(set.indirection(), frame, Role::Select);
        }
    }

    /// A column of the target, in the list of an INSERT or left of a `=`.
    fn target_key(&mut self, target: &Source, key: Node<'_>, role: Role) {
        let Node::ResTarget(key) = key else { return };
        let Some(name) = key.name() else { return };
        let token = self.lower.located(key.location);
        let span: Span = token.map_or(self.lower.whole(), |token| self.lower.between(token, token + 1));
        self.key(target, name, role, span);
    }

    fn returning(
        &mut self,
        returning: Option<&nodes::ReturningClause>,
        target: &Source,
        others: Vec<Source>,
        outer: Option<&Frame<'_>>,
    ) -> Rows {
        let Some(returning) = returning else { return Rows::default() };
        let mut sources = vec![target.clone()];
        sources.extend(others);
        let named = returning.options().iter().filter_map(nodes::ReturningOption::value);
        for name in named.chain(["old", "new"]) {
            if sources.iter().all(|source| source.name != name) {
                sources.push(Source { name: name.to_owned(), aside: true, ..target.clone() });
            }
        }
        self.targets(returning.exprs(), &Frame { sources: &sources, outer }, Role::Returning)
    }
}

/// What a MERGE does with its target, each thing once.
fn merge_roles(merge: &nodes::MergeStmt) -> Vec<MentionRole> {
    let mut roles = Vec::new();
    for when in merge.merge_when_clauses() {
        let role = match when.command_type {
            raw::CmdType::CMD_INSERT => MentionRole::Insert,
            raw::CmdType::CMD_UPDATE => MentionRole::Update,
            raw::CmdType::CMD_DELETE => MentionRole::Delete,
            _ => continue,
        };
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    if roles.is_empty() {
        roles.push(MentionRole::Read);
    }
    roles
}
