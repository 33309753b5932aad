//! A value for a column that the app declares, as the text that a driver would send.
//!
//! Knows only the declared type, since the database may have another one by now. Values are unlike
//! those that fill a table, so that they are fresh in unique keys.

use super::declared::DeclaredColumn;

/// How much room a value takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// As little as a fresh value can.
    Small,
    /// All that the declared type allows, so that a narrower type shows.
    Full,
}

/// The text of a value; `at` is the place of the column, which makes values of columns differ.
pub(crate) fn literal(column: &DeclaredColumn, at: usize, size: Size) -> String {
    if let Some((_, labels)) = &column.labels
        && let Some(first) = labels.first()
    {
        return in_array(first, &column.sql_type);
    }
    let element = column.sql_type.trim_end_matches(|c: char| "[]0123456789".contains(c) && c != ')');
    let whole = match column.sql_type.contains('[') {
        true => element.trim_end_matches('['),
        false => column.sql_type.as_str(),
    };
    let value = of_type(&whole.trim().to_ascii_lowercase(), at, size);
    in_array(&value, &column.sql_type)
}

/// The value as the only one of an array, if the type is one.
pub(crate) fn in_array(value: &str, sql_type: &str) -> String {
    match sql_type.contains('[') {
        true => {
            let depth = sql_type.matches('[').count();
            let quoted = format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
            format!("{}{quoted}{}", "{".repeat(depth), "}".repeat(depth))
        }
        false => value.to_owned(),
    }
}

fn of_type(ty: &str, at: usize, size: Size) -> String {
    let full = size == Size::Full;
    let (name, arguments) = split(ty);
    let one = || arguments.first().copied();
    match name.as_str() {
        "smallint" | "int2" | "smallserial" | "serial2" => (32_767 - at % 100).to_string(),
        "integer" | "int" | "int4" | "serial" | "serial4" if full => (2_147_483_647 - at).to_string(),
        "integer" | "int" | "int4" | "serial" | "serial4" => (1_900_000_000 + at).to_string(),
        "bigint" | "int8" | "bigserial" | "serial8" if full => {
            (9_223_372_036_854_775_807 - at as i64).to_string()
        }
        "bigint" | "int8" | "bigserial" | "serial8" => (1_900_000_000 + at).to_string(),
        "numeric" | "decimal" => match (one(), full) {
            (Some(precision), true) => {
                let whole = precision - arguments.get(1).copied().unwrap_or(0);
                if whole > 0 { "9".repeat(whole as usize) } else { "0".to_owned() }
            }
            (Some(precision), false) if precision - arguments.get(1).copied().unwrap_or(0) <= 0 => {
                "0".to_owned()
            }
            _ => "1".to_owned(),
        },
        "real" | "float4" | "double precision" | "float8" | "float" => "1.5".to_owned(),
        "money" => "1".to_owned(),
        "boolean" | "bool" => "true".to_owned(),
        "uuid" => format!("b0117e57-0000-4000-8000-{at:012}"),
        "date" => "2024-02-29".to_owned(),
        "timestamp" | "timestamp without time zone" => "2024-02-29 12:00:00".to_owned(),
        "timestamptz" | "timestamp with time zone" => "2024-02-29 12:00:00+00".to_owned(),
        "time" | "timetz" | "time without time zone" | "time with time zone" => "12:00:00".to_owned(),
        "interval" => "1 day".to_owned(),
        "json" | "jsonb" => "{}".to_owned(),
        "bytea" => "\\x00".to_owned(),
        "inet" | "cidr" => "192.0.2.1".to_owned(),
        "macaddr" => "02:00:00:00:00:01".to_owned(),
        "macaddr8" => "02:00:00:00:00:00:00:01".to_owned(),
        "bit" => "1".repeat(one().unwrap_or(1).clamp(1, 10_000) as usize),
        "bit varying" | "varbit" => "1".to_owned(),
        "point" => "(1,2)".to_owned(),
        "line" => "{1,-1,0}".to_owned(),
        "lseg" | "box" | "path" => "((0,0),(1,1))".to_owned(),
        "polygon" => "((0,0),(1,1),(1,0))".to_owned(),
        "circle" => "<(0,0),1>".to_owned(),
        "tsvector" | "tsquery" => "word".to_owned(),
        "xml" => "<n/>".to_owned(),
        "int4range" | "int8range" | "numrange" => "[1,2)".to_owned(),
        "daterange" | "tsrange" | "tstzrange" => "[2024-02-28,2024-02-29)".to_owned(),
        "hstore" => "n=>1".to_owned(),
        "ltree" => "top.n".to_owned(),
        "cube" => "(1)".to_owned(),
        "vector" | "halfvec" => {
            let size = one().unwrap_or(3).clamp(1, 16_000) as usize;
            format!("[{}]", vec!["1"; size].join(","))
        }
        "sparsevec" => format!("{{1:1}}/{}", one().unwrap_or(3)),
        "geometry" | "geography" => {
            let srid = arguments.last().copied().unwrap_or(0);
            format!("SRID={srid};POINT(1 2)")
        }
        "char" | "character" | "bpchar" => text(at, one().unwrap_or(1), true),
        "varchar" | "character varying" => text(at, one().unwrap_or(i64::MAX), full),
        _ => text(at, i64::MAX, false),
    }
}

/// A fresh text of at most (`full`: of exactly) that many characters.
fn text(at: usize, limit: i64, full: bool) -> String {
    let plain = format!("brolly-{at}");
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut text: String = match plain.len() <= limit {
        true => plain,
        false => format!("{at}zzzzzzzz"),
    };
    text.truncate(limit);
    // More than any index takes would fail for a reason of its own.
    if full && limit < 2_000 {
        text.extend(std::iter::repeat_n('x', limit - text.len()));
    }
    text
}

/// A type's name and the numbers in its brackets.
fn split(ty: &str) -> (String, Vec<i64>) {
    let Some((name, rest)) = ty.split_once('(') else { return (ty.to_owned(), Vec::new()) };
    let Some((arguments, after)) = rest.split_once(')') else { return (name.trim().to_owned(), Vec::new()) };
    let numbers = arguments.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    let after = after.trim();
    let name = match after.is_empty() {
        true => name.trim().to_owned(),
        false => format!("{} {after}", name.trim()),
    };
    (name, numbers)
}
