//! Types, sequences, views and functions as entries.

use super::Kind;
use super::describe::{Entry, Facet, expression, plain, type_facet};
use crate::{Catalog, Function, Relation, RelationKind, UserType, UserTypeKind};
use sql::Volatility;

pub(super) fn user_type(catalog: &Catalog, ty: &UserType) -> Entry {
    match &ty.kind {
        UserTypeKind::Enum(values) => {
            let values = values.iter().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(", ");
            Entry::new(Kind::Enum, &ty.name).with("values", &values).saying(values)
        }
        UserTypeKind::Domain { base, not_null, checks, default, .. } => {
            let mut entry = Entry::new(Kind::Domain, &ty.name);
            entry.facets.push(type_facet(catalog, "type", base));
            entry.facets.push(expression(catalog, "default", (None, default.as_deref())));
            let mut conditions: Vec<Facet> =
                checks.iter().map(|c| expression(catalog, "checks", (None, Some(&c.expr)))).collect();
            conditions.sort_by(|a, b| a.strict.cmp(&b.strict));
            let joined = |of: fn(&Facet) -> &str| conditions.iter().map(of).collect::<Vec<_>>().join(" and ");
            entry.facets.push(Facet {
                what: "checks",
                text: joined(|facet| &facet.text),
                strict: joined(|facet| &facet.strict),
                loose: joined(|facet| &facet.loose),
                opaque: conditions.iter().any(|facet| facet.opaque),
            });
            entry.flag("not null", *not_null).flag("validated", checks.iter().all(|check| check.validated))
        }
        UserTypeKind::Composite(row) => {
            let columns = catalog.relation(*row).map(|row| {
                let column =
                    |c: &crate::Column| format!("{} {}", c.name, type_facet(catalog, "", &c.ty).strict);
                row.columns.iter().map(|c| column(c)).collect::<Vec<_>>().join(", ")
            });
            Entry::new(Kind::Composite, &ty.name).with("columns", columns.unwrap_or_default())
        }
        UserTypeKind::Range => Entry::new(Kind::OtherType, &ty.name).with("kind", "range"),
        UserTypeKind::Base => Entry::new(Kind::OtherType, &ty.name).with("kind", "base type"),
    }
}

pub(super) fn sequence(catalog: &Catalog, sequence: &Relation) -> Entry {
    let owner = sequence.owned_by.and_then(|(table, column)| {
        let table = catalog.relation(table)?;
        Some(format!("{}.{}", table.name, table.column_by_id(column)?.name))
    });
    match owner {
        Some(owner) => Entry::new(Kind::OwnedSequence, &sequence.name).with("owner", owner),
        None => Entry::new(Kind::Sequence, &sequence.name),
    }
}

/// A view by the names of its columns and by what it reads; the text of its query is not compared.
pub(super) fn view(catalog: &Catalog, view: &Relation) -> Entry {
    let materialized = view.kind == RelationKind::MaterializedView;
    let kind = if materialized { Kind::MaterializedView } else { Kind::View };
    let mut entry = Entry::new(kind, &view.name);
    let columns: Vec<&str> = view.columns.iter().map(|column| column.name.as_str()).collect();
    entry.facets.push(plain("columns", columns.join(", ")));
    let mut reads: Vec<String> = Vec::new();
    for (relation, column) in view.view.iter().flat_map(|view| &view.uses) {
        let Some(relation) = catalog.relation(*relation) else { continue };
        let column = column.and_then(|column| relation.column_by_id(column));
        reads.push(match column {
            Some(column) => format!("{}.{}", relation.name, column.name),
            None => relation.name.to_string(),
        });
    }
    reads.sort();
    reads.dedup();
    entry.facets.push(plain("reads", reads.join(", ")));
    if materialized { entry.flag("populated", view.populated) } else { entry }
}

pub(super) fn function(function: &Function) -> Entry {
    let name = format!("{}({})", function.name, arguments(function.arguments));
    let volatility = match function.volatility {
        Volatility::Immutable => "immutable",
        Volatility::Stable => "stable",
        Volatility::Volatile => "volatile",
    };
    let kind = if function.procedure { "procedure" } else { "function" };
    let mut entry = Entry::new(Kind::Function, name)
        .with("kind", kind)
        .with("volatility", volatility)
        .with("language", &function.language)
        .flag("trigger function", function.trigger);
    if let Some(body) = &function.body {
        // The server keeps it to the letter, but for what line ends became on the way.
        let strict = body.replace("\r\n", "\n");
        let text = format!("{} lines", strict.lines().count());
        entry.facets.push(Facet { what: "body", text, loose: strict.clone(), strict, opaque: false });
    }
    entry
}

fn arguments(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 argument".to_owned(),
        more => format!("{more} arguments"),
    }
}
