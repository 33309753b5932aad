//! One spelling for all spellings of an expression.
//!
//! The server writes an expression back with names qualified and implicit casts spelled out:
//! `status = 'new'` becomes `(status = 'new'::mood)`, `price > 0` becomes `(price > (0)::numeric)`.
//! The normal form leaves out a cast that goes without saying: on a literal, and where `pg_cast` has
//! it as implicit for the type that is cast. Arithmetic carries the type it is done in, so that
//! `a / b` and `a::numeric / b` stay apart. The loose form leaves out all casts and dates: where two
//! expressions differ in the normal form only, nobody here can tell whether they mean the same.

use super::literal::{is_time, literal, number, relation_name};
use crate::builtin::{CastContext, cast};
use crate::{Catalog, RelationId, TypeRef, UserTypeKind, resolve_type};
use sql::{Expr, Source, SubQuery, Term, TypeName};

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normal {
    /// Equal where the expressions mean the same.
    pub strict: String,
    /// Different where they don't.
    pub loose: String,
    /// Part of it has no form; then only equal texts are equal.
    pub opaque: bool,
}

/// The normal form of an expression over the columns of `table`, if it is over one.
pub fn normal(catalog: &Catalog, table: Option<RelationId>, expr: &Expr) -> Normal {
    let item = |id, alias: Option<&str>| Item { alias: alias.map(str::to_owned), relation: Some(id) };
    // NEW and OLD are for triggers.
    let scope: Vec<Item> = table
        .into_iter()
        .flat_map(|id| [item(id, None), item(id, Some("new")), item(id, Some("old"))])
        .collect();
    let mut writer = Writer { catalog, scopes: vec![scope], opaque: false };
    let written = writer.term(&sql::term(expr));
    if writer.opaque {
        let text = sql::canonical(expr);
        return Normal { strict: text.clone(), loose: text, opaque: true };
    }
    Normal { strict: written.strict, loose: written.loose, opaque: false }
}

/// A part as it is written in both forms, and its type by inner name where that is known.
struct Written {
    strict: String,
    loose: String,
    ty: Option<String>,
    literal: bool,
}

/// An item of FROM.
struct Item {
    alias: Option<String>,
    /// `None` for a sub-query and for what the catalogue does not have.
    relation: Option<RelationId>,
}

struct Writer<'c> {
    catalog: &'c Catalog,
    scopes: Vec<Vec<Item>>,
    opaque: bool,
}

