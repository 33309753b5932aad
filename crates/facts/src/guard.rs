//! Guards in code that the replayed schema can answer.
//!
//! `IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND ..)` and its
//! kin ask for what the catalogue knows. Only questions of exactly that form are answered; anything
//! else stays open.

use catalog::{Catalog, QName, Relation, RelationKind, UserTypeKind};
use sql::{Expr, Query};

/// Whether a condition holds on a schema; `None` where that can't be told.
pub(crate) fn holds(catalog: &Catalog, condition: &Expr) -> Option<bool> {
    let text = condition.text.to_ascii_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
    // One EXISTS over one query and nothing beside it, or to_regclass('..') IS [NOT] NULL.
    if let [call] = condition.uses.functions.as_slice()
        && call.name.name == "to_regclass"
        && condition.uses.queries.is_empty()
    {
        let name = call.strings.first()?.as_ref()?;
        let exists = exists_named(catalog, name);
        return match words.as_slice() {
            [.., "is", "not", "null"] => Some(exists),
            [.., "is", "null"] => Some(!exists),
            _ => None,
        };
    }
    let [query] = condition.uses.queries.as_slice() else { return None };
    let negated = match words.as_slice() {
        ["exists", "select", ..] => false,
        ["not", "exists", "select", ..] => true,
        _ => return None,
    };
    if !condition.uses.functions.is_empty() || !text.trim_end().ends_with(')') {
        return None;
    }
    found(catalog, query).map(|found| found != negated)
}

fn exists_named(catalog: &Catalog, written: &str) -> bool {
    let bare = |part: &str| part.trim_matches('"').to_owned();
    let name = match written.split_once('.') {
        Some((schema, name)) => {
            sql::Name { schema: Some(bare(schema)), name: bare(name), span: source::Span::default() }
        }
        None => sql::Name { schema: None, name: bare(written), span: source::Span::default() },
    };
    catalog.find(&name).is_some()
}

/// What a query over the system catalogues asks for, by column.
struct Asked<'a> {
    conditions: Vec<(&'a str, &'a str)>,
}

impl Asked<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        self.conditions.iter().find(|(name, _)| *name == column).map(|(_, value)| *value)
    }

    /// Whether nothing but these columns is asked about.
    fn only(&self, columns: &[&str]) -> bool {
        self.conditions.iter().all(|(name, _)| columns.contains(name))
    }
}

/// The conditions of a query, if its WHERE is nothing but `column = 'literal'` joined by AND.
fn asked<'a>(query: &'a Query) -> Option<Asked<'a>> {
    let filter = query.filter.as_ref()?;
    let text = filter.text.to_ascii_lowercase();
    let plain = filter.uses.queries.is_empty() && filter.uses.functions.is_empty();
    let equalities = filter.text.matches('=').count();
    let other =
        [" or ", "not ", "<", ">", "!", " in ", " like ", " is ", "~"].iter().any(|word| text.contains(word));
    if !plain || other || equalities != filter.uses.literals.len() {
        return None;
    }
    let pair =
        |literal: &'a sql::Literal| Some((literal.beside.as_ref()?.name.as_deref()?, literal.value.as_str()));
    let conditions = filter.uses.literals.iter().map(pair).collect::<Option<Vec<_>>>()?;
    Some(Asked { conditions })
}

fn found(catalog: &Catalog, query: &Query) -> Option<bool> {
    let [read] = query.reads.as_slice() else { return None };
    if !query.uses.queries.is_empty() {
        return None;
    }
    let asked = asked(query)?;
    let schema = read.name.schema.as_deref();
    let from_standard = schema == Some("information_schema");
    let from_system = matches!(schema, None | Some("pg_catalog"));
    let in_schema = |relation: &Relation, key: &str| asked.get(key).is_none_or(|s| relation.name.schema == s);
    match read.name.name.as_str() {
        "columns" if from_standard && asked.only(&["table_schema", "table_name", "column_name"]) => {
            let (table, column) = (asked.get("table_name")?, asked.get("column_name")?);
            Some(
                tables(catalog).any(|r| {
                    r.name.name == table && in_schema(r, "table_schema") && r.column(column).is_some()
                }),
            )
        }
        "tables" if from_standard && asked.only(&["table_schema", "table_name"]) => {
            let table = asked.get("table_name")?;
            Some(tables(catalog).any(|r| r.name.name == table && in_schema(r, "table_schema")))
        }
        "pg_tables" if from_system && asked.only(&["schemaname", "tablename"]) => {
            let table = asked.get("tablename")?;
            Some(tables(catalog).any(|r| r.is_table() && r.name.name == table && in_schema(r, "schemaname")))
        }
        "table_constraints"
            if from_standard && asked.only(&["constraint_name", "table_name", "table_schema"]) =>
        {
            let constraint = asked.get("constraint_name")?;
            Some(tables(catalog).any(|r| {
                asked.get("table_name").is_none_or(|table| r.name.name == table)
                    && in_schema(r, "table_schema")
                    && r.constraint(constraint).is_some()
            }))
        }
        "pg_constraint" if from_system && asked.only(&["conname"]) => {
            let constraint = asked.get("conname")?;
            Some(tables(catalog).any(|r| r.constraint(constraint).is_some()))
        }
        "pg_type" if from_system && asked.only(&["typname"]) => {
            let name = asked.get("typname")?;
            let user = catalog
                .user_types()
                .any(|ty| ty.name.name == name && !matches!(ty.kind, UserTypeKind::Composite(_)));
            // Every table has a row type of its name, too.
            Some(user || catalog.relations().any(|r| r.name.name == name) || catalog::is_builtin_type(name))
        }
        "pg_indexes" if from_system && asked.only(&["indexname", "tablename", "schemaname"]) => {
            let name = asked.get("indexname")?;
            let schema = asked.get("schemaname");
            Some(tables(catalog).any(|r| {
                asked.get("tablename").is_none_or(|table| r.name.name == table)
                    && schema.is_none_or(|schema| r.name.schema == schema)
                    && r.indexes
                        .iter()
                        .filter_map(|id| catalog.index(*id))
                        .any(|index| index.name.name == name)
            }))
        }
        "pg_class" if from_system && asked.only(&["relname"]) => {
            let name = asked.get("relname")?;
            let path = catalog.search_path().iter().map(String::as_str);
            let mut schemas: Vec<&str> = path.collect();
            schemas.extend(catalog.relations().map(|r| r.name.schema.as_str()));
            Some(schemas.into_iter().any(|schema| catalog.slot(&QName::new(schema, name)).is_some()))
        }
        "schemata" if from_standard && asked.only(&["schema_name"]) => {
            Some(catalog.has_schema(asked.get("schema_name")?))
        }
        _ => None,
    }
}

fn tables(catalog: &Catalog) -> impl Iterator<Item = &Relation> {
    catalog
        .relations()
        .map(|relation| &**relation)
        .filter(|relation| !matches!(relation.kind, RelationKind::Sequence | RelationKind::Composite))
}
