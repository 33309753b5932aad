//! SQL in templates and strings, read with the SQL parser.

use super::built::{Built, From, Piece};
use super::chain::Link;
use super::words::{is_sql, named, names};
use super::{Context, Walker};
use crate::eval::is_drizzle;
use crate::model::{Certainty, Columns, Place, Role};
use crate::module::{Id, Span, Template};
use crate::value::{Env, Table, Value};
use drizzle::QName;
use sql::{ColumnMention, MentionColumnRole, MentionRole, Mentions};
use std::sync::Arc;

/// What kind of text it is, and how sure its statements are sent.
struct Sent {
    certainty: Certainty,
    why: &'static str,
}

impl Walker<'_, '_> {
    /// A template with a tag: Drizzle's `sql`, that of a driver, or another.
    pub(super) fn tagged(&mut self, id: Id, tag: Id, template: &Template, env: &Env, context: &Context) {
        let module = self.module.clone();
        let tag_value = self.eval.expr(&module, tag, env);
        let drizzle =
            matches!(&tag_value, Value::Api(api) if is_drizzle(&api.package) && &*api.name == "sql");
        let sent = match (&tag_value, drizzle) {
            (_, true) => Sent { certainty: Certainty::Certain, why: "raw SQL" },
            (Value::Client, _) => Sent { certainty: Certainty::Certain, why: "raw SQL sent by the driver" },
            (Value::Unknown(_) | Value::Api(_), _) => {
                Sent { certainty: Certainty::Likely, why: "SQL in a template" }
            }
            _ => Sent { certainty: Certainty::Possible, why: "SQL in a template" },
        };
        let built = self.built(template, env, false);
        let span = module.node(id).span;
        let read = self.sql(&built, span, &sent, drizzle || context.sent, context);
        let inner = match (drizzle, context.is_query()) {
            (true, true) => Context { whole: false, sent: false, ..context.clone() },
            (true, false) => Context {
                why: "in a piece of SQL that stands outside of a query".into(),
                certainty: if read.statements { Certainty::Certain } else { Certainty::Likely },
                ..Context::default()
            },
            (false, _) => Context::default(),
        };
        for value in &template.values {
            let known =
                built.pieces.iter().any(|piece| matches!(piece.from, From::Known(id) if id == *value));
            if !(known && read.parsed && read.statements) {
                self.walk(*value, env, &inner);
            }
        }
    }

    /// A template without a tag.
    pub(super) fn template_text(&mut self, id: Id, template: &Template, env: &Env, context: &Context) {
        let built = self.built(template, env, true);
        if context.sent || is_sql(&built.sql) {
            self.string(&built, id, context);
        }
    }

    /// A string.
    pub(super) fn text(&mut self, id: Id, text: &Arc<str>, context: &Context) {
        if !context.sent && !is_sql(text) {
            return;
        }
        let span = self.module.node(id).span;
        let inside = span.end.saturating_sub(span.start) as usize;
        let exact = inside == text.len() + 2;
        let from = From::Text { start: span.start + 1, exact };
        let built = Built { sql: text.to_string(), pieces: vec![Piece { at: 0, from }], open: false };
        self.string(&built, id, context);
    }

    fn string(&mut self, built: &Built, id: Id, context: &Context) {
        let span = self.module.node(id).span;
        let sent = match context.sent {
            true if built.open => {
                Sent { certainty: Certainty::Likely, why: "raw SQL of which a part is put in when it runs" }
            }
            true => Sent { certainty: context.certainty, why: "raw SQL" },
            false => Sent { certainty: Certainty::Likely, why: "SQL in a string" },
        };
        self.sql(built, span, &sent, context.sent, context);
    }

    /// `sql.raw("…")`, `sql.identifier("…")`
    pub(super) fn sql_method(&mut self, link: &Link<'_>, context: &Context) {
        let call = link.call;
        match link.name {
            "raw" => {
                let certainty = if context.sent { context.certainty } else { Certainty::Likely };
                let context = Context { sent: true, certainty, why: "raw SQL".into(), ..context.clone() };
                self.walk_args(call, &context);
            }
            "identifier" => {
                if let Value::Text(name) = self.eval.arg(call, 0) {
                    let span = call.args.first().map_or(call.span, |item| call.module.node(item.id).span);
                    self.loose(&name, span, Role::Named, context);
                }
            }
            _ => self.walk_args(call, context),
        }
    }

