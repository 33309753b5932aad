//! Holds the broken queries of the old app against those that were predicted.

use crate::queries::{AppQuery, BrokenQuery};
use facts::{Analysis, Break, JudgedSet, Operation};
use std::collections::{BTreeMap, BTreeSet};

/// A break that was predicted and did not happen, or happened in another way, or the reverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakDisagreement {
    /// `schema.name`.
    pub relation: String,
    /// Which queries.
    pub operation: Operation,
    /// On the side of the prediction.
    pub predicted: bool,
    /// SQLSTATE, of either side.
    pub sqlstate: String,
}

/// Breaks by relation and operation, on one side only. A query that was broken before says nothing.
pub(crate) fn breaks(
    judged: &JudgedSet,
    analysis: &Analysis,
    asked: &[AppQuery],
    broken: &[BrokenQuery],
    before: &[BrokenQuery],
) -> Vec<BreakDisagreement> {
    type Key = (String, Operation);
    let steps = &analysis.steps[judged.steps.clone()];
    let key = |one: &Break| -> Key { (one.relation.clone(), one.operation) };
    let sure: BTreeMap<Key, &str> = steps
        .iter()
        .flat_map(|step| &step.facts.breaks_old_app)
        .filter_map(|one| Some((key(one), one.sqlstate?)))
        .collect();
    let mut foreseen: BTreeMap<Key, BTreeSet<Option<&str>>> = BTreeMap::new();
    for one in
        steps.iter().flat_map(|step| step.facts.breaks_old_app.iter().chain(&step.facts.may_break_old_app))
    {
        foreseen.entry(key(one)).or_default().insert(one.sqlstate);
        // Values that no longer fit are foreseen for inserts, and updates write them as well.
        if one.operation == Operation::Insert {
            foreseen.entry((one.relation.clone(), Operation::Update)).or_default().insert(one.sqlstate);
        }
    }
    let of = |one: &AppQuery| -> Key { (one.relation.to_string(), one.operation) };
    // A query over two tables breaks where either does: it proves nothing about the first.
    let alone = |one: &&BrokenQuery| !one.query.label.contains(" with ");
    let seen: BTreeSet<(Key, &str)> =
        broken.iter().filter(alone).map(|one| (of(&one.query), one.sqlstate.as_str())).collect();
    let known: BTreeSet<Key> = before.iter().map(|one| of(&one.query)).collect();
    let there: BTreeSet<Key> = asked.iter().map(of).collect();
    let asked = |key: &Key| {
        let judged = !matches!(key.1, Operation::Upsert | Operation::Delete);
        judged && there.contains(key) && !known.contains(key)
    };
    let missing = sure.iter().filter(|(key, _)| !seen.iter().any(|(other, _)| other == *key) && asked(key));
    // What is foreseen without a code may show in any; of class 22 (data exception) the value decides,
    // and the values are ours.
    let explained = |key: &Key, code: &str| {
        let explains = |one: &Option<&str>| {
            one.is_none_or(|one| one == code || (one.starts_with("22") && code.starts_with("22")))
        };
        foreseen.get(key).is_some_and(|codes| codes.iter().any(explains))
    };
    // The queries are those of all that is declared; where the code was read, the prediction is about those
    // that it sends.
    let read = judged.old_app().code.is_some();
    let extra = seen.iter().filter(|(key, code)| !read && !explained(key, code) && asked(key));
    let disagreement = |key: &Key, sqlstate: &str, predicted| BreakDisagreement {
        relation: key.0.clone(),
        operation: key.1,
        predicted,
        sqlstate: sqlstate.to_owned(),
    };
    let missing = missing.map(|(key, sqlstate)| disagreement(key, sqlstate, true));
    missing.chain(extra.map(|(key, sqlstate)| disagreement(key, sqlstate, false))).collect()
}