impl Writer<'_> {
    fn term(&mut self, term: &Term) -> Written {
        match term {
            Term::Null => Written::literal("null", "null", None),
            Term::Bool(value) => Written::literal(&value.to_string(), &value.to_string(), Some("bool")),
            Term::Number(written) => {
                let ty = if written.contains(['.', 'e', 'E']) { "numeric" } else { "int4" };
                Written::literal(&number(written), &number(written), Some(ty))
            }
            Term::Text(value) => {
                let strict = literal(value);
                let loose = if is_time(value) { "<time>".to_owned() } else { strict.clone() };
                Written::literal(&strict, &loose, None)
            }
            Term::Column { qualifier, name } => self.column(qualifier, name.as_deref()),
            Term::Cast { to, of } => self.cast(to, of),
            Term::Op(word, operands) => self.operation(word, operands),
            Term::Call { schema, name, manner, arguments } => {
                self.call(schema.as_deref(), name, manner, arguments)
            }
            Term::Query(query) => self.query(query),
            Term::Opaque => {
                self.opaque = true;
                Written::new("?".to_owned(), "?".to_owned(), None)
            }
        }
    }

    fn column(&mut self, qualifier: &[String], name: Option<&str>) -> Written {
        let shown = name.unwrap_or("*");
        let plain = |strict: String, ty| Written::new(strict, format!("{shown:?}"), ty);
        for (depth, scope) in self.scopes.iter().enumerate().rev() {
            for (place, item) in scope.iter().enumerate() {
                let relation = item.relation.and_then(|id| self.catalog.relation(id));
                let called = item.alias.as_deref().or(relation.map(|r| r.name.name.as_str()));
                let mine = match (qualifier.last(), name) {
                    (Some(wanted), _) => called == Some(wanted),
                    (None, Some(name)) => match relation {
                        Some(relation) => relation.column(name).is_some(),
                        // The only place it can come from.
                        None => scope.len() == 1 && self.scopes.len() == depth + 1,
                    },
                    (None, None) => scope.len() == 1,
                };
                if mine {
                    let ty = name.and_then(|name| {
                        Some(self.type_of(&resolved(relation?.column(name)?.ty.clone(), self.catalog)))
                    });
                    let strict = if depth == 0 && place == 0 {
                        format!("{shown:?}")
                    } else {
                        format!("#{depth}.{place}.{shown:?}")
                    };
                    return plain(strict, ty);
                }
            }
        }
        // `EXCLUDED`, `NEW`, `OLD`, a domain's VALUE, or a table that is not known.
        let strict = match qualifier.last() {
            Some(qualifier) => format!("{qualifier}.{shown:?}"),
            None => format!("?.{shown:?}"),
        };
        plain(strict, None)
    }

    fn type_of(&self, ty: &crate::Type) -> String {
        let base = match &ty.base {
            TypeRef::Builtin(name) => name.clone(),
            TypeRef::User(id) => self.catalog.user_type(*id).map_or("?".to_owned(), |ty| ty.name.to_string()),
            TypeRef::Unknown(name) => last_part(name).to_owned(),
        };
        if ty.array { format!("{base}[]") } else { base }
    }

    fn cast(&mut self, to: &TypeName, of: &Term) -> Written {
        let inner = self.term(of);
        let ty = resolve_type(self.catalog, to);
        let named = self.type_of(&ty);
        let free = inner.literal
            || (to.modifiers.is_empty()
                && inner.ty.as_deref().is_some_and(|from| goes_without_saying(from, &named)));
        if free {
            return Written { ty: Some(named), ..inner };
        }
        let modifiers = match to.modifiers.as_slice() {
            [] => String::new(),
            some => format!("{some:?}"),
        };
        let strict = format!("(cast {named}{modifiers} {})", inner.strict);
        Written { strict, loose: inner.loose, ty: Some(named), literal: false }
    }

    fn operation(&mut self, word: &str, operands: &[Term]) -> Written {
        let parts: Vec<Written> = operands.iter().map(|operand| self.term(operand)).collect();
        let known = |part: &Written| part.ty.clone();
        let ty = match word {
            "+" | "-" | "*" | "/" | "%" | "^" => arithmetic(&parts),
            "||" => {
                let found = parts.iter().filter(|part| !part.literal).find_map(known);
                found.map(|ty| if is_string(&ty) { "text".to_owned() } else { ty })
            }
            "->>" | "#>>" => Some("text".to_owned()),
            "->" | "#>" => parts.first().and_then(known),
            "coalesce" | "greatest" | "least" | "nullif" | "case" => {
                let values = if word == "case" { parts.get(2..).unwrap_or_default() } else { &parts };
                values.iter().filter(|part| !part.literal).find_map(known)
            }
            "array" => parts.iter().find_map(known).map(|ty| format!("{ty}[]")),
            "part" | "row" | "named" | "array of" => None,
            word if word.starts_with("collate ") => parts.first().and_then(known),
            word if word.starts_with("named ") => None,
            _ => Some("bool".to_owned()),
        };
        // The type that a division is done in decides what comes of it.
        let tag = match (&ty, word) {
            (Some(ty), "+" | "-" | "*" | "/" | "%" | "^") => format!(":{ty}"),
            _ => String::new(),
        };
        let literal = word == "array" && parts.iter().all(|part| part.literal);
        let list = |of: fn(&Written) -> &str| parts.iter().map(|p| format!(" {}", of(p))).collect::<String>();
        Written {
            strict: format!("({word}{tag}{})", list(|part| &part.strict)),
            loose: format!("({word}{})", list(|part| &part.loose)),
            ty,
            literal,
        }
    }

    fn call(&mut self, schema: Option<&str>, name: &str, manner: &str, arguments: &[Term]) -> Written {
        let span = source::Span::default();
        let written = sql::Name { schema: schema.map(str::to_owned), name: name.to_owned(), span };
        let shown = match (self.catalog.find_functions(&written).first(), schema) {
            (Some(own), _) if own.name.schema != "public" => own.name.to_string(),
            // Also what an extension brings, wherever it was put.
            (_, None | Some("public" | "extensions")) => name.to_owned(),
            (_, Some(schema)) => format!("{schema}.{name}"),
        };
        let mut parts: Vec<Written> = arguments.iter().map(|argument| self.term(argument)).collect();
        if matches!(name, "nextval" | "currval" | "setval")
            && let (Some(first), Some(value)) = (parts.first_mut(), arguments.first().and_then(text_of))
        {
            let found = relation_name(self.catalog, value);
            (first.strict, first.loose) = (found.clone(), found);
        }
        let ty = result_type(name).map(str::to_owned).or_else(|| match name {
            "abs" => parts.first().and_then(|part| part.ty.clone()),
            _ => None,
        });
        let list = |of: fn(&Written) -> &str| parts.iter().map(|p| format!(" {}", of(p))).collect::<String>();
        Written {
            strict: format!("({shown}(){manner}{})", list(|part| &part.strict)),
            loose: format!("({}(){manner}{})", last_part(&shown), list(|part| &part.loose)),
            ty,
            literal: false,
        }
    }

    fn query(&mut self, query: &SubQuery) -> Written {
        let mut items = Vec::new();
        let (mut strict, mut loose) = ("(query".to_owned(), "(query".to_owned());
        for source in &query.sources {
            match source {
                Source::Relation { schema, name, alias } => {
                    let span = source::Span::default();
                    let written = sql::Name { schema: schema.clone(), name: name.clone(), span };
                    let found = self.catalog.find_relation(&written);
                    let shown = found.map_or_else(|| written.to_string(), |found| found.name.to_string());
                    strict.push_str(&format!(" from {shown}"));
                    loose.push_str(&format!(" from {}", last_part(&shown)));
                    let called = alias.clone().unwrap_or_else(|| name.clone());
                    items.push(Item { alias: Some(called), relation: found.map(|found| found.id) });
                }
                Source::Query(inner, alias) => {
                    let inner = self.query(inner);
                    strict.push_str(&format!(" from {}", inner.strict));
                    loose.push_str(&format!(" from {}", inner.loose));
                    items.push(Item { alias: alias.clone(), relation: None });
                }
            }
        }
        self.scopes.push(items);
        let mut ty = None;
        for clause in &query.clauses {
            let Term::Op(word, operands) = clause else { continue };
            let parts: Vec<Written> = operands.iter().map(|operand| self.term(operand)).collect();
            if word.starts_with("select") && parts.len() == 1 {
                ty = parts.first().and_then(|part| part.ty.clone());
            }
            if word == "group" && parts.is_empty() {
                continue;
            }
            for (form, of) in [(&mut strict, true), (&mut loose, false)] {
                form.push_str(&format!(" ({word}"));
                for part in &parts {
                    form.push(' ');
                    form.push_str(if of { &part.strict } else { &part.loose });
                }
                form.push(')');
            }
        }
        self.scopes.pop();
        strict.push(')');
        loose.push(')');
        Written { strict, loose, ty, literal: false }
    }
}

