//! The file that names many databases, or schemas of tenants, on which the same migrations run: JSON, or a line for each.
//!
//! Says which line is wrong and why, and never repeats a URL, since it may hold a password. Which environment variable
//! holds what, and whether anything answers there, is the caller's affair.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;

/// The databases, or schemas of tenants, that `--targets` runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "targets of brolly")]
pub struct Targets {
    /// Where this schema is, for editors.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// What is run on, in this order.
    #[serde(deserialize_with = "unlike")]
    pub targets: Vec<TargetEntry>,
}

/// One of them. Names url, service, database or schema; what it does not name is that of `--database-url` and its kin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetEntry {
    /// What it is called in all that is told.
    pub name: String,
    /// A URL, or the environment variable that holds one: `env:ACME_URL`, or `$ACME_URL`.
    #[serde(default)]
    pub url: Option<String>,
    /// A service of `pg_service.conf`.
    #[serde(default)]
    pub service: Option<String>,
    /// The database, where it is another one than that of the URL.
    #[serde(default)]
    pub database: Option<String>,
    /// The schema of a tenant: `search_path` of the session, and where its ledger lies.
    #[serde(default)]
    pub schema: Option<String>,
    /// Schemas that stand behind it in `search_path`: where extensions lie, say.
    #[serde(default)]
    pub search_path: Vec<String>,
    /// Replicas whose lag a backfill is held for, and whose readers a migration waits for, as URLs or as environment variables.
    #[serde(default)]
    pub replicas: Vec<String>,
    /// Runs before the others, which are begun only once it went well. Where none is one, the first is.
    #[serde(default)]
    pub canary: bool,
}

/// What is wrong with such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenTargets {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; 0 for the whole line.
    pub column: usize,
    /// What it is, without any URL.
    pub why: String,
}

/// Reads such a file: JSON where it begins with a brace, else a target a line.
///
/// A line is `NAME WHERE`, or `WHERE` alone: a URL, `env:VARIABLE`, `schema:SCHEMA`, or the name of a database on the
/// server of `--database-url`. What stands behind `#` is a remark.
pub fn read_targets(text: &str) -> Result<Targets, BrokenTargets> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let targets = if text.trim_start().starts_with(['{', '[']) { of_json(text)? } else { of_lines(text)? };
    match targets.targets.is_empty() {
        true => Err(BrokenTargets { line: 1, column: 0, why: "it names no target".to_owned() }),
        false => Ok(targets),
    }
}

/// The JSON Schema of it.
pub fn targets_schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Targets>().to_value()
}

fn of_json(text: &str) -> Result<Targets, BrokenTargets> {
    serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let why = match said.rsplit_once(" at line ") {
            // What was found in the place of something else may be a URL with its password.
            _ if said.contains("://") => "a value of another kind belongs here",
            Some((why, _)) => why,
            None => &said,
        };
        BrokenTargets { line: error.line().max(1), column: error.column(), why: why.to_owned() }
    })
}

/// A list of targets that have different names, and name a place.
fn unlike<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<TargetEntry>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<TargetEntry>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of targets")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all: Vec<TargetEntry> = Vec::new();
            while let Some(entry) = seq.next_element::<TargetEntry>()? {
                wrong(&entry, &all).map_or(Ok(()), |why| Err(A::Error::custom(why)))?;
                all.push(entry);
            }
            Ok(all)
        }
    }
    input.deserialize_seq(List)
}

fn wrong(entry: &TargetEntry, before: &[TargetEntry]) -> Option<String> {
    let name = &entry.name;
    if name.trim().is_empty() {
        return Some("a target has an empty name".to_owned());
    }
    if before.iter().any(|other| other.name == *name) {
        return Some(format!("two targets are called {name}"));
    }
    if entry.url.is_some() && entry.service.is_some() {
        return Some(format!("{name} has both url and service: one of them says where it is"));
    }
    let empty = [&entry.url, &entry.service, &entry.database, &entry.schema];
    if empty.iter().any(|one| one.as_deref() == Some("")) {
        return Some(format!("{name}: one of url, service, database and schema is empty"));
    }
    if empty.iter().all(|one| one.is_none()) {
        return Some(format!("{name} says none of url, service, database and schema"));
    }
    if entry.schema.is_none() && !entry.search_path.is_empty() {
        return Some(format!("{name} has searchPath without schema, which stands before it"));
    }
    None
}

