//! Which relations and columns a query reads.

use crate::{Catalog, ColumnId, QName, RelationId, Type, TypeId, TypeRef};
use sql::{ColumnRef, Expr, OutputColumn, Query, RelationRef, Uses};

/// What a query or expression uses.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Relations and the columns read of them; `None` for a relation that is read as such.
    pub uses: Vec<(RelationId, Option<ColumnId>)>,
    /// Types named in casts.
    pub types: Vec<TypeId>,
    /// Functions of the history that are called.
    pub functions: Vec<QName>,
    /// Names that the history does not have.
    pub missing: Vec<sql::Name>,
}

/// The type of an output column, where it is known.
pub type OutputType = Option<Type>;

/// Resolves everything that a query names, sub-queries included.
pub fn resolve(catalog: &Catalog, query: &Query) -> Resolved {
    let mut found = Resolved::default();
    level(catalog, query, &mut Vec::new(), &mut found);
    found.uses.sort();
    found.uses.dedup();
    found
}

/// Resolves an expression over the columns of one table (a policy, a CHECK, a trigger condition).
pub fn resolve_over(catalog: &Catalog, table: RelationId, expr: &Expr) -> Resolved {
    let mut found = Resolved::default();
    let mut scopes = vec![vec![(None, table)]];
    uses(catalog, &expr.uses, &mut scopes, &mut found);
    found.uses.sort();
    found.uses.dedup();
    found
}

/// Names and types of the columns that a query gives.
pub fn output_columns(catalog: &Catalog, query: &Query) -> Vec<(String, OutputType)> {
    let sources = sources(catalog, &query.reads);
    let mut columns = Vec::new();
    for item in &query.output {
        match item {
            OutputColumn::Named { name, column, cast } => {
                let of_column = |column: &ColumnRef| {
                    let (relation, id) = matching(catalog, &sources, column).into_iter().next()?;
                    Some(catalog.relation(relation)?.column_by_id(id)?.ty.clone())
                };
                let ty = match cast {
                    Some(written) => Some(crate::resolve_type(catalog, written)),
                    None => column.as_ref().and_then(of_column),
                };
                columns.push((name.clone(), ty));
            }
            OutputColumn::Star(qualifier) => {
                for (alias, relation) in &sources {
                    let Some(relation) = catalog.relation(*relation) else { continue };
                    let called = alias.as_deref().unwrap_or(&relation.name.name);
                    if qualifier.last().is_none_or(|wanted| wanted == called) {
                        columns.extend(relation.columns.iter().map(|c| (c.name.clone(), Some(c.ty.clone()))));
                    }
                }
                if query.opaque_sources {
                    for inner in &query.uses.queries {
                        columns.extend(output_columns(catalog, inner));
                    }
                }
            }
        }
    }
    columns
}

type Scope = Vec<(Option<String>, RelationId)>;

fn sources(catalog: &Catalog, reads: &[RelationRef]) -> Scope {
    let found = |read: &RelationRef| {
        catalog.find_relation(&read.name).map(|relation| (read.alias.clone(), relation.id))
    };
    reads.iter().filter_map(found).collect()
}

fn level(catalog: &Catalog, query: &Query, scopes: &mut Vec<Scope>, found: &mut Resolved) {
    let mut scope = sources(catalog, &query.reads);
    for read in &query.reads {
        match catalog.find_relation(&read.name) {
            Some(relation) => found.uses.push((relation.id, None)),
            None => found.missing.push(read.name.clone()),
        }
    }
    if let Some(target) = &query.target {
        match catalog.find_relation(&target.name) {
            Some(relation) => {
                found.uses.push((relation.id, None));
                scope.push((target.alias.clone(), relation.id));
            }
            None => found.missing.push(target.name.clone()),
        }
    }
    scopes.push(scope);
    uses(catalog, &query.uses, scopes, found);
    scopes.pop();
}

fn uses(catalog: &Catalog, uses: &Uses, scopes: &mut Vec<Scope>, found: &mut Resolved) {
    for column in &uses.columns {
        match &column.name {
            Some(_) => {
                for scope in scopes.iter().rev() {
                    let matches = matching(catalog, scope, column);
                    if !matches.is_empty() {
                        found.uses.extend(matches.into_iter().map(|(relation, id)| (relation, Some(id))));
                        break;
                    }
                }
            }
            None => star(catalog, scopes.last(), &column.qualifier, found),
        }
    }
    for written in &uses.types {
        if let TypeRef::User(id) = crate::resolve_type(catalog, written).base {
            found.types.push(id);
        }
    }
    for call in &uses.functions {
        found.functions.extend(catalog.find_functions(&call.name).first().map(|f| f.name.clone()));
    }
    for inner in &uses.queries {
        level(catalog, inner, scopes, found);
    }
}

fn star(catalog: &Catalog, scope: Option<&Scope>, qualifier: &[String], found: &mut Resolved) {
    for (alias, id) in scope.into_iter().flatten() {
        let Some(relation) = catalog.relation(*id) else { continue };
        let called = alias.as_deref().unwrap_or(&relation.name.name);
        if qualifier.last().is_none_or(|wanted| wanted == called) {
            found.uses.extend(relation.columns.iter().map(|column| (*id, Some(column.id))));
        }
    }
}

/// The columns that a reference may mean among these relations.
fn matching(catalog: &Catalog, scope: &Scope, column: &ColumnRef) -> Vec<(RelationId, ColumnId)> {
    let Some(name) = &column.name else { return Vec::new() };
    let mut found = Vec::new();
    for (alias, id) in scope {
        let Some(relation) = catalog.relation(*id) else { continue };
        let called = alias.as_deref().unwrap_or(&relation.name.name);
        if column.qualifier.last().is_none_or(|wanted| wanted == called)
            && let Some(column) = relation.column(name)
        {
            found.push((*id, column.id));
        }
    }
    found
}
