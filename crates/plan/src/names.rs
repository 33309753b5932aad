//! Names for what a path needs for a while.

use crate::model::Part;
use catalog::written::quoted;
use catalog::{Catalog, QName, Relation};

/// How long a name may be (`NAMEDATALEN` - 1).
const LONGEST: usize = 63;

/// A stem with a suffix, cut to what Postgres keeps; another one while `taken`.
pub(crate) fn fresh(stem: &str, suffix: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut n = 1;
    loop {
        let number = if n == 1 { String::new() } else { n.to_string() };
        let name = format!("{}{suffix}{number}", cut(stem, LONGEST - suffix.len() - number.len()));
        if n > 99 || !taken(&name) {
            return name;
        }
        n += 1;
    }
}

/// The name of a column that a table has for a while.
pub(crate) fn of_column(catalogs: &[&Catalog], table: &Relation, stem: &str, suffix: &str) -> String {
    fresh(stem, suffix, |name| {
        let mut known = catalogs.iter().filter_map(|catalog| catalog.relation(table.id));
        table.column(name).is_some() || known.any(|relation| relation.column(name).is_some())
    })
}

/// The name of a trigger and its function.
pub(crate) fn of_function(
    catalogs: &[&Catalog],
    parts: &[Part],
    schema: &str,
    stem: &str,
    suffix: &str,
) -> String {
    fresh(stem, suffix, |name| {
        let qualified = QName::new(schema, name);
        catalogs.iter().any(|catalog| !catalog.functions_named(&qualified).is_empty()) || is_said(parts, name)
    })
}

/// The name of an index, or of anything else that lives among relations.
pub(crate) fn of_index(
    catalogs: &[&Catalog],
    parts: &[Part],
    schema: &str,
    stem: &str,
    suffix: &str,
) -> String {
    fresh(stem, suffix, |name| {
        let qualified = QName::new(schema, name);
        catalogs.iter().any(|catalog| catalog.slot(&qualified).is_some()) || is_said(parts, name)
    })
}

/// Whether another part writes this name.
fn is_said(parts: &[Part], name: &str) -> bool {
    let name = quoted(name);
    let says = |sql: &String| sql.contains(&name);
    parts
        .iter()
        .any(|part| part.here.iter().any(says) || part.stages.iter().any(|stage| stage.sql.iter().any(says)))
}

fn cut(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::fresh;

    #[test]
    fn names_fit_and_are_free() {
        assert_eq!(fresh("users_name", "__new", |_| false), "users_name__new");
        assert_eq!(fresh("users_name", "__new", |name| name == "users_name__new"), "users_name__new2");
        let long = "ü".repeat(40);
        let name = fresh(&long, "__new", |_| false);
        assert!(name.len() <= 63 && name.ends_with("ü__new"), "{name}");
    }
}
