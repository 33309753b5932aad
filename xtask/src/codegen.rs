//! Files that are made from code and committed: the JSON Schemas of the settings and of the output, and the
//! TypeScript types of the npm package, which are made from those of the output.

use serde_json::Value;
use settings::Known;
use source::RuleMeta;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes them below `root`; with `check`, only says whether they are as they should be.
pub fn codegen(root: &Path, check: bool) -> Result<String, String> {
    let mut said = Vec::new();
    let mut stale = Vec::new();
    for (name, text) in files(root)? {
        let path = root.join(name);
        let old = fs::read_to_string(&path).unwrap_or_default();
        match (old == text, check) {
            (true, _) => said.push(format!("{name} is up to date")),
            (false, true) => stale.push(name),
            (false, false) => {
                let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
                let written = folder.and_then(|()| fs::write(&path, text));
                written.map_err(|error| format!("{}: {error}", path.display()))?;
                said.push(format!("wrote {name}"));
            }
        }
    }
    if stale.is_empty() {
        return Ok(said.join("\n"));
    }
    Err(format!("not what the code says: {}. Run `cargo xtask codegen`", stale.join(", ")))
}

/// Every rule, ordered by harm and then by name.
pub fn rules() -> Vec<&'static RuleMeta> {
    let own = linter::RULES.iter().map(|rule| rule.meta);
    let mut rules: Vec<&RuleMeta> = own.chain(drizzle::rules::ALL.iter().copied()).collect();
    rules.sort_by_key(|meta| (meta.group, meta.name));
    rules
}

fn files(root: &Path) -> Result<Vec<(&'static str, String)>, String> {
    let (lint, facts) = (pretty(&report::lint_schema()), pretty(&report::facts_schema()));
    let (plan, rollback) = (pretty(&report::plan_schema()), pretty(&plan::reverse::schema()));
    let (lint_types, facts_types) = (types(root, &lint)?, types(root, &facts)?);
    let (plan_types, rollback_types) = (types(root, &plan)?, types(root, &rollback)?);
    let (migrate, preflight) = (pretty(&report::migrate_schema()), pretty(&report::preflight_schema()));
    let backfill = pretty(&report::with_target(runner::backfill::schema()));
    let (migrate_types, preflight_types) = (types(root, &migrate)?, types(root, &preflight)?);
    let watch = pretty(&report::watch_schema());
    let ledger = pretty(&report::ledger_schema());
    let ledger_types = types(root, &ledger)?;
    let (backfill_types, watch_types) = (types(root, &backfill)?, types(root, &watch)?);
    Ok(vec![
        ("schema/brolly.schema.json", pretty(&settings_schema())),
        ("schema/lint.schema.json", lint),
        ("schema/facts.schema.json", facts),
        ("schema/migrate.schema.json", migrate),
        ("schema/ledger.schema.json", ledger),
        ("schema/plan.schema.json", plan),
        ("schema/rollback.schema.json", rollback),
        ("schema/backfill.schema.json", backfill),
        ("schema/targets.schema.json", pretty(&settings::targets_schema())),
        ("schema/preflight.schema.json", preflight),
        ("schema/watch.schema.json", watch),
        ("npm/brolly/types/lint.d.ts", lint_types),
        ("npm/brolly/types/facts.d.ts", facts_types),
        ("npm/brolly/types/plan.d.ts", plan_types),
        ("npm/brolly/types/rollback.d.ts", rollback_types),
        ("npm/brolly/types/migrate.d.ts", migrate_types),
        ("npm/brolly/types/ledger.d.ts", ledger_types),
        ("npm/brolly/types/backfill.d.ts", backfill_types),
        ("npm/brolly/types/preflight.d.ts", preflight_types),
        ("npm/brolly/types/watch.d.ts", watch_types),
    ])
}

fn settings_schema() -> Value {
    let known: Vec<Known<'_>> =
        rules().into_iter().map(|meta| Known { name: meta.name, summary: meta.summary }).collect();
    settings::schema(&known)
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// The types of what a schema describes, by a library of npm.
fn types(root: &Path, schema: &str) -> Result<String, String> {
    let folder = root.join("tests/npm");
    if !folder.join("node_modules").is_dir() {
        return Err("the types are made by a package of npm: run `bin/prepare test` first".to_owned());
    }
    let mut command = Command::new("node");
    command.arg("types.mjs").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = command.spawn().map_err(|error| format!("node did not start: {error}"))?;
    if let Some(mut input) = node.stdin.take() {
        input.write_all(schema.as_bytes()).map_err(|error| format!("node: {error}"))?;
    }
    let output = node.wait_with_output().map_err(|error| format!("node: {error}"))?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|error| format!("tests/npm/types.mjs: {error}"))
    } else {
        Err("tests/npm/types.mjs failed".to_owned())
    }
}
