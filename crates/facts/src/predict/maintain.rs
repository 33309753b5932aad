//! Dropping, renaming, comments, truncation and maintenance.

use super::{Prediction, has_storage};
use crate::lock_mode::LockMode;
use crate::model::{Certainty, FailureCause, RewriteCause, ScanCause};
use catalog::{ConstraintKind, Found, RelationId, RelationKind, UserTypeKind};
use sql::{
    AlterDomain, Cluster, Comment, DomainChange, Drop, LockTable, ObjectKind, Refresh, Reindex, Rename,
    SetSchema, Truncate, Vacuum,
};

impl Prediction<'_> {
    pub(super) fn drop(&mut self, drop: &Drop) {
        for object in &drop.objects {
            match drop.kind {
                // What existed is locked by `consequences`; this is for the rest.
                ObjectKind::Table
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::ForeignTable => {
                    let known = self.cx.before.find(&object.name).is_some();
                    if !known && !drop.if_exists {
                        self.lock_outside(&object.name, LockMode::AccessExclusive);
                    }
                }
                ObjectKind::Index => {
                    if let Some(index) = self.cx.before.find_index(&object.name) {
                        let mode = match drop.concurrently {
                            true => LockMode::ShareUpdateExclusive,
                            false => LockMode::AccessExclusive,
                        };
                        let table = index.table;
                        let partitioned =
                            self.before(table).is_some_and(|table| table.kind == RelationKind::Partitioned);
                        self.lock_tree(table, !partitioned, mode);
                    }
                }
                ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => {
                    let found = self.cx.before.find_relation(&object.name);
                    let part = object.part.as_ref().map(|part| part.text.as_str());
                    let exists = found.is_some_and(|relation| match drop.kind {
                        ObjectKind::Trigger => {
                            relation.triggers.iter().any(|t| Some(t.name.as_str()) == part)
                        }
                        ObjectKind::Policy => relation.policies.iter().any(|p| Some(p.name.as_str()) == part),
                        _ => relation.rules.iter().any(|r| Some(r.as_str()) == part),
                    });
                    // Where there is none, the relation is closed again at once, with its lock
                    // (get_object_address_relobject in objectaddress.c).
                    match found {
                        Some(relation) if exists => {
                            // The copies of a trigger go with it.
                            let copied = drop.kind == ObjectKind::Trigger
                                && relation.kind == RelationKind::Partitioned;
                            self.lock_tree(relation.id, !copied, LockMode::AccessExclusive);
                        }
                        Some(_) => {}
                        None if drop.if_exists => {}
                        None => self.lock_outside(&object.name, LockMode::AccessExclusive),
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn rename(&mut self, rename: &Rename) {
        let mode = LockMode::AccessExclusive;
        match rename.kind {
            ObjectKind::Column => match self.cx.before.find_relation(&rename.name) {
                Some(relation) => self.lock_tree(relation.id, false, mode),
                None if rename.if_exists => {}
                None if matches!(rename.relation_kind, ObjectKind::Type | ObjectKind::CompositeType) => {}
                None => self.lock_outside(&rename.name, mode),
            },
            ObjectKind::Table
            | ObjectKind::ForeignTable
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Trigger
            | ObjectKind::Policy
            | ObjectKind::Rule => match self.cx.before.find(&rename.name) {
                Some(Found::Relation(relation)) => {
                    // The copies of a trigger are renamed with it since 15 (renametrig in trigger.c).
                    let copied = rename.kind == ObjectKind::Trigger
                        && relation.kind == RelationKind::Partitioned
                        && self.cx.version.0 >= 15;
                    self.lock_tree(relation.id, !copied, mode);
                }
                Some(Found::Index(_)) => {}
                None if rename.if_exists => {}
                None => self.lock_outside(&rename.name, mode),
            },
            ObjectKind::TableConstraint => match self.cx.before.find_relation(&rename.name) {
                Some(relation) => {
                    let constraint = rename.part.as_ref().and_then(|part| relation.constraint(&part.text));
                    // CHECKs have the same name in the whole tree (rename_constraint_internal).
                    let inherited = constraint
                        .is_some_and(|c| matches!(c.kind, ConstraintKind::Check { no_inherit: false, .. }));
                    self.lock_tree(relation.id, !inherited, mode);
                }
                None if rename.if_exists => {}
                None => self.lock_outside(&rename.name, mode),
            },
            // Renaming an index takes SHARE UPDATE EXCLUSIVE on the index alone (since 12).
            _ => {}
        }
    }

    /// Types and functions are no relations: moving them locks no table.
    pub(super) fn set_schema(&mut self, set: &SetSchema) {
        if matches!(
            set.kind,
            ObjectKind::Table | ObjectKind::ForeignTable | ObjectKind::View | ObjectKind::MaterializedView
        ) {
            self.lock_name(&set.name, LockMode::AccessExclusive);
        }
    }

    pub(super) fn comment(&mut self, comment: &Comment) {
        let Some(name) = &comment.name else { return };
        match comment.kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
            | ObjectKind::Column => self.lock_name(name, LockMode::ShareUpdateExclusive),
            ObjectKind::TableConstraint | ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => {
                self.lock_name(name, LockMode::AccessShare);
            }
            _ => {}
        }
    }

    pub(super) fn truncate(&mut self, truncate: &Truncate) {
        let mut todo = Vec::new();
        for name in &truncate.tables {
            match self.cx.before.find_relation(name) {
                Some(relation) => todo.extend(self.cx.before.with_descendants(relation.id)),
                None => self.lock_outside(name, LockMode::AccessExclusive),
            }
        }
        let mut next = 0;
        while next < todo.len() {
            let id = todo[next];
            next += 1;
            self.lock(id, LockMode::AccessExclusive);
            self.rewrite(id, RewriteCause::Truncate, None);
            let Some(relation) = self.before(id) else { continue };
            for referencing in relation.referenced_by.clone() {
                let refers = self.before(referencing).is_some_and(|other| {
                    other.constraints.iter().any(
                        |c| matches!(&c.kind, ConstraintKind::ForeignKey { target, .. } if *target == Some(id)),
                    )
                });
                if !refers || todo.contains(&referencing) {
                    continue;
                }
                if truncate.cascade {
                    todo.push(referencing);
                } else {
                    let other = self.label(referencing);
                    self.fail(crate::model::Failure {
                        sqlstate: "0A000",
                        cause: FailureCause::Dependents,
                        when: format!("{other} refers to {} and is not truncated with it", self.label(id)),
                        certainty: Certainty::Always,
                        relation: Some(self.label(id)),
                        column: None,
                        span: truncate.tables.first().map(|name| name.span),
                    });
                }
            }
        }
    }

    pub(super) fn lock_table(&mut self, lock: &LockTable) {
        let Some(mode) = LockMode::from_number(lock.mode) else { return };
        for name in &lock.tables {
            match self.cx.before.find_relation(name) {
                Some(relation) => self.lock_behind(relation.id, mode),
                None => self.lock_outside(name, mode),
            }
        }
    }

    /// LOCK of a view locks what it reads, too (LockViewRecurse in lockcmds.c).
    fn lock_behind(&mut self, id: RelationId, mode: LockMode) {
        let mut todo = self.cx.before.with_descendants(id);
        let mut next = 0;
        while let Some(id) = todo.get(next).copied() {
            next += 1;
            self.lock(id, mode);
            let Some(relation) = self.before(id).filter(|r| r.kind == RelationKind::View) else { continue };
            for (used, _) in relation.view.iter().flat_map(|view| &view.uses) {
                let tree = self.cx.before.with_descendants(*used);
                todo.extend(tree.into_iter().filter(|used| !todo.contains(used)).collect::<Vec<_>>());
            }
        }
    }

    pub(super) fn refresh(&mut self, refresh: &Refresh) {
        let mode = if refresh.concurrently { LockMode::Exclusive } else { LockMode::AccessExclusive };
        self.lock_name(&refresh.name, mode);
        let Some(view) = self.cx.before.find_relation(&refresh.name) else { return };
        if !refresh.concurrently {
            self.rewrite(view.id, RewriteCause::Refresh, None);
        }
        let Some(definition) = &view.view else { return };
        self.reads_of(&definition.query.clone());
        if !refresh.no_data {
            for source in self.sources_of(&definition.query) {
                self.scan(source, ScanCause::Query, None);
            }
            // The new rows are joined with the old ones (refresh_by_match_merge in matview.c).
            if refresh.concurrently {
                self.scan(view.id, ScanCause::Query, None);
            }
        }
    }

    pub(super) fn vacuum(&mut self, vacuum: &Vacuum) {
        let mode = if vacuum.full { LockMode::AccessExclusive } else { LockMode::ShareUpdateExclusive };
        if vacuum.tables.is_empty() {
            self.unknown("VACUUM or ANALYZE of the whole database: every table is locked in turn".to_owned());
        }
        for name in &vacuum.tables {
            let Some(relation) = self.cx.before.find_relation(name) else {
                self.lock_outside(name, mode);
                continue;
            };
            // Views are skipped; before 18 the tables that inherit from a table are, too
            // (expand_vacuum_rel in vacuum.c).
            let tree = match relation.kind {
                RelationKind::View => Vec::new(),
                RelationKind::Table if self.cx.version.0 < 18 => vec![relation.id],
                _ => self.cx.before.with_descendants(relation.id),
            };
            for id in tree {
                self.lock(id, mode);
                if vacuum.full {
                    self.rewrite(id, RewriteCause::VacuumFull, None);
                }
            }
        }
    }

    pub(super) fn cluster(&mut self, cluster: &Cluster) {
        let Some(name) = &cluster.table else {
            self.unknown(
                "CLUSTER of the whole database: every clustered table is rewritten in turn".to_owned(),
            );
            return;
        };
        self.lock_name(name, LockMode::AccessExclusive);
        if let Some(relation) = self.cx.before.find_relation(name) {
            self.rewrite(relation.id, RewriteCause::Cluster, None);
        }
    }

    pub(super) fn reindex(&mut self, reindex: &Reindex) {
        let mode = if reindex.concurrently { LockMode::ShareUpdateExclusive } else { LockMode::Share };
        let table = match reindex.kind {
            ObjectKind::Index => self.cx.before.find_index(&reindex.name).map(|index| index.table),
            ObjectKind::Table => self.cx.before.find_relation(&reindex.name).map(|relation| relation.id),
            _ => {
                self.unknown(format!("REINDEX of {}: every table in it is locked in turn", reindex.name));
                return;
            }
        };
        match table {
            Some(table) => {
                self.lock(table, mode);
                if self.before(table).is_some_and(|r| has_storage(r) && !r.indexes.is_empty()) {
                    self.scan(table, ScanCause::IndexBuild, None);
                }
            }
            None => self.unknown(format!("{} does not exist in the replayed history", reindex.name)),
        }
    }

    /// A new constraint on a domain is checked on every column of the domain (typecmds.c,
    /// get_rels_with_domain), under SHARE on the tables.
    pub(super) fn alter_domain(&mut self, alter: &AlterDomain) {
        let found = self.cx.before.find_type(alter.name.schema.as_deref(), &alter.name.name);
        let Some(domain) = found.filter(|found| matches!(found.kind, UserTypeKind::Domain { .. })) else {
            return;
        };
        let UserTypeKind::Domain { not_null, .. } = domain.kind else { return };
        let sqlstate = match &alter.change {
            DomainChange::NotNull(true) if !not_null => "23502",
            DomainChange::AddCheck { not_valid: false, .. } | DomainChange::Validate { .. } => "23514",
            _ => return,
        };
        for (table, column) in self.cx.before.columns_of_type(domain.id) {
            self.lock(table, LockMode::Share);
            self.scan(table, ScanCause::Domain, Some(column.name.clone()));
            let when =
                format!("{}.{} holds values that the domain now refuses", self.label(table), column.name);
            self.fail_on_rows(
                table,
                sqlstate,
                FailureCause::Check,
                Certainty::DependsOnData,
                Some(&column.name),
                when,
                Some(alter.name.span),
            );
        }
    }
}
