//! Objects of a schema written as SQL: names, types, columns, constraints, indexes and more, as they would have to be
//! written to make them again.
//!
//! `None` where a [`Catalog`] does not hold enough to write an object as it is; nothing is guessed. Nothing here
//! decides what has to be written, nor in which order.

mod index;
mod object;
mod table;

pub use index::index_definition;
pub use object::{
    expression_text, function_definition, function_signature, policy_definition, role_name,
    sequence_definition, trigger_definition, type_definition, view_definition,
};
pub use table::{column_definition, constraint_definition, default_text, is_serial};

use crate::{Catalog, QName, Type, TypeRef, format_type};

/// An identifier as drizzle-kit writes it: in quotes, always.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A qualified name for SQL; the schema `public` goes without saying.
pub fn sql_name(name: &QName) -> String {
    match name.schema.as_str() {
        "public" => quoted(&name.name),
        schema => format!("{}.{}", quoted(schema), quoted(&name.name)),
    }
}

/// Columns for SQL, without parentheses around them.
pub fn column_list(columns: &[String]) -> String {
    columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
}

/// A string literal for SQL.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A type for SQL. `None` for one that is gone, or whose modifiers are more than numbers.
pub fn sql_type(catalog: &Catalog, ty: &Type) -> Option<String> {
    let name = match &ty.base {
        TypeRef::Builtin(name) if name == "interval" => return interval(ty),
        TypeRef::Builtin(name) if name == "char" => quoted(name),
        TypeRef::Builtin(_) => return Some(format_type(catalog, ty)),
        TypeRef::User(id) => sql_name(&catalog.user_type(*id)?.name),
        // Their modifiers name kinds of shape.
        TypeRef::Unknown(name) if matches!(name.as_str(), "geometry" | "geography") => return None,
        TypeRef::Unknown(name) if name.contains([' ', '%']) || name.is_empty() => return None,
        TypeRef::Unknown(name) => match name.split_once('.') {
            Some((schema, name)) => format!("{}.{}", quoted(schema), plain_or_quoted(name)),
            None => plain_or_quoted(name),
        },
    };
    let modifiers: Vec<String> = ty.modifiers.iter().map(i64::to_string).collect();
    let modifiers = if modifiers.is_empty() { String::new() } else { format!("({})", modifiers.join(", ")) };
    Some(format!("{name}{modifiers}{}", if ty.array { "[]" } else { "" }))
}

/// An identifier without quotes where it needs none for its letters.
fn plain_or_quoted(name: &str) -> String {
    let letters = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if letters && !name.starts_with(|first: char| first.is_ascii_digit()) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// The first modifier of an interval says which fields it has, as bits (`INTERVAL_MASK` in utils/timestamp.h).
fn interval(ty: &Type) -> Option<String> {
    const FIELDS: &[(&str, i64)] = &[
        ("YEAR", 1 << 2),
        ("MONTH", 1 << 1),
        ("DAY", 1 << 3),
        ("HOUR", 1 << 10),
        ("MINUTE", 1 << 11),
        ("SECOND", 1 << 12),
    ];
    let (fields, precision) = match ty.modifiers.as_slice() {
        [] => (0x7fff, None),
        [fields] => (*fields, None),
        [fields, precision] => (*fields, Some(precision)),
        _ => return None,
    };
    let named: Vec<&str> =
        FIELDS.iter().filter(|(_, bit)| fields & bit != 0).map(|(name, _)| *name).collect();
    let words = match (fields, named.as_slice()) {
        (0x7fff, _) => String::new(),
        (_, [one]) => format!(" {one}"),
        (_, [first, .., last]) => format!(" {first} TO {last}"),
        (_, []) => return None,
    };
    let precision = precision.map_or(String::new(), |precision| format!("({precision})"));
    Some(format!("interval{words}{precision}{}", if ty.array { "[]" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{apply, resolve_type};

    #[test]
    fn names_and_literals_are_quoted() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(sql_name(&QName::new("auth", "users")), "\"auth\".\"users\"");
        assert_eq!(column_list(&["a".to_owned(), "B".to_owned()]), "\"a\", \"B\"");
        assert_eq!(literal("it's"), "'it''s'");
    }

    /// What is written reads as the same type again.
    #[test]
    fn types_read_as_they_were() {
        let mut catalog = Catalog::new();
        let made =
            "CREATE SCHEMA s; CREATE TYPE s.\"Mood\" AS ENUM ('a'); CREATE TYPE \"time\" AS ENUM ('b');";
        for statement in sql::parse(made, 0).statements {
            apply(&mut catalog, &statement.stmt);
        }
        let wanted = [
            ("timestamptz(3)[]", "timestamp(3) with time zone[]"),
            ("timestamp(0)", "timestamp(0)"),
            ("numeric(10,2)", "numeric(10, 2)"),
            ("\"char\"", "\"char\""),
            ("char(3)", "char(3)"),
            ("s.\"Mood\"[]", "\"s\".\"Mood\"[]"),
            ("public.\"time\"", "\"time\""),
            ("interval", "interval"),
            ("interval(3)", "interval(3)"),
            ("interval day to second(2)", "interval DAY TO SECOND(2)"),
            ("interval year to month", "interval YEAR TO MONTH"),
            ("interval hour[]", "interval HOUR[]"),
            ("vector(1536)", "vector(1536)"),
            ("extensions.citext", "\"extensions\".citext"),
        ];
        for (written, expected) in wanted {
            let ty = resolve_type(&catalog, &sql::parse_type(written).expect(written));
            let text = sql_type(&catalog, &ty).expect(written);
            assert_eq!(text, expected);
            assert_eq!(resolve_type(&catalog, &sql::parse_type(&text).expect(&text)), ty, "{text}");
        }
        let shape = resolve_type(&catalog, &sql::parse_type("geometry(Point, 4326)").expect("a type"));
        assert_eq!(sql_type(&catalog, &shape), None);
    }
}
