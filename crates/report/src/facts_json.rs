//! The facts of one statement as one line of JSON, described in `JSON.md`.

use facts::{Analysis, Break, Cited, Cost, Operation, Step};
use serde::Serialize;
use source::Evidence;
use std::sync::Arc;

#[derive(Serialize)]
struct Line<'a> {
    migration: &'a str,
    statement: usize,
    file: &'a str,
    start: u32,
    end: u32,
    sql: &'a str,
    transaction: Option<u32>,
    locks: Vec<LockJson<'a>>,
    rewrites: Vec<&'a str>,
    scans: Vec<&'a str>,
    may_fail: Vec<FailureJson<'a>>,
    breaks_old_app: Vec<BreakJson<'a>>,
    may_break_old_app: Vec<BreakJson<'a>>,
    breaks_new_app: Vec<BreakJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unnoticed: Vec<UnnoticedJson<'a>>,
    writes: Vec<WriteJson<'a>>,
    unknown: &'a [String],
    postgres: u8,
    evidence: Evidence,
}

#[derive(Serialize)]
struct LockJson<'a> {
    relation: &'a str,
    mode: facts::LockMode,
    new: bool,
    conditional: bool,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    sqlstate: &'static str,
    when: &'a str,
    certainty: facts::Certainty,
    cause: facts::FailureCause,
    relation: Option<&'a str>,
    column: Option<&'a str>,
}

#[derive(Serialize)]
struct BreakJson<'a> {
    relation: &'a str,
    column: Option<&'a str>,
    operation: Operation,
    sqlstate: Option<&'static str>,
    cause: facts::BreakCause,
    reason: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    versions: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uses: Vec<UseJson<'a>>,
    #[serde(skip_serializing_if = "is_none")]
    more_uses: usize,
}

#[derive(Serialize)]
struct UseJson<'a> {
    version: &'a str,
    file: &'a str,
    start: usize,
    end: usize,
    line: u32,
    column: u32,
    role: code::Role,
    certainty: code::Certainty,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prepared: Option<&'a str>,
}

#[derive(Serialize)]
struct UnnoticedJson<'a> {
    relation: &'a str,
    column: Option<&'a str>,
    versions: &'a [Arc<str>],
}

#[derive(Serialize)]
struct WriteJson<'a> {
    relation: &'a str,
    operation: Operation,
    whole: bool,
    new: bool,
}

/// One JSON object, without a newline at its end.
pub fn facts_line(step: &Step, analysis: &Analysis) -> String {
    let facts = &step.facts;
    let line = Line {
        migration: &step.tag,
        statement: step.index,
        file: &step.file.path,
        start: step.span.start,
        end: step.span.end,
        sql: step.span.of(&step.file.text),
        transaction: step.transaction,
        locks: facts
            .locks
            .iter()
            .map(|lock| LockJson {
                relation: &lock.relation,
                mode: lock.mode,
                new: lock.new,
                conditional: lock.conditional,
            })
            .collect(),
        rewrites: relations(&facts.rewrites),
        scans: relations(&facts.scans),
        may_fail: facts
            .failures
            .iter()
            .map(|failure| FailureJson {
                sqlstate: failure.sqlstate,
                when: &failure.when,
                certainty: failure.certainty,
                cause: failure.cause,
                relation: failure.relation.as_deref(),
                column: failure.column.as_deref(),
            })
            .collect(),
        breaks_old_app: breaks(&facts.breaks_old_app),
        may_break_old_app: breaks(&facts.may_break_old_app),
        breaks_new_app: breaks(&facts.breaks_new_app),
        unnoticed: facts
            .unnoticed
            .iter()
            .map(|one| UnnoticedJson {
                relation: &one.relation,
                column: one.column.as_deref(),
                versions: &one.versions,
            })
            .collect(),
        writes: facts
            .writes
            .iter()
            .map(|write| WriteJson {
                relation: &write.relation,
                operation: write.operation,
                whole: write.whole,
                new: write.new,
            })
            .collect(),
        unknown: &facts.unknown,
        postgres: analysis.options.version.0,
        evidence: Evidence::Predicted,
    };
    // Strings and numbers only: there is nothing that serialization could refuse.
    serde_json::to_string(&line).unwrap_or_default()
}

/// Each relation once, in the order of the facts.
fn relations<Cause>(costs: &[Cost<Cause>]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for cost in costs {
        if !names.contains(&cost.relation.as_str()) {
            names.push(&cost.relation);
        }
    }
    names
}

fn breaks(breaks: &[Break]) -> Vec<BreakJson<'_>> {
    breaks.iter().map(break_json).collect()
}

fn break_json(one: &Break) -> BreakJson<'_> {
    let Break { relation, column, operation, sqlstate, cause, reason, uses, versions } = one;
    BreakJson {
        relation,
        column: column.as_deref(),
        operation: *operation,
        sqlstate: *sqlstate,
        cause: *cause,
        reason,
        versions,
        uses: uses.iter().take(USES).map(use_json).collect(),
        more_uses: uses.len().saturating_sub(USES),
    }
}

/// Uses that are written out for a break; the others are counted.
const USES: usize = 20;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

fn use_json(cited: &Cited) -> UseJson<'_> {
    let Cited { version, found } = cited;
    UseJson {
        version,
        file: &found.place.file,
        start: found.place.start,
        end: found.place.end,
        line: found.place.line,
        column: found.place.column,
        role: found.role,
        certainty: found.certainty,
        why: &found.why,
        prepared: found.prepared.as_deref(),
    }
}
