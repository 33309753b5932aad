//! Columns that code writes twice: one insert or update gives one value to two columns of a table that
//! different migrations made.
//!
//! A look at the text behind the query, not at what its values are worth: `{ name: n, fullName: n }`.
//! Columns of one migration are no step of an expansion, and constants are no data.

use super::{Item, Kind, Object, Status, made};
use crate::versions::{Version, Versions};
use catalog::Catalog;
use code::{Code, Place, Role};
use drizzle::{Project, QName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far behind `insert(` or `update(` the values may begin.
const NEAR: usize = 2_000;

/// Adds the columns that the code of now writes twice.
pub fn add(
    versions: &mut Versions<'_>,
    project: &Project,
    now: &Arc<Version>,
    end: &Catalog,
    status: &mut Status,
) {
    let start = versions.start(now, project);
    let (code, _) = versions.code(now, &start, None);
    let mut items: Vec<(Item, Item)> = Vec::new();
    for ((relation, a, b), places) in pairs(now, &code) {
        let name = catalog::QName::new(&relation.schema, &relation.name);
        let Some(catalog::Found::Relation(known)) = end.slot(&name) else { continue };
        let (Some(first), Some(second)) = (known.column(&a), known.column(&b)) else { continue };
        let item = |column: &catalog::Column| {
            let object = Object::Column(known.id, column.id);
            Item::new(Kind::WrittenTwice, &name, Some(&column.name), String::new(), object)
        };
        let mut pair = (item(first), item(second));
        pair.0.places = places.into_iter().map(|place| (now.label(), place)).collect();
        items.push(pair);
    }
    let both: Vec<Item> = items.iter().flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
    let since = made(project, &both);
    for ((a, b), since) in items.into_iter().zip(since.chunks(2)) {
        let (Some(first), Some(second)) = (since[0], since[1]) else { continue };
        if first == second {
            continue;
        }
        let places = a.places.clone();
        let (old, new, at) = if first < second { (a, b, second) } else { (b, a, first) };
        let (Some(old), Some(new)) = (old.part, new.part.clone().map(|part| (part, new))) else { continue };
        let (_, mut item) = new;
        item.what = format!("one value goes to it and to {old}, which is older");
        item.places = places;
        let migration = &project.migrations[at];
        let path = versions.inside(now, &migration.sql_path);
        let commit = path.and_then(|path| git::added(&now.root, &path).ok().flatten());
        item.made = Some(super::Made { migration: migration.tag.clone(), commit });
        status.items.push(item);
    }
}

/// Pairs of columns that get one value, with the places.
fn pairs(version: &Version, code: &Code) -> BTreeMap<(QName, String, String), Vec<Place>> {
    let mut found: BTreeMap<(QName, String, String), Vec<Place>> = BTreeMap::new();
    for used in code.uses.iter().filter(|used| matches!(used.role, Role::Insert | Role::Update)) {
        let Some(relation) = code.schema.relation(&used.relation) else { continue };
        let Some(text) = code::Tree::read(&*version.files, &used.place.file) else { continue };
        let Some(after) = text.get(used.place.start..) else { continue };
        let call = if used.role == Role::Insert { ".values(" } else { ".set(" };
        let Some(values) = argument(after, call) else { continue };
        let given: Vec<(&str, String)> = members(values)
            .into_iter()
            .filter_map(|(key, value)| {
                let column = relation.columns.iter().find(|column| column.key == key)?;
                is_data(&value).then_some((column.name.as_str(), value))
            })
            .collect();
        for (n, (a, value)) in given.iter().enumerate() {
            for (b, _) in given[n + 1..].iter().filter(|(b, other)| b != a && other == value) {
                let (a, b) = if *a < *b { (a, b) } else { (b, a) };
                let key = (used.relation.clone(), (*a).to_owned(), (*b).to_owned());
                let places = found.entry(key).or_default();
                if !places
                    .iter()
                    .any(|place| (&place.file, place.line) == (&used.place.file, used.place.line))
                {
                    places.push(used.place.clone());
                }
            }
        }
    }
    found
}

/// The object that a call nearby is given, from behind its brace; not beyond the statement.
fn argument<'t>(text: &'t str, call: &str) -> Option<&'t str> {
    let near = text.char_indices().map(|(at, _)| at).take_while(|at| *at < NEAR).last().unwrap_or_default();
    let at = text[..near].find(call)?;
    if text[..at].contains(';') {
        return None;
    }
    let rest = text[at + call.len()..].trim_start();
    rest.strip_prefix('[').map_or(rest, str::trim_start).strip_prefix('{')
}

/// Keys and values of an object, from behind its brace to the closing one. Values are without space.
fn members(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut member = String::new();
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for letter in text.chars() {
        let escaped = before == '\\';
        before = if escaped { ' ' } else { letter };
        match (quote, letter) {
            (Some(open), letter) if letter == open && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, '}') if depth == 0 => {
                found.extend(pair(&member));
                return found;
            }
            (None, '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.extend(pair(&member));
                member.clear();
                continue;
            }
            _ => {}
        }
        member.push(letter);
    }
    Vec::new()
}

fn pair(member: &str) -> Option<(String, String)> {
    let member = member.trim();
    let end = member.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(member.len());
    let (key, rest) = member.split_at(end);
    let rest = rest.trim();
    match rest.strip_prefix(':') {
        Some(value) => {
            let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
            (!key.is_empty()).then(|| (key.to_owned(), value))
        }
        // `{ name }`
        None => (!key.is_empty() && rest.is_empty()).then(|| (key.to_owned(), key.to_owned())),
    }
}

/// Whether a value is something that the app was given: a name, a field, a call on one. Constants and the
/// time are written to many columns for no reason.
fn is_data(value: &str) -> bool {
    let constant = ["null", "undefined", "true", "false", "newDate()", "Date.now()", "now"];
    let starts = value.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '$' | '('));
    let sql = value.starts_with("sql`") || value.starts_with("newDate");
    starts && !sql && !constant.contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_objects() {
        let read = |text: &str| {
            let each = members(text).into_iter().map(|(key, value)| format!("{key}={value}"));
            each.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(read(" a: b.c, d, e: f({ g: 1 }, [2]), }) ;"), "a=b.c d=d e=f({g:1},[2])");
        assert_eq!(read("a: '},', b: `x${y}` }"), "a='},' b=`x${y}`");
        assert_eq!(read("...rest, 'a-b': 1, [c]: 2, d: e }"), "d=e");
        assert_eq!(read("a: b"), "", "it never ends");
    }

    #[test]
    fn arguments_nearby() {
        assert_eq!(argument("insert(users).values({ a }", ".values("), Some(" a }"));
        assert_eq!(argument("insert(users)\n  .values([{ a }])", ".values("), Some(" a }])"));
        assert_eq!(argument("insert(users); x.values({ a }", ".values("), None);
        assert_eq!(argument("update(users).set(given)", ".set("), None);
    }

    #[test]
    fn what_counts_as_data() {
        for (value, expected) in [
            ("name", true),
            ("input.name.trim()", true),
            ("null", false),
            ("'x'", false),
            ("1", false),
            ("newDate()", false),
        ] {
            assert_eq!(is_data(value), expected, "{value}");
        }
    }
}
