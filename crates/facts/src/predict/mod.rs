//! Predicts what one statement does on one schema.
//!
//! Lock levels follow `AlterTableGetLockLevel` and the Exec functions of
//! src/backend/commands/{tablecmds,indexcmds,trigger,policy,matview,cluster,view}.c, and the manual's
//! pages 13.3 (explicit locking) and ALTER TABLE. Each of them is compared with real servers.

mod alter;
mod consequences;
mod constraint;
mod create;
pub(crate) mod enums;
mod maintain;
mod partition;
mod query;
mod routine;
pub(crate) mod transaction;
mod type_change;

use crate::lock_mode::LockMode;
use crate::model::{Certainty, Cost, Facts, Failure, FailureCause, Lock, RewriteCause, ScanCause, Version};
use catalog::{Applied, Catalog, Change, Column, Found, Relation, RelationId, RelationKind};
use source::Span;
use sql::{Name, ObjectKind, Stmt};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that a prediction depends on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The schema before the statement.
    pub before: &'a Catalog,
    /// The schema after it.
    pub after: &'a Catalog,
    /// What it changed and what was refused.
    pub applied: &'a Applied,
    /// The schema when the pending set began.
    pub start: &'a Catalog,
    /// The version of Postgres.
    pub version: Version,
    /// The session's TimeZone is UTC.
    pub utc: bool,
    /// `check_function_bodies` is on.
    pub bodies_checked: bool,
    /// Relations, by their names in the facts, that earlier statements of the set put rows into.
    pub filled: &'a BTreeSet<String>,
    /// The statement may not run, since a condition in code guards it.
    pub conditional: bool,
    /// The statement stands in code, so what its queries read whole is counted, too.
    pub in_code: bool,
}

/// The facts of one statement, apart from what depends on the transaction and on the apps.
pub fn predict(stmt: &Stmt, context: Context<'_>) -> Facts {
    let mut p = Prediction { cx: context, facts: Facts::default() };
    p.refusals();
    // Where Postgres refuses the statement as a whole, what it would have locked is of no interest,
    // except where the object may exist outside of the history.
    p.statement(stmt);
    p.consequences();
    p.facts
}

/// What the grammar refuses fails for that.
pub fn syntax(error: &sql::SyntaxError) -> Failure {
    Failure {
        sqlstate: "42601",
        cause: FailureCause::Syntax,
        when: error.message.clone(),
        certainty: Certainty::Always,
        relation: None,
        column: None,
        span: Some(error.span),
    }
}

/// A prediction under way.
pub(crate) struct Prediction<'a> {
    pub cx: Context<'a>,
    pub facts: Facts,
}