fn of_lines(text: &str) -> Result<Targets, BrokenTargets> {
    let mut all: Vec<TargetEntry> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let broken = |why: &str| BrokenTargets { line: number + 1, column: 0, why: why.to_owned() };
        // A `#` inside of a URL is a part of it.
        let words: Vec<&str> = line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
        let (name, place) = match words.as_slice() {
            [] => continue,
            [place] => (None, *place),
            [name, place] => (Some(*name), *place),
            _ => return Err(broken("a line is NAME WHERE, or WHERE alone")),
        };
        if name.is_some_and(|name| name.contains("://")) {
            return Err(broken("the name goes first: NAME WHERE"));
        }
        let mut entry = TargetEntry::default();
        let some = Some(place.to_owned());
        match place.split_once(':') {
            Some(("schema", schema)) => entry.schema = Some(schema.to_owned()),
            Some(("env", _)) => entry.url = some,
            _ if place.contains("://") || place.starts_with('$') => entry.url = some,
            _ => entry.database = some,
        }
        entry.name = name.map_or_else(|| called(place), str::to_owned);
        wrong(&entry, &all).map_or(Ok(()), |why| Err(broken(&why)))?;
        all.push(entry);
    }
    Ok(Targets { schema: None, targets: all })
}

/// What a target is called that has no name: without role, password and parameters.
fn called(place: &str) -> String {
    let bare = place.split_once("://").map_or(place, |(_, rest)| rest);
    let bare = bare.split(['?', '#']).next().unwrap_or(bare);
    let bare = bare.rsplit_once('@').map_or(bare, |(_, rest)| rest);
    let bare = ["env:", "$", "schema:"].iter().find_map(|start| bare.strip_prefix(start)).unwrap_or(bare);
    bare.trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_targets() {
        let text = r#"{ "$schema": "x", "targets": [
            { "name": "acme", "url": "env:ACME", "canary": true, "replicas": ["$ACME_REPLICA"] },
            { "name": "zeta", "schema": "zeta", "searchPath": ["extensions"] }
        ] }"#;
        let found = read_targets(text).expect("it is right").targets;
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].url.as_deref(), found[0].canary), (Some("env:ACME"), true));
        assert_eq!(
            (found[1].schema.as_deref(), &found[1].search_path[..]),
            (Some("zeta"), &["extensions".to_owned()][..])
        );
    }

    #[test]
    fn what_is_wrong_has_a_place_and_no_password() {
        for (text, line, why) in [
            (
                "{ \"targets\": [\n{ \"name\": \"a\", \"url\": \"postgres://u:secret@h/d\" },\n{ \"name\": \"a\", \"schema\": \"b\" }]}",
                3,
                "two targets are called a",
            ),
            ("{ \"targets\": [\n{ \"name\": \"a\" }]}", 2, "says none of url"),
            (
                "{ \"targets\": [\n{ \"name\": \"a\", \"url\": \"x\", \"service\": \"y\" }]}",
                2,
                "both url and service",
            ),
            ("{ \"targets\": [\n{ \"name\": \"a\",\n\"uri\": \"x\" }]}", 3, "unknown field `uri`"),
            (
                "{ \"targets\": [\n{ \"name\": \"a\", \"replicas\": \"postgres://u:secret@h/d\" }]}",
                2,
                "another kind",
            ),
            ("{ \"targets\": [] }", 1, "names no target"),
            ("{ \"targets\": [", 1, "EOF"),
            ("# none\n\n", 1, "names no target"),
            ("a\npostgres://u:secret@h/d a\n", 2, "the name goes first"),
            ("a\na b c", 2, "NAME WHERE"),
            ("a\nb a\na", 3, "two targets are called a"),
        ] {
            let broken = read_targets(text).expect_err(text);
            assert_eq!(broken.line, line, "{text}: {broken:?}");
            assert!(broken.why.contains(why) && !broken.why.contains("secret"), "{text}: {broken:?}");
        }
    }

    #[test]
    fn lines_name_targets() {
        let text = "# all of them\nacme env:ACME_URL\n$ZETA\npostgres://me:secret@db.example:6543/shop?sslmode=require # the old one\n\
                    schema:tenant_1\ntenant_2\nten postgres:///x\n";
        let found = read_targets(text).expect("it is right").targets;
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["acme", "ZETA", "db.example:6543/shop", "tenant_1", "tenant_2", "ten"]);
        assert_eq!(found[3].schema.as_deref(), Some("tenant_1"));
        assert_eq!(found[4].database.as_deref(), Some("tenant_2"));
    }
}
