//! What the pending migrations will lock, write anew, build and need the right to, as far as it was predicted.
//!
//! Relations go by the names that they have now. What a set makes itself is left out.

use crate::blockers::Wanted;
use crate::replicas;
use crate::tenant::rename;
use crate::units;
use catalog::Change;
use drizzle::{Ledger, Project};
use facts::{Analysis, LockMode, Operation, RewriteCause, Step};
use sql::{Name, ObjectKind, Stmt};

/// What is coming. The default is that nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coming {
    /// Locks that conflict with those of vacuum, or stronger ones.
    pub locked: Vec<Wanted>,
    /// Relations whose readers on replicas are met, once what locks them is replayed there.
    pub replayed: Vec<String>,
    /// Tables that are written anew.
    pub rewritten: Vec<String>,
    /// The table of each index that is built.
    pub indexed: Vec<String>,
    /// Tables that are read whole.
    pub scanned: Vec<String>,
    /// Relations that only their owner may change.
    pub owned: Vec<String>,
    /// Relations that their owner or that of their schema may drop.
    pub dropped: Vec<String>,
    /// Types that only their owner may change, as schema and name.
    pub types: Vec<String>,
    /// Relations, and what has to be allowed on them: `REFERENCES`, `TRIGGER`, `INSERT` ..
    pub privileges: Vec<(String, &'static str)>,
    /// Schemas in which something is made, as far as the statements name them.
    pub schemas: Vec<String>,
    /// Whether something is made where `search_path` says.
    pub here: bool,
    /// Schemas that are made.
    pub new_schemas: Vec<String>,
    /// Extensions that are made.
    pub extensions: Vec<String>,
    /// Whether progress is noted beside the ledger, since a migration is more than one transaction.
    pub progress: bool,
    /// The ledger.
    pub ledger: Ledger,
}

impl Coming {
    /// Nothing is pending; the ledger is that of a project.
    pub fn nothing(project: &Project) -> Coming {
        Coming { ledger: project.ledger.clone(), ..Coming::default() }
    }

    /// What a judged set will do.
    pub fn of(project: &Project, analysis: &Analysis, set: usize) -> Coming {
        let mut coming = Coming::nothing(project);
        for step in analysis.steps_of(set) {
            coming.works(step);
            coming.makes(step, analysis, set);
            if let Some(statement) = &step.statement {
                coming.changes(&statement.stmt, step, analysis);
            }
        }
        let all = units(project, analysis, set);
        coming.progress = all.windows(2).any(|pair| pair[0].migration == pair[1].migration);
        coming.once();
        coming
    }

    /// The same in the schema of a tenant, which stands in the place of `public`.
    #[must_use]
    pub fn in_schema(mut self, schema: &str) -> Coming {
        let lists = [
            &mut self.replayed,
            &mut self.rewritten,
            &mut self.indexed,
            &mut self.scanned,
            &mut self.owned,
            &mut self.dropped,
            &mut self.types,
        ];
        lists.into_iter().flatten().for_each(|name| rename(name, schema));
        self.locked.iter_mut().for_each(|one| rename(&mut one.relation, schema));
        self.privileges.iter_mut().for_each(|(name, _)| rename(name, schema));
        self.schemas.iter_mut().filter(|name| *name == "public").for_each(|name| schema.clone_into(name));
        self
    }

    /// The same for a session whose `search_path` is without `public`: what a statement names without a schema is in
    /// the schema that comes first there.
    #[must_use]
    pub(super) fn in_path(self, schema: &str) -> Coming {
        let schemas = self.schemas.clone();
        Coming { schemas, ..self.in_schema(schema) }
    }

    /// Tables on which work is done that grows with them.
    pub(super) fn long(&self) -> Vec<String> {
        let mut tables: Vec<String> =
            self.rewritten.iter().chain(&self.indexed).chain(&self.scanned).cloned().collect();
        tables.sort();
        tables.dedup();
        tables
    }

    fn works(&mut self, step: &Step) {
        let facts = &step.facts;
        for lock in facts.locks.iter().filter(|lock| !lock.new && lock.mode >= LockMode::ShareUpdateExclusive)
        {
            self.locked.push(Wanted { relation: lock.relation.clone(), mode: lock.mode });
        }
        self.replayed.extend(replicas::replayed(step).cloned());
        // What is emptied takes no room.
        let rewrites = facts.rewrites.iter().filter(|one| !one.new && one.cause != RewriteCause::Truncate);
        self.rewritten.extend(rewrites.map(|one| one.relation.clone()));
        self.scanned.extend(facts.scans.iter().filter(|one| !one.new).map(|one| one.relation.clone()));
        for write in facts.writes.iter().filter(|write| !write.new) {
            let rights: &[&'static str] = match write.operation {
                Operation::Insert => &["INSERT"],
                Operation::Update => &["UPDATE"],
                Operation::Delete => &["DELETE"],
                Operation::Upsert => &["INSERT", "UPDATE"],
                Operation::Select => &["SELECT"],
            };
            self.privileges.extend(rights.iter().map(|right| (write.relation.clone(), *right)));
        }
    }

