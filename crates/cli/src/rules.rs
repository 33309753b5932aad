//! `brolly rules`: what there is, as a list.

use crate::Outcome;
use crate::args::RulesFormat;
use report::{heading, weight};
use serde_json::{Value, json};
use source::RuleMeta;
use std::fmt::Write;

/// Every rule, ordered by harm and then by name.
pub fn all() -> Vec<&'static RuleMeta> {
    let own = linter::RULES.iter().map(|rule| rule.meta);
    let mut rules: Vec<&RuleMeta> = own.chain(drizzle::rules::ALL.iter().copied()).collect();
    rules.sort_by_key(|meta| (meta.group, meta.name));
    rules
}

/// The page of a rule; those about files have none.
pub fn page(name: &str) -> &'static str {
    linter::RULES.iter().find(|rule| rule.meta.name == name).map_or("", |rule| rule.page)
}

/// Where the page of a rule is on the net.
pub fn url(name: &str) -> String {
    format!("https://brolly.github.io/brolly/{name}.html")
}

/// The list in a format.
pub fn rules(format: RulesFormat) -> Outcome {
    let rules = all();
    let output = match format {
        RulesFormat::Human => human(&rules),
        RulesFormat::Json => json(&rules),
        RulesFormat::Markdown => markdown(&rules),
    };
    Outcome { output, ..Outcome::default() }
}

fn human(rules: &[&RuleMeta]) -> String {
    let width = rules.iter().map(|meta| meta.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for group in rules.chunk_by(|a, b| a.group == b.group) {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", heading(group[0].group));
        for meta in group {
            let _ = writeln!(text, "  {:width$}  {:7}  {}", meta.name, weight(meta.severity), meta.summary);
        }
    }
    text
}

/// One rule as a JSON document.
pub fn json_of(meta: &RuleMeta, page: &str) -> String {
    let mut text = serde_json::to_string_pretty(&described(meta, page)).unwrap_or_default();
    text.push('\n');
    text
}

/// One recipe as a JSON document.
pub fn json_of_recipe(recipe: &plan::Recipe) -> String {
    let value = json!({ "name": recipe.name, "page": recipe.page });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn described(meta: &RuleMeta, page: &str) -> Value {
    json!({
        "name": meta.name,
        "group": meta.group,
        "severity": meta.severity,
        "summary": meta.summary,
        "page": Some(page).filter(|page| !page.is_empty()),
    })
}

fn json(rules: &[&RuleMeta]) -> String {
    let rules: Vec<Value> = rules.iter().map(|meta| described(meta, page(meta.name))).collect();
    let mut text = serde_json::to_string_pretty(&json!({ "version": 1, "rules": rules })).unwrap_or_default();
    text.push('\n');
    text
}

fn markdown(rules: &[&RuleMeta]) -> String {
    let mut text = String::from("# Rules\n");
    for group in rules.chunk_by(|a, b| a.group == b.group) {
        let _ = writeln!(text, "\n## {}\n\n| rule | weight | |\n|---|---|---|", heading(group[0].group));
        for meta in group {
            let summary = meta.summary.replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {} | {summary} |", meta.name, weight(meta.severity));
        }
    }
    text
}
