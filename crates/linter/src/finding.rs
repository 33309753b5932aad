//! The words of a finding, one after the other.

use source::{Diagnostic, Label, Severity, Span};
use std::sync::Arc;

/// Adds to a [`Diagnostic`].
pub(crate) trait Words: Sized {
    /// A fact, as one line.
    fn why(self, line: impl Into<String>) -> Self;
    /// Facts, one a line.
    fn whys(self, lines: impl IntoIterator<Item = String>) -> Self;
    /// The way out, in words.
    fn fix(self, text: impl Into<String>) -> Self;
    /// SQL to copy.
    fn code(self, code: impl Into<String>) -> Self;
    /// A narrower place, where one was found.
    fn on(self, span: Option<Span>) -> Self;
    /// A few words under the place.
    fn label(self, text: impl Into<String>) -> Self;
    /// The relation it is about.
    fn about(self, relation: &str) -> Self;
    /// Another weight than the rule's own.
    fn weighs(self, severity: Severity) -> Self;
    /// Another place that explains it.
    fn also(self, step: &facts::Step, span: Option<Span>, text: impl Into<String>) -> Self;
}

impl Words for Diagnostic {
    fn why(mut self, line: impl Into<String>) -> Self {
        self.why.push(line.into());
        self
    }
    fn whys(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.why.extend(lines);
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
    fn on(mut self, span: Option<Span>) -> Self {
        if let Some(span) = span.filter(|span| !span.is_empty()) {
            self.primary.span = span;
        }
        self
    }
    fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }
    fn about(mut self, relation: &str) -> Self {
        self.relation = Some(relation.to_owned());
        self
    }
    fn weighs(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
    fn also(mut self, step: &facts::Step, span: Option<Span>, text: impl Into<String>) -> Self {
        let span = span.unwrap_or(step.span);
        self.secondary.push(Label { file: Arc::clone(&step.file), span, text: text.into() });
        self
    }
}
