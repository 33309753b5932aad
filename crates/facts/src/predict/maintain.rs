//! Dropping, renaming, comments, truncation and maintenance.

use super::Prediction;
use crate::model::{Certainty, FailureCause, LockMode, RewriteCause, ScanCause};
use catalog::{ConstraintKind, Found, RelationKind, UserTypeKind};
use sql::{
    AlterDomain, Cluster, Comment, DomainChange, Drop, LockTable, ObjectKind, Refresh, Reindex, Rename,
    Truncate, Vacuum,
};

impl Prediction<'_> {
    pub(super) fn drop(&mut self, drop: &Drop) {
        for object in &drop.objects {
            match drop.kind {
                // What existed is locked by `consequences`; this is for the rest.
                ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::ForeignTable => {
                    if self.cx.before.find(&object.name).is_none() && !drop.if_exists {
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
                        ObjectKind::Trigger => relation.triggers.iter().any(|t| Some(t.name.as_str()) == part),
                        ObjectKind::Policy => relation.policies.iter().any(|p| Some(p.name.as_str()) == part),
                        _ => relation.rules.iter().any(|r| Some(r.as_str()) == part),
                    });
                    // get_object_address looks the relation up under ACCESS SHARE first.
                    match found {
                        Some(relation) => {
                            let mode = if exists { LockMode::AccessExclusive } else { LockMode::AccessShare };
                            self.lock(relation.id, mode);
                        }
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
            | ObjectKind::TableConstraint
            | ObjectKind::Trigger
            | ObjectKind::Policy
            | ObjectKind::Rule => match self.cx.before.find(&rename.name) {
                Some(Found::Relation(relation)) => self.lock(relation.id, mode),
                Some(Found::Index(_)) => {}
                None if rename.if_exists => {}
                None => self.lock_outside(&rename.name, mode),
            },
            // Renaming an index takes SHARE UPDATE EXCLUSIVE on the index alone (since 12).
            _ => {}
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
                Some(relation) => self.lock_tree(relation.id, false, mode),
                None => self.lock_outside(name, mode),
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
            for id in self.cx.before.with_descendants(relation.id) {
                self.lock(id, mode);
                if vacuum.full {
                    self.rewrite(id, RewriteCause::VacuumFull, None);
                }
            }
        }
    }

    pub(super) fn cluster(&mut self, cluster: &Cluster) {
        let Some(name) = &cluster.table else {
            self.unknown("CLUSTER of the whole database: every clustered table is rewritten in turn".to_owned());
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
                self.scan(table, ScanCause::IndexBuild, None);
            }
            None => self.unknown(format!("{} does not exist in the replayed history", reindex.name)),
        }
    }

    /// A new constraint on a domain is checked on every column of the domain (typecmds.c,
    /// get_rels_with_domain): SHARE on the tables; VALIDATE takes less since 17.
    pub(super) fn alter_domain(&mut self, alter: &AlterDomain) {
        let found = self.cx.before.find_type(alter.name.schema.as_deref(), &alter.name.name);
        let Some(domain) = found.filter(|found| matches!(found.kind, UserTypeKind::Domain { .. })) else { return };
        let (reads, validate, sqlstate) = match &alter.change {
            DomainChange::NotNull(true) => (true, false, "23502"),
            DomainChange::AddCheck { not_valid, .. } => (!not_valid, false, "23514"),
            DomainChange::Validate { .. } => (true, true, "23514"),
            _ => (false, false, ""),
        };
        if !reads {
            return;
        }
        let mode = match validate && self.cx.version.0 >= 17 {
            true => LockMode::ShareUpdateExclusive,
            false => LockMode::Share,
        };
        for (table, column) in self.cx.before.columns_of_type(domain.id) {
            self.lock(table, mode);
            self.scan(table, ScanCause::Domain, Some(column.name.clone()));
            let when = format!("{}.{} holds values that the domain now refuses", self.label(table), column.name);
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
