//! What is half-way, as one JSON document. Described in `crates/report/JSON.md`.

use super::{Item, Status, days};
use crate::uses::json::{commit, place};
use git::Commit;
use serde_json::{Value, json};

/// The document, with a line break at its end.
pub fn document(all: &[Status], today: i64) -> String {
    let project = |status: &Status| {
        json!({
            "folder": status.project,
            "deployed": status.deployed,
            "items": status.items.iter().map(|one| item(one, today)).collect::<Vec<_>>(),
            "notes": status.notes,
        })
    };
    let document = json!({
        "version": 1,
        "tool": { "name": "brolly", "version": env!("CARGO_PKG_VERSION") },
        "projects": all.iter().map(project).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn item(item: &Item, today: i64) -> Value {
    json!({
        "kind": item.kind.word(),
        "relation": item.relation,
        "part": item.part,
        "what": item.what,
        "migration": item.made.as_ref().map(|made| &made.migration),
        "commit": item.made.as_ref().and_then(|made| made.commit.as_ref()).map(|one| aged(one, today)),
        "takenOut": item.taken_out.as_ref().map(|one| aged(one, today)),
        "places": item.places.iter().map(|(version, at)| json!({
            "version": version, "place": place(at),
        })).collect::<Vec<_>>(),
    })
}

fn aged(one: &Commit, today: i64) -> Value {
    let mut value = commit(one);
    value["days"] = json!(days(one, today));
    value
}
