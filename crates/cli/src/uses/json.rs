//! Uses as one JSON document. Described in `crates/report/JSON.md`.

use super::Answer;
use super::human::{certainty, role, verdict};
use code::{Columns, Place, Use};
use git::Commit;
use serde_json::{Value, json};

/// The document, with a line break at its end.
pub fn document(answers: &[Answer]) -> String {
    let document = json!({
        "version": 1,
        "tool": { "name": "brolly", "version": env!("CARGO_PKG_VERSION") },
        "answers": answers.iter().map(one).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn one(answer: &Answer) -> Value {
    let [certain, likely, possible] = answer.counts;
    json!({
        "folder": answer.project,
        "at": { "name": answer.version.name, "commit": answer.version.commit },
        "relation": answer.relation.to_string(),
        "column": answer.column,
        "declared": answer.declared.as_ref().map(|declared| json!({
            "key": declared.key, "what": declared.what, "place": place(&declared.place),
        })),
        "uses": answer.uses.iter().map(|found| used(answer, found)).collect::<Vec<_>>(),
        "counts": { "certain": certain, "likely": likely, "possible": possible },
        "gaps": answer.gaps.iter().map(|gap| json!({
            "what": gap.what, "inSchema": gap.in_schema, "place": place(&gap.place),
        })).collect::<Vec<_>>(),
        "lastNamed": answer.last_named.as_ref().map(commit),
        "notes": answer.notes,
        "verdict": verdict(answer),
    })
}

fn used(answer: &Answer, found: &Use) -> Value {
    json!({
        "role": role(found.role),
        "certainty": certainty(found.certainty),
        "columns": columns(&found.columns),
        "why": found.why,
        "prepared": found.prepared,
        "place": place(&found.place),
        "code": answer.version.line(&found.place.file, found.place.line),
    })
}

/// A place in a file of the version.
pub fn place(place: &Place) -> Value {
    json!({
        "file": place.file, "line": place.line, "column": place.column, "start": place.start, "end": place.end,
    })
}

/// A commit.
pub fn commit(commit: &Commit) -> Value {
    json!({ "id": commit.id, "date": commit.date, "subject": commit.subject })
}

fn columns(columns: &Columns) -> Value {
    match columns {
        Columns::None => json!([]),
        Columns::One(name) => json!([name]),
        Columns::All => json!("all"),
        Columns::AllBut(names) => json!({ "allBut": names }),
    }
}
