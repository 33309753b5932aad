//! Names for people and names for SQL.

use catalog::{Catalog, Constraint, ConstraintKind, QName, Relation};

/// A name for messages: the schema `public` goes without saying.
pub(crate) fn shown(label: &str) -> &str {
    label.strip_prefix("public.").unwrap_or(label)
}

/// The words of a fact with its names as [`shown`].
pub(crate) fn plain(words: &str) -> String {
    words.replace("public.", "")
}

/// An identifier as drizzle-kit writes it: in quotes, always.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A qualified name for SQL.
pub(crate) fn sql_name(name: &QName) -> String {
    match name.schema.as_str() {
        "public" => quoted(&name.name),
        schema => format!("{}.{}", quoted(schema), quoted(&name.name)),
    }
}

/// Columns for SQL, between parentheses.
pub(crate) fn column_list(columns: &[String]) -> String {
    columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
}

/// A string literal for SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A type for SQL and for messages. Where a length belongs in the middle of its name, it goes there.
pub(crate) fn sql_type(catalog: &Catalog, ty: &catalog::Type) -> String {
    let written = catalog::format_type(catalog, ty);
    for (name, words) in [("timestamp with time zone", "timestamp"), ("time with time zone", "time")] {
        if let Some(modifier) = written.strip_prefix(name).filter(|rest| rest.starts_with('(')) {
            return match modifier.split_once(')') {
                Some((length, rest)) => format!("{words}{length}) with time zone{rest}"),
                None => written,
            };
        }
    }
    written
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// A constraint as it would be written behind `ADD CONSTRAINT name`; `None` for those that own an
/// index, whose safe form is another.
pub(crate) fn definition(catalog: &Catalog, relation: &Relation, constraint: &Constraint) -> Option<String> {
    match &constraint.kind {
        ConstraintKind::Check { expr, .. } => Some(format!("CHECK ({})", expr.text)),
        ConstraintKind::ForeignKey { target, target_name, target_columns, on_delete, .. } => {
            let columns = column_list(&relation.column_names(&constraint.columns));
            let found = target.and_then(|id| catalog.relation(id));
            let target = found.map_or(target_name, |found| &found.name);
            let referenced = found.map(|found| found.column_names(target_columns)).unwrap_or_default();
            let referenced = match referenced.is_empty() {
                true => String::new(),
                false => format!(" ({})", column_list(&referenced)),
            };
            let on_delete = match *on_delete {
                "" | "no action" => String::new(),
                action => format!(" ON DELETE {action}"),
            };
            Some(format!("FOREIGN KEY ({columns}) REFERENCES {}{referenced}{on_delete}", sql_name(target)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_lists() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(sql_name(&QName::new("auth", "users")), "\"auth\".\"users\"");
        let ty = catalog::Type {
            base: catalog::TypeRef::Builtin("timestamptz".to_owned()),
            modifiers: vec![3],
            array: true,
        };
        assert_eq!(sql_type(&Catalog::new(), &ty), "timestamp(3) with time zone[]");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!((shown("public.users"), shown("auth.users")), ("users", "auth.users"));
    }
}
