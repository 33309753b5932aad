//! Unique keys of the old app: new ones that refuse its rows, and lost ones that its ON CONFLICT names.

use crate::analysis::Step;
use crate::app::AppRelation;
use crate::breaks::last;
use crate::model::{Break, BreakCause, Operation};
use crate::values::{Found, entry};
use catalog::{Catalog, Change, Column, ColumnId, Index, Relation};
use sql::{AlterAction, Stmt};
use std::collections::BTreeSet;

fn unique_keys<'a>(catalog: &'a Catalog, relation: &'a Relation) -> impl Iterator<Item = &'a Index> {
    relation.indexes.iter().filter_map(|id| catalog.index(*id).map(|index| &**index)).filter(|index| {
        index.unique && index.valid && !index.deferrable && index.keys.iter().all(Option::is_some)
    })
}

/// A break that is about a key, and the key's columns in words.
fn about(
    table: &Relation,
    key: &BTreeSet<ColumnId>,
    operation: Operation,
    cause: BreakCause,
) -> (Break, String) {
    let columns = table.column_names(&key.iter().copied().collect::<Vec<_>>());
    let one = entry(&table.name, columns.first().map(String::as_str), operation, cause);
    (one, columns.join(", "))
}

fn key_columns(index: &Index) -> BTreeSet<ColumnId> {
    index.keys.iter().flatten().copied().collect()
}

fn key_names(table: &Relation, index: &Index) -> BTreeSet<String> {
    let keys: Vec<ColumnId> = index.keys.iter().flatten().copied().collect();
    table.column_names(&keys).into_iter().collect()
}

/// Unique indexes and constraints that refuse rows which were accepted before.
pub(crate) fn new_unique_keys(
    start: &Catalog,
    now: &Catalog,
    before: &Relation,
    (after, declared): (&Relation, &AppRelation),
    steps: &[Step],
    found: &mut Found,
) {
    let unique = |catalog: &Catalog, relation: &Relation| -> Vec<Index> {
        let all = relation.indexes.iter().filter_map(|id| catalog.index(*id)).filter(|index| index.unique);
        all.map(|index| (**index).clone()).collect()
    };
    let known = unique(start, before);
    for index in unique(now, after) {
        let keys = key_columns(&index);
        let covers = |old: &Index| {
            old.id == index.id
                || (!old.partial && old.keys.iter().all(Option::is_some) && key_columns(old).is_subset(&keys))
        };
        // A column that the old app doesn't know holds NULL in its rows, and NULLs are distinct.
        let fresh = keys.iter().any(|key| before.column_by_id(*key).is_none());
        // One that the old app declares it keeps to, unless another one had that name until now.
        let expected = declared.constraints.contains(&index.name.name)
            && !known.iter().any(|old| old.name.name == index.name.name);
        if expected || known.iter().any(covers) || (fresh && !index.nulls_not_distinct) {
            continue;
        }
        let built = |change: &Change| match change {
            Change::IndexCreated { index: made, .. } if *made == index.id => Some(()),
            _ => None,
        };
        let Some((at, ())) = first(steps, built) else { continue };
        let (mut one, columns) = about(after, &keys, Operation::Insert, BreakCause::NewConstraint);
        one.sqlstate = Some("23505");
        one.reason = format!(
            "{} makes {} ({}) unique; writes of the old app that repeat a value are refused",
            index.name.name, after.name, columns
        );
        found.push((at, one));
    }
}

fn first<T>(steps: &[Step], explains: impl Fn(&Change) -> Option<T>) -> Option<(usize, T)> {
    let found = |(at, step): (usize, &Step)| step.changes.iter().find_map(&explains).map(|found| (at, found));
    steps.iter().enumerate().find_map(found)
}

