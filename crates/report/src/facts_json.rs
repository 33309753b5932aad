//! The facts of one statement as one line of JSON. Its JSON Schema is made of these types (`schema.rs`).

use facts::{Analysis, Break, Cited, Cost, Operation, Step};
use schemars::JsonSchema;
use serde::Serialize;
use source::Evidence;
use std::sync::Arc;

/// What one line of `brolly facts` says: what a statement does, in the order in which statements run.
/// Relations are named as Postgres stores them: schema and name, unquoted (`public.users`).
#[derive(Serialize, JsonSchema)]
#[schemars(title = "StatementFacts")]
pub(crate) struct Line<'a> {
    /// Tag of the migration in the journal, or name of its folder.
    migration: &'a str,
    /// Index of the statement in the migration, from 0. Pieces that hold comments only are not counted.
    statement: usize,
    /// Path of its file, relative to where brolly was started.
    file: &'a str,
    /// Its first byte in that file.
    start: u32,
    /// One past its last byte.
    end: u32,
    /// Its text.
    sql: &'a str,
    /// Statements with the same number share a transaction; null runs outside of any.
    transaction: Option<u32>,
    /// The strongest lock on each table, view and materialized view, taken by this statement itself.
    locks: Vec<LockJson<'a>>,
    /// Relations whose storage is written anew.
    rewrites: Vec<&'a str>,
    /// Relations that are read whole: validation, index build, rewrite. Plain queries and data changes are
    /// left out.
    scans: Vec<&'a str>,
    /// Ways in which it can fail.
    may_fail: Vec<FailureJson<'a>>,
    /// Queries of the deployed app that stop working once this is committed.
    breaks_old_app: Vec<BreakJson<'a>>,
    /// Queries of the deployed app that may stop working, depending on values, roles or settings, or where
    /// its code declares what goes and no query was found that names it.
    may_break_old_app: Vec<BreakJson<'a>>,
    /// Queries of the app that is being deployed that don't work as long as this has not run.
    breaks_new_app: Vec<BreakJson<'a>>,
    /// What goes, or changes its name, and no deployed version declares or names. Left out where it is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unnoticed: Vec<UnnoticedJson<'a>>,
    /// Data changes on tables.
    writes: Vec<WriteJson<'a>>,
    /// What could not be judged, and why.
    unknown: &'a [String],
    /// The major version of Postgres that it was judged for.
    postgres: u8,
    /// Worked out from the SQL, or seen on a server.
    evidence: Evidence,
}

/// A lock that a statement takes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Lock")]
struct LockJson<'a> {
    /// The relation.
    relation: &'a str,
    /// Its mode.
    mode: facts::LockMode,
    /// Made in the same pending set: nobody else can be waiting.
    new: bool,
    /// Only taken if a condition in code holds.
    conditional: bool,
}

/// A way in which a statement can fail.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Failure")]
struct FailureJson<'a> {
    /// What the server would raise.
    sqlstate: &'static str,
    /// When, in words.
    when: &'a str,
    /// How sure that is.
    certainty: facts::Certainty,
    /// Why.
    cause: facts::FailureCause,
    /// The relation it is about.
    relation: Option<&'a str>,
    /// The column it is about.
    column: Option<&'a str>,
}

/// A kind of query that stops working.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Break")]
struct BreakJson<'a> {
    /// The relation that it names.
    relation: &'a str,
    /// The column, where it is about one.
    column: Option<&'a str>,
    /// What the query does.
    operation: Operation,
    /// What it fails with; null where nothing is raised and the result is wrong.
    sqlstate: Option<&'static str>,
    /// Why.
    cause: facts::BreakCause,
    /// Why, in words.
    reason: &'a str,
    /// The deployed versions for which it holds, where their code was read.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(with = "Vec<String>")]
    versions: &'a [Arc<str>],
    /// Where their code does it: the first 20 places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uses: Vec<UseJson<'a>>,
    /// How many other places there are.
    #[serde(skip_serializing_if = "is_none")]
    more_uses: usize,
}

/// A place in the code of a deployed version that uses a relation or a column.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Use")]
struct UseJson<'a> {
    /// The version: the name by which it was asked for, and its commit.
    version: &'a str,
    /// Path of the file, from the top of the repository.
    file: &'a str,
    /// Its first byte.
    start: usize,
    /// One past its last byte.
    end: usize,
    /// The line in which it starts, from 1.
    line: u32,
    /// The column in which it starts, from 1.
    column: u32,
    /// What is done there.
    role: code::Role,
    /// How sure that is.
    certainty: code::Certainty,
    /// Why it counts as a use, in words.
    why: &'a str,
    /// The name of the prepared statement that it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    prepared: Option<&'a str>,
}

/// What goes, or changes its name, and no deployed version declares or names.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnnoticedByCode")]
struct UnnoticedJson<'a> {
    /// The relation.
    relation: &'a str,
    /// The column, where it is about one.
    column: Option<&'a str>,
    /// The versions whose code was read.
    #[schemars(with = "Vec<String>")]
    versions: &'a [Arc<str>],
}

/// A data change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Write")]
struct WriteJson<'a> {
    /// The table.
    relation: &'a str,
    /// What is done to its rows.
    operation: Operation,
    /// No WHERE, or one that is always true.
    whole: bool,
    /// Made in the same pending set.
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