    /// Reads SQL and adds what it names.
    fn sql(
        &mut self,
        built: &Built,
        span: Span,
        sent: &Sent,
        pieces_too: bool,
        context: &Context,
    ) -> Mentions {
        let read = sql::mentions(&built.sql);
        if read.statements {
            let context = |role: Role| Context { certainty: sent.certainty, ..Context::of(role, sent.why) };
            for relation in &read.relations {
                let role = match relation.role {
                    MentionRole::Read => Role::Select,
                    MentionRole::Insert => Role::Insert,
                    MentionRole::Update => Role::Update,
                    MentionRole::Delete => Role::Delete,
                    MentionRole::Other => Role::Named,
                };
                let name = QName::new(relation.schema.as_deref().unwrap_or_default(), &relation.name);
                let place = self.module.place(self.within(built, relation.span, span));
                if built.open && relation.role == MentionRole::Read {
                    let context = Context { certainty: Certainty::Possible, ..context(role) };
                    self.name(place.clone(), name.clone(), Columns::All, &context);
                }
                // A change of the schema from within the app names columns too.
                if relation.role == MentionRole::Other {
                    for word in names(&built.sql).into_iter().filter(|word| *word != name.name) {
                        let context = Context { certainty: Certainty::Likely, ..context(role) };
                        self.raw(place.clone(), name.clone(), Columns::One(word.to_owned()), &context);
                    }
                }
                self.raw(place, name, Columns::None, &context(role));
            }
            for column in &read.columns {
                let place = self.within(built, column.span, span);
                self.raw_column(column, place, &context(role_of(column.role)));
            }
        } else if read.parsed && pieces_too {
            self.piece(&read, built, span, context);
        } else if !read.parsed && is_sql(&built.sql) {
            self.words(&built.sql, span);
        } else if !read.parsed && pieces_too {
            self.loose_words(&built.sql, span);
        }
        read
    }

    /// A table that no code declares may be that of another database.
    fn raw(&mut self, place: Place, relation: QName, columns: Columns, context: &Context) {
        let certainty = match self.known_table(&relation) {
            Some(_) => context.certainty,
            None => context.certainty.min(Certainty::Likely),
        };
        self.name(place, relation, columns, &Context { certainty, ..context.clone() });
    }

    /// A column that a whole statement names.
    fn raw_column(&mut self, column: &ColumnMention, span: Span, context: &Context) {
        let Some(name) = &column.column else {
            // An INSERT without a list fills the columns by their order.
            if column.role == MentionColumnRole::Insert {
                for candidate in &column.candidates {
                    let place = self.module.place(span);
                    self.raw(place, of(candidate), Columns::All, context);
                }
            }
            return;
        };
        let candidates: Vec<QName> = column.candidates.iter().map(of).collect();
        let declared = |walker: &Self, relation: &QName| {
            walker.known_table(relation).map(|t| t.relation.column(name).is_some())
        };
        let having: Vec<&QName> = candidates.iter().filter(|c| declared(self, c) == Some(true)).collect();
        let (relations, certainty) = match (having.as_slice(), candidates.as_slice()) {
            ([one], _) => (vec![(*one).clone()], context.certainty),
            ([], [one]) if column.elsewhere => (vec![one.clone()], context.certainty.min(Certainty::Likely)),
            ([], [one]) => (vec![one.clone()], context.certainty),
            // No code declares it: any of them may have it.
            ([], several) => (several.to_vec(), context.certainty.min(Certainty::Likely)),
            (several, _) => {
                (several.iter().map(|c| (*c).clone()).collect(), context.certainty.min(Certainty::Likely))
            }
        };
        let context = Context { certainty, ..context.clone() };
        for relation in relations {
            let place = self.module.place(span);
            self.raw(place, relation, Columns::One(name.clone()), &context);
        }
    }

