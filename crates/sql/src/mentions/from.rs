//! FROM: relations, joins, sub-queries and functions.

use super::read::{Reader, source};
use super::scope::{Frame, Kind, Rows, Source};
use super::{MentionColumnRole, MentionRole};
use crate::lower::{output_name, strings};
use pg_raw_parse::{Node, nodes};

impl Reader<'_, '_> {
    /// Reads an item of FROM and puts what it brings in sight behind `sources`, which it may see
    /// where it is LATERAL.
    pub fn from(&mut self, item: Node<'_>, sources: &mut Vec<Source>, outer: Option<&Frame<'_>>) {
        if !self.step(1) {
            return;
        }
        match item {
            Node::RangeVar(relation) => {
                let source = self.read(relation);
                sources.push(source);
            }
            Node::JoinExpr(join) => self.joins(join, sources, outer),
            Node::RangeSubselect(sub) => {
                let lateral = Frame { sources, outer };
                let rows = self.query(sub.subquery(), if sub.lateral { Some(&lateral) } else { outer });
                sources.push(source(sub.alias(), "", Kind::Rows, rows));
            }
            Node::RangeFunction(function) => {
                // Functions see what is before them, LATERAL or not.
                let frame = Frame { sources, outer };
                self.expressions(function.functions(), &frame, MentionColumnRole::Select);
                sources.push(rows_of(function));
            }
            Node::RangeTableSample(sample) => {
                self.from(sample.relation(), sources, outer);
                let frame = Frame { sources, outer };
                self.expressions(sample.args(), &frame, MentionColumnRole::Filter);
                self.expression(sample.repeatable(), &frame, MentionColumnRole::Filter);
            }
            Node::RangeTableFunc(table) => {
                let frame = Frame { sources, outer };
                let columns = table.columns();
                let defaults = columns.iter().flat_map(|column| [column.colexpr(), column.coldefexpr()]);
                let values = [table.docexpr(), table.rowexpr()].into_iter().chain(defaults);
                self.expressions(values, &frame, MentionColumnRole::Select);
                sources.push(source(table.alias(), "xmltable", Kind::Rows, Rows::unknown()));
            }
            Node::JsonTable(table) => {
                let frame = Frame { sources, outer };
                let context = table.context_item().map(Node::JsonValueExpr);
                let values = context.into_iter().chain(table.passing());
                self.expressions(values, &frame, MentionColumnRole::Select);
                sources.push(source(table.alias(), "json_table", Kind::Rows, Rows::unknown()));
            }
            _ => sources.push(source(None, "", Kind::Rows, Rows::unknown())),
        }
    }

    /// A relation that is read, or a common table expression.
    fn read(&mut self, relation: &nodes::RangeVar) -> Source {
        let name = relation.relname().unwrap_or_default();
        let cte = if relation.schemaname().is_none() { self.cte(name) } else { None };
        match cte {
            Some(rows) => {
                let mut own = source(relation.alias(), name, Kind::Rows, Rows::default());
                let names =
                    relation.alias().map(|alias| strings(alias.colnames()).map(str::to_owned).collect());
                own.rows = match names {
                    Some(names) if !Vec::is_empty(&names) => rows.renamed(&names).into(),
                    _ => rows,
                };
                own
            }
            None => self.relation(relation, &[MentionRole::Read]),
        }
    }

    /// Joins lean to the left and can be long: the left spine is a loop.
    fn joins(&mut self, join: &nodes::JoinExpr, sources: &mut Vec<Source>, outer: Option<&Frame<'_>>) {
        let start = sources.len();
        let mut spine = vec![join];
        while let Some(Node::JoinExpr(left)) = spine.last().map(|join| join.larg()) {
            spine.push(left);
        }
        let Some(innermost) = spine.last() else { return };
        self.deeper(|reader| reader.from(innermost.larg(), sources, outer));
        for join in spine.into_iter().rev() {
            let right = sources.len();
            self.deeper(|reader| reader.from(join.rarg(), sources, outer));
            let both = Frame { sources: &sources[start..], outer };
            self.using(join, &sources[start..right], &sources[right..]);
            self.expression(join.quals(), &both, MentionColumnRole::Filter);
            if let Some(alias) = join.join_using_alias() {
                let mut rows = Rows::default();
                strings_of(join).for_each(|name| rows.name(name, None));
                sources.push(Source { aside: true, ..source(Some(alias), "", Kind::Rows, rows) });
            }
            if join.alias().is_some() {
                let mut rows = Rows::default();
                for source in sources.drain(start..).filter(|source| !source.aside) {
                    rows.star(&source.rows);
                }
                sources.push(source(join.alias(), "", Kind::Rows, rows));
            }
        }
    }

    /// The columns of USING belong to both sides.
    fn using(&mut self, join: &nodes::JoinExpr, left: &[Source], right: &[Source]) {
        let names: Vec<&str> = strings_of(join).collect();
        if names.is_empty() {
            return;
        }
        let place = match join.rarg() {
            Node::RangeVar(relation) => self.lower.located(relation.location).unwrap_or(0),
            _ => 0,
        };
        let using = self.using_at(place, &names);
        for (index, name) in names.iter().enumerate() {
            let span = match using {
                Some(token) => self.lower.between(token + 2 + 2 * index, token + 3 + 2 * index),
                None => self.lower.whole(),
            };
            for side in [left, right] {
                self.step(side.len());
                let hidden = side.iter().any(|source| matches!(source.kind, Kind::Hidden));
                if let Some(found) = (Frame { sources: side, outer: None }).column(name, hidden) {
                    self.note(Some(name), found, MentionColumnRole::Filter, span);
                }
            }
        }
    }

    /// The next token that begins `USING (a, b)` with these names and was not told yet.
    fn using_at(&mut self, place: usize, names: &[&str]) -> Option<usize> {
        let lower = self.lower;
        let tokens = lower.tokens().len();
        let fits = |token: usize| {
            lower.is_word(token, "using")
                && lower.is(token + 1, b'(')
                && lower.is(token + 2 + 2 * names.len() - 1, b')')
                && names.iter().enumerate().all(|(index, name)| lower.names(token + 2 + 2 * index, name))
        };
        let found = (place..tokens).find(|token| !self.used.contains(token) && fits(*token))?;
        self.step(found - place);
        self.used.insert(found);
        Some(found)
    }
}

fn strings_of(join: &nodes::JoinExpr) -> impl Iterator<Item = &str> {
    join.using_clause().iter().filter_map(nodes::String::sval)
}

/// The rows of a function: of its columns only some names are known.
fn rows_of(function: &nodes::RangeFunction) -> Source {
    let mut rows = Rows::unknown();
    let call = match function.functions().first() {
        Some(Node::NodeList(pair)) => pair.first(),
        _ => None,
    };
    let name = call.map(output_name).unwrap_or_default();
    // A function that gives one column calls it as itself, or by the alias.
    rows.name(function.alias().and_then(nodes::Alias::aliasname).unwrap_or(&name), None);
    for column in function.coldeflist() {
        rows.name(column.colname().unwrap_or_default(), None);
    }
    if let Some(alias) = function.alias() {
        strings(alias.colnames()).for_each(|name| rows.name(name, None));
    }
    if function.ordinality {
        rows.name("ordinality", None);
    }
    Source { rows: rows.into(), ..source(function.alias(), &name, Kind::Rows, Rows::default()) }
}