    /// New objects: in which schema, and indexes on which table.
    fn makes(&mut self, step: &Step, analysis: &Analysis, set: usize) {
        let start = &analysis.sets[set].start;
        let is_open = step.statement.as_deref().is_some_and(|one| names_no_schema(&one.stmt));
        let mut makes_in = |schema: &str| {
            // Replay takes `public` for what no statement names; which it is, the role's session says.
            if is_open && schema == "public" {
                self.here = true;
            } else if start.has_schema(schema) && schema != "pg_temp" {
                self.schemas.push(schema.to_owned());
            }
        };
        for change in &step.changes {
            match change {
                Change::RelationCreated { relation, .. } => {
                    if let Some(relation) = step.after.relation(*relation) {
                        makes_in(&relation.name.schema);
                    }
                }
                Change::TypeCreated(ty) => {
                    if let Some(ty) = step.after.user_type(*ty) {
                        makes_in(&ty.name.schema);
                    }
                }
                Change::FunctionCreated(name) => makes_in(&name.schema),
                Change::IndexCreated { relation, index, .. } => {
                    if let Some(index) = step.after.index(*index) {
                        makes_in(&index.name.schema);
                    }
                    if !analysis.is_new(step, *relation) {
                        self.indexed.push(analysis.label(step, *relation));
                    }
                }
                Change::SchemaCreated(name) => self.new_schemas.push(name.clone()),
                Change::ExtensionCreated(name) => self.extensions.push(name.clone()),
                _ => {}
            }
        }
    }

    /// What a statement may only do to what is one's own, or on which something is allowed.
    fn changes(&mut self, stmt: &Stmt, step: &Step, analysis: &Analysis) {
        let old = |name: &Name| {
            let table = step.before.find_index(name).map(|index| index.table);
            let id = table.or_else(|| step.before.find_relation(name).map(|relation| relation.id))?;
            (!analysis.is_new(step, id)).then(|| analysis.label(step, id))
        };
        let all = |names: &[Name]| names.iter().filter_map(old).collect::<Vec<_>>();
        let own: Option<&Name> = match stmt {
            Stmt::AlterTable(alter) => Some(&alter.name),
            Stmt::CreateIndex(index) => Some(&index.table),
            Stmt::AlterSequence(alter) => Some(&alter.name),
            Stmt::CreatePolicy(policy) => Some(&policy.table),
            Stmt::AlterPolicy(policy) => Some(&policy.table),
            Stmt::CreateRule(rule) => Some(&rule.table),
            Stmt::Rename(rename) if is_of_relation(rename.kind) => Some(&rename.name),
            Stmt::SetSchema(set) if is_of_relation(set.kind) => Some(&set.name),
            Stmt::Comment(comment) if is_of_relation(comment.kind) => comment.name.as_ref(),
            _ => None,
        };
        let own = own.and_then(old);
        match stmt {
            Stmt::AlterTable(_) | Stmt::CreateTable(_) => {
                // A foreign key locks the table that it is about as it locks its own.
                let others = step.facts.locks.iter().filter(|lock| {
                    !lock.new
                        && lock.mode == LockMode::ShareRowExclusive
                        && Some(&lock.relation) != own.as_ref()
                });
                self.privileges.extend(others.map(|lock| (lock.relation.clone(), "REFERENCES")));
            }
            Stmt::CreateStatistics(statistics) => self.owned.extend(all(&statistics.tables)),
            Stmt::Truncate(truncate) => {
                self.privileges.extend(all(&truncate.tables).into_iter().map(|table| (table, "TRUNCATE")));
            }
            Stmt::CreateTrigger(trigger) => {
                self.privileges.extend(old(&trigger.table).map(|table| (table, "TRIGGER")));
            }
            Stmt::AlterEnum(alter) => {
                let ty = step.before.find_type(alter.name.schema.as_deref(), &alter.name.name);
                self.types.extend(ty.map(|ty| ty.name.to_string()));
            }
            Stmt::Drop(drop) => {
                let found = drop.objects.iter().filter_map(|object| old(&object.name)).collect::<Vec<_>>();
                match drop.kind {
                    ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => self.owned.extend(found),
                    kind if is_of_relation(kind) => self.dropped.extend(found),
                    _ => {}
                }
            }
            _ => {}
        }
        self.owned.extend(own);
    }

    /// Each thing once.
    fn once(&mut self) {
        let lists = [
            &mut self.replayed,
            &mut self.rewritten,
            &mut self.scanned,
            &mut self.owned,
            &mut self.dropped,
            &mut self.types,
            &mut self.schemas,
            &mut self.new_schemas,
            &mut self.extensions,
        ];
        for list in lists {
            list.sort();
            list.dedup();
        }
        self.dropped.retain(|one| !self.owned.contains(one));
        self.privileges.sort_unstable();
        self.privileges.dedup();
        // What is one's own needs no other right.
        self.privileges.retain(|(relation, _)| !self.owned.contains(relation));
        self.locked.sort_by(|a, b| (&a.relation, b.mode).cmp(&(&b.relation, a.mode)));
        self.locked.dedup_by(|next, first| next.relation == first.relation);
    }
}

/// Whether a statement makes something under a name without a schema.
fn names_no_schema(stmt: &Stmt) -> bool {
    let name = match stmt {
        Stmt::CreateTable(one) => &one.name,
        Stmt::CreateTableAs(one) => &one.name,
        Stmt::CreateView(one) => &one.name,
        Stmt::CreateSequence(one) => &one.name,
        Stmt::CreateType(one) => &one.name,
        Stmt::CreateDomain(one) => &one.name,
        Stmt::CreateFunction(one) => &one.name,
        // An index is in the schema of its table.
        Stmt::CreateIndex(one) => &one.table,
        Stmt::AlterTable(one) => &one.name,
        _ => return false,
    };
    name.schema.is_none()
}

/// Whether a name of this kind is that of a relation, or goes with one.
fn is_of_relation(kind: ObjectKind) -> bool {
    matches!(
        kind,
        ObjectKind::Table
            | ObjectKind::ForeignTable
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Index
            | ObjectKind::Sequence
            | ObjectKind::Column
            | ObjectKind::TableConstraint
            | ObjectKind::Trigger
            | ObjectKind::Policy
            | ObjectKind::Rule
    )
}
