//! SARIF 2.1.0, the form that code scanning of GitHub and others reads.
//!
//! Columns count characters (`unicodeCodePoints`), as everywhere here. What a comment accepts is there
//! too, as suppressed in the source.

use crate::fingerprint::fingerprints;
use crate::rule_doc::{RuleDoc, plain};
use crate::run::Run;
use serde_json::{Map, Value, json};
use source::{Diagnostic, Label, Severity};
use std::collections::BTreeSet;

/// All findings as one SARIF log. Of `rules`, those that have findings are described.
pub fn sarif(diagnostics: &[Diagnostic], run: &Run, rules: &[RuleDoc<'_>]) -> String {
    let used: BTreeSet<&str> = diagnostics.iter().map(|d| d.rule).collect();
    let described: Vec<&RuleDoc<'_>> = rules.iter().filter(|rule| used.contains(rule.meta.name)).collect();
    let results: Vec<Value> = diagnostics
        .iter()
        .zip(fingerprints(diagnostics))
        .map(|(diagnostic, fingerprint)| {
            let index = described.iter().position(|rule| rule.meta.name == diagnostic.rule);
            result(diagnostic, index, &fingerprint)
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "brolly",
                "version": run.version,
                "semanticVersion": run.version,
                "informationUri": "https://github.com/brolly/brolly",
                "rules": described.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true }],
            "results": results,
            "properties": { "selection": run.selection, "postgres": run.postgres },
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn descriptor(rule: &RuleDoc<'_>) -> Value {
    let meta = rule.meta;
    let mut value = json!({
        "id": meta.name,
        "shortDescription": { "text": meta.summary },
        "defaultConfiguration": { "level": level(meta.severity) },
        "properties": { "tags": [meta.group] },
    });
    let help = if rule.page.is_empty() { meta.summary } else { rule.page };
    value["help"] = json!({ "text": help, "markdown": help });
    value
}

fn result(diagnostic: &Diagnostic, index: Option<usize>, fingerprint: &str) -> Value {
    let related: Vec<Value> = diagnostic
        .secondary
        .iter()
        .enumerate()
        .map(|(id, label)| {
            let mut place = location(label);
            place["id"] = json!(id);
            let text = if label.text.is_empty() { "see also" } else { &label.text };
            // SARIF has lines of the files as they are now: whoever looks must know that it is another version.
            let text = match &label.file.commit {
                Some(commit) => format!("{text} (as of {commit})"),
                None => text.to_owned(),
            };
            place["message"] = json!({ "text": text });
            place
        })
        .collect();
    let mut value = json!({
        "ruleId": diagnostic.rule,
        "level": level(diagnostic.severity),
        "message": { "text": plain(diagnostic) },
        "locations": [location(&diagnostic.primary)],
        "partialFingerprints": { "brollyFinding/v1": fingerprint },
    });
    if let Some(index) = index {
        value["ruleIndex"] = json!(index);
    }
    if !related.is_empty() {
        value["relatedLocations"] = Value::Array(related);
    }
    // An empty list says that it was looked for and there is none.
    let justification = diagnostic.accepted.as_deref();
    let suppressions: Vec<Value> = justification
        .map(|reason| json!({ "kind": "inSource", "status": "accepted", "justification": reason }))
        .into_iter()
        .collect();
    value["suppressions"] = Value::Array(suppressions);
    let mut properties = Map::new();
    properties.insert("group".to_owned(), json!(diagnostic.group));
    properties.insert("evidence".to_owned(), json!(diagnostic.evidence));
    for (key, text) in [("migration", &diagnostic.migration), ("relation", &diagnostic.relation)] {
        if let Some(text) = text {
            properties.insert(key.to_owned(), json!(text));
        }
    }
    value["properties"] = Value::Object(properties);
    value
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn location(label: &Label) -> Value {
    let file = &label.file;
    let mut artifact = json!({ "uri": uri(&file.path) });
    if !file.path.starts_with('/') {
        artifact["uriBaseId"] = json!("%SRCROOT%");
    }
    let mut physical = json!({ "artifactLocation": artifact });
    // A file of which there is no text has no lines to point at.
    if !file.text.is_empty() {
        let start = file.position(label.span.start);
        let end = file.position(label.span.end.max(label.span.start));
        physical["region"] = json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        });
    }
    json!({ "physicalLocation": physical })
}

/// A path as a relative reference, or as a `file` URI where it is absolute.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn uris() {
        assert_eq!(uri("drizzle/0001 ä.sql"), "drizzle/0001%20%C3%A4.sql");
        assert_eq!(uri("/a/b#c"), "file:///a/b%23c");
    }
}
