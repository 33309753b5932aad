//! Values that a column may be given where a CHECK refuses the natural one.
//!
//! A handful of plain ones for each type, and whatever the literals of the conditions suggest. Which
//! of them satisfy the conditions is for the server to say.

use super::literals::{Literal, literals};
use super::pattern::{Piece, matching};
use super::schema::{Column, Schema, Type, literal};
use super::values::{Place, of_type, precision};

/// A value to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// SQL of the value.
    pub sql: String,
    /// Differs from row to row.
    pub varies: bool,
    /// Literals that it was made of; none for plain ones.
    pub from: Option<Literal>,
}

/// Candidates besides the natural value, NULL and the default.
pub(crate) fn candidates(schema: &Schema, column: &Column, k: &str, conditions: &[&str]) -> Vec<Candidate> {
    let Some(ty) = base(schema, column.ty) else { return Vec::new() };
    let found: Vec<Literal> = conditions.iter().flat_map(|sql| literals(sql)).collect();
    let mut made = Vec::new();
    // With the column's own length, but not as a domain, which would refuse right here.
    let domain = schema.types.get(&column.ty).is_some_and(|ty| ty.kind == 'd');
    let cast = if domain { &ty.sql } else { &column.sql_type };
    let mut add = |sql: String, varies: bool, from: Option<&Literal>| {
        let sql = format!("({sql})::{cast}");
        if !made.iter().any(|other: &Candidate| other.sql == sql) {
            made.push(Candidate { sql, varies, from: from.cloned() });
        }
    };
    match shape(schema, ty, column.typmod) {
        Shape::Text => {
            for one in &found {
                for (sql, varies) in texts(one, k) {
                    add(sql, varies, Some(one));
                }
            }
            add("''".to_owned(), false, None);
            add("'a'".to_owned(), false, None);
            add(format!("'a' || {k}"), true, None);
            add(format!("'A' || {k}"), true, None);
            add(format!("lpad(({k})::text, 6, '0')"), true, None);
            add(format!("md5('' || {k})"), true, None);
            add(format!("md5('' || {k})::uuid"), true, None);
            add(format!("'https://example.com/' || {k}"), true, None);
        }
        Shape::Number(limit) => {
            let fits = |text: &str| text.parse::<f64>().is_ok_and(|n| n.abs() < limit);
            for one in &found {
                let (Literal::Number(text) | Literal::Text(text)) = one else { continue };
                if fits(text) && text.parse::<f64>().is_ok() {
                    add(text.clone(), false, Some(one));
                    if fits(&format!("{text}0")) && limit > 1e4 {
                        add(format!("{text} + 1 + {k}"), true, Some(one));
                        add(format!("{text} - 1 - {k}"), true, Some(one));
                    }
                }
            }
            for plain in ["0", "1", "100", "-1"] {
                if fits(plain) {
                    add(plain.to_owned(), false, None);
                }
            }
            if !ty.name.starts_with("int") {
                add("0.5".to_owned(), false, None);
            }
        }
        Shape::Time => {
            for one in &found {
                if let Literal::Text(text) = one
                    && text.starts_with(|c: char| c.is_ascii_digit())
                    && text.contains(['-', ':'])
                {
                    add(literal(text), false, Some(one));
                    let step = if ty.name == "date" { "1 day" } else { "1 second" };
                    add(format!("{}::{} + {k} * interval '{step}'", literal(text), ty.sql), true, Some(one));
                }
            }
            if ty.name.starts_with("time") && ty.name.len() <= 6 {
                add("'12:00'".to_owned(), false, None);
            } else {
                add(format!("now() + ({k} + 1) * interval '1 day'"), true, None);
                add(format!("now() - ({k} + 1) * interval '1 day'"), true, None);
                add(format!("date_trunc('month', now()) + {k} * interval '1 month'"), true, None);
            }
        }
        Shape::Enum => {
            let wanted = |label: &&String| found.contains(&Literal::Text((*label).clone()));
            for label in ty.labels.iter().filter(wanted) {
                add(literal(label), false, Some(&Literal::Text(label.clone())));
            }
            for label in ty.labels.iter().filter(|label| !wanted(label)).take(6) {
                add(literal(label), false, None);
            }
        }
        Shape::Bool => {
            add("true".to_owned(), false, None);
            add("false".to_owned(), false, None);
        }
        Shape::Json => {
            let texts: Vec<&String> = found
                .iter()
                .filter_map(|one| if let Literal::Text(text) = one { Some(text) } else { None })
                .collect();
            for plain in ["{}", "[]", "\"a\"", "1", "true"] {
                add(literal(plain), false, None);
            }
            for key in texts.iter().take(6) {
                for value in texts.iter().take(6).filter(|value| value != &key) {
                    let object = format!("jsonb_build_object({}, {})", literal(key), literal(value));
                    add(object, false, Some(&Literal::Text((*key).clone())));
                }
                add(format!("jsonb_build_object({}, 1)", literal(key)), false, None);
            }
        }
        Shape::Array(element) => {
            add("'{}'".to_owned(), false, None);
            for one in &found {
                if let Literal::Text(text) | Literal::Number(text) = one
                    && (element.labels.is_empty() || element.labels.contains(text))
                    && !text.starts_with('{')
                    && (element.name == "text" || element.name == "varchar" || !element.labels.is_empty())
                {
                    add(format!("ARRAY[{}]::{}[]", literal(text), element.sql), false, Some(one));
                }
            }
        }
        Shape::Bytes => {
            for one in &found {
                if let Literal::Number(number) = one
                    && number.parse::<u16>().is_ok()
                {
                    let long = format!("decode(lpad(to_hex({k}), 2 * {number}, '0'), 'hex')");
                    add(long, number.len() > 1, Some(one));
                }
            }
            add("''".to_owned(), false, None);
        }
        Shape::Other => {
            let place = Place { name: &column.name, seed: 7, ordinal: 0 };
            if let Some(values) = of_type(schema, column.ty, column.typmod, place, "(0)", 0) {
                add(values.sql, false, None);
            }
        }
    }
    made
}