impl Written {
    fn new(strict: String, loose: String, ty: Option<String>) -> Written {
        Written { strict, loose, ty, literal: false }
    }

    fn literal(strict: &str, loose: &str, ty: Option<&str>) -> Written {
        Written {
            strict: strict.to_owned(),
            loose: loose.to_owned(),
            ty: ty.map(str::to_owned),
            literal: true,
        }
    }
}

/// The type under any domains.
fn resolved(mut ty: crate::Type, catalog: &Catalog) -> crate::Type {
    while let TypeRef::User(id) = ty.base
        && let Some(UserTypeKind::Domain { base, .. }) = catalog.user_type(id).map(|ty| &ty.kind)
    {
        ty = base.clone();
    }
    ty
}

fn text_of(term: &Term) -> Option<&str> {
    match term {
        Term::Text(value) => Some(value),
        Term::Cast { of, .. } => text_of(of),
        _ => None,
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn is_string(ty: &str) -> bool {
    matches!(ty, "text" | "varchar" | "bpchar" | "name" | "citext")
}

/// Whether the server casts from one type to the other without being told.
fn goes_without_saying(from: &str, to: &str) -> bool {
    match (from.strip_suffix("[]"), to.strip_suffix("[]")) {
        (Some(from), Some(to)) => return goes_without_saying(from, to),
        (None, None) => {}
        _ => return false,
    }
    from == to || cast(from, to).is_some_and(|(context, _)| context == CastContext::Implicit)
}

/// The wider of the types of numbers; `None` where one is not known or no number.
fn arithmetic(parts: &[Written]) -> Option<String> {
    const ORDER: &[&str] = &["int2", "int4", "int8", "numeric", "float4", "float8"];
    let rank = |part: &Written| ORDER.iter().position(|ty| part.ty.as_deref() == Some(*ty));
    let mut widest = 0;
    for part in parts {
        match rank(part) {
            Some(rank) => widest = widest.max(rank),
            None if part.literal => {}
            None => return None,
        }
    }
    ORDER.get(widest).map(|ty| (*ty).to_owned())
}

/// The type that a built-in function gives, where it always is the same.
fn result_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "lower"
        | "upper"
        | "initcap"
        | "btrim"
        | "ltrim"
        | "rtrim"
        | "concat"
        | "concat_ws"
        | "replace"
        | "left"
        | "right"
        | "md5"
        | "to_char"
        | "encode"
        | "regexp_replace"
        | "split_part"
        | "format"
        | "jsonb_typeof"
        | "json_typeof"
        | "array_to_string"
        | "lpad"
        | "rpad"
        | "repeat"
        | "translate"
        | "jsonb_extract_path_text"
        | "json_extract_path_text"
        | "current_setting" => "text",
        "length" | "char_length" | "character_length" | "octet_length" | "array_length" | "cardinality"
        | "jsonb_array_length" | "json_array_length" | "strpos" | "num_nonnulls" | "num_nulls" => "int4",
        "now" | "to_timestamp" | "clock_timestamp" | "statement_timestamp" => "timestamptz",
        "gen_random_uuid" => "uuid",
        "to_tsvector" | "setweight" => "tsvector",
        "nextval" | "count" => "int8",
        "date_part" | "random" => "float8",
        "current_date" => "date",
        "current_user" | "session_user" => "name",
        "regexp_match" | "string_to_array" => "text[]",
        _ => return None,
    })
}
