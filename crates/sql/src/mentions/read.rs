//! One statement while it is read: what is in sight, and what was found.

use super::scope::{Found, Frame, Kind, Relation, Rows, Source};
use super::{ColumnMention, Mention, MentionColumnRole, MentionRole, Mentions};
use crate::ast::Name;
use crate::lower::{Lower, strings};
use pg_raw_parse::{Node, nodes};
use source::Span;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How deep queries and joins may lie in each other. Brackets are counted by the parser's guard.
const DEPTH_LIMIT: usize = 150;
/// How much may be looked at for one statement; a text that an app sends takes some thousands.
const STEP_LIMIT: usize = 3_000_000;

/// Reads one statement.
pub(super) struct Reader<'l, 'a> {
    pub lower: &'l Lower<'a>,
    /// What was found so far.
    pub found: Mentions,
    /// Common table expressions in sight; the last of a name counts.
    pub ctes: Vec<(String, Rc<Rows>)>,
    /// The recursive one whose first arm is about to be read: its place in `ctes`, the names of its
    /// columns.
    pub filling: Option<(usize, Vec<String>)>,
    /// Tokens of `USING` that were told.
    pub used: BTreeSet<usize>,
    /// Whether the text is a piece of a query.
    pub piece: bool,
    /// What lies before this byte was put around a piece.
    prefix: usize,
    depth: usize,
    steps: usize,
}

impl<'l, 'a> Reader<'l, 'a> {
    /// A reader of a whole statement.
    pub fn new(lower: &'l Lower<'a>) -> Reader<'l, 'a> {
        Reader {
            lower,
            found: Mentions { parsed: true, statements: true, ..Mentions::default() },
            ctes: Vec::new(),
            filling: None,
            used: BTreeSet::new(),
            piece: false,
            prefix: 0,
            depth: 0,
            steps: 0,
        }
    }

    /// A reader of a piece that begins at the byte `prefix`.
    pub fn of_piece(lower: &'l Lower<'a>, prefix: usize) -> Reader<'l, 'a> {
        let mut reader = Reader::new(lower);
        reader.found.statements = false;
        reader.piece = true;
        reader.prefix = prefix;
        reader
    }

    /// What was found; `None` if it was too much.
    pub fn finish(self) -> Option<Mentions> {
        (self.steps <= STEP_LIMIT).then_some(self.found)
    }

    /// Counts work; false when there was enough.
    pub fn step(&mut self, by: usize) -> bool {
        self.steps = self.steps.saturating_add(by);
        self.steps <= STEP_LIMIT
    }

