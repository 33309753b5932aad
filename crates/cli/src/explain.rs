//! `brolly explain`: the pages of the rules, which are compiled in.

use crate::Outcome;
use crate::errors::Error;
use source::{RuleMeta, Severity};
use std::fmt::Write;

/// The page of a rule, or the list of all rules.
pub fn explain(name: Option<&str>) -> Result<Outcome, Error> {
    let Some(name) = name else { return Ok(Outcome { output: list(), ..Outcome::default() }) };
    let unknown = || Error::NoSuchRule { name: name.to_owned() };
    let meta = linter::rule(name).ok_or_else(unknown)?;
    let page = linter::RULES.iter().find(|rule| rule.meta.name == name).map(|rule| rule.page);
    let output = match page {
        Some(page) => page.to_owned(),
        // Those about files rather than SQL say all they know in the finding itself.
        None => format!("# {}\n\n{} ({})\n", meta.name, sentence(meta.summary), weight(meta.severity)),
    };
    Ok(Outcome { output, ..Outcome::default() })
}

fn list() -> String {
    let own = linter::RULES.iter().map(|rule| rule.meta);
    let mut rules: Vec<&RuleMeta> = own.chain(drizzle::rules::ALL.iter().copied()).collect();
    rules.sort_by_key(|meta| (meta.group, meta.name));
    let width = rules.iter().map(|meta| meta.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for meta in rules {
        let _ = writeln!(text, "{:width$}  {:7}  {}", meta.name, weight(meta.severity), meta.summary);
    }
    text
}

fn weight(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
