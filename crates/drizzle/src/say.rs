//! Building a diagnostic: one place that knows every field, so that the callers only say words.

use crate::files::Files;
use source::{Decoded, Diagnostic, Evidence, Label, Remedy, RuleMeta, SourceFile, Span};
use std::sync::Arc;

/// A diagnostic of `rule` at `span` of `file`; `why` and the remedy are added by [`Say`].
pub(crate) fn say(
    rule: &RuleMeta,
    file: &Arc<SourceFile>,
    span: Span,
    what: impl Into<String>,
) -> Diagnostic {
    Diagnostic {
        rule: rule.name,
        group: rule.group,
        severity: rule.severity,
        what: what.into(),
        why: Vec::new(),
        remedy: Remedy::default(),
        evidence: Evidence::Predicted,
        primary: Label { file: file.clone(), span, text: String::new() },
        secondary: Vec::new(),
        migration: None,
        statement: None,
        relation: None,
        accepted: None,
    }
}

/// The same, about a path of which there is no text to show.
pub(crate) fn say_path(rule: &RuleMeta, path: &str, what: impl Into<String>) -> Diagnostic {
    say(rule, &SourceFile::new(path, ""), Span::default(), what)
}

/// The words of a diagnostic, one after the other.
pub(crate) trait Say: Sized {
    fn why(self, line: impl Into<String>) -> Self;
    fn fix(self, text: impl Into<String>) -> Self;
    fn code(self, code: impl Into<String>) -> Self;
    fn of(self, migration: &str) -> Self;
    fn label(self, text: impl Into<String>) -> Self;
    fn also(self, file: &Arc<SourceFile>, span: Span, text: impl Into<String>) -> Self;
}

impl Say for Diagnostic {
    fn why(mut self, line: impl Into<String>) -> Self {
        self.why.push(line.into());
        self
    }
    fn fix(mut self, text: impl Into<String>) -> Self {
        self.remedy.text = text.into();
        self
    }
    fn code(mut self, code: impl Into<String>) -> Self {
        self.remedy.code = Some(code.into());
        self
    }
    fn of(mut self, migration: &str) -> Self {
        self.migration = Some(migration.to_owned());
        self
    }
    fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }
    fn also(mut self, file: &Arc<SourceFile>, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { file: file.clone(), span, text: text.into() });
        self
    }
}

/// Reads and decodes a text file.
pub(crate) fn read_text(files: &dyn Files, path: &str) -> Result<Decoded, crate::FileError> {
    files.read(path).map(|bytes| source::decode(&bytes))
}
