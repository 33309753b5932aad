//! Snapshots of v1 (versions 8 and 9): a flat list of rows, each an object of one entity type.

use super::json::{Head, sql_text};
use super::{
    Check, Column, ForeignKey, Generated, Identity, Index, IndexColumn, Policy, PrimaryKey, QName, Sequence,
    Snapshot, Table, Unique, View, complete,
};
use serde_json::{Map, Value};
use std::borrow::Borrow;

/// One row: an entity with its fields.
pub(super) type Row = Map<String, Value>;

/// The schema that the rows declare.
pub(super) fn snapshot<R: Borrow<Row>>(head: &Head, rows: &[R]) -> Snapshot {
    let mut snapshot = Snapshot {
        version: head.version(),
        id: head.id.clone().unwrap_or_default(),
        prev_ids: head.prev_ids(),
        ..Snapshot::default()
    };
    for row in rows {
        add(&mut snapshot, row.borrow());
    }
    snapshot.tables.values_mut().for_each(complete);
    snapshot
}

fn add(snapshot: &mut Snapshot, row: &Row) {
    let name = text(row, "name").unwrap_or_default();
    let schema = text(row, "schema").unwrap_or_default();
    match text(row, "entityType").as_deref() {
        Some("schemas") => snapshot.schemas.push(name),
        Some("roles") => snapshot.roles.push(name),
        Some("tables") => {
            table(snapshot, QName::new(&schema, &name)).rls_enabled = flag(row, "isRlsEnabled");
        }
        Some("enums") => {
            snapshot.enums.insert(QName::new(&schema, &name), texts(row, "values"));
        }
        Some("sequences") => {
            snapshot.sequences.insert(QName::new(&schema, &name), sequence(row));
        }
        Some("views") => {
            let view = View {
                definition: text(row, "definition"),
                materialized: flag(row, "materialized"),
                existing: flag(row, "isExisting"),
                columns: Vec::new(),
            };
            snapshot.views.insert(QName::new(&schema, &name), view);
        }
        Some(kind @ ("columns" | "indexes" | "fks" | "pks" | "uniques" | "checks" | "policies")) => {
            let owner = QName::new(&schema, &text(row, "table").unwrap_or_default());
            add_part(table(snapshot, owner), kind, name, row);
        }
        // Privileges say nothing about the shape of the schema.
        _ => {}
    }
}

/// The table of that name. Rows may come before the row of their table.
fn table(snapshot: &mut Snapshot, name: QName) -> &mut Table {
    snapshot.tables.entry(name).or_default()
}

fn add_part(table: &mut Table, kind: &str, name: String, row: &Row) {
    match kind {
        "columns" => table.columns.push(column(name, row)),
        "indexes" => table.indexes.push(index(name, row)),
        "fks" => table.foreign_keys.push(foreign_key(name, row)),
        "pks" => table.primary_key = Some(PrimaryKey { name: Some(name), columns: texts(row, "columns") }),
        "uniques" => table.uniques.push(Unique {
            name,
            columns: texts(row, "columns"),
            nulls_not_distinct: flag(row, "nullsNotDistinct"),
        }),
        "checks" => table.checks.push(Check { name, expr: text(row, "value").unwrap_or_default() }),
        _ => table.policies.push(Policy {
            name,
            permissive: !text(row, "as").is_some_and(|text| text.eq_ignore_ascii_case("restrictive")),
            command: text(row, "for").map_or_else(|| "ALL".to_owned(), |text| text.to_uppercase()),
            roles: texts(row, "roles"),
            using: text(row, "using"),
            with_check: text(row, "withCheck"),
        }),
    }
}

fn column(name: String, row: &Row) -> Column {
    let mut sql_type = text(row, "type").unwrap_or_default();
    let dimensions = row.get("dimensions").and_then(Value::as_u64).unwrap_or(0).min(6) as usize;
    if !sql_type.ends_with("[]") {
        sql_type.push_str(&"[]".repeat(dimensions));
    }
    Column {
        name,
        sql_type,
        type_schema: text(row, "typeSchema"),
        not_null: flag(row, "notNull"),
        primary_key: flag(row, "primaryKey"),
        default: row.get("default").and_then(default),
        generated: object(row, "generated").map(|generated| Generated {
            expr: text(generated, "as").unwrap_or_default(),
            stored: text(generated, "type").as_deref() != Some("virtual"),
        }),
        identity: object(row, "identity").map(|identity| Identity {
            always: text(identity, "type").as_deref() == Some("always"),
            sequence: sequence(identity),
        }),
    }
}

/// A default is SQL text; early betas wrote `{value, type}` instead.
fn default(value: &Value) -> Option<String> {
    match value.as_object().and_then(|object| object.get("value")) {
        Some(inner) => sql_text(inner),
        None => sql_text(value),
    }
}

fn sequence(row: &Row) -> Sequence {
    let option = |names: [&str; 2]| names.iter().find_map(|name| text(row, name));
    Sequence {
        name: text(row, "name"),
        increment: option(["incrementBy", "increment"]),
        start: text(row, "startWith"),
        min: text(row, "minValue"),
        max: text(row, "maxValue"),
        cache: option(["cacheSize", "cache"]),
        cycle: flag(row, "cycle"),
    }
}

fn index(name: String, row: &Row) -> Index {
    let columns = row.get("columns").and_then(Value::as_array).into_iter().flatten();
    let columns = columns.filter_map(Value::as_object).map(|column| IndexColumn {
        expression: text(column, "value").unwrap_or_default(),
        is_expression: flag(column, "isExpression"),
        asc: column.get("asc").and_then(Value::as_bool).unwrap_or(true),
        nulls_first: flag(column, "nullsFirst"),
        opclass: object(column, "opclass")
            .filter(|class| !flag(class, "default"))
            .and_then(|class| text(class, "name")),
    });
    Index {
        name,
        columns: columns.collect(),
        unique: flag(row, "isUnique"),
        filter: text(row, "where"),
        method: text(row, "method").unwrap_or_else(|| "btree".to_owned()),
        concurrently: flag(row, "concurrently"),
        with: text(row, "with").filter(|with| !with.is_empty()),
    }
}

fn foreign_key(name: String, row: &Row) -> ForeignKey {
    let action = |key| text(row, key).map_or_else(|| "no action".to_owned(), |text| text.to_lowercase());
    ForeignKey {
        name,
        columns: texts(row, "columns"),
        to: QName::new(&text(row, "schemaTo").unwrap_or_default(), &text(row, "tableTo").unwrap_or_default()),
        to_columns: texts(row, "columnsTo"),
        on_delete: action("onDelete"),
        on_update: action("onUpdate"),
    }
}

fn text(row: &Row, key: &str) -> Option<String> {
    row.get(key).and_then(sql_text)
}

fn texts(row: &Row, key: &str) -> Vec<String> {
    row.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(sql_text).collect()
}

fn flag(row: &Row, key: &str) -> bool {
    row.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn object<'a>(row: &'a Row, key: &str) -> Option<&'a Row> {
    row.get(key).and_then(Value::as_object)
}