impl<'a> Prediction<'a> {
    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::CreateTable(create) => self.create_table(create),
            Stmt::CreateTableAs(create) => self.create_table_as(create),
            Stmt::CreateView(create) => self.create_view(create),
            Stmt::CreateIndex(create) => self.create_index(create),
            Stmt::CreateTrigger(create) => self.create_trigger(create),
            Stmt::CreatePolicy(create) => {
                self.lock_name(&create.table, LockMode::AccessExclusive);
                self.names_in(create.using.as_ref());
                self.names_in(create.with_check.as_ref());
            }
            Stmt::AlterPolicy(alter) => {
                self.lock_name(&alter.table, LockMode::AccessExclusive);
                self.names_in(alter.using.as_ref());
                self.names_in(alter.with_check.as_ref());
            }
            Stmt::CreateRule(create) => self.lock_name(&create.table, LockMode::AccessExclusive),
            Stmt::CreateStatistics(create) => {
                for table in &create.tables {
                    self.lock_name(table, LockMode::ShareUpdateExclusive);
                }
            }
            Stmt::CreateSequence(create) => {
                if let Some((table, _)) = &create.owned_by {
                    self.lock_name(table, LockMode::AccessShare);
                }
            }
            Stmt::AlterSequence(alter) => {
                if let Some(Some((table, _))) = &alter.owned_by {
                    self.lock_name(table, LockMode::AccessShare);
                }
            }
            Stmt::AlterTable(alter) => self.alter_table(alter),
            Stmt::AlterDomain(alter) => self.alter_domain(alter),
            Stmt::Rename(rename) => self.rename(rename),
            Stmt::SetSchema(set) => self.set_schema(set),
            Stmt::Drop(drop) => self.drop(drop),
            Stmt::Truncate(truncate) => self.truncate(truncate),
            Stmt::Comment(comment) => self.comment(comment),
            Stmt::Query(query) => self.query(query),
            Stmt::Copy(copy) => {
                if let Some(table) = &copy.table {
                    let mode = if copy.from { LockMode::RowExclusive } else { LockMode::AccessShare };
                    self.lock_name(table, mode);
                }
            }
            Stmt::LockTable(lock) => self.lock_table(lock),
            Stmt::Refresh(refresh) => self.refresh(refresh),
            Stmt::Vacuum(vacuum) => self.vacuum(vacuum),
            Stmt::Cluster(cluster) => self.cluster(cluster),
            Stmt::Reindex(reindex) => self.reindex(reindex),
            Stmt::CreateSchema(create) => create.elements.iter().for_each(|inner| self.statement(inner)),
            Stmt::Explain { analyze, statement } => {
                if *analyze {
                    self.statement(statement);
                }
            }
            Stmt::Other(other) if !other.harmless => {
                self.unknown(format!("{}: what it locks is not modelled", other.what));
            }
            // From 18 on the objects are locked (objectNamesToOids in aclchk.c), those of ALL .. IN SCHEMA are not.
            Stmt::Grant(grant) if matches!(grant.kind, ObjectKind::Table) && self.cx.version.0 >= 18 => {
                for table in &grant.objects {
                    self.lock_name(table, LockMode::AccessShare);
                }
            }
            Stmt::CreateFunction(create) => self.create_function(create),
            Stmt::Grant(_)
            | Stmt::CreateType(_)
            | Stmt::CreateDomain(_)
            | Stmt::CreateExtension(_)
            | Stmt::AlterEnum(_)
            | Stmt::SetOwner(_)
            | Stmt::Transaction(_)
            | Stmt::Set(_)
            | Stmt::Do(_)
            | Stmt::Call(_)
            | Stmt::Other(_) => {}
        }
    }

    /// The name by which a relation goes in the facts.
    pub fn label(&self, id: RelationId) -> String {
        label(self.cx.start, self.cx.before, self.cx.after, id)
    }

    pub fn is_new(&self, id: RelationId) -> bool {
        id.0 >= self.cx.start.watermark()
    }

    pub fn before(&self, id: RelationId) -> Option<&'a Arc<Relation>> {
        self.cx.before.relation(id)
    }

    /// Notes a lock on a table, view or materialized view; other kinds are not reported.
    pub fn lock(&mut self, id: RelationId, mode: LockMode) {
        let Some(relation) = self.before(id).or_else(|| self.cx.after.relation(id)) else { return };
        if matches!(relation.kind, RelationKind::Sequence | RelationKind::Composite) {
            return;
        }
        let lock =
            Lock { relation: self.label(id), mode, new: self.is_new(id), conditional: self.cx.conditional };
        self.facts.add_lock(lock);
    }

    /// A lock that is taken only where there are rows to check.
    pub fn lock_if_rows(&mut self, id: RelationId, mode: LockMode) {
        let relation = self.label(id);
        self.facts.add_lock(Lock { relation, mode, new: self.is_new(id), conditional: true });
    }

    /// Locks what a written name stands for; a name outside of the history is locked all the same,
    /// and said to be unknown.
    pub fn lock_name(&mut self, name: &Name, mode: LockMode) {
        match self.cx.before.find(name) {
            Some(Found::Relation(relation)) => self.lock(relation.id, mode),
            Some(Found::Index(_)) => {}
            None => self.lock_outside(name, mode),
        }
    }

    pub fn lock_outside(&mut self, name: &Name, mode: LockMode) {
        let qname = self.cx.before.creation_name(name, false);
        if matches!(qname.schema.as_str(), "pg_catalog" | "information_schema")
            || name.name.starts_with("pg_")
        {
            return;
        }
        let lock = Lock { relation: qname.to_string(), mode, new: false, conditional: self.cx.conditional };
        self.facts.add_lock(lock);
    }

    pub fn lock_tree(&mut self, id: RelationId, only: bool, mode: LockMode) {
        if only {
            self.lock(id, mode);
        } else {
            for id in self.cx.before.with_descendants(id) {
                self.lock(id, mode);
            }
        }
    }

    /// Locks what inherits from a relation, not the relation itself.
    pub fn lock_below(&mut self, id: RelationId, mode: LockMode) {
        for below in self.cx.before.with_descendants(id).into_iter().filter(|below| *below != id) {
            self.lock(below, mode);
        }
    }

    pub fn scan(&mut self, id: RelationId, cause: ScanCause, column: Option<String>) {
        let cost = Cost {
            relation: self.label(id),
            cause,
            column,
            new: self.is_new(id),
            conditional: self.cx.conditional,
        };
        if !self.facts.scans.iter().any(|other| other.relation == cost.relation && other.cause == cause) {
            self.facts.scans.push(cost);
        }
    }

    pub fn rewrite(&mut self, id: RelationId, cause: RewriteCause, column: Option<String>) {
        if !self.before(id).is_some_and(|r| has_storage(r)) {
            return;
        }
        let cost = Cost {
            relation: self.label(id),
            cause,
            column,
            new: self.is_new(id),
            conditional: self.cx.conditional,
        };
        if !self.facts.rewrites.iter().any(|other| other.relation == cost.relation && other.cause == cause) {
            self.facts.rewrites.push(cost);
        }
        // TRUNCATE and REFRESH don't read what was there, but build the indexes of the new file.
        let indexed = self.before(id).is_some_and(|r| !r.indexes.is_empty());
        if !matches!(cause, RewriteCause::Truncate | RewriteCause::Refresh) || indexed {
            self.scan(id, ScanCause::Rewrite, None);
        }
    }

    pub fn is_rewritten(&self, id: RelationId) -> bool {
        let label = self.label(id);
        self.facts.rewrites.iter().any(|cost| cost.relation == label)
    }

    pub fn fail(&mut self, failure: Failure) {
        let same = |other: &Failure| {
            other.sqlstate == failure.sqlstate
                && other.relation == failure.relation
                && other.when == failure.when
        };
        if !self.facts.failures.iter().any(same) {
            self.facts.failures.push(failure);
        }
    }

    /// A failure that depends on the rows of a relation.
    #[allow(clippy::too_many_arguments)]
    pub fn fail_on_rows(
        &mut self,
        id: RelationId,
        sqlstate: &'static str,
        cause: FailureCause,
        certainty: Certainty,
        column: Option<&str>,
        when: String,
        span: Option<Span>,
    ) {
        // A table made in this set holds only the rows that the set itself put there.
        if self.is_new(id) && !self.cx.filled.contains(&self.label(id)) {
            return;
        }
        self.fail(Failure {
            sqlstate,
            cause,
            when,
            certainty,
            relation: Some(self.label(id)),
            column: column.map(str::to_owned),
            span,
        });
    }

    pub fn unknown(&mut self, why: String) {
        if !self.facts.unknown.contains(&why) {
            self.facts.unknown.push(why);
        }
    }

    fn refusals(&mut self) {
        for refusal in &self.cx.applied.refusals {
            let cause = match refusal.sqlstate {
                "42P07" | "42701" | "42710" | "42P06" => FailureCause::Duplicate,
                "2BP01" => FailureCause::Dependents,
                _ if refusal.outside_history => FailureCause::Missing,
                _ => FailureCause::Refused,
            };
            if refusal.outside_history {
                self.unknown(format!("{} in the replayed history", refusal.message));
            }
            self.fail(Failure {
                sqlstate: refusal.sqlstate,
                cause,
                when: refusal.message.clone(),
                certainty: Certainty::Always,
                relation: None,
                column: None,
                span: refusal.span,
            });
        }
    }

    /// Changes of this statement.
    pub fn changes(&self) -> &'a [Change] {
        &self.cx.applied.changes
    }

    pub fn added_column(&self, relation: RelationId, name: &str) -> Option<&'a Column> {
        self.cx.after.relation(relation)?.column(name)
    }
}

/// Whether a relation has a file of its own that can be rewritten.
pub(crate) fn has_storage(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::Table | RelationKind::MaterializedView)
}

/// The name by which a relation goes in the facts: the one it had when the pending set began, or
/// else the one it was made with.
pub(crate) fn label(start: &Catalog, before: &Catalog, after: &Catalog, id: RelationId) -> String {
    [start, before, after]
        .into_iter()
        .find_map(|c| c.relation(id))
        .map_or("?".to_owned(), |r| r.name.to_string())
}
