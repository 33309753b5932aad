//! `ATTACH PARTITION` and `DETACH PARTITION`.

use super::{Prediction, has_storage};
use crate::lock_mode::LockMode;
use crate::model::{Certainty, FailureCause, ScanCause};
use catalog::Relation;

impl Prediction<'_> {
    pub(super) fn detach_partition(&mut self, parent: &Relation, partition: &sql::Name, concurrently: bool) {
        let referring = self.tables_referring_to(parent.id);
        // CONCURRENTLY takes SHARE UPDATE EXCLUSIVE first, and this for a moment once it has waited for those
        // who use the table (ATExecDetachPartition in tablecmds.c).
        let mode = match self.cx.version.0 {
            ..14 if referring.is_empty() => LockMode::ShareUpdateExclusive,
            _ => LockMode::AccessExclusive,
        };
        self.lock_name(partition, mode);
        if concurrently {
            return;
        }
        self.lock_default_partition(parent.id);
        if let Some(found) = self.cx.before.find_relation(partition) {
            self.lock_below(found.id, LockMode::AccessExclusive);
        }
        // No row may refer to the partition (ATDetachCheckNoForeignKeyRefs).
        for table in referring {
            if let Some(found) = self.cx.before.find_relation(partition) {
                self.scan(found.id, ScanCause::ForeignKey, None);
            }
            self.lock(table, LockMode::AccessExclusive);
            self.scan(table, ScanCause::ForeignKey, None);
            let when = format!("{} refers to rows of {partition}", self.label(table));
            let (cause, certainty) = (FailureCause::ForeignKey, Certainty::DependsOnData);
            self.fail_on_rows(table, "23503", cause, certainty, None, when, Some(partition.span));
        }
    }

    pub(super) fn attach_partition(&mut self, parent: &Relation, partition: &sql::Name, has_bound: bool) {
        self.lock_name(partition, LockMode::AccessExclusive);
        self.lock_default_partition(parent.id);
        self.lock_keys_on_partitions(parent.id);
        if !has_bound {
            return;
        }
        let Some(found) = self.cx.before.find_relation(partition).cloned() else { return };
        if !self.has_bound_check(parent, &found) {
            for id in self.cx.before.with_descendants(found.id) {
                if self.before(id).is_some_and(|r| has_storage(r)) {
                    self.scan(id, ScanCause::PartitionBound, None);
                    let when = format!("{} holds a row outside of the bound", self.label(id));
                    let span = Some(partition.span);
                    let certainty = Certainty::DependsOnData;
                    self.fail_on_rows(id, "23514", FailureCause::PartitionBound, certainty, None, when, span);
                }
            }
        }
        // Indexes of the parent that the partition lacks are built (AttachPartitionEnsureIndexes).
        let lacks = |index: &catalog::IndexId| self.cx.before.partition_index(*index, found.id).is_none();
        if parent.indexes.iter().any(lacks) {
            for id in self.cx.before.with_descendants(found.id) {
                if self.before(id).is_some_and(|r| has_storage(r)) {
                    self.scan(id, ScanCause::IndexBuild, None);
                }
            }
        }
        if let Some(default) = self.default_partition_to_read(parent) {
            self.scan(default, ScanCause::PartitionBound, None);
        }
    }
}
