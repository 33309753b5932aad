//! A schema written down as entries with facets, for comparing and for hashing.

use super::{Kind, Scope, normal, objects, table};
use crate::{Catalog, QName, Relation, RelationId, RelationKind, Type, TypeRef, format_type};
use sql::Expr;

/// One object, or one part of a table.
pub(super) struct Entry {
    pub kind: Kind,
    /// The object, with its schema.
    pub object: String,
    /// For a part of a table: its name.
    pub part: Option<String>,
    /// What it demands, where it can be known again by that.
    pub meaning: Option<String>,
    /// The same without what can't be decided.
    pub loose: Option<String>,
    /// In short, for people.
    pub text: String,
    pub facets: Vec<Facet>,
}

/// What can differ between two objects of one name.
pub(super) struct Facet {
    pub what: &'static str,
    /// For people.
    pub text: String,
    /// Equal where it is the same.
    pub strict: String,
    /// Different where it is not the same.
    pub loose: String,
    /// Only equal texts are known to be the same.
    pub opaque: bool,
}

impl Entry {
    pub fn new(kind: Kind, object: impl ToString) -> Entry {
        Entry {
            kind,
            object: object.to_string(),
            part: None,
            meaning: None,
            loose: None,
            text: String::new(),
            facets: Vec::new(),
        }
    }

    pub fn part(kind: Kind, table: &Relation, name: &str) -> Entry {
        Entry { part: Some(name.to_owned()), ..Entry::new(kind, &table.name) }
    }

    pub fn with(mut self, what: &'static str, text: impl ToString) -> Entry {
        self.facets.push(plain(what, text));
        self
    }

    pub fn flag(self, what: &'static str, on: bool) -> Entry {
        self.with(what, if on { "yes" } else { "no" })
    }

    pub fn with_expr(mut self, catalog: &Catalog, what: &'static str, of: ExprOf<'_>) -> Entry {
        self.facets.push(expression(catalog, what, of));
        self
    }

    pub fn saying(mut self, text: impl ToString) -> Entry {
        self.text = text.to_string();
        self
    }
}

/// A facet that is what its text says.
pub(super) fn plain(what: &'static str, text: impl ToString) -> Facet {
    let text = text.to_string();
    Facet { what, strict: text.clone(), loose: text.clone(), text, opaque: false }
}

/// An expression over the columns of a table, or none.
pub(super) type ExprOf<'a> = (Option<RelationId>, Option<&'a Expr>);

pub(super) fn expression(catalog: &Catalog, what: &'static str, (table, expr): ExprOf<'_>) -> Facet {
    match expr {
        None => plain(what, "none"),
        Some(expr) => {
            let form = normal(catalog, table, expr);
            let text = unwrapped(&expr.text).to_owned();
            Facet { what, text, strict: form.strict, loose: form.loose, opaque: form.opaque }
        }
    }
}

/// An expression without brackets around all of it, for people.
fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inside) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let mut depth = 0i32;
        let closes_early = inside.chars().any(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth < 0
        });
        // A quote may hold brackets: then it stays as it is.
        if closes_early || inside.contains('\'') && inside.matches(['(', ')']).count() % 2 == 1 {
            break;
        }
        text = inside.trim();
    }
    text
}

/// A type by its names. What an extension brings goes by its last name, wherever it was put.
pub(super) fn type_facet(catalog: &Catalog, what: &'static str, ty: &Type) -> Facet {
    let mut ty = ty.clone();
    if let TypeRef::Builtin(name) = &ty.base
        && name == "numeric"
        && ty.modifiers.len() == 1
    {
        ty.modifiers.push(0);
    }
    let text = format_type(catalog, &ty);
    let bare = match &ty.base {
        TypeRef::Builtin(_) => text.clone(),
        _ => {
            let brought = text.strip_prefix("public.").or_else(|| text.strip_prefix("extensions."));
            brought.unwrap_or(&text).to_owned()
        }
    };
    let loose = bare.rsplit('.').next().unwrap_or(&bare).to_owned();
    Facet { what, text, strict: bare, loose, opaque: false }
}

/// All entries that `scope` has in view.
pub(super) fn describe(catalog: &Catalog, scope: &Scope) -> Vec<Entry> {
    let mut entries = Vec::new();
    let in_view = |name: &QName| sees(scope, &name.schema);
    for schema in catalog.schemas.iter().filter(|schema| *schema != "public" && sees(scope, schema)) {
        entries.push(Entry::new(Kind::Schema, schema));
    }
    // `plpgsql` comes with every database.
    for extension in catalog.extensions.keys().filter(|name| *name != "plpgsql") {
        entries.push(Entry::new(Kind::Extension, extension));
    }
    for ty in catalog.user_types().filter(|ty| in_view(&ty.name)) {
        entries.push(objects::user_type(catalog, ty));
    }
    let left_out = |relation: &Relation| {
        let owner = relation.owned_by.and_then(|(table, _)| catalog.relation(table));
        let names = [Some(&relation.name), owner.map(|owner| &owner.name)];
        names.into_iter().flatten().any(|name| scope.except_relations.contains(name))
    };
    for relation in catalog.relations() {
        let temporary = relation.persistence == sql::Persistence::Temporary;
        if temporary || !in_view(&relation.name) || left_out(relation) {
            continue;
        }
        match relation.kind {
            RelationKind::Composite => {}
            RelationKind::Sequence => entries.push(objects::sequence(catalog, relation)),
            RelationKind::View | RelationKind::MaterializedView => {
                entries.push(objects::view(catalog, relation));
                table::indexes(catalog, relation, &mut entries);
                table::triggers(catalog, relation, &mut entries);
            }
            RelationKind::Table | RelationKind::Partitioned | RelationKind::Foreign => {
                let mut own = Vec::new();
                table::table(catalog, relation, &mut own);
                let out = own.first().is_some_and(|table| scope.without.contains(&(table.kind, None)));
                if !out {
                    entries.extend(own);
                }
            }
        }
    }
    for (name, functions) in &catalog.functions {
        if in_view(name) {
            entries.extend(functions.iter().map(|function| objects::function(function)));
        }
    }
    entries.retain_mut(|entry| {
        entry.facets.retain(|facet| !scope.without.contains(&(entry.kind, Some(facet.what))));
        !scope.without.contains(&(entry.kind, None))
    });
    entries
}

fn sees(scope: &Scope, schema: &str) -> bool {
    if schema == "pg_temp" {
        return false;
    }
    let named = scope.schemas.is_empty() || scope.schemas.iter().any(|wanted| wanted == schema);
    named && !scope.except_schemas.iter().any(|left_out| left_out == schema)
}
