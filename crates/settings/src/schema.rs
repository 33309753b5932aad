//! The JSON Schema of `brolly.json`. Its words are the documentation of the keys.

use crate::values::{FailOn, Level, Runner};
use schemars::JsonSchema;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A rule as the schema shows it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its name.
    pub name: &'a str,
    /// One line about it.
    pub summary: &'a str,
}

/// Settings of brolly. Every key is optional; flags of the command line go before them.
#[derive(JsonSchema)]
#[schemars(title = "brolly.json", rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of it; nothing is read into it")]
struct BrollyJson {
    /// Where this schema is, for editors.
    #[schemars(rename = "$schema")]
    schema: Option<String>,
    /// Weight by rule: "error", "warning", "info", or "off".
    rules: Option<BTreeMap<String, Level>>,
    /// Major version of Postgres that migrations are judged for; 16 unless set.
    #[schemars(range(min = 13, max = 18))]
    postgres: Option<u8>,
    /// TimeZone of the session that migrates; "UTC" unless set.
    time_zone: Option<String>,
    /// The role that the app connects as. Kept for the rules about privileges and row level security,
    /// which do not ask for it yet.
    app_role: Option<String>,
    /// Tables with so much traffic that no finding about them is made lighter, whatever their size and
    /// whatever `rules` says ("off" aside). `users` means `public.users`.
    busy_tables: Option<Vec<String>>,
    /// What is known about tables, by name. `users` means `public.users`.
    tables: Option<BTreeMap<String, Table>>,
    /// Below this many rows a table is small, and findings about waits that grow with it become notes;
    /// 100000 unless set.
    small_table_rows: Option<u64>,
    /// What `brolly stats` wrote, as a path seen from this file: rows and writes of tables that are not
    /// named in `tables`.
    stats: Option<String>,
    /// From so many measured writes a second a table is as those of `busyTables`; 10 unless set.
    busy_writes_per_second: Option<u64>,
    /// A migration up to which, itself included, nothing is judged: its tag in the journal or the name of
    /// its folder.
    baseline: Option<String>,
    /// Paths of migrations that are not judged, seen from this file. `*` stays inside a name, `**`
    /// crosses folders.
    ignore: Option<Vec<String>>,
    /// Who runs the migrations: "drizzle" sends all pending ones in one transaction,
    /// "outside-transaction" takes statements such as CREATE INDEX CONCURRENTLY out of it, "brolly" is
    /// `brolly migrate`: a transaction for each migration, and locks taken by short tries.
    runner: Option<Runner>,
    /// The versions of the app that serve traffic while migrations run: tags, branches or commits, whose
    /// code is read from git. Unless set, it is the commit that migrations are compared with.
    deployed: Option<Deployed>,
    /// The weight from which a finding makes the exit code 1; "error" unless set.
    fail_on: Option<FailOn>,
}

/// Which versions of the app serve traffic.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of it; nothing is read into it")]
enum Deployed {
    /// A tag, branch or commit.
    One(String),
    /// Several of them, where several versions serve at once.
    Several(Vec<String>),
    /// A command that prints them.
    Command(DeployedCommand),
}

/// A command that prints which versions are deployed.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of it; nothing is read into it")]
struct DeployedCommand {
    /// A line for the shell, run in the folder of this file for at most ten seconds. It prints tags,
    /// branches or commits, one a line.
    command: String,
}

/// What is known about a table.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of it; nothing is read into it")]
struct Table {
    /// About how many rows it holds.
    rows: Option<u64>,
}

const KEYS: &[&str] = &[
    "$schema",
    "rules",
    "postgres",
    "timeZone",
    "appRole",
    "busyTables",
    "tables",
    "smallTableRows",
    "stats",
    "busyWritesPerSecond",
    "baseline",
    "ignore",
    "runner",
    "deployed",
    "failOn",
];

/// The keys that the file may hold.
pub fn keys() -> Vec<&'static str> {
    KEYS.to_vec()
}

/// The JSON Schema, with each rule by name.
pub fn schema(rules: &[Known<'_>]) -> Value {
    let mut schema = schemars::schema_for!(BrollyJson).to_value();
    without_null(&mut schema);
    let mut named: Vec<&Known<'_>> = rules.iter().collect();
    named.sort_by_key(|rule| rule.name);
    let properties: serde_json::Map<String, Value> = named
        .iter()
        .map(|rule| (rule.name.to_owned(), json!({ "description": rule.summary, "$ref": "#/$defs/Level" })))
        .collect();
    if let Some(of_rules) = schema.pointer_mut("/properties/rules").and_then(Value::as_object_mut) {
        of_rules.insert("properties".to_owned(), Value::Object(properties));
        of_rules.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    schema
}

/// An optional key is left out, never null.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|ty| ty != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = members.get("anyOf")
                && let Some(Value::Object(first)) = choices.first().cloned()
                && choices.iter().any(|choice| choice["type"] == "null")
            {
                members.remove("anyOf");
                members.extend(first);
            }
            members.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_and_the_schema_know_the_same_keys() {
        let schema = schema(&[Known { name: "drop-column", summary: "it is gone" }]);
        let of_schema: Vec<&str> =
            schema["properties"].as_object().expect("an object").keys().map(String::as_str).collect();
        let mut known = keys();
        known.sort_unstable();
        let mut found = of_schema.clone();
        found.sort_unstable();
        assert_eq!(found, known);
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["rules"]["properties"]["drop-column"]["$ref"], "#/$defs/Level");
        assert_eq!(schema["properties"]["postgres"]["maximum"], 18);
        assert!(!schema.to_string().contains("null"), "{schema:#}");
    }
}
