//! Takes a [`Catalog`] from before a statement to after it.
//!
//! A statement that Postgres would refuse leaves a [`Refusal`]; what can still be applied of it is
//! applied, so that one bad line does not make the rest of a history unreadable. Data changes
//! nothing here, and neither does what a body of code may do (crate `facts` takes bodies apart).

mod alter;
mod column;
mod constraint;
mod create;
mod drop;
mod drop_column;
mod drop_object;
mod index;
mod kinds;
mod relation;
mod rename;

use crate::{Catalog, Change, ColumnId, Index, IndexId, QName, Relation, RelationId};
use source::Span;
use sql::{Name, Stmt};
use std::sync::Arc;

/// What came of applying a statement.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// What Postgres would have refused.
    pub refusals: Vec<Refusal>,
}

/// An error that Postgres would raise, whatever the rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The SQLSTATE.
    pub sqlstate: &'static str,
    /// The error in brolly's words, naming the object.
    pub message: String,
    /// The name at fault.
    pub span: Option<Span>,
    /// The object is not in the replayed history; it may exist all the same (made by hand, by an
    /// extension, by a platform).
    pub outside_history: bool,
}

/// Applies a statement.
pub fn apply(catalog: &mut Catalog, stmt: &Stmt) -> Applied {
    let mut step = Step { catalog, out: Applied::default() };
    step.statement(stmt);
    step.out
}

/// One application under way.
pub(crate) struct Step<'a> {
    pub catalog: &'a mut Catalog,
    pub out: Applied,
}