    /// A piece of SQL: its columns are those of the query around it.
    fn piece(&mut self, read: &Mentions, built: &Built, span: Span, context: &Context) {
        for column in &read.columns {
            let Some(name) = &column.column else { continue };
            let at = self.within(built, column.span, span);
            // A value's own column is found where the value stands.
            let in_value = built.pieces.iter().rev().find(|piece| piece.at <= column.span.start as usize);
            if in_value.is_some_and(|piece| !matches!(piece.from, From::Text { .. })) {
                continue;
            }
            let qualified =
                column.candidates.first().map(of).and_then(|relation| self.known_table(&relation));
            match qualified {
                Some(table) => {
                    let role = role_of(column.role);
                    let context = Context {
                        role,
                        certainty: Certainty::Likely,
                        why: "in a piece of raw SQL".into(),
                        ..context.clone()
                    };
                    self.add(at, &table, Columns::One(name.clone()), &context);
                }
                None => self.loose(name, at, role_of(column.role), context),
            }
        }
    }

    /// A name without a table: a column of the tables around, or of the only table that has such a one.
    fn loose(&mut self, name: &str, span: Span, role: Role, context: &Context) {
        let having = |tables: &[Arc<Table>]| -> Vec<Arc<Table>> {
            tables.iter().filter(|table| table.relation.column(name).is_some()).cloned().collect()
        };
        let around = having(&context.tables);
        let (tables, certainty, why) = match around.as_slice() {
            // The only table around has it: nothing else can be meant.
            [_] if context.tables.len() == 1 && context.is_query() => {
                (around, context.certainty, "in a piece of raw SQL")
            }
            [_] => (around, Certainty::Likely, "in a piece of raw SQL"),
            _ => {
                let known = self.eval.program.known.read().ok();
                let all: Vec<Arc<Table>> =
                    known.iter().flat_map(|known| known.by_name.values().cloned()).collect();
                (having(&all), Certainty::Possible, "a name in raw SQL that fits")
            }
        };
        if let [table] = tables.as_slice() {
            let context = Context { role, certainty, why: why.into(), ..context.clone() };
            self.add(span, table, Columns::One(name.to_owned()), &context);
        }
    }

    /// SQL that does not parse: words that fit.
    fn words(&mut self, text: &str, span: Span) {
        let known = self.eval.program.known.read().ok();
        let all: Vec<Arc<Table>> = known.iter().flat_map(|known| known.by_name.values().cloned()).collect();
        drop(known);
        let context = Context {
            certainty: Certainty::Possible,
            why: "a word in SQL that could not be read".into(),
            ..Context::default()
        };
        for table in all.iter().filter(|table| named(text, &table.name.name)) {
            self.add(span, table, Columns::None, &context);
            for column in table.relation.columns.iter().filter(|column| named(text, &column.name)) {
                self.add(span, table, Columns::One(column.name.clone()), &context);
            }
        }
    }

    /// A piece of SQL that does not parse: columns that only one table has.
    fn loose_words(&mut self, text: &str, span: Span) {
        let context = Context::default();
        for word in names(text) {
            self.loose(word, span, Role::Named, &context);
        }
    }

    fn known_table(&self, name: &QName) -> Option<Arc<Table>> {
        self.eval.program.known.read().ok()?.by_name.get(name).cloned()
    }

    /// Where a part of the SQL stands in the file.
    fn within(&self, built: &Built, part: source::Span, whole: Span) -> Span {
        let (start, end) = (part.start as usize, part.end as usize);
        let Some(piece) = built.pieces.iter().rev().find(|piece| piece.at <= start) else { return whole };
        let offset = |at: usize| u32::try_from(at.saturating_sub(piece.at)).unwrap_or_default();
        match piece.from {
            From::Text { start: from, exact: true } => {
                Span { start: from + offset(start), end: from + offset(end) }
            }
            From::Known(id) => self.module.node(id).span,
            From::Text { exact: false, .. } | From::Other => whole,
        }
    }
}

fn of((schema, name): &(Option<String>, String)) -> QName {
    QName::new(schema.as_deref().unwrap_or_default(), name)
}

fn role_of(role: MentionColumnRole) -> Role {
    match role {
        MentionColumnRole::Select => Role::Select,
        MentionColumnRole::Filter => Role::Filter,
        MentionColumnRole::Insert => Role::Insert,
        MentionColumnRole::Update => Role::Update,
        MentionColumnRole::Returning => Role::Returning,
        MentionColumnRole::Conflict => Role::Conflict,
    }
}
