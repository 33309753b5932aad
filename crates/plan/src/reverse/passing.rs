//! Constraints that come and go within a migration, such as a CHECK that stands for NOT NULL while rows are checked:
//! nothing of them is there before or after it, so its way back leaves them out.

use catalog::{Catalog, Change, RelationId};
use facts::Step;
use std::collections::BTreeSet;

/// A constraint by its table and name.
pub(super) type Named = (RelationId, String);

/// The constraints that only pass. One that is renamed on the way, or has an index, does not.
pub(super) fn passing(steps: &[Step]) -> BTreeSet<Named> {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return BTreeSet::new() };
    let (start, end): (&Catalog, &Catalog) = (&first.before, &last.after);
    let there = |catalog: &Catalog, relation: RelationId, name: &str| {
        catalog.relation(relation).is_some_and(|table| table.constraint(name).is_some())
    };
    let mut found = BTreeSet::new();
    for step in steps {
        for change in &step.changes {
            let Change::ConstraintAdded { relation, name, with_column: None } = change else { continue };
            let plain = step.after.relation(*relation).and_then(|table| table.constraint(name));
            if plain.is_some_and(|one| one.index().is_none())
                && !there(start, *relation, name)
                && !there(end, *relation, name)
            {
                found.insert((*relation, name.clone()));
            }
        }
    }
    let changes = || steps.iter().flat_map(|step| &step.changes);
    for change in changes() {
        if let Change::ConstraintRenamed { relation, from, to } = change {
            found.remove(&(*relation, from.clone()));
            found.remove(&(*relation, to.clone()));
        }
    }
    found
}
