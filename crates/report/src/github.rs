//! GitHub workflow commands: one annotation a finding, shown beside the changed lines.
//!
//! The form and its escapes are those of GitHub's page "Workflow commands for GitHub Actions" and
//! of the `@actions/core` command functions it describes.

use crate::rule_doc::plain;
use source::{Diagnostic, Severity};
use std::fmt::Write;

/// All findings as workflow commands, one a line.
pub fn github(diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let command = match (diagnostic.severity, &diagnostic.accepted) {
            (_, Some(_)) | (Severity::Info, None) => "notice",
            (Severity::Error, None) => "error",
            (Severity::Warning, None) => "warning",
        };
        let label = &diagnostic.primary;
        let start = label.file.position(label.span.start);
        let end = label.file.position(label.span.end.max(label.span.start));
        let mut properties = format!("file={}", property(&label.file.path));
        // A file of which there is no text has no lines to point at.
        if !label.file.text.is_empty() {
            let _ = write!(properties, ",line={},col={}", start.line, start.column);
            let _ = write!(properties, ",endLine={}", end.line);
            // GitHub takes columns only where both ends are on one line.
            if start.line == end.line {
                let _ = write!(properties, ",endColumn={}", end.column);
            }
        }
        let _ = writeln!(
            out,
            "::{command} {properties},title={}::{}",
            property(&format!("brolly {}", diagnostic.rule)),
            message(&plain(diagnostic))
        );
    }
    out
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(message("50%\r\na:b,c"), "50%25%0D%0Aa:b,c");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
