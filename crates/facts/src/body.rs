//! Takes code apart: `DO` blocks, and functions and procedures of the history that are called.
//!
//! Each statement inside is applied and judged like any other. Where a condition guards it, it is
//! taken to run if it can: a guarded statement that Postgres would refuse is one whose guard says no.

use crate::guard;
use crate::model::{Facts, Lock};
use catalog::{Applied, Catalog, apply};
use sql::{BodyStatement, FunctionCall, Guard, Stmt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How deep functions that call functions are followed.
const DEPTH: usize = 8;

/// How a statement inside code runs.
pub(crate) struct Run<'a> {
    /// What it changed.
    pub applied: &'a Applied,
    /// A condition guards it.
    pub conditional: bool,
    /// A handler for everything would catch its errors.
    pub swallowed: bool,
}

/// Judges one statement inside code: the statement, the schema before and after, and how it runs.
pub(crate) type Judge<'a> = dyn FnMut(&Stmt, &Catalog, &Catalog, Run<'_>) + 'a;

/// Whether a statement runs code that can be taken apart.
pub(crate) fn has_body(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Do(_) | Stmt::Call(_) => true,
        Stmt::Query(query) => !query.uses.functions.is_empty() || !query.uses.queries.is_empty(),
        _ => false,
    }
}

/// Runs a statement with code in it on a catalogue; returns what could not be judged.
pub(crate) fn run(catalog: &mut Catalog, stmt: &Stmt, judge: &mut Judge<'_>) -> Vec<String> {
    let mut unknown = Vec::new();
    inside(catalog, stmt, None, 0, judge, &mut unknown);
    unknown
}

/// How the statement at hand is reached.
#[derive(Clone)]
struct Reached {
    conditional: bool,
    catches: Vec<String>,
}

fn inside(
    catalog: &mut Catalog,
    stmt: &Stmt,
    reached: Option<&Reached>,
    depth: usize,
    judge: &mut Judge<'_>,
    unknown: &mut Vec<String>,
) {
    match stmt {
        Stmt::Do(block) if block.language == "plpgsql" => {
            let body = match block.span.is_empty() {
                true => sql::routine_body_within(&block.body, block.span),
                false => sql::routine_body(&block.body, block.span.start),
            };
            unknown.extend(body.unknown.iter().map(|(_, why)| why.clone()));
            unknown.extend(body.errors.iter().map(|error| format!("in a DO block: {}", error.message)));
            statements(catalog, &body.statements, reached, depth, judge, unknown);
        }
        Stmt::Do(block) => unknown.push(format!("a DO block in {} can't be read", block.language)),
        Stmt::Call(call) => routine(catalog, call, true, reached, depth, judge, unknown),
        stmt => {
            one(catalog, stmt, reached, judge);
            if let Stmt::Query(query) = stmt {
                for call in calls(query) {
                    routine(catalog, &call, false, reached, depth, judge, unknown);
                }
            }
        }
    }
}

fn calls(query: &sql::Query) -> Vec<FunctionCall> {
    let mut found = query.uses.functions.clone();
    for inner in &query.uses.queries {
        found.extend(calls(inner));
    }
    found
}

fn statements(
    catalog: &mut Catalog,
    body: &[BodyStatement],
    reached: Option<&Reached>,
    depth: usize,
    judge: &mut Judge<'_>,
    unknown: &mut Vec<String>,
) {
    let mut answers = BTreeMap::new();
    // Statements behind the same guards run together or not at all.
    for group in body.chunk_by(|a, b| a.guards == b.guards) {
        let Some(first) = group.first() else { continue };
        let open = match ask(catalog, &first.guards, &mut answers) {
            Answer::No => continue,
            Answer::Yes => false,
            Answer::Open => true,
        };
        if open && says_no(catalog, group) {
            continue;
        }
        for inner in group {
            let mut now = reached.cloned().unwrap_or(Reached { conditional: false, catches: Vec::new() });
            now.conditional |= open;
            now.catches.extend(inner.catches.iter().cloned());
            let stmt = &inner.statement.stmt;
            if has_body(stmt) && depth < DEPTH {
                inside(catalog, stmt, Some(&now), depth + 1, judge, unknown);
            } else {
                one(catalog, stmt, Some(&now), judge);
            }
        }
    }
}

/// Whether guarded statements run.
enum Answer {
    Yes,
    No,
    Open,
}

