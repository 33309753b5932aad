//! Comments by which people live with a finding: it stays, marked as accepted with their reason.
//!
//! ```sql
//! -- brolly-allow drop-column, drop-table: nobody reads it since March
//! -- brolly-allow-file index-blocks-writes: the table is empty in production
//! -- brolly-maintenance-window: Sunday 3:00, announced
//! ```
//!
//! The first form is about the next statement (or the one that it stands in), the others are about
//! their file. A window accepts what breaks the old app and what blocks, not what fails or loses data.
//! The older pair `-- drizzle-migration-linter: allow-breaking` and `reason=..` accepts all errors of
//! its file. Pure: texts and findings in, findings out.

use crate::marker::{Kind, Marker, markers};
use drizzle::Project;
use facts::{Analysis, Step};
use source::{Diagnostic, Evidence, Group, Label, Remedy, RuleMeta, Severity, SourceFile, Span, nearest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A comment that allows what is not there.
pub(crate) const UNUSED_IGNORE: RuleMeta = RuleMeta {
    name: "unused-ignore",
    group: Group::Advice,
    severity: Severity::Warning,
    summary: "a comment allows a finding that is not there",
};

/// A comment that does not say why.
pub(crate) const IGNORE_WITHOUT_REASON: RuleMeta = RuleMeta {
    name: "ignore-without-reason",
    group: Group::Advice,
    severity: Severity::Error,
    summary: "a comment allows findings without a reason",
};

/// All findings, those that a comment allows marked as accepted, and with them what is wrong with the
/// comments of the judged migrations.
pub fn accept(mut diagnostics: Vec<Diagnostic>, analysis: &Analysis, project: &Project) -> Vec<Diagnostic> {
    let mut steps: BTreeMap<usize, Vec<&Step>> = BTreeMap::new();
    for set in &analysis.sets {
        for migration in &set.migrations {
            steps.entry(*migration).or_default();
        }
    }
    for step in &analysis.steps {
        steps.entry(step.migration).or_default().push(step);
    }
    let mut said = Vec::new();
    for (index, steps) in steps {
        let Some(migration) = project.migrations.get(index) else { continue };
        for marker in markers(&migration.file.text) {
            let about = About { file: &migration.file, tag: &migration.tag, steps: &steps };
            about.apply(&marker, &mut diagnostics, &mut said);
        }
    }
    diagnostics.extend(said);
    diagnostics
}

/// One judged file.
struct About<'a> {
    file: &'a Arc<SourceFile>,
    tag: &'a str,
    steps: &'a [&'a Step],
}

