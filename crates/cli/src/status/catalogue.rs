//! What is half-way by the replayed schema alone: constraints, checks, triggers, indexes.

use super::{Item, Kind, Object};
use catalog::{Catalog, Constraint, ConstraintKind, Function, Relation, Trigger};

/// All of it.
pub fn items(end: &Catalog) -> Vec<Item> {
    let mut items = Vec::new();
    for relation in end.relations().filter(|relation| relation.is_table()) {
        for constraint in &relation.constraints {
            items.extend(of_constraint(relation, constraint));
        }
        for trigger in &relation.triggers {
            items.extend(of_trigger(end, relation, trigger));
        }
        for index in relation.indexes.iter().filter_map(|id| end.index(*id)) {
            let name = &index.name.name;
            let what = match () {
                () if is_of_rebuild(name) => "REINDEX CONCURRENTLY leaves such names where it fails",
                () if !index.valid && !relation.children.is_empty() => {
                    "not valid: not all partitions have their part of it"
                }
                () if !index.valid => "not valid: CREATE INDEX CONCURRENTLY failed",
                () => continue,
            };
            let object = Object::Index(index.id);
            items.push(Item::new(Kind::LeftoverIndex, &relation.name, Some(name), what.to_owned(), object));
        }
    }
    items
}

fn of_constraint(relation: &Relation, constraint: &Constraint) -> Option<Item> {
    let object = Object::Constraint(relation.id, constraint.name.clone());
    let item =
        |kind, what| Some(Item::new(kind, &relation.name, Some(&constraint.name), what, object.clone()));
    if !constraint.validated {
        let what = format!("a {} that was added NOT VALID", constraint.noun());
        return item(Kind::NotValidated, what);
    }
    let (ConstraintKind::Check { expr, .. }, [column]) = (&constraint.kind, constraint.columns.as_slice())
    else {
        return None;
    };
    let column = relation.column_by_id(*column)?;
    let text = expr.text.to_ascii_lowercase();
    let only = expr.proves_not_null == [column.name.clone()]
        && text.matches("is not null").count() == 1
        && !text.contains(" and ");
    match (only, column.not_null) {
        (false, _) => None,
        (true, true) => {
            item(Kind::LeftoverCheck, format!("CHECK ({}), and {} is NOT NULL", expr.text, column.name))
        }
        (true, false) => item(
            Kind::NotNullHalfWay,
            format!("CHECK ({}) holds, and {} may be NULL", expr.text, column.name),
        ),
    }
}

fn of_trigger(end: &Catalog, relation: &Relation, trigger: &Trigger) -> Option<Item> {
    let functions = end.functions_named(&trigger.function);
    let body = functions.iter().find_map(|function: &std::sync::Arc<Function>| function.body.clone())?;
    let copies = copies(&body, &|name| relation.column(name).is_some());
    if copies.is_empty() {
        return None;
    }
    let pairs: Vec<String> = copies.iter().map(|(to, from)| format!("{from} to {to}")).collect();
    let off = if trigger.enabled { "" } else { ", and is disabled" };
    let what = format!("its function {} copies {}{off}", trigger.function.name, pairs.join(" and "));
    let object = Object::Trigger(relation.id, trigger.name.clone());
    Some(Item::new(Kind::SyncTrigger, &relation.name, Some(&trigger.name), what, object))
}

/// Whether a concurrent rebuild made the name: `x_ccnew`, `x_ccold1`.
fn is_of_rebuild(name: &str) -> bool {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    stem.ends_with("_ccnew") || stem.ends_with("_ccold")
}

/// Assignments `NEW.a := NEW.b` between two columns, as `(a, b)`. The value may be cast, and COALESCE
/// may stand around it; what computes more is no copy.
fn copies(body: &str, is_column: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for statement in body.split(';') {
        // What leads to the assignment: BEGIN, THEN, ELSE, LOOP.
        let lower = statement.to_ascii_lowercase();
        let start = ["begin", "then", "else", "loop"]
            .iter()
            .filter_map(|word| last_word(&lower, word))
            .max()
            .unwrap_or_default();
        let Some((target, value)) = assignment(statement[start..].trim()) else { continue };
        let mut sources: Vec<String> = fields(value);
        sources.retain(|name| *name != target);
        sources.dedup();
        if let [source] = sources.as_slice()
            && is_plain(value)
            && is_column(&target)
            && is_column(source)
            && !found.contains(&(target.clone(), source.clone()))
        {
            found.push((target, source.clone()));
        }
    }
    found
}

