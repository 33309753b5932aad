//! Locks that follow from what goes along with a statement: CASCADE, foreign keys, dropped triggers.

use super::Prediction;
use crate::model::LockMode;
use catalog::{Change, ConstraintKind, Relation, RelationKind};

impl Prediction<'_> {
    /// Locks for every change that a statement brought about, written or not.
    pub(super) fn consequences(&mut self) {
        for change in self.changes() {
            match change {
                Change::RelationDropped { relation, kind, .. } => {
                    if matches!(kind, RelationKind::Sequence | RelationKind::Composite) {
                        continue;
                    }
                    self.lock(*relation, LockMode::AccessExclusive);
                    if let Some(dropped) = self.before(*relation) {
                        self.drop_links(dropped);
                    }
                }
                Change::ConstraintDropped { relation, constraint, .. } => {
                    self.lock(*relation, LockMode::AccessExclusive);
                    // The triggers on the referenced table go too (RemoveTriggerById in trigger.c).
                    if let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind {
                        self.lock(*target, LockMode::AccessExclusive);
                    }
                }
                Change::ColumnDropped { relation, .. }
                | Change::PolicyDropped { relation, .. }
                | Change::TriggerDropped { relation, .. }
                | Change::DefaultDropped { relation, .. } => self.lock(*relation, LockMode::AccessExclusive),
                _ => {}
            }
        }
    }

    /// Dropping a table takes foreign keys in both directions along, and locks the other side; a
    /// partition also locks its parent and the parent's default partition.
    fn drop_links(&mut self, dropped: &Relation) {
        for constraint in &dropped.constraints {
            if let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind {
                self.lock(*target, LockMode::AccessExclusive);
            }
        }
        if dropped.partition {
            for parent in &dropped.parents {
                self.lock(*parent, LockMode::AccessExclusive);
                self.lock_default_partition(*parent);
            }
        }
    }

    /// Adding, attaching or removing a partition changes what the default partition may hold.
    pub(super) fn lock_default_partition(&mut self, parent: catalog::RelationId) {
        let Some(parent) = self.before(parent) else { return };
        for child in &parent.children {
            if self.before(*child).is_some_and(|child| child.default_partition) {
                self.lock(*child, LockMode::AccessExclusive);
            }
        }
    }
}
