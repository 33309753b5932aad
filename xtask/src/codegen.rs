//! Files that are made from code and committed: the JSON Schema of `brolly.json`.

use settings::Known;
use source::RuleMeta;
use std::fs;
use std::path::Path;

const SCHEMA: &str = "schema/brolly.schema.json";

/// Writes them below `root`; with `check`, only says whether they are as they should be.
pub fn codegen(root: &Path, check: bool) -> Result<String, String> {
    let path = root.join(SCHEMA);
    let text = schema();
    let old = fs::read_to_string(&path).unwrap_or_default();
    match (old == text, check) {
        (true, _) => Ok(format!("{SCHEMA} is up to date")),
        (false, true) => Err(format!("{SCHEMA} is not what the code says: run `cargo xtask codegen`")),
        (false, false) => {
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            let written = folder.and_then(|()| fs::write(&path, text));
            written.map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(format!("wrote {SCHEMA}"))
        }
    }
}

/// Every rule, ordered by harm and then by name.
pub fn rules() -> Vec<&'static RuleMeta> {
    let own = linter::RULES.iter().map(|rule| rule.meta);
    let mut rules: Vec<&RuleMeta> = own.chain(drizzle::rules::ALL.iter().copied()).collect();
    rules.sort_by_key(|meta| (meta.group, meta.name));
    rules
}

fn schema() -> String {
    let known: Vec<Known<'_>> =
        rules().into_iter().map(|meta| Known { name: meta.name, summary: meta.summary }).collect();
    let mut text = serde_json::to_string_pretty(&settings::schema(&known)).unwrap_or_default();
    text.push('\n');
    text
}
