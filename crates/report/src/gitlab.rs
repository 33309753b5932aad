//! GitLab's code quality report: a JSON list that a job hands over as `artifacts:reports:codequality`.
//!
//! It knows no accepted findings; they are there as `info` and say so.

use crate::fingerprint::fingerprints;
use crate::rule_doc::plain;
use serde_json::{Value, json};
use source::{Diagnostic, Severity};

/// All findings as one JSON list.
pub fn gitlab(diagnostics: &[Diagnostic]) -> String {
    let issues: Vec<Value> = diagnostics
        .iter()
        .zip(fingerprints(diagnostics))
        .map(|(diagnostic, fingerprint)| issue(diagnostic, &fingerprint))
        .collect();
    let mut text = serde_json::to_string_pretty(&issues).unwrap_or_default();
    text.push('\n');
    text
}

fn issue(diagnostic: &Diagnostic, fingerprint: &str) -> Value {
    let severity = match (diagnostic.severity, &diagnostic.accepted) {
        (_, Some(_)) | (Severity::Info, None) => "info",
        (Severity::Warning, None) => "minor",
        (Severity::Error, None) => "critical",
    };
    let label = &diagnostic.primary;
    let description = match &diagnostic.accepted {
        Some(reason) => format!("{} (accepted: {reason})", diagnostic.what),
        None => diagnostic.what.clone(),
    };
    json!({
        "type": "issue",
        "check_name": diagnostic.rule,
        "description": description,
        "content": { "body": plain(diagnostic) },
        "categories": ["Bug Risk"],
        "severity": severity,
        "fingerprint": fingerprint,
        "location": {
            "path": label.file.path,
            "lines": {
                "begin": label.file.position(label.span.start).line,
                "end": label.file.position(label.span.end.max(label.span.start)).line,
            },
        },
    })
}
