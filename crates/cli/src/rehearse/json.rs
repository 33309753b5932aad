//! What was measured, as one JSON document. Described in `crates/report/JSON.md`.

use super::Rehearsed;
use serde_json::{Value, json};
use std::time::Duration;
use verify::rehearse::{Blocker, End, FailedStatement, Kind, Spread, Try, Waiting, Waits};

/// The document, with a line break at its end.
pub fn document(rehearsed: &[Rehearsed]) -> String {
    let document = json!({
        "version": 1,
        "tool": { "name": "brolly", "version": env!("CARGO_PKG_VERSION") },
        "sets": rehearsed.iter().map(set).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn set(one: &Rehearsed) -> Value {
    let seen = &one.rehearsal;
    let rows = |name| seen.filled.tables.get(name).map(|table| table.rows());
    json!({
        "folder": one.dir,
        "selection": one.selection,
        "postgres": seen.server,
        "traffic": { "rate": one.asked.rate, "sessions": seen.sessions },
        "limits": { "maxWaitMs": ms(one.limits.wait), "totalMs": ms(one.limits.total) },
        "durationMs": ms(seen.duration()),
        "tables": seen.tables.iter().map(|table| json!({
            "relation": table.relation.to_string(),
            "rows": rows(&table.relation),
            "locked": table.touched,
            "reads": waits(&table.reads),
            "writes": waits(&table.writes),
        })).collect::<Vec<_>>(),
        "failed": seen.failed.iter().map(failed).collect::<Vec<_>>(),
        "tries": seen.tries.iter().map(attempt).collect::<Vec<_>>(),
        "queue": seen.queue.iter().map(|sample| json!({
            "ms": ms(sample.at), "reads": sample.reads, "writes": sample.writes,
            "migrationWaits": sample.migration,
        })).collect::<Vec<_>>(),
        "blockers": seen.blockers.iter().map(blocker).collect::<Vec<_>>(),
        "refusedHistory": seen.refused.iter().map(|one| json!({
            "sql": one.sql, "sqlstate": one.sqlstate, "message": one.message,
        })).collect::<Vec<_>>(),
        "leftOut": seen.left_out.iter().map(|left| json!({
            "relation": left.relation.to_string(), "query": left.label,
            "sqlstate": left.sqlstate, "message": left.message,
        })).collect::<Vec<_>>(),
        "withoutTraffic": seen.passed_over,
        "lateMs": ms(seen.late),
        "verdict": {
            "fine": one.verdict.is_fine(),
            "waits": one.verdict.waits.iter().map(|(relation, kind, longest)| json!({
                "relation": relation.to_string(),
                "kind": if *kind == Kind::Read { "read" } else { "write" },
                "ms": ms(*longest),
            })).collect::<Vec<_>>(),
            "failedStatements": one.verdict.broken.len(),
            "migrationFailed": one.verdict.failed,
            "long": one.verdict.long,
            "noisy": one.verdict.noisy,
        },
    })
}

fn waits(waits: &Waits) -> Value {
    json!({ "before": spread(&waits.before), "during": spread(&waits.during) })
}

fn spread(spread: &Spread) -> Value {
    json!({
        "count": spread.count, "medianMs": ms(spread.median), "p99Ms": ms(spread.p99),
        "longestMs": ms(spread.longest),
    })
}

fn blocker(one: &Blocker) -> Value {
    json!({
        "waiting": match one.waiting {
            Waiting::Migration => "migration",
            Waiting::Reads => "reads",
            Waiting::Writes => "writes",
        },
        "pid": one.pid, "migration": one.migration, "application": one.application, "state": one.state,
        "query": one.query, "fromMs": ms(one.from), "toMs": ms(one.to),
    })
}

fn failed(one: &FailedStatement) -> Value {
    json!({
        "relation": one.relation.to_string(), "query": one.label, "sqlstate": one.sqlstate,
        "message": one.message, "count": one.count, "firstMs": ms(one.first), "unjudged": one.unjudged,
    })
}

fn attempt(one: &Try) -> Value {
    json!({
        "fromMs": ms(one.from),
        "toMs": ms(one.to),
        "statements": one.statements.iter().map(|ran| json!({
            "migration": ran.tag, "sql": ran.sql, "fromMs": ms(ran.from), "toMs": ms(ran.to),
        })).collect::<Vec<_>>(),
        "end": match &one.end {
            End::Committed => json!({ "kind": "committed" }),
            End::Refused { sqlstate, message } => {
                json!({ "kind": "failed", "sqlstate": sqlstate, "message": message })
            }
        },
    })
}

/// Milliseconds, to the microsecond.
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
