//! The versioned JSON document, described in `JSON.md`.

use crate::run::{Run, counts};
use crate::unnoticed::Unnoticed;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};
use source::{Diagnostic, Evidence, Group, Label, Severity};
use std::io;

/// Goes up when a field is removed or changes its meaning; new fields leave it alone.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    tool: Tool<'a>,
    selection: Selection<'a>,
    summary: Summary,
    findings: [Finding<'a>; 0],
    unnoticed: &'a [Unnoticed],
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Selection<'a> {
    text: &'a str,
    migrations: &'a [String],
    postgres: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
    accepted: usize,
    migrations: usize,
    migrations_with_findings: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    group: Group,
    severity: Severity,
    what: &'a str,
    why: &'a [String],
    remedy: Remedy<'a>,
    evidence: Evidence,
    #[serde(flatten)]
    place: Place<'a>,
    migration: Option<&'a str>,
    statement: Option<usize>,
    relation: Option<&'a str>,
    accepted: Option<&'a str>,
    related: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Remedy<'a> {
    text: &'a str,
    code: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    start: u32,
    end: u32,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct Related<'a> {
    text: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

/// All findings as one JSON document, indented, with a newline at its end.
pub fn json(diagnostics: &[Diagnostic], run: &Run) -> String {
    let mut text = Vec::new();
    // Strings and numbers only, into memory: there is nothing that could be refused.
    let _ = write_json(&mut text, diagnostics, run);
    String::from_utf8(text).unwrap_or_default()
}

/// The same, written finding by finding: of a long history it is more than should be held in memory.
pub fn write_json(mut out: impl io::Write, diagnostics: &[Diagnostic], run: &Run) -> io::Result<()> {
    let counts = counts(diagnostics);
    let document = Document {
        version: VERSION,
        tool: Tool { name: "brolly", version: &run.version },
        selection: Selection { text: &run.selection, migrations: &run.migrations, postgres: run.postgres },
        summary: Summary {
            errors: counts.errors,
            warnings: counts.warnings,
            notes: counts.notes,
            accepted: counts.accepted,
            migrations: run.migrations.len(),
            migrations_with_findings: counts.migrations,
        },
        findings: [],
        unnoticed: &run.unnoticed,
    };
    let mut document = serde_json::to_string_pretty(&document)?;
    document.push('\n');
    // Strings have their quotes escaped, so this is the list and nothing else.
    let (before, behind) = document.split_once("\"findings\": []").unwrap_or((&document, ""));
    if diagnostics.is_empty() {
        return out.write_all(document.as_bytes());
    }
    out.write_all(before.as_bytes())?;
    out.write_all(b"\"findings\": [")?;
    for (n, some) in diagnostics.chunks(AT_ONCE).enumerate() {
        let texts = some.par_chunks(AT_ONCE / 8).map(listed).collect::<io::Result<Vec<_>>>()?;
        for (at, text) in texts.iter().enumerate() {
            // Each brings the comma that separates it from the one before.
            out.write_all(if (n, at) == (0, 0) { &text[1..] } else { text })?;
        }
    }
    out.write_all(b"\n  ]")?;
    out.write_all(behind.as_bytes())
}

/// Findings that are in memory as text at one time.
const AT_ONCE: usize = 2_048;

/// Findings as they stand in the list of the document, each behind a comma.
fn listed(diagnostics: &[Diagnostic]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(diagnostics.len() * FINDING_BYTES);
    // Two levels deep: in the document and in its list.
    let mut indented = PrettyFormatter::new();
    indented.begin_object(&mut io::sink())?;
    indented.begin_array(&mut io::sink())?;
    for diagnostic in diagnostics {
        text.extend_from_slice(b",\n    ");
        finding(diagnostic).serialize(&mut Serializer::with_formatter(&mut text, indented.clone()))?;
    }
    Ok(text)
}

/// What a finding takes, a little more than the mean.
const FINDING_BYTES: usize = 1_300;

fn finding(diagnostic: &Diagnostic) -> Finding<'_> {
    Finding {
        rule: diagnostic.rule,
        group: diagnostic.group,
        severity: diagnostic.severity,
        what: &diagnostic.what,
        why: &diagnostic.why,
        remedy: Remedy { text: &diagnostic.remedy.text, code: diagnostic.remedy.code.as_deref() },
        evidence: diagnostic.evidence,
        place: place(&diagnostic.primary),
        migration: diagnostic.migration.as_deref(),
        statement: diagnostic.statement,
        relation: diagnostic.relation.as_deref(),
        accepted: diagnostic.accepted.as_deref(),
        related: diagnostic
            .secondary
            .iter()
            .map(|label| Related { text: &label.text, place: place(label) })
            .collect(),
    }
}

fn place(label: &Label) -> Place<'_> {
    let start = label.file.position(label.span.start);
    let end = label.file.position(label.span.end);
    Place {
        file: &label.file.path,
        commit: label.file.commit.as_deref(),
        start: label.span.start,
        end: label.span.end,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}
