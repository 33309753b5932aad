//! Tables, views, types, functions, sequences and schemas leave one deploy after the code that names them.

use super::{Answer, kept_table};
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::written::sql_name;
use catalog::{Change, ConstraintKind, Relation, RelationId, RelationKind};
use sql::{AlterAction, Stmt};

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
    let text = site.text().to_owned();
    let stage = match locked_first(beside(site)) {
        Some(lock) => Stage::at_once(Phase::Contract(1), vec![lock, text], gates),
        None => Stage::later(Phase::Contract(1), vec![text], gates),
    };
    let mut part = site.part("drop-object", title, why).then(stage);
    part.advice.extend(kept_from_deletes(site));
    Some(Ok(part))
}

/// What is said of rows that the new version can't delete as long as a table is there whose foreign key refuses to let
/// them go: it no longer knows the rows that hold them.
pub(super) fn kept_from_deletes(site: Site<'_>) -> Option<String> {
    let mut held: Vec<String> = Vec::new();
    for change in &site.step.changes {
        let Change::RelationDropped { relation, .. } = change else { continue };
        let Some(table) = site.before().relation(*relation) else { continue };
        for constraint in &table.constraints {
            let ConstraintKind::ForeignKey { target: Some(target), on_delete, .. } = &constraint.kind else {
                continue;
            };
            if is_dropped(site, *target) || !matches!(*on_delete, "no action" | "restrict") {
                continue;
            }
            if let Some(target) = site.relation(*target) {
                let (name, of) = (shown(&target.name), shown(&table.name));
                held.push(format!("rows of `{name}` that `{of}` refers to (`{}`)", constraint.name));
            }
        }
    }
    (!held.is_empty()).then(|| {
        format!(
            "until the next deploy the new version can't delete {}: where it does, give the foreign key ON DELETE CASCADE \
             in a migration before this one",
            held.join(", ")
        )
    })
}

fn is_dropped(site: Site<'_>, id: RelationId) -> bool {
    let drops = |one: &Change| matches!(one, Change::RelationDropped { relation, .. } if *relation == id);
    site.step.changes.iter().any(drops)
}

/// The tables beside those that are dropped which DROP locks for their foreign keys, the last of all.
fn beside(site: Site<'_>) -> Vec<&Relation> {
    let is_dropped = |id: RelationId| is_dropped(site, id);
    let mut found = Vec::new();
    for owner in site.before().relations() {
        for constraint in &owner.constraints {
            let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind else { continue };
            match (is_dropped(owner.id), is_dropped(*target)) {
                (true, false) => found.extend(site.relation(*target)),
                // drizzle-kit drops such a key by itself too, which needs not wait: it is gone by then.
                (false, true) if !dropped_by_itself(site, owner.id, &constraint.name) => found.push(&**owner),
                _ => {}
            }
        }
    }
    found
}

/// Whether another statement of the set drops a constraint by its name.
fn dropped_by_itself(site: Site<'_>, owner: RelationId, name: &str) -> bool {
    site.others().any(|(_, step)| {
        let Some(Stmt::AlterTable(alter)) = step.statement.as_deref().map(|one| &one.stmt) else { return false };
        let drops = |action: &AlterAction| matches!(action, AlterAction::DropConstraint { name: one, .. } if one.text == name);
        step.before.find_relation(&alter.name).is_some_and(|table| table.id == owner)
            && alter.commands.iter().any(|command| drops(&command.action))
    })
}

/// What locks these tables ahead of a statement that would take them last: a DELETE in them takes them first.
/// LOCK TABLE goes down to partitions, which the statement may leave alone: there is none for these.
pub(super) fn locked_first(mut tables: Vec<&Relation>) -> Option<String> {
    tables.retain(|table| table.kind == RelationKind::Table && !table.partition);
    let mut names: Vec<String> = tables.iter().map(|table| sql_name(&table.name)).collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", ")))
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