/// What guards say. A condition keeps the answer that it got when it was first met: what stands
/// behind it may change the schema that it asked about.
fn ask(catalog: &Catalog, guards: &[Arc<Guard>], answers: &mut BTreeMap<String, Option<bool>>) -> Answer {
    let mut open = false;
    for guard in guards {
        let answer = guard.condition.as_ref().and_then(|condition| {
            *answers.entry(condition.text.clone()).or_insert_with(|| guard::holds(catalog, condition))
        });
        match answer {
            Some(answer) if answer != guard.holds => return Answer::No,
            Some(_) => {}
            None => open = true,
        }
    }
    if open { Answer::Open } else { Answer::Yes }
}

/// Whether a guard must say no: Postgres would refuse a statement behind it, since its object is
/// there already or not there at all.
fn says_no(catalog: &Catalog, group: &[BodyStatement]) -> bool {
    let mut tried = catalog.clone();
    group.iter().any(|inner| !apply(&mut tried, &inner.statement.stmt).refusals.is_empty())
}

fn routine(
    catalog: &mut Catalog,
    call: &FunctionCall,
    called: bool,
    reached: Option<&Reached>,
    depth: usize,
    judge: &mut Judge<'_>,
    unknown: &mut Vec<String>,
) {
    let found = catalog.find_functions(&call.name);
    let Some(function) = found.iter().find(|f| f.arguments == call.arguments).or(found.first()).cloned()
    else {
        if called {
            unknown.push(format!("procedure {} does not exist in the replayed history", call.name));
        }
        return;
    };
    if depth >= DEPTH {
        unknown.push(format!("{} calls itself too deeply to be followed", function.name));
        return;
    }
    let Some(body) = &function.body else {
        unknown.push(format!("the body of {} is not known", function.name));
        return;
    };
    match function.language.as_str() {
        "plpgsql" => {
            let body = sql::routine_body(body, 0);
            unknown.extend(body.unknown.iter().map(|(_, why)| format!("in {}: {why}", function.name)));
            statements(catalog, &body.statements, reached, depth + 1, judge, unknown);
        }
        "sql" => {
            for statement in sql::parse(body, 0).statements {
                inside(catalog, &statement.stmt, reached, depth + 1, judge, unknown);
            }
        }
        other => unknown.push(format!("{} is written in {other}, which can't be read", function.name)),
    }
}

/// Applies and judges one plain statement.
fn one(catalog: &mut Catalog, stmt: &Stmt, reached: Option<&Reached>, judge: &mut Judge<'_>) {
    let before = catalog.clone();
    let applied = apply(catalog, stmt);
    let conditional = reached.is_some_and(|reached| reached.conditional);
    let refused = !applied.refusals.is_empty();
    let caught = reached.is_some_and(|reached| {
        applied
            .refusals
            .iter()
            .all(|refusal| reached.catches.iter().any(|name| catches(name, refusal.sqlstate)))
            && !reached.catches.is_empty()
    });
    if refused && (conditional || caught) {
        // The guard said no, or the handler swallowed it: nothing happened.
        *catalog = before;
        return;
    }
    let after = catalog.clone();
    let swallowed = reached.is_some_and(|reached| reached.catches.iter().any(|name| name == "others"));
    judge(stmt, &before, &after, Run { applied: &applied, conditional, swallowed });
}

/// Whether `EXCEPTION WHEN name` catches an error (Postgres manual, appendix A).
fn catches(name: &str, sqlstate: &str) -> bool {
    match name {
        "others" => true,
        "duplicate_object" => sqlstate == "42710",
        "duplicate_table" => sqlstate == "42P07",
        "duplicate_column" => sqlstate == "42701",
        "duplicate_schema" => sqlstate == "42P06",
        "undefined_table" => sqlstate == "42P01",
        "undefined_column" => sqlstate == "42703",
        "undefined_object" => sqlstate == "42704",
        "undefined_function" => sqlstate == "42883",
        "invalid_table_definition" => sqlstate == "42P16",
        "dependent_objects_still_exist" => sqlstate == "2BP01",
        _ => false,
    }
}

/// Adds the facts of an inner statement to those of the outer one.
pub(crate) fn merge(facts: &mut Facts, inner: Facts) {
    for lock in inner.locks {
        let stronger_unconditional = facts.locks.iter().any(|other: &Lock| {
            other.relation == lock.relation && other.mode >= lock.mode && !other.conditional
        });
        if !stronger_unconditional {
            facts.add_lock(lock);
        }
    }
    facts.rewrites.extend(inner.rewrites);
    facts.scans.extend(inner.scans);
    facts.failures.extend(inner.failures);
    facts.writes.extend(inner.writes);
    facts.losses.extend(inner.losses);
    for why in inner.unknown {
        if !facts.unknown.contains(&why) {
            facts.unknown.push(why);
        }
    }
}