    /// Does something one level down, if that is not too deep.
    pub fn deeper<T: Default>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth == DEPTH_LIMIT {
            self.steps = usize::MAX;
            return T::default();
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Takes note of a relation, and gives the item that it is in sight as.
    pub fn relation(&mut self, relation: &nodes::RangeVar, roles: &[MentionRole]) -> Source {
        let alias = relation.alias();
        let Name { schema, name, span } = self.lower.relation(Some(relation));
        let written: Relation = (schema, name.clone());
        let hidden = usize::try_from(relation.location).is_ok_and(|at| at < self.prefix);
        let (kind, rows) = if hidden {
            (Kind::Hidden, Rows::unknown())
        } else {
            for role in roles {
                let (schema, name) = written.clone();
                self.found.relations.push(Mention { schema, name, role: *role, span });
            }
            (Kind::Relation(written.clone()), Rows::of(written))
        };
        source(alias, &name, kind, rows)
    }

    /// Takes note of a column; gives what it may be.
    pub fn column(
        &mut self,
        column: &nodes::ColumnRef,
        frame: &Frame<'_>,
        role: MentionColumnRole,
    ) -> Option<Found> {
        if !self.step(frame.len()) {
            return None;
        }
        if column.fields().iter().any(|field| matches!(field, Node::A_Star(_))) {
            self.star(column, frame, role, &mut Rows::default());
            return None;
        }
        let parts: Vec<&str> = strings(column.fields()).collect();
        let (name, qualifier) = parts.split_last()?;
        let span = self.last_part(column);
        let found = match qualifier {
            [] => self.bare(name, frame, role, span)?,
            [before @ .., qualifier] => match frame.source(before.last().copied(), qualifier) {
                Some(source) => source.column(name)?,
                None => Found::of(&(before.last().map(|s| (*s).to_owned()), (*qualifier).to_owned())),
            },
        };
        self.note(Some(name), found.clone(), role, span);
        Some(found)
    }

    /// What a name without qualifier is, which may be a whole row.
    fn bare(&mut self, name: &str, frame: &Frame<'_>, role: MentionColumnRole, span: Span) -> Option<Found> {
        let found = frame.column(name, self.piece);
        match frame.source(None, name).map(|source| &source.kind) {
            Some(Kind::Relation(relation)) => self.note(None, Found::of(relation), role, span),
            Some(_) => {}
            None => return found,
        }
        let found = found.filter(|found| !found.candidates.is_empty())?;
        Some(Found { elsewhere: true, ..found })
    }

    /// Takes note of a star, and adds what it gives to `rows`.
    pub fn star(
        &mut self,
        column: &nodes::ColumnRef,
        frame: &Frame<'_>,
        role: MentionColumnRole,
        rows: &mut Rows,
    ) {
        let span = self.last_part(column);
        let parts: Vec<&str> = strings(column.fields()).collect();
        let sources: Vec<&Source> = match &parts[..] {
            [] => frame.sources.iter().filter(|source| !source.aside).collect(),
            [before @ .., qualifier] => match frame.source(before.last().copied(), qualifier) {
                Some(source) => vec![source],
                None => {
                    let relation = (before.last().map(|s| (*s).to_owned()), (*qualifier).to_owned());
                    self.note(None, Found::of(&relation), role, span);
                    return rows.star(&Rows::of(relation));
                }
            },
        };
        if self.piece && parts.is_empty() && sources.iter().all(|s| matches!(s.kind, Kind::Hidden)) {
            self.note(None, Found::unknown(), role, span);
            rows.open = true;
        }
        for source in sources {
            if let Kind::Relation(relation) = &source.kind {
                self.note(None, Found::of(relation), role, span);
            }
            if self.step(source.rows.len()) {
                rows.star(&source.rows);
            }
        }
    }

    /// Takes note of a column that was found.
    pub fn note(&mut self, column: Option<&str>, found: Found, role: MentionColumnRole, span: Span) {
        if !self.step(1 + found.candidates.len()) {
            return;
        }
        let Found { candidates, elsewhere } = found;
        let column = column.map(str::to_owned);
        self.found.columns.push(ColumnMention { candidates, column, role, elsewhere, span });
    }

    /// Takes note of a column of the target of a change.
    pub fn key(&mut self, target: &Source, column: &str, role: MentionColumnRole, span: Span) {
        let found = match &target.kind {
            Kind::Relation(relation) => Found::of(relation),
            _ => Found::unknown(),
        };
        self.note(Some(column), found, role, span);
    }

    /// Where the last part of a dotted name is written.
    fn last_part(&self, column: &nodes::ColumnRef) -> Span {
        let dots = column.fields().len().saturating_sub(1) * 2;
        match self.lower.located(column.location) {
            Some(token) => self.lower.between(token + dots, token + dots + 1),
            None => self.lower.whole(),
        }
    }
}

/// An item with its alias, if it has one.
pub(super) fn source(alias: Option<&nodes::Alias>, name: &str, kind: Kind, rows: Rows) -> Source {
    let names: Vec<String> =
        alias.map(|alias| strings(alias.colnames()).map(str::to_owned).collect()).unwrap_or_default();
    let rows = Rc::new(if names.is_empty() { rows } else { rows.renamed(&names) });
    let name = alias.and_then(nodes::Alias::aliasname).unwrap_or(name).to_owned();
    Source { name, kind, rows, aside: false }
}
