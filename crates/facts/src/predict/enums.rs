//! New enum values that are used before they are committed.
//!
//! `check_safe_enum_use` in src/backend/utils/adt/enum.c: a value added in this transaction can't be
//! used in it (55P04), except, since 17, where the type itself was made in the same transaction.

use crate::model::{Certainty, Facts, Failure, FailureCause, Version};
use catalog::{Catalog, Relation, Type, TypeId, TypeRef, resolve_type};
use source::Span;
use sql::{
    AlterAction, ColumnConstraint, ColumnDef, ColumnRef, Expr, IndexKey, Literal, Name, Query, Stmt, Uses,
};

/// Adds a failure for every use of a value that the open transaction added.
pub(crate) fn too_early(
    stmt: &Stmt,
    before: &Catalog,
    added: &[(TypeId, String)],
    _version: Version,
    facts: &mut Facts,
) {
    if added.is_empty() {
        return;
    }
    let mut search = Search { before, added, found: Vec::new() };
    search.statement(stmt);
    for (ty, value, span) in search.found {
        let name = before.user_type(ty).map(|ty| ty.name.to_string()).unwrap_or_default();
        let failure = Failure {
            sqlstate: "55P04",
            cause: FailureCause::EnumValueTooEarly,
            when: format!("the value '{value}' of enum {name} is used in the transaction that adds it"),
            certainty: Certainty::Always,
            relation: None,
            column: None,
            span: Some(span),
        };
        // A default is looked at as the value of its column, and for what is written in it.
        let inside = |a: Span, b: Span| a.start <= b.start && b.end <= a.end;
        let told = facts.failures.iter().any(|other| {
            let place = other.span.unwrap_or(span);
            other.when == failure.when && (inside(place, span) || inside(span, place))
        });
        if !told {
            facts.failures.push(failure);
        }
    }
}

struct Search<'a> {
    before: &'a Catalog,
    added: &'a [(TypeId, String)],
    found: Vec<(TypeId, String, Span)>,
}

