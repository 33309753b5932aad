//! The JSON Schemas of what is printed for programs, made of the types that are printed. `cargo xtask codegen`
//! writes them to `schema/`, and makes the TypeScript types of the npm package from them.

use crate::{facts_json, json, ledger, migrate, plan, preflight, watch};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json as value};

/// The schema of the document that `brolly lint --format json` prints.
pub fn lint_schema() -> Value {
    schema::<json::Document<'_>>()
}

/// The schema of each object that `brolly facts` prints.
pub fn facts_schema() -> Value {
    schema::<facts_json::Line<'_>>()
}

/// The schema of the document that `brolly plan --format json` prints.
pub fn plan_schema() -> Value {
    schema::<plan::Plans<'_>>()
}

/// The schema of each line that `brolly migrate --format json` prints.
pub fn migrate_schema() -> Value {
    with_target(schema::<migrate::MigrateLine>())
}

/// The schema of events, each of which may say which target of `--targets` it is about.
pub fn with_target(mut schema: Value) -> Value {
    let target = value!({ "description": "With `--targets`: what it is about.", "type": "string" });
    for event in schema["oneOf"].as_array_mut().into_iter().flatten() {
        event["properties"]["target"] = target.clone();
    }
    schema
}

/// What the lines of `ledger list --format json` are.
pub fn ledger_schema() -> Value {
    schema::<ledger::LedgerLine>()
}

/// The schema of the document that `brolly preflight --format json` prints, and of its lines with `--targets`.
pub fn preflight_schema() -> Value {
    schema::<preflight::PreflightLine>()
}

/// The schema of each line that `brolly watch --format json` prints.
pub fn watch_schema() -> Value {
    schema::<watch::WatchLine>()
}

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
