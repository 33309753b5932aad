//! Findings as the protocol has them.

use crate::capabilities::Client;
use crate::check::{Check, Texts};
use crate::positions::Lines;
use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString,
    Uri,
};
use source::{Label, Severity};
use std::path::Path;
use std::str::FromStr;

/// Where the parts of findings are to be shown.
pub(crate) struct Places<'a> {
    /// The folder that the paths of findings are relative to.
    pub(crate) root: &'a Path,
    /// Documents as the editor has them.
    pub(crate) texts: &'a Texts,
    /// What the editor calls a file.
    pub(crate) uri: &'a dyn Fn(&Path) -> Option<Uri>,
}

impl Places<'_> {
    /// A finding as the client can show it.
    pub(crate) fn diagnostic(
        &self,
        found: &source::Diagnostic,
        client: Client,
        check: &dyn Check,
    ) -> Diagnostic {
        let href = check.page(found.rule).and_then(|page| Uri::from_str(&page.url).ok());
        let related = found.secondary.iter().filter_map(|label| self.related(label));
        let related: Vec<_> = related.filter(|_| client.related).collect();
        Diagnostic {
            range: self.range(&found.primary),
            severity: Some(severity(found)),
            code: Some(NumberOrString::String(found.rule.to_owned())),
            code_description: href.filter(|_| client.links).map(|href| CodeDescription { href }),
            source: Some("brolly".to_owned()),
            message: message(found),
            related_information: Some(related).filter(|related| !related.is_empty()),
            ..Diagnostic::default()
        }
    }

    fn range(&self, label: &Label) -> lsp_types::Range {
        // What was read of a commit has the lines of then.
        let open = self.texts.get(&self.root.join(&label.file.path)).filter(|_| label.file.commit.is_none());
        Lines::new(open.map_or(label.file.text.as_str(), |text| text)).range(label.span)
    }

    fn related(&self, label: &Label) -> Option<DiagnosticRelatedInformation> {
        let uri = (self.uri)(&self.root.join(&label.file.path))?;
        let at = label.file.commit.as_ref().map(|commit| format!(" (as of {commit})")).unwrap_or_default();
        let text = if label.text.is_empty() { "here" } else { &label.text };
        let location = Location { uri, range: self.range(label) };
        Some(DiagnosticRelatedInformation { location, message: format!("{text}{at}") })
    }
}

fn severity(found: &source::Diagnostic) -> DiagnosticSeverity {
    match found.severity {
        // Somebody lives with it, and says why.
        _ if found.accepted.is_some() => DiagnosticSeverity::HINT,
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Info => DiagnosticSeverity::INFORMATION,
    }
}

/// What, why, and what to do.
fn message(found: &source::Diagnostic) -> String {
    let mut text = found.what.clone();
    if let Some(reason) = &found.accepted {
        text.push_str(&format!("\naccepted: {reason}"));
    }
    for why in &found.why {
        text.push_str(&format!("\n- {why}"));
    }
    if !found.remedy.text.is_empty() {
        text.push_str(&format!("\n\n{}", found.remedy.text));
    }
    text
}
