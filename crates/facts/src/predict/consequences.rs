//! Locks that follow from what goes along with a statement: CASCADE, foreign keys, dropped triggers.

use super::Prediction;
use crate::lock_mode::LockMode;
use catalog::{Change, ConstraintKind, Relation, RelationId, RelationKind};

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
                Change::ConstraintDropped { relation, constraint, cascade } => {
                    self.lock(*relation, LockMode::AccessExclusive);
                    // The triggers on the referenced table go too (RemoveTriggerById in trigger.c);
                    // DROP CONSTRAINT locks it besides (ATExecDropConstraint).
                    if let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind {
                        self.lock_formerly_referenced(*target);
                        if !cascade {
                            self.lock(*target, LockMode::AccessExclusive);
                        }
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
                self.lock_formerly_referenced(*target);
            }
        }
        if dropped.partition {
            for parent in &dropped.parents {
                self.lock(*parent, LockMode::AccessExclusive);
                self.lock_default_partition(*parent);
            }
        }
    }

    /// The triggers of a foreign key stand on the partitions of the table it refers to, and since 15 on
    /// the partitioned table itself (CreateTriggerFiringOn in trigger.c).
    fn lock_formerly_referenced(&mut self, target: RelationId) {
        let partitioned = self.before(target).is_some_and(|r| r.kind == RelationKind::Partitioned);
        for id in if partitioned { self.cx.before.with_descendants(target) } else { vec![target] } {
            let leaf = self.before(id).is_some_and(|r| r.kind != RelationKind::Partitioned);
            if leaf || self.cx.version.0 >= 15 {
                self.lock(id, LockMode::AccessExclusive);
            }
        }
    }

    /// A new partition becomes a target of the foreign keys that refer to its parent, whose tables are
    /// opened for that since 15 (CloneFkReferenced in tablecmds.c).
    pub(super) fn lock_keys_on_partitions(&mut self, parent: RelationId) {
        if self.cx.version.0 < 15 {
            return;
        }
        for table in self.tables_referring_to(parent) {
            self.lock(table, LockMode::ShareRowExclusive);
        }
    }

    /// Tables with a foreign key to this one.
    pub(super) fn tables_referring_to(&self, id: RelationId) -> Vec<RelationId> {
        let refers = |table: &Relation| {
            table
                .constraints
                .iter()
                .any(|c| matches!(&c.kind, ConstraintKind::ForeignKey { target, .. } if *target == Some(id)))
        };
        let candidates = self.before(id).map(|r| r.referenced_by.clone()).unwrap_or_default();
        candidates.into_iter().filter(|table| self.before(*table).is_some_and(|t| refers(t))).collect()
    }

    /// The default partition, if it must be read for rows that belong into a new one: nothing else than
    /// a CHECK on the key can prove that there are none (check_default_partition_contents).
    pub(super) fn default_partition_to_read(&self, parent: &Relation) -> Option<RelationId> {
        let defaults = parent.children.iter().filter_map(|child| self.before(*child));
        let default = defaults.into_iter().find(|child| child.default_partition)?;
        (!self.has_bound_check(parent, default)).then_some(default.id)
    }

    /// Whether a validated CHECK says something on the partition key, which can't be NULL either. What it
    /// says is not compared with the bound.
    pub(super) fn has_bound_check(&self, parent: &Relation, partition: &Relation) -> bool {
        let keys: Vec<_> = parent.partition_key.iter().filter_map(|key| partition.column(key)).collect();
        let checked = partition.constraints.iter().any(|constraint| {
            matches!(constraint.kind, ConstraintKind::Check { .. })
                && constraint.validated
                && keys.iter().any(|key| constraint.columns.contains(&key.id))
        });
        checked && keys.iter().all(|key| key.not_null || self.is_proven(partition, key))
    }

    /// Adding, attaching or removing a partition changes what the default partition may hold.
    pub(super) fn lock_default_partition(&mut self, parent: RelationId) {
        let Some(parent) = self.before(parent) else { return };
        for child in &parent.children {
            if self.before(*child).is_some_and(|child| child.default_partition) {
                self.lock(*child, LockMode::AccessExclusive);
            }
        }
    }
}