enum Shape<'a> {
    Text,
    /// Numbers smaller than that.
    Number(f64),
    Time,
    Enum,
    Bool,
    Bytes,
    Json,
    Array(&'a Type),
    Other,
}

/// The type below all domains.
pub(crate) fn base(schema: &Schema, ty: u32) -> Option<&Type> {
    let mut found = schema.types.get(&ty)?;
    for _ in 0..8 {
        if found.kind != 'd' {
            return Some(found);
        }
        found = schema.types.get(&found.of)?;
    }
    None
}

fn shape<'a>(schema: &'a Schema, ty: &'a Type, typmod: i32) -> Shape<'a> {
    match ty.name.as_str() {
        "text" | "varchar" | "bpchar" | "citext" | "name" => Shape::Text,
        "int2" => Shape::Number(3e4),
        "int4" => Shape::Number(2e9),
        "int8" => Shape::Number(9e18),
        "numeric" => Shape::Number(precision(typmod).map_or(1e30, |(all, scale)| 10f64.powi(all - scale))),
        "float4" | "float8" => Shape::Number(1e30),
        "date" | "timestamp" | "timestamptz" | "time" | "timetz" => Shape::Time,
        "bool" => Shape::Bool,
        "bytea" => Shape::Bytes,
        "json" | "jsonb" => Shape::Json,
        _ if ty.kind == 'e' => Shape::Enum,
        _ if ty.array => schema.types.get(&ty.of).map_or(Shape::Other, Shape::Array),
        _ => Shape::Other,
    }
}

/// Texts that a literal asks for.
fn texts(one: &Literal, k: &str) -> Vec<(String, bool)> {
    match one {
        Literal::Text(text) => {
            vec![(literal(text), false), (format!("{} || {k}", literal(text)), true)]
        }
        Literal::Like(pattern) => {
            let fixed = literal(&pattern.replace(['%', '_'], "a"));
            let free = match pattern.contains('%') {
                true => format!("replace({}, '%', '' || {k})", literal(&pattern.replace("\\_", "_"))),
                false => fixed.clone(),
            };
            vec![(free, pattern.contains('%')), (fixed, false)]
        }
        Literal::Regex(regex) => {
            let Some(pieces) = matching(regex) else { return Vec::new() };
            let varies = pieces.iter().any(|piece| matches!(piece, Piece::Digits(_)));
            let sql: Vec<String> = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => literal(text),
                    Piece::Digits(n) => {
                        format!("lpad(({k} % {})::text, {n}, '0')", 10u64.pow((*n).min(9) as u32))
                    }
                })
                .collect();
            vec![(if sql.is_empty() { "''".to_owned() } else { sql.join(" || ") }, varies)]
        }
        Literal::Number(number) => match number.parse::<usize>() {
            Ok(length @ 1..=300) => vec![
                (literal(number), false),
                (format!("lpad(({k})::text, {length}, '0')"), length > 3),
                (format!("substr(repeat(md5('' || {k}), 10), 1, {length})"), length > 7),
            ],
            _ => vec![(literal(number), false)],
        },
    }
}
