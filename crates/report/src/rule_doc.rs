//! What formats say about rules: plain values, so that this crate knows no rule.

use source::{Diagnostic, Group, RuleMeta, Severity};

/// A rule and its page.
#[derive(Clone, Copy, Debug)]
pub struct RuleDoc<'a> {
    /// Name, group, severity, summary.
    pub meta: &'a RuleMeta,
    /// Its page in Markdown; empty where it has none.
    pub page: &'a str,
}

/// The harm of a group as a heading.
pub fn heading(group: Group) -> &'static str {
    match group {
        Group::BreaksOldApp => "Breaks the deployed app",
        Group::BreaksNewApp => "Breaks the app being deployed",
        Group::LosesData => "Loses data",
        Group::Fails => "The migration fails",
        Group::Blocks => "Makes queries wait",
        Group::Journal => "Journal, snapshots and files",
        Group::Advice => "Good to know",
        Group::Input => "Could not be read",
    }
}

/// A severity as people call it.
pub fn weight(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// Lines of the deployed code that a finding stands on: `src/users.ts:12 at 3c1f9a2: v2.41: ..`.
pub(crate) fn cited(diagnostic: &Diagnostic) -> impl Iterator<Item = String> {
    let of_code = diagnostic.secondary.iter().filter(|label| label.file.commit.is_some());
    of_code.map(|label| {
        let (file, line) = (&label.file, label.file.position(label.span.start).line);
        let commit = file.commit.as_deref().unwrap_or_default();
        format!("{}:{line} at {commit}: {}", file.path, label.text)
    })
}

/// A finding as plain text of several lines: what, why, what to do.
pub(crate) fn plain(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.what.clone();
    if let Some(reason) = &diagnostic.accepted {
        text.push_str(&format!("\n- accepted: {reason}"));
    }
    for why in &diagnostic.why {
        text.push_str(&format!("\n- {why}"));
    }
    for line in cited(diagnostic) {
        text.push_str(&format!("\n- {line}"));
    }
    if !diagnostic.remedy.text.is_empty() {
        text.push_str(&format!("\n\n{}", diagnostic.remedy.text));
    }
    if let Some(code) = &diagnostic.remedy.code {
        text.push_str(&format!("\n\n{}", code.trim_end()));
    }
    text
}
