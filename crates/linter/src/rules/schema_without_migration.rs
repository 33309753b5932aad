//! The schema in the code and the newest snapshot part ways.
//!
//! About the code of the working tree rather than about a set: [`findings`] puts into words what
//! `facts::schema_differences` has found.

use crate::prelude::*;
use facts::{AppCode, SchemaDifference, SchemaDifferenceKind as Kind};
use source::{Evidence as Ground, Label, Remedy, SourceFile, Span};

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "schema-without-migration",
    group: Group::BreaksNewApp,
    severity: Severity::Error,
    summary: "schema.ts was changed and no migration generated, or a migration came without schema.ts",
};

/// Nothing by itself: a set knows the snapshot, and not the code.
pub fn check(_: Context<'_>, _: &mut Vec<Diagnostic>) {}

/// One finding for each relation and kind of difference. `snapshot` says which snapshot the code was
/// compared with: `0007_x`.
pub fn findings(found: &[SchemaDifference], code: &AppCode, snapshot: &str) -> Vec<Diagnostic> {
    let alike = |a: &SchemaDifference, b: &SchemaDifference| {
        a.name == b.name && weight(&a.kind) == weight(&b.kind) && is_missing(&a.kind) && is_missing(&b.kind)
    };
    found.chunk_by(alike).filter_map(|found| finding(found, code, snapshot)).collect()
}

fn is_missing(kind: &Kind) -> bool {
    matches!(kind, Kind::OnlyInCode | Kind::OnlyInSnapshot)
}

/// What the code names and no migration brings breaks it; the rest disagrees and works.
fn weight(kind: &Kind) -> Severity {
    match kind {
        Kind::OnlyInCode => Severity::Error,
        _ => Severity::Warning,
    }
}

fn finding(found: &[SchemaDifference], code: &AppCode, snapshot: &str) -> Option<Diagnostic> {
    let first = found.first()?;
    let label = first.name.to_string();
    let name = shown(&label);
    let columns: Vec<String> =
        found.iter().filter_map(|one| one.column.as_ref().map(|column| format!("`{column}`"))).collect();
    let columns = (!columns.is_empty()).then(|| format!("{} of `{name}`", listed(&columns)));
    let object = columns.unwrap_or_else(|| format!("`{name}`"));
    let what = match &first.kind {
        Kind::OnlyInCode => format!("the schema declares {object}, and no migration brings it"),
        Kind::OnlyInSnapshot => format!("the schema does not declare {object}, and no migration drops it"),
        Kind::Type(code, known) => format!("the schema makes {object} {code}, and the migrations {known}"),
        Kind::NotNull(true) => {
            format!("the schema makes {object} NOT NULL, and the migrations leave it nullable")
        }
        Kind::NotNull(false) => {
            format!("the schema lets {object} be NULL, and the migrations make it NOT NULL")
        }
        Kind::Values(code, known) => format!(
            "the schema gives enum {object} the values {}, and the migrations {}",
            listed(code),
            listed(known)
        ),
    };
    let why = match &first.kind {
        Kind::OnlyInCode => {
            "predicted: queries of the new app that name it fail with 42703 or 42P01 (42704 for a type), whatever runs before the deploy"
        }
        Kind::OnlyInSnapshot => {
            "the next `drizzle-kit generate` writes the DROP, in whatever pull request that is"
        }
        _ => {
            "queries are typed by the schema in the code; the database has what the migrations say, and the next `drizzle-kit generate` writes the change, in whatever pull request that is"
        }
    };
    let (file, span) = first.place.as_ref().and_then(|place| code.shown(place)).unwrap_or_else(|| {
        let path = code.schema.files.first().map_or("schema.ts", |file| &**file);
        (SourceFile::new(path, ""), Span::default())
    });
    let told = Diagnostic {
        rule: META.name,
        group: META.group,
        severity: weight(&first.kind),
        what,
        why: Vec::new(),
        remedy: Remedy::default(),
        evidence: Ground::Predicted,
        primary: Label { file, span, text: String::new() },
        secondary: Vec::new(),
        migration: None,
        statement: None,
        relation: Some(label.clone()),
        accepted: None,
    };
    Some(
        told.why(why)
            .why(format!("compared with the snapshot of {snapshot}; what could not be read for sure is left out"))
            .fix(
                "Run `drizzle-kit generate` and commit the migration with its snapshot, or put the schema back to what \
                 the migrations say.",
            ),
    )
}
