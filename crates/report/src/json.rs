//! The versioned JSON document of findings. Its JSON Schema is made of these types (`schema.rs`).

use crate::run::{Run, counts};
use crate::unnoticed::Unnoticed;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};
use source::{Diagnostic, Evidence, Group, Label, Severity};
use std::io;

/// The version of the document.
const VERSION: u8 = 1;

/// What `brolly lint --format json` prints. Byte offsets count bytes of a file's text in UTF-8, a byte order
/// mark left out; lines and columns count from 1, columns in characters. Relations are named as Postgres
/// stores them: schema and name, unquoted (`public.users`).
#[derive(Serialize, JsonSchema)]
#[schemars(title = "LintReport")]
pub(crate) struct Document<'a> {
    /// Goes up when a field is removed or changes its meaning. New fields may appear at any time.
    #[schemars(extend("const" = VERSION))]
    version: u8,
    /// What wrote it.
    tool: Tool<'a>,
    /// What was judged.
    selection: Selection<'a>,
    /// How much was found.
    summary: Summary,
    /// What was found, by migration and then by harm.
    #[schemars(with = "Vec<Finding<'static>>")]
    findings: [Finding<'a>; 0],
    /// What the migrations take away and no deployed version declares or names, where the code of all of
    /// them was read.
    unnoticed: &'a [Unnoticed],
}

/// The program that wrote it.
#[derive(Serialize, JsonSchema)]
struct Tool<'a> {
    /// `brolly`.
    name: &'static str,
    /// Its version.
    version: &'a str,
}

/// What was judged.
#[derive(Serialize, JsonSchema)]
struct Selection<'a> {
    /// Which migrations were judged, and why those, in words.
    text: &'a str,
    /// Their tags, or names of folders.
    migrations: &'a [String],
    /// The major version of Postgres that they were judged for.
    postgres: u8,
}

/// How much was found. Accepted findings are in `accepted` only.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    /// Findings of severity `error`.
    errors: usize,
    /// Findings of severity `warning`.
    warnings: usize,
    /// Findings of severity `info`.
    notes: usize,
    /// Findings that a comment allows.
    accepted: usize,
    /// How many migrations were judged.
    migrations: usize,
    /// How many of them have findings.
    migrations_with_findings: usize,
}

/// One finding: what, why, what to do, and where.
#[derive(Serialize, JsonSchema)]
struct Finding<'a> {
    /// Name of the rule, as in `brolly explain` and in ignore comments.
    rule: &'a str,
    /// The harm.
    group: Group,
    /// The weight.
    severity: Severity,
    /// One sentence with the names in it.
    what: &'a str,
    /// The facts behind it, one an item.
    why: &'a [String],
    /// The way out.
    remedy: Remedy<'a>,
    /// Worked out from the SQL, or seen on a server.
    evidence: Evidence,
    #[serde(flatten)]
    place: Place<'a>,
    /// Tag of the migration in the journal, or name of its folder, where it is about one.
    migration: Option<&'a str>,
    /// Index of the statement in the migration, from 0, where it is about one.
    statement: Option<usize>,
    /// The table or view it is about.
    relation: Option<&'a str>,
    /// The reason that an allowing comment gives. Such a finding fails no run, and is left out of the
    /// numbers by weight.
    accepted: Option<&'a str>,
    /// More places that explain it.
    related: Vec<Related<'a>>,
}

/// What to do about a finding.
#[derive(Serialize, JsonSchema)]
struct Remedy<'a> {
    /// Plain steps.
    text: &'a str,
    /// SQL, TypeScript or shell to copy.
    code: Option<&'a str>,
}

/// A place in a file.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    /// Path, relative to where brolly was started.
    file: &'a str,
    /// The commit, where it is a file of the deployed code and not the one of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    commit: Option<&'a str>,
    /// Its first byte.
    start: u32,
    /// One past its last byte.
    end: u32,
    /// The line in which it starts.
    line: u32,
    /// The column in which it starts.
    column: u32,
    /// The line in which it ends.
    end_line: u32,
    /// One past its last character.
    end_column: u32,
}

/// A further place that explains a finding.
#[derive(Serialize, JsonSchema)]
struct Related<'a> {
    /// What is to be seen there.
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