impl Step<'_> {
    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::CreateTable(create) => relation::create_table(self, create),
            Stmt::CreateTableAs(create) => create::create_table_as(self, create),
            Stmt::CreateView(create) => create::create_view(self, create),
            Stmt::CreateIndex(create) => index::create_index(self, create),
            Stmt::CreateSequence(create) => create::create_sequence(self, create),
            Stmt::CreateSchema(create) => {
                create::create_schema(self, create);
                for element in &create.elements {
                    self.statement(element);
                }
            }
            Stmt::CreateType(create) => kinds::create_type(self, create),
            Stmt::CreateDomain(create) => kinds::create_domain(self, create),
            Stmt::CreateFunction(create) => create::create_function(self, create),
            Stmt::CreateTrigger(create) => create::create_trigger(self, create),
            Stmt::CreatePolicy(create) => create::create_policy(self, create),
            Stmt::CreateRule(create) => create::create_rule(self, create),
            Stmt::CreateExtension(create) => {
                let schema = create.schema.clone().unwrap_or_else(|| "public".to_owned());
                self.catalog.extensions.insert(create.name.text.clone(), schema);
                self.change(Change::ExtensionCreated(create.name.text.clone()));
            }
            Stmt::AlterTable(alter) => alter::alter_table(self, alter),
            Stmt::AlterEnum(alter) => kinds::alter_enum(self, alter),
            Stmt::AlterDomain(alter) => kinds::alter_domain(self, alter),
            Stmt::AlterSequence(alter) => create::alter_sequence(self, alter),
            Stmt::AlterPolicy(alter) => create::alter_policy(self, alter),
            Stmt::Rename(rename) => rename::rename(self, rename),
            Stmt::SetSchema(set) => rename::set_schema(self, set),
            Stmt::Drop(drop) => drop::drop(self, drop),
            Stmt::Set(set) if set.name == "search_path" => {
                let public = || vec!["public".to_owned()];
                let mut path = set.values.clone().unwrap_or_else(public);
                path.retain(|schema| schema != "$user" && !schema.is_empty());
                self.catalog.search_path = path;
                self.change(Change::SearchPathSet);
            }
            Stmt::Refresh(refresh) => {
                let id = self.catalog.find_relation(&refresh.name).map(|relation| relation.id);
                match id.and_then(|id| self.relation_mut(id)) {
                    Some(relation) => relation.populated = !refresh.no_data,
                    None => self.missing_relation(&refresh.name),
                }
            }
            Stmt::Comment(comment) => {
                use sql::ObjectKind::{
                    Column, MaterializedView, Policy, Table, TableConstraint, Trigger, View,
                };
                let on_relation = matches!(
                    comment.kind,
                    Column | Table | View | MaterializedView | TableConstraint | Trigger | Policy
                );
                if let (true, Some(name)) = (on_relation, &comment.name) {
                    self.expect_relation(name);
                }
            }
            Stmt::Grant(revoke) if !revoke.grant && revoke.kind == sql::ObjectKind::Table => {
                let named = |name| self.catalog.find_relation(name).map(|relation| relation.id);
                let mut relations: Vec<RelationId> = revoke.objects.iter().filter_map(named).collect();
                let inside =
                    |r: &&Arc<Relation>| r.is_table() && revoke.all_in_schemas.contains(&r.name.schema);
                relations.extend(self.catalog.relations().filter(inside).map(|relation| relation.id));
                for relation in relations {
                    self.change(Change::PrivilegesRevoked {
                        relation,
                        privileges: revoke.privileges.clone(),
                        roles: revoke.roles.clone(),
                    });
                }
            }
            Stmt::Grant(revoke) if !revoke.grant => self.revoke(revoke),
            Stmt::Truncate(truncate) => truncate.tables.iter().for_each(|name| self.expect_relation(name)),
            Stmt::LockTable(lock) => lock.tables.iter().for_each(|name| self.expect_relation(name)),
            _ => {}
        }
    }

    /// Privileges on schemas and functions, as far as the app can miss them: CREATE on a schema is none.
    fn revoke(&mut self, revoke: &sql::Grant) {
        use sql::ObjectKind::{Function, Procedure, Routine, Schema};
        let takes = |privilege: &str| {
            revoke.privileges.is_empty() || revoke.privileges.iter().any(|one| one == privilege)
        };
        let roles = || revoke.roles.clone();
        match revoke.kind {
            Schema if takes("usage") => {
                for name in &revoke.objects {
                    self.change(Change::SchemaRevoked(name.name.clone(), roles()));
                }
            }
            Function | Procedure | Routine if takes("execute") => {
                for name in &revoke.objects {
                    let found = self.catalog.find_functions(name).first().map(|found| found.name.clone());
                    if let Some(function) = found {
                        self.change(Change::FunctionRevoked(function, roles()));
                    }
                }
            }
            _ => {}
        }
    }

    pub(crate) fn change(&mut self, change: Change) {
        self.out.changes.push(change);
    }

    pub(crate) fn refuse(&mut self, sqlstate: &'static str, message: String, span: Option<Span>) {
        self.out.refusals.push(Refusal { sqlstate, message, span, outside_history: false });
    }

    pub(crate) fn missing(&mut self, sqlstate: &'static str, message: String, span: Option<Span>) {
        self.out.refusals.push(Refusal { sqlstate, message, span, outside_history: true });
    }

    pub(crate) fn missing_relation(&mut self, name: &Name) {
        self.missing("42P01", format!("relation {name} does not exist"), Some(name.span));
    }

    pub(crate) fn missing_column(&mut self, relation: &QName, column: &sql::Ident) {
        let message = format!("column {} of {relation} does not exist", column.text);
        self.missing("42703", message, Some(column.span));
    }

    fn expect_relation(&mut self, name: &Name) {
        if self.catalog.find_relation(name).is_none() {
            self.missing_relation(name);
        }
    }

    pub(crate) fn relation_mut(&mut self, id: RelationId) -> Option<&mut Relation> {
        self.catalog.relations.get_mut(&id).map(Arc::make_mut)
    }

    pub(crate) fn relation(&self, id: RelationId) -> Option<Arc<Relation>> {
        self.catalog.relations.get(&id).cloned()
    }

    pub(crate) fn index_mut(&mut self, id: IndexId) -> Option<&mut Index> {
        self.catalog.indexes.get_mut(&id).map(Arc::make_mut)
    }

    pub(crate) fn next_id(&mut self) -> u32 {
        let id = self.catalog.next_id;
        self.catalog.next_id += 1;
        id
    }

    /// Columns of a relation by name; names that it lacks are refused.
    pub(crate) fn column_ids(&mut self, relation: &Relation, columns: &[sql::Ident]) -> Vec<ColumnId> {
        let mut ids = Vec::with_capacity(columns.len());
        for column in columns {
            match relation.column(&column.text) {
                Some(found) => ids.push(found.id),
                None => self.missing_column(&relation.name, column),
            }
        }
        ids
    }
}