impl About<'_> {
    fn apply(&self, marker: &Marker, diagnostics: &mut [Diagnostic], said: &mut Vec<Diagnostic>) {
        if marker.reason.is_empty() {
            said.push(self.without_reason(marker));
            return;
        }
        let next = self.steps.iter().find(|step| step.span.end > marker.span.start).copied();
        let mut mark = |rule: Option<&str>| {
            let mut used = false;
            for diagnostic in diagnostics.iter_mut() {
                if self.concerns(diagnostic, marker.kind, next, rule) {
                    diagnostic.accepted.get_or_insert_with(|| marker.reason.clone());
                    used = true;
                }
            }
            used
        };
        match marker.kind {
            Kind::Window => {
                if !mark(None) {
                    said.push(self.unused(
                        marker.span,
                        "this maintenance window accepts nothing".to_owned(),
                        None,
                    ));
                }
            }
            Kind::Errors => {
                if !mark(None) {
                    said.push(self.unused(
                        marker.span,
                        "there is no error to allow in this file".to_owned(),
                        None,
                    ));
                }
            }
            Kind::Statement | Kind::File => {
                if marker.rules.is_empty() {
                    let what = "this comment names no rule to allow".to_owned();
                    said.push(self.unused(marker.span, what, None));
                }
                for (name, span) in &marker.rules {
                    if crate::rule(name).is_none() {
                        let near = nearest(name, names());
                        said.push(self.unused(*span, format!("allows `{name}`, which is no rule"), near));
                    } else if !mark(Some(name)) {
                        said.push(self.unused(*span, self.nothing_of(name, marker.kind, next), None));
                    }
                }
            }
        }
    }

    /// Whether a marker of this kind, naming this rule, is about a finding.
    fn concerns(&self, diagnostic: &Diagnostic, kind: Kind, next: Option<&Step>, rule: Option<&str>) -> bool {
        let here = diagnostic.migration.as_deref() == Some(self.tag) || self.is_in_file(diagnostic);
        let about_comments = [IGNORE_WITHOUT_REASON.name, UNUSED_IGNORE.name];
        if !here
            || rule.is_some_and(|rule| rule != diagnostic.rule)
            || about_comments.contains(&diagnostic.rule)
        {
            return false;
        }
        match kind {
            Kind::File => true,
            Kind::Window => matches!(diagnostic.group, Group::BreaksOldApp | Group::Blocks),
            Kind::Errors => diagnostic.severity == Severity::Error && diagnostic.group != Group::Input,
            Kind::Statement => next.is_some_and(|step| match diagnostic.statement {
                Some(index) => index == step.index,
                None => {
                    let at = diagnostic.primary.span.start;
                    self.is_in_file(diagnostic) && step.span.start <= at && at < step.span.end
                }
            }),
        }
    }

    fn is_in_file(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.primary.file.path == self.file.path
    }

    fn nothing_of(&self, name: &str, kind: Kind, next: Option<&Step>) -> String {
        match (kind, next) {
            (Kind::Statement, None) => format!("allows `{name}`, but no statement follows"),
            (Kind::Statement, Some(_)) => {
                format!("allows `{name}`, which the next statement has no finding of")
            }
            _ => format!("allows `{name}`, which this file has no finding of"),
        }
    }

    fn unused(&self, span: Span, what: String, near: Option<&str>) -> Diagnostic {
        let fix = match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Take the comment out, so that it hides nothing later.".to_owned(),
        };
        self.finding(
            &UNUSED_IGNORE,
            span,
            what,
            "a comment that allows what is not there may be about another statement than was meant",
            fix,
        )
    }

    fn without_reason(&self, marker: &Marker) -> Diagnostic {
        let code = match marker.kind {
            Kind::Statement | Kind::File => {
                let rules: Vec<&str> = marker.rules.iter().map(|(name, _)| name.as_str()).collect();
                format!("-- {} {}: why it is safe here", marker.word, rules.join(", "))
            }
            Kind::Window => "-- brolly-maintenance-window: when it is, and who knows".to_owned(),
            Kind::Errors => "-- drizzle-migration-linter: reason=why it is safe here".to_owned(),
        };
        let mut finding = self.finding(
            &IGNORE_WITHOUT_REASON,
            marker.span,
            "allows findings without a reason, so it allows nothing".to_owned(),
            "whoever reads it next can't tell whether it still holds",
            "Say why it is safe here.".to_owned(),
        );
        finding.remedy.code = Some(code);
        finding
    }

    fn finding(&self, rule: &RuleMeta, span: Span, what: String, why: &str, fix: String) -> Diagnostic {
        Diagnostic {
            rule: rule.name,
            group: rule.group,
            severity: rule.severity,
            what,
            why: vec![why.to_owned()],
            remedy: Remedy { text: fix, code: None },
            evidence: Evidence::Predicted,
            primary: Label { file: self.file.clone(), span, text: String::new() },
            secondary: Vec::new(),
            migration: Some(self.tag.to_owned()),
            statement: None,
            relation: None,
            accepted: None,
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    let own = crate::RULES.iter().map(|rule| rule.meta.name);
    own.chain(drizzle::rules::ALL.iter().map(|meta| meta.name))
}