/// Unique keys of the old app that ON CONFLICT can no longer name.
pub(crate) fn conflict_targets(
    start: &Catalog,
    now: &Catalog,
    before: &Relation,
    (after, declared): (&Relation, &AppRelation),
    steps: &[Step],
    found: &mut Found,
) {
    for index in unique_keys(start, before) {
        let wanted = key_columns(index);
        // By name, as ON CONFLICT has them: another column may have taken the name over.
        let names = key_names(before, index);
        if names.iter().any(|name| !declared.columns.iter().any(|column| column.name == *name)) {
            continue;
        }
        let same = |other: &Index| key_names(after, other) == names;
        let serves = |other: &Index| same(other) && (!other.partial || index.partial);
        if unique_keys(now, after).any(serves) || names.iter().any(|column| after.column(column).is_none()) {
            continue;
        }
        // A deferrable one is found, and refused (ExecCheckIndexConstraints in execIndexing.c).
        let deferrable = after
            .indexes
            .iter()
            .filter_map(|id| now.index(*id))
            .find(|other| other.unique && other.deferrable && !other.partial && same(other));
        let lost = |change: &Change| match change {
            Change::IndexDropped { index: gone, .. } if gone.id == index.id => Some(()),
            Change::IndexCreated { index: made, .. } if deferrable.is_some_and(|d| d.id == *made) => Some(()),
            _ => None,
        };
        let Some((at, ())) = last(steps, lost) else { continue };
        let (mut one, columns) = about(before, &wanted, Operation::Upsert, BreakCause::ConflictTarget);
        one.sqlstate = Some(if deferrable.is_some() { "55000" } else { "42P10" });
        one.reason = match deferrable {
            Some(key) => format!(
                "the unique key {} on {} ({columns}) is DEFERRABLE, which ON CONFLICT of the old app can't use",
                key.name.name, before.name
            ),
            None => {
                format!(
                    "no unique index on {} ({columns}) is left for ON CONFLICT of the old app",
                    before.name
                )
            }
        };
        found.push((at, one));
    }
}

/// A serial column that becomes an identity: its new sequence knows nothing of the rows that are there, unless
/// it is told where to begin. <https://www.postgresql.org/docs/current/sql-createsequence.html>
pub(crate) fn starts_over(
    now: &Catalog,
    after: &Relation,
    old: &Column,
    new: &Column,
    steps: &[Step],
) -> Option<(usize, Break)> {
    let serial = old.default.as_ref()?.uses.functions.iter().any(|call| call.name.name == "nextval");
    let unique = unique_keys(now, after).find(|index| index.keys == [Some(new.id)])?;
    if !serial || old.identity.is_some() || new.identity.is_none() || old.id != new.id {
        return None;
    }
    let became = |change: &Change| match change {
        Change::IdentitySet { relation, column } if (*relation, *column) == (after.id, new.id) => Some(()),
        _ => None,
    };
    let (at, ()) = last(steps, became)?;
    let told = steps[at..]
        .iter()
        .any(|step| step.statement.as_ref().is_some_and(|s| tells_start(&s.stmt, new)) && !tells_taken(step));
    if told {
        return None;
    }
    let mut one = entry(&after.name, Some(&new.name), Operation::Insert, BreakCause::StartsOver);
    one.sqlstate = Some("23505");
    one.reason = format!(
        "the new sequence of {}.{} gives numbers that rows have: inserts of the old app that leave it to the default \
         fail under {}",
        after.name, new.name, unique.name.name
    );
    Some((at, one))
}

/// Whether a statement sets a sequence to the highest value itself, and not behind it: `setval(.., max(id), false)`,
/// as drizzle-kit 1.0 writes.
fn tells_taken(step: &Step) -> bool {
    let text = step.span.of(&step.file.text);
    let setval = |stmt: &Stmt| matches!(stmt, Stmt::Query(query) if query.uses.functions.iter().any(|call| call.name.name == "setval" && call.arguments == 3));
    if text.contains('+') || !step.statement.as_ref().is_some_and(|one| setval(&one.stmt)) {
        return false;
    }
    let words = sql::tokens(text).into_iter().filter(|token| token.kind == sql::TokenKind::Word);
    let words: BTreeSet<String> = words.map(|token| token.span.of(text).to_ascii_lowercase()).collect();
    words.contains("max") && words.contains("false")
}

/// Whether a statement may tell the sequence of an identity where to begin.
fn tells_start(stmt: &Stmt, column: &Column) -> bool {
    match stmt {
        Stmt::AlterTable(alter) => alter.commands.iter().any(|command| match &command.action {
            AlterAction::AddIdentity { column: named, start: Some(start), .. } => {
                named.text == column.name && *start != 1
            }
            AlterAction::SetIdentity { column: named, always: None } => named.text == column.name,
            _ => false,
        }),
        Stmt::AlterSequence(alter) => alter.restarts,
        Stmt::Query(query) => {
            let calls = query.uses.queries.iter().flat_map(|inner| &inner.uses.functions);
            calls.chain(&query.uses.functions).any(|call| call.name.name == "setval")
        }
        // Code may do anything; nearly nobody puts it after an identity for another reason.
        Stmt::Do(_) | Stmt::Call(_) => true,
        _ => false,
    }
}
