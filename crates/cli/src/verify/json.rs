//! What was seen, as one JSON document. Described in `crates/report/JSON.md`.

use super::human::said;
use super::{Proven, back};
use facts::Facts;
use pg::Seen;
use serde_json::{Value, json};
use verify::migrate::{End, Ran, Run};
use verify::{BrokenQuery, Hold};

/// The document, with a line break at its end.
pub fn document(proven: &[Proven]) -> String {
    let document = json!({
        "version": 1,
        "tool": { "name": "brolly", "version": env!("CARGO_PKG_VERSION") },
        "sets": proven.iter().map(set).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn set(one: &Proven) -> Value {
    let proof = &one.proof;
    let tag = |index: &usize| one.analysis.steps.iter().find(|step| step.migration == *index).map(|s| &s.tag);
    let judged = &one.analysis.sets[one.set];
    json!({
        "folder": one.dir,
        "selection": one.selection,
        "migrations": judged.migrations.iter().filter_map(tag).collect::<Vec<_>>(),
        "postgres": proof.server,
        "database": proof.database,
        "notes": proof.notes,
        "rows": proof.filled.tables.iter().map(|(name, table)| json!({
            "relation": name.to_string(), "rows": table.rows(), "reason": table.reason,
        })).collect::<Vec<_>>(),
        "refusedHistory": proof.refused.iter().map(|one| json!({
            "sql": one.sql, "sqlstate": one.sqlstate, "message": one.message,
        })).collect::<Vec<_>>(),
        "statements": proof.run.steps.iter().map(|ran| statement(one, ran)).collect::<Vec<_>>(),
        "end": end(&proof.run.end),
        "locksHeld": locks_held(one, &proof.run),
        "withoutRows": proof.without_rows.as_ref().map(|run| json!({
            "statements": run.steps.iter().map(|ran| statement(one, ran)).collect::<Vec<_>>(),
            "end": end(&run.end),
            "locksHeld": locks_held(one, run),
        })),
        "sizes": proof.sizes.iter().map(|(name, (before, after))| json!({
            "relation": name, "bytesBefore": before, "bytesAfter": after,
        })).collect::<Vec<_>>(),
        "oldApp": { "asked": proof.old_app.asked, "broken": broken(&proof.old_app.broken) },
        "newApp": { "asked": proof.new_app.asked, "broken": broken(&proof.new_app.broken) },
        "newAppUntilContract": broken(&proof.until_later),
        "newAppFirst": { "asked": proof.new_app_early.asked, "broken": broken(&proof.new_app_early.broken) },
        "fresh": proof.fresh.as_ref().map(|fresh| json!({
            "ms": fresh.duration.as_secs_f64() * 1000.0,
            "stopped": fresh.stopped.as_ref().map(|(tag, sqlstate, message)| json!({
                "migration": tag, "sqlstate": sqlstate, "message": message,
            })),
        })),
        "rollbacks": back::document(&one.backs),
        "pendingAgain": proof.pending_again,
        "findings": one.findings.iter().map(|found| json!({
            "rule": found.rule, "severity": found.severity, "migration": found.migration,
            "statement": found.statement, "what": found.what,
        })).collect::<Vec<_>>(),
        "wrongBreaks": proof.breaks.iter().map(|one| json!({
            "relation": one.relation, "operation": one.operation, "predicted": one.predicted,
            "sqlstate": one.sqlstate,
        })).collect::<Vec<_>>(),
    })
}

fn locks_held(one: &Proven, run: &Run) -> Vec<Value> {
    let held = |hold: &Hold| {
        let step = &one.analysis.steps[hold.step];
        json!({
            "relation": hold.relation, "mode": hold.mode, "migration": step.tag, "statement": step.index,
            "ms": hold.duration.as_secs_f64() * 1000.0,
        })
    };
    run.holds.iter().map(held).collect()
}

fn end(end: &End) -> Value {
    match end {
        End::Committed => json!({ "kind": "committed" }),
        End::Failed { .. } => json!({ "kind": "failed" }),
        End::RefusedAtCommit { sqlstate, message } => {
            json!({ "kind": "refused-at-commit", "sqlstate": sqlstate, "message": message })
        }
    }
}

fn statement(one: &Proven, ran: &Ran) -> Value {
    let step = &one.analysis.steps[ran.step];
    let seen = &ran.observation;
    json!({
        "migration": step.tag,
        "statement": step.index,
        "sql": step.span.of(&step.file.text),
        "ms": seen.duration.as_secs_f64() * 1000.0,
        "walBytes": seen.wal_bytes,
        "seen": match seen.seen {
            Seen::All => "all",
            Seen::Glimpses => "glimpses",
            Seen::EndOnly => "end-only",
        },
        "predicted": facts(&step.facts),
        "observed": facts(&seen.facts),
        "disagreements": ran.disagreements.iter().map(said).collect::<Vec<_>>(),
    })
}

fn facts(facts: &Facts) -> Value {
    json!({
        "locks": facts.locks.iter().map(|lock| json!({
            "relation": lock.relation, "mode": lock.mode, "new": lock.new, "conditional": lock.conditional,
        })).collect::<Vec<_>>(),
        "rewrites": facts.rewrites.iter().map(|one| &one.relation).collect::<Vec<_>>(),
        "scans": facts.scans.iter().map(|one| &one.relation).collect::<Vec<_>>(),
        "failures": facts.failures.iter().map(|one| json!({
            "sqlstate": one.sqlstate, "when": one.when, "certainty": one.certainty,
        })).collect::<Vec<_>>(),
        "unknown": facts.unknown,
    })
}

fn broken(queries: &[BrokenQuery]) -> Vec<Value> {
    let one = |one: &BrokenQuery| {
        json!({
            "relation": one.query.relation.to_string(),
            "operation": one.query.operation,
            "query": one.query.label,
            "column": one.query.column,
            "sql": one.query.sent,
            "sqlstate": one.sqlstate,
            "message": one.message,
        })
    };
    queries.iter().map(one).collect()
}