impl Search<'_> {
    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::CreateTable(create) => {
                for column in &create.columns {
                    self.column(column, None);
                }
                for constraint in &create.constraints {
                    if let sql::ConstraintKind::Check { expr, .. } = &constraint.kind {
                        // The table is not there yet: its columns' types are in the statement.
                        self.uses(&expr.uses, &create.columns, &[]);
                    }
                }
            }
            Stmt::AlterTable(alter) => {
                let table = self.before.find_relation(&alter.name).cloned();
                for command in &alter.commands {
                    self.action(&command.action, table.as_deref());
                }
            }
            Stmt::CreateIndex(create) => {
                for key in &create.keys {
                    if let IndexKey::Expr(expr) = key {
                        self.over(&create.table, expr);
                    }
                }
                if let Some(filter) = &create.filter {
                    self.over(&create.table, filter);
                }
            }
            Stmt::CreatePolicy(create) => {
                for expr in create.using.iter().chain(&create.with_check) {
                    self.over(&create.table, expr);
                }
            }
            Stmt::AlterPolicy(alter) => {
                for expr in alter.using.iter().chain(&alter.with_check) {
                    self.over(&alter.table, expr);
                }
            }
            Stmt::CreateTrigger(create) => {
                if let Some(condition) = &create.condition {
                    self.over(&create.table, condition);
                }
            }
            Stmt::CreateDomain(create) => {
                let base = resolve_type(self.before, &create.base);
                if let Some(default) = &create.default {
                    self.value(&base, default);
                    self.uses(&default.uses, &[], &[]);
                }
                for (_, check) in &create.checks {
                    let bare = check.uses.literals.iter().filter(|literal| literal.cast.is_none());
                    bare.for_each(|literal| self.literal(&base, &literal.value, literal.span));
                    self.uses(&check.uses, &[], &[]);
                }
            }
            Stmt::CreateView(create) => self.query(&create.query),
            Stmt::CreateTableAs(create) => self.query(&create.query),
            Stmt::Query(query) => self.query(query),
            _ => {}
        }
    }

    fn action(&mut self, action: &AlterAction, table: Option<&Relation>) {
        let ty = |column: &sql::Ident| table.and_then(|t| t.column(&column.text)).map(|c| c.ty.clone());
        match action {
            AlterAction::AddColumn { column, .. } => self.column(column, table),
            AlterAction::SetDefault { column, default } => {
                if let Some(ty) = ty(column) {
                    self.value(&ty, default);
                }
                self.uses(&default.uses, &[], &[]);
            }
            AlterAction::SetType { using: Some(using), .. } => {
                let tables: Vec<&Relation> = table.into_iter().collect();
                self.uses(&using.uses, &[], &tables);
            }
            AlterAction::AddConstraint(constraint) => {
                if let sql::ConstraintKind::Check { expr, .. } = &constraint.kind {
                    let tables: Vec<&Relation> = table.into_iter().collect();
                    self.uses(&expr.uses, &[], &tables);
                }
            }
            _ => {}
        }
    }

    fn column(&mut self, column: &ColumnDef, table: Option<&Relation>) {
        let tables: Vec<&Relation> = table.into_iter().collect();
        for constraint in &column.constraints {
            match constraint {
                ColumnConstraint::Default(default) => {
                    if let Some(written) = &column.type_name {
                        let ty = resolve_type(self.before, written);
                        self.value(&ty, default);
                    }
                    self.uses(&default.uses, &[], &[]);
                }
                ColumnConstraint::Generated { expr, .. } => {
                    self.uses(&expr.uses, std::slice::from_ref(column), &tables);
                }
                ColumnConstraint::Table(constraint) => {
                    if let sql::ConstraintKind::Check { expr, .. } = &constraint.kind {
                        self.uses(&expr.uses, std::slice::from_ref(column), &tables);
                    }
                }
                _ => {}
            }
        }
    }

    fn over(&mut self, table: &Name, expr: &Expr) {
        let table = self.before.find_relation(table).cloned();
        let tables: Vec<&Relation> = table.as_deref().into_iter().collect();
        self.uses(&expr.uses, &[], &tables);
    }

    fn query(&mut self, query: &Query) {
        let names = query.reads.iter().map(|read| &read.name).chain(query.target.iter().map(|t| &t.name));
        let tables: Vec<_> = names.filter_map(|name| self.before.find_relation(name).cloned()).collect();
        let tables: Vec<&Relation> = tables.iter().map(|table| &**table).collect();
        for (column, value) in &query.sets {
            let ty =
                tables.last().and_then(|table| table.column(&column.text)).map(|column| column.ty.clone());
            if let (Some(ty), Some(value)) = (ty, value) {
                self.value(&ty, value);
            }
        }
        self.uses(&query.uses, &[], &tables);
        if query.kind == sql::QueryKind::Insert {
            self.inserted(&query.uses, &tables);
        }
        if let Some(filter) = &query.filter {
            self.uses(&filter.uses, &[], &tables);
        }
    }

    /// Bare literals of an INSERT whose columns are not written beside them: `INSERT INTO t SELECT 1,
    /// 'new'`. They can only go into a column of the target; one of the enum's type is taken for it.
    fn inserted(&mut self, uses: &Uses, tables: &[&Relation]) {
        let mut bare: Vec<&Literal> = uses.literals.iter().collect();
        bare.extend(uses.queries.iter().flat_map(|query| &query.uses.literals));
        for literal in bare.into_iter().filter(|literal| literal.cast.is_none() && literal.beside.is_none()) {
            for column in tables.last().iter().flat_map(|table| &table.columns) {
                self.literal(&column.ty, &literal.value, literal.span);
            }
        }
    }

    /// A literal as the value of a column of this type.
    fn value(&mut self, ty: &Type, expr: &Expr) {
        if let sql::Shape::Constant { value, string: true, .. } = &expr.shape {
            self.literal(ty, value, expr.span);
        }
    }

    fn uses(&mut self, uses: &Uses, columns: &[ColumnDef], tables: &[&Relation]) {
        for literal in &uses.literals {
            if let Some(ty) = self.type_of(literal, columns, tables) {
                self.literal(&ty, &literal.value, literal.span);
            }
        }
        for query in &uses.queries {
            self.query(query);
        }
    }

    fn type_of(&self, literal: &Literal, columns: &[ColumnDef], tables: &[&Relation]) -> Option<Type> {
        if let Some(cast) = &literal.cast {
            return Some(resolve_type(self.before, cast));
        }
        let ColumnRef { name: Some(name), .. } = literal.beside.as_ref()? else { return None };
        if let Some(column) = tables.iter().find_map(|table| table.column(name)) {
            return Some(column.ty.clone());
        }
        let written = columns.iter().find(|column| column.name.text == *name)?.type_name.as_ref()?;
        Some(resolve_type(self.before, written))
    }

    fn literal(&mut self, ty: &Type, value: &str, span: Span) {
        let TypeRef::User(id) = ty.base else { return };
        // An array literal is its elements in braces.
        let values: Vec<&str> = match ty.array {
            true => value.trim_matches(['{', '}']).split(',').map(|v| v.trim().trim_matches('"')).collect(),
            false => vec![value],
        };
        for value in values {
            if self.added.iter().any(|(added, name)| *added == id && name == value) {
                self.found.push((id, value.to_owned(), span));
            }
        }
    }
}
