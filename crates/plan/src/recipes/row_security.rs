//! Row level security that hides rows from the deployed app waits until every version knows its policies.

use super::Answer;
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::{Change, Relation, RelationId};
use facts::{BreakCause, Operation, Step};

pub(super) fn make(site: Site<'_>) -> Answer {
    if !site.found(&["rls-hides-rows"]) || !site.breaks(&[BreakCause::RowSecurity, BreakCause::RowCondition])
    {
        return None;
    }
    let table = site.step.changes.iter().find_map(tightened)?;
    let table = site.relation(table)?;
    let name = shown(&table.name);
    let closed = closed(site);
    if closed.contains(&"reads") {
        return Some(Err(format!(
            "no policy of `{name}` lets reads through, so no version of the app would find a row: add policies to the migration, or, where the app's role owns the table, accept the finding with that reason"
        )));
    }
    let claimed = claimed(site, table);
    let steps: Vec<&Step> = claimed.iter().map(|at| &site.analysis.steps[*at]).collect();
    let switched = steps.iter().any(|step| step.changes.iter().any(|one| is_switch(one, table.id)));
    let (title, why) = match switched {
        true => (
            format!("switch row level security of {name} on"),
            "the deployed version does not make the settings that the policies ask for, or has no policy; it would read or write less than before, without an error",
        ),
        false => (
            format!("tighten the policies of {name}"),
            "the deployed version would read or write less than before, without an error",
        ),
    };
    let sql = steps.iter().map(|step| step.span.of(&step.file.text).to_owned()).collect();
    let gate = Gate::Deployed { migration: site.tag().to_owned() };
    let mut part = site.part("row-security", title, why);
    part.statements = claimed;
    part = part.then(Stage::later(Phase::Contract(1), sql, vec![gate])).advice(format!(
        "before the last deploy the database hides no more rows of `{name}` than today: what must not be seen, the app has to leave out itself"
    ));
    if !closed.is_empty() {
        part = part.advice(format!(
            "no policy lets {} of `{name}` through: the new version must not need them, unless its role owns the table",
            closed.join(", ")
        ));
    }
    Some(Ok(part))
}

/// The table whose rows a change may hide.
fn tightened(change: &Change) -> Option<RelationId> {
    match change {
        Change::RowSecuritySet { relation, .. }
        | Change::PolicySet { relation, .. }
        | Change::PolicyDropped { relation, .. } => Some(*relation),
        _ => None,
    }
}

/// What no policy lets through any more.
fn closed(site: Site<'_>) -> Vec<&'static str> {
    let facts = site.facts();
    let breaks = || {
        let all = facts.breaks_old_app.iter().chain(&facts.may_break_old_app);
        all.filter(|one| one.cause == BreakCause::RowSecurity)
    };
    let words = [
        (Operation::Select, "reads"),
        (Operation::Insert, "inserts"),
        (Operation::Update, "updates"),
        (Operation::Delete, "deletes"),
    ];
    let closed = words.into_iter().filter(|(operation, _)| breaks().any(|one| one.operation == *operation));
    closed.map(|(_, word)| word).collect()
}

/// What waits with this statement: where row level security is switched on, all switches of the table and its
/// restrictive policies. Permissive ones are made at once, which is harmless while it is off.
fn claimed(site: Site<'_>, table: &Relation) -> Vec<usize> {
    let start = site.judged().start.relation(table.id);
    let fresh = start.is_some_and(|table| !table.row_security.enabled);
    let waits = |step: &Step| {
        !step.changes.is_empty()
            && step.changes.iter().all(|change| match change {
                Change::PolicySet { relation, policy } => *relation == table.id && !policy.permissive,
                other => is_switch(other, table.id),
            })
    };
    let others = site.others().filter(|(_, step)| fresh && step.migration == site.step.migration);
    let mut claimed: Vec<usize> = others.filter(|(_, step)| waits(step)).map(|(at, _)| at).collect();
    claimed.push(site.at);
    claimed.sort_unstable();
    claimed
}

fn is_switch(change: &Change, table: RelationId) -> bool {
    matches!(change, Change::RowSecuritySet { relation, .. } if *relation == table)
}
