//! Tables, views, types, functions, sequences and schemas leave one deploy after the code that names them.

use super::{Answer, kept_table};
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::{Change, RelationKind};
use sql::Stmt;

const RULES: &[&str] = &[
    "drop-table",
    "drop-view",
    "drop-type",
    "drop-routine",
    "drop-sequence",
    "drop-schema",
    "drop-and-add-is-a-rename",
    "revoke-privilege",
    "dependent-objects",
];

pub(super) fn make(site: Site<'_>) -> Answer {
    let is_drop = matches!(site.stmt()?, Stmt::Drop(_) | Stmt::Grant(_));
    if !is_drop || !site.found(RULES) {
        return None;
    }
    if let Some(part) = kept_table::path(site).filter(|_| site.keep_dropped) {
        return Some(Ok(part));
    }
    let mut gates = Vec::new();
    let mut names = Vec::new();
    for change in &site.step.changes {
        if let Change::RelationDropped { relation, name, kind, cascade: false } = change {
            names.push(format!("{} {}", word(*kind), shown(name)));
            gates.push(Gate::Unused { relation: site.label(*relation), column: None });
        }
    }
    if gates.is_empty() {
        // What has no name in the code can still be named by the code's SQL: whoever was deployed before is asked.
        gates.push(Gate::Deployed { migration: site.tag().to_owned() });
    }
    let title = match names.is_empty() {
        true => site.text().lines().next().unwrap_or_default().to_owned(),
        false => format!("drop {}", names.join(", ")),
    };
    let why = "pods of the deployed version still need it: it goes once none of them runs";
    let stage = Stage::later(Phase::Contract(1), vec![site.text().to_owned()], gates);
    Some(Ok(site.part("drop-object", title, why).then(stage)))
}

fn word(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::View => "view",
        RelationKind::MaterializedView => "materialized view",
        RelationKind::Sequence => "sequence",
        RelationKind::Composite => "type",
        _ => "table",
    }
}
