//! SQL that is put together of texts and values, and where its parts stand in the file.

use super::{DEPTH, Walker, is_drizzle};
use crate::module::{Id, Kind, Template};
use crate::value::{Env, Value};
use drizzle::QName;

/// SQL that was put together of texts and values.
#[derive(Default)]
pub(super) struct Built {
    pub sql: String,
    pub pieces: Vec<Piece>,
    /// Text that is not known is part of it: a name, a list, or more.
    pub open: bool,
}

/// A piece of it, from `at` on.
pub(super) struct Piece {
    pub at: usize,
    pub from: From,
}

pub(super) enum From {
    /// Text of the file, from this byte on; `exact` where each byte is one of the file's.
    Text { start: u32, exact: bool },
    /// A value of which the SQL is known: a column, a table.
    Known(Id),
    /// A parameter.
    Other,
}

/// How a value stands in SQL.
enum Spelled {
    /// As this text.
    As(String),
    /// As another template of the file.
    Template(Id),
    /// As text that is not known.
    Open,
    /// As a parameter, or in a way that isn't known.
    No,
}

impl Walker<'_, '_> {
    /// Puts texts and values together.
    pub(super) fn built(&mut self, template: &Template, env: &Env, inline: bool) -> Built {
        let module = self.module.clone();
        let mut built = Built::default();
        for (at, quasi) in template.texts.iter().enumerate() {
            let from = From::Text { start: quasi.start, exact: quasi.plain };
            built.pieces.push(Piece { at: built.sql.len(), from });
            built.sql.push_str(&quasi.text);
            let Some(value) = template.values.get(at) else { continue };
            let start = built.sql.len();
            let (text, from) = match self.eval.expr(&module, *value, env) {
                Value::Table(table) => (relation_name(&table.name), From::Known(*value)),
                Value::Column(column) => {
                    let table = quoted(&column.table.name.name);
                    (format!("{table}.{}", quoted(column.name())), From::Known(*value))
                }
                Value::Text(text) if inline => (text.to_string(), From::Other),
                Value::Query(_) if !inline => ("(select null)".to_owned(), From::Other),
                _ => match self.spelled(*value, env) {
                    Spelled::As(text) => (text, From::Other),
                    Spelled::Template(inner) => {
                        self.nested(inner, env, &mut built);
                        continue;
                    }
                    Spelled::Open => {
                        built.open = true;
                        ("null".to_owned(), From::Other)
                    }
                    Spelled::No => {
                        built.open |= inline;
                        // Drizzle puts a list in brackets itself.
                        let of_list = built.sql.trim_end().to_ascii_lowercase().ends_with(" in");
                        (if of_list { "($1)" } else { "$1" }.to_owned(), From::Other)
                    }
                },
            };
            built.pieces.push(Piece { at: start, from });
            built.sql.push_str(&text);
        }
        built
    }

    /// Puts a template into another.
    fn nested(&mut self, inner: Id, env: &Env, into: &mut Built) {
        let module = self.module.clone();
        let Kind::Tagged { template, .. } = module.kind(inner) else { return };
        self.depth += 1;
        if self.depth < DEPTH {
            let built = self.built(template, env, false);
            let start = into.sql.len();
            into.pieces.extend(built.pieces.into_iter().map(|piece| Piece { at: start + piece.at, ..piece }));
            into.sql.push_str(&built.sql);
            into.open |= built.open;
        }
        self.depth -= 1;
    }

    /// How a value that is no column and no table stands in SQL.
    fn spelled(&mut self, id: Id, env: &Env) -> Spelled {
        let module = self.module.clone();
        let id = self.followed(id);
        let (callee, args) = match module.kind(id) {
            Kind::Tagged { tag, .. } => {
                let tag = self.eval.expr(&module, *tag, env);
                return match tag {
                    Value::Api(api) if is_drizzle(&api.package) => Spelled::Template(id),
                    _ => Spelled::No,
                };
            }
            Kind::Call { callee, args, .. } => (*callee, args),
            _ => return Spelled::No,
        };
        let Kind::Member { object, name, .. } = module.kind(callee) else { return Spelled::No };
        let Value::Api(api) = self.eval.expr(&module, *object, env) else { return Spelled::No };
        if &*api.name != "sql" || !matches!(&**name, "raw" | "identifier") {
            return Spelled::No;
        }
        let text = args.first().map(|item| self.eval.expr(&module, item.id, env));
        match (text, &**name) {
            (Some(Value::Text(text)), "raw") => Spelled::As(text.to_string()),
            (Some(Value::Text(text)), _) => Spelled::As(quoted(&text)),
            _ => Spelled::Open,
        }
    }
}

fn relation_name(name: &QName) -> String {
    match name.schema.as_str() {
        "public" => quoted(&name.name),
        schema => format!("{}.{}", quoted(schema), quoted(&name.name)),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
