//! `CREATE`.

use super::Prediction;
use crate::lock_mode::LockMode;
use crate::model::{Certainty, Failure, FailureCause, ScanCause};
use catalog::{Change, ConstraintKind, RelationKind};
use sql::{CreateIndex, CreateTable, CreateTableAs, CreateTrigger, CreateView};

impl Prediction<'_> {
    pub(super) fn create_table(&mut self, create: &CreateTable) {
        let created = self.changes().iter().find_map(|change| match change {
            Change::RelationCreated { relation, kind } if *kind != RelationKind::Sequence => Some(*relation),
            _ => None,
        });
        let Some(created) = created else { return };
        self.lock(created, LockMode::AccessExclusive);
        for parent in &create.parents {
            // DefineRelation in tablecmds.c: a partition's parent is locked harder than an
            // inheritance parent.
            let mode = match create.partition {
                Some(_) => LockMode::AccessExclusive,
                None => LockMode::ShareUpdateExclusive,
            };
            self.lock_name(parent, mode);
            if create.partition.is_some()
                && let Some(parent) = self.cx.before.find_relation(parent)
            {
                let default = self.default_partition_to_read(parent);
                self.lock_default_partition(parent.id);
                self.lock_keys_on_partitions(parent.id);
                if let (Some(default), false) = (default, self.is_new(parent.id)) {
                    self.scan(default, ScanCause::PartitionBound, None);
                    self.fail_on_rows(
                        default,
                        "23514",
                        FailureCause::PartitionBound,
                        Certainty::DependsOnData,
                        None,
                        "the default partition holds rows that belong into the new partition".to_owned(),
                        Some(create.name.span),
                    );
                }
            }
        }
        for like in &create.like {
            self.lock_name(&like.source, LockMode::AccessShare);
        }
        let targets: Vec<_> =
            self.cx.after.relation(created).into_iter().flat_map(|r| r.constraints.clone()).collect();
        for constraint in targets {
            if let ConstraintKind::ForeignKey { target, target_name, .. } = constraint.kind {
                match target {
                    Some(target) if target != created => self.lock_referenced(target),
                    Some(_) => {}
                    None => {
                        let name = sql::Name {
                            schema: Some(target_name.schema),
                            name: target_name.name,
                            span: create.name.span,
                        };
                        self.lock_outside(&name, LockMode::ShareRowExclusive);
                    }
                }
            }
        }
    }

    pub(super) fn create_table_as(&mut self, create: &CreateTableAs) {
        self.reads_of(&create.query);
        if let Some(Change::RelationCreated { relation, .. }) = self.changes().first() {
            self.lock(*relation, LockMode::AccessExclusive);
            if !create.no_data {
                for source in self.sources_of(&create.query) {
                    self.scan(source, ScanCause::Query, None);
                }
            }
        }
    }

    pub(super) fn create_view(&mut self, create: &CreateView) {
        self.names_of(&create.query);
        for change in self.changes() {
            match change {
                Change::ViewReplaced { relation, .. } | Change::RelationCreated { relation, .. } => {
                    self.lock(*relation, LockMode::AccessExclusive);
                }
                _ => {}
            }
        }
    }

    pub(super) fn create_index(&mut self, create: &CreateIndex) {
        let mode = if create.concurrently { LockMode::ShareUpdateExclusive } else { LockMode::Share };
        let Some(table) = self.cx.before.find_relation(&create.table) else {
            self.lock_outside(&create.table, mode);
            return;
        };
        if create.concurrently && table.kind == RelationKind::Partitioned {
            self.fail(Failure {
                sqlstate: "0A000",
                cause: FailureCause::Refused,
                when: format!(
                    "CREATE INDEX CONCURRENTLY is not for partitioned tables such as {}",
                    table.name
                ),
                certainty: Certainty::Always,
                relation: Some(self.label(table.id)),
                column: None,
                span: Some(create.table.span),
            });
        }
        // An index that is there already (IF NOT EXISTS) costs the lock, not the build.
        let built = self.changes().iter().any(|change| matches!(change, Change::IndexCreated { .. }));
        let targets = if create.only { vec![table.id] } else { self.cx.before.with_descendants(table.id) };
        let partitioned = table.kind == RelationKind::Partitioned;
        for id in targets.into_iter().filter(|id| partitioned || *id == table.id) {
            self.lock(id, mode);
            let leaf = self.before(id).is_some_and(|r| super::has_storage(r));
            // A partition that has such an index already gives it to the parent's (DefineIndex in indexcmds.c).
            let builds =
                self.cx.after.relation(id).is_some_and(|now| {
                    now.indexes.iter().any(|index| self.cx.before.index(*index).is_none())
                });
            if !built || !leaf || !builds {
                continue;
            }
            self.scan(id, ScanCause::IndexBuild, None);
            if create.unique {
                let label = self.label(id);
                let columns = create.keys.iter().map(|key| match key {
                    sql::IndexKey::Column(name) => name.as_str(),
                    sql::IndexKey::Expr(expr) => expr.text.as_str(),
                });
                let columns: Vec<_> = columns.collect();
                let when = format!("{label} holds two rows with the same {}", columns.join(", "));
                self.fail_on_rows(
                    id,
                    "23505",
                    FailureCause::Unique,
                    Certainty::DependsOnData,
                    columns.first().copied(),
                    when,
                    create.name.as_ref().map(|name| name.span),
                );
            }
        }
    }

    pub(super) fn create_trigger(&mut self, create: &CreateTrigger) {
        if let Some(table) = self.cx.before.find_relation(&create.table) {
            self.lock_tree(table.id, table.kind != RelationKind::Partitioned, LockMode::ShareRowExclusive);
        } else {
            self.lock_outside(&create.table, LockMode::ShareRowExclusive);
        }
        if let Some(from) = &create.from_table {
            self.lock_name(from, LockMode::AccessShare);
        }
    }
}