/// Where a word ends that stands by itself, the last one.
fn last_word(text: &str, word: &str) -> Option<usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
    let alone = |at: &usize| {
        !is_part(text[..*at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next())
    };
    text.match_indices(word).map(|(at, _)| at).filter(alone).last().map(|at| at + word.len())
}

/// `NEW.a := value` and `NEW.a = value`, as the column and the value.
fn assignment(statement: &str) -> Option<(String, &str)> {
    let (name, rest) = field(statement)?;
    let rest = rest.trim_start();
    let value = rest.strip_prefix(":=").or_else(|| rest.strip_prefix('='))?;
    Some((name, value))
}

/// `NEW.a` at the start of a text, as the column and what follows.
fn field(text: &str) -> Option<(String, &str)> {
    let head = text.get(..4).filter(|head| head.eq_ignore_ascii_case("new."))?;
    let rest = &text[head.len()..];
    if let Some(quoted) = rest.strip_prefix('"') {
        let (name, rest) = quoted.split_once('"')?;
        return Some((name.to_owned(), rest));
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    (end > 0).then(|| (rest[..end].to_ascii_lowercase(), &rest[end..]))
}

/// The columns of NEW that a value reads.
fn fields(value: &str) -> Vec<String> {
    let starts = value.char_indices().filter(|(at, _)| {
        !value[..*at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
    });
    starts.filter_map(|(at, _)| field(&value[at..]).map(|(name, _)| name)).collect()
}

/// Whether nothing is computed: only fields, casts and COALESCE.
fn is_plain(value: &str) -> bool {
    let mut rest = value.trim();
    while !rest.is_empty() {
        if let Some((_, after)) = field(rest) {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("::") {
            rest = after.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ' '));
        } else if rest.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("coalesce")) {
            rest = &rest[8..];
        } else if let Some(after) = rest.strip_prefix(['(', ')', ',']) {
            rest = after;
        } else {
            return false;
        }
        rest = rest.trim_start();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rebuilds() {
        for (name, expected) in [("a_ccnew", true), ("a_ccold12", true), ("ccnew_a", false), ("a_idx", false)]
        {
            assert_eq!(is_of_rebuild(name), expected, "{name}");
        }
    }

    #[test]
    fn copies_between_columns() {
        let columns = ["full_name", "name", "Nick", "updated_at"];
        for (body, expected) in [
            ("BEGIN NEW.name := NEW.full_name; RETURN NEW; END", "name<full_name"),
            (
                "begin\n  if new.name is null then new.name = new.full_name; end if; return new; end",
                "name<full_name",
            ),
            ("BEGIN NEW.\"Nick\" := COALESCE(NEW.\"Nick\", NEW.name::text); RETURN NEW; END", "Nick<name"),
            (
                "BEGIN IF TG_OP = 'INSERT' THEN NEW.name := NEW.full_name; ELSE NEW.full_name := NEW.name; END IF; END",
                "name<full_name full_name<name",
            ),
            ("BEGIN NEW.updated_at = now(); RETURN NEW; END", ""),
            ("BEGIN IF NEW.name = NEW.full_name THEN RETURN NEW; END IF; END", ""),
            ("BEGIN NEW.name := lower(NEW.full_name); RETURN NEW; END", ""),
            ("BEGIN NEW.other := NEW.name; RETURN NEW; END", ""),
        ] {
            let found = copies(body, &|name| columns.contains(&name));
            let found: Vec<String> = found.iter().map(|(to, from)| format!("{to}<{from}")).collect();
            assert_eq!(found.join(" "), expected, "{body}");
        }
    }
}
