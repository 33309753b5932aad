//! Snapshots of drizzle-kit 0.20 to 0.31 (versions 5, 6 and 7): nested objects by name.

use super::json::{Head, Pairs, sql_text};
use super::{
    Check, Column, ForeignKey, Generated, Identity, Index, IndexColumn, Policy, PrimaryKey, QName, Sequence,
    Snapshot, Table, Unique, View, complete,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawSnapshot {
    tables: Pairs<RawTable>,
    enums: Pairs<RawEnum>,
    schemas: Pairs<Value>,
    sequences: Pairs<RawSequence>,
    roles: Pairs<Value>,
    policies: Pairs<RawPolicy>,
    views: Pairs<RawView>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawTable {
    name: Option<String>,
    schema: Option<String>,
    columns: Pairs<RawColumn>,
    indexes: Pairs<RawIndex>,
    foreign_keys: Pairs<RawForeignKey>,
    composite_primary_keys: Pairs<RawKey>,
    unique_constraints: Pairs<RawKey>,
    check_constraints: Pairs<RawCheck>,
    policies: Pairs<RawPolicy>,
    #[serde(rename = "isRLSEnabled")]
    is_rls_enabled: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawColumn {
    name: Option<String>,
    r#type: Option<String>,
    type_schema: Option<String>,
    primary_key: Option<bool>,
    not_null: Option<bool>,
    default: Value,
    generated: Option<RawGenerated>,
    identity: Option<RawSequence>,
    is_unique: Option<bool>,
    unique_name: Option<String>,
    nulls_not_distinct: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawGenerated {
    r#as: Value,
    r#type: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawSequence {
    name: Option<String>,
    schema: Option<String>,
    r#type: Option<String>,
    increment: Value,
    start_with: Value,
    min_value: Value,
    max_value: Value,
    cache: Value,
    cycle: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawIndex {
    name: Option<String>,
    columns: Vec<RawIndexColumn>,
    is_unique: Option<bool>,
    r#where: Option<String>,
    concurrently: Option<bool>,
    method: Option<String>,
    with: Pairs<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawIndexColumn {
    Name(String),
    Full {
        #[serde(default)]
        expression: String,
        #[serde(default, rename = "isExpression")]
        is_expression: Option<bool>,
        asc: Option<bool>,
        nulls: Option<String>,
        opclass: Option<String>,
    },
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawForeignKey {
    name: Option<String>,
    table_to: Option<String>,
    schema_to: Option<String>,
    columns_from: Vec<String>,
    columns_to: Vec<String>,
    on_delete: Option<String>,
    on_update: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawKey {
    name: Option<String>,
    columns: Vec<String>,
    nulls_not_distinct: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawCheck {
    name: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawPolicy {
    name: Option<String>,
    r#as: Option<String>,
    r#for: Option<String>,
    to: Option<Vec<String>>,
    using: Option<String>,
    with_check: Option<String>,
    on: Option<String>,
    schema: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawEnum {
    name: Option<String>,
    schema: Option<String>,
    values: RawValues,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawValues {
    List(Vec<String>),
    Map(Pairs<String>),
}

impl Default for RawValues {
    fn default() -> RawValues {
        RawValues::List(Vec::new())
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawView {
    name: Option<String>,
    schema: Option<String>,
    definition: Option<String>,
    materialized: Option<bool>,
    is_existing: Option<bool>,
    columns: Pairs<RawColumn>,
}

/// Reads the schema of a snapshot whose head is known.
pub(super) fn read(text: &str, head: &Head) -> Result<Snapshot, serde_json::Error> {
    let raw: RawSnapshot = serde_json::from_str(text)?;
    let mut snapshot = Snapshot {
        version: head.version(),
        id: head.id.clone().unwrap_or_default(),
        prev_ids: head.prev_ids(),
        schemas: raw.schemas.0.into_iter().map(|(name, _)| name).collect(),
        roles: raw.roles.0.into_iter().map(|(name, _)| name).collect(),
        ..Snapshot::default()
    };
    for (key, item) in raw.enums.0 {
        let values = match item.values {
            RawValues::List(values) => values,
            RawValues::Map(pairs) => pairs.0.into_iter().map(|(_, value)| value).collect(),
        };
        snapshot.enums.insert(qname(item.schema, item.name, &key), values);
    }
    for (key, item) in raw.sequences.0 {
        let name = qname(item.schema.clone(), item.name.clone(), &key);
        snapshot.sequences.insert(name, sequence(item));
    }
    for (key, item) in raw.views.0 {
        let name = qname(item.schema, item.name, &key);
        let view = View {
            definition: item.definition,
            materialized: item.materialized == Some(true),
            existing: item.is_existing == Some(true),
            columns: item.columns.0.into_iter().map(|(key, raw)| column(key, raw)).collect(),
        };
        snapshot.views.insert(name, view);
    }
    for (key, item) in raw.tables.0 {
        let name = qname(item.schema.clone(), item.name.clone(), &key);
        snapshot.tables.insert(name, table(item));
    }
    for (key, item) in raw.policies.0 {
        let on = QName::new(item.schema.as_deref().unwrap_or(""), item.on.as_deref().unwrap_or(""));
        let policy = policy(key, item);
        match snapshot.tables.get_mut(&on) {
            Some(table) => {
                table.policies.push(policy);
                table.rls_enabled = true;
            }
            None => snapshot.loose_policies.push((on, policy)),
        }
    }
    name_enum_schemas(&mut snapshot);
    Ok(snapshot)
}

/// Versions before 7 do not say that a column's type is an enum: its name alone does.
fn name_enum_schemas(snapshot: &mut Snapshot) {
    let Snapshot { tables, enums, .. } = snapshot;
    for column in tables.values_mut().flat_map(|table| &mut table.columns) {
        let base = column.sql_type.trim_end_matches("[]");
        if column.type_schema.is_none()
            && let Some(name) = enums.keys().find(|name| name.name == base)
        {
            column.type_schema = Some(name.schema.clone());
        }
    }
}

/// The name from the parts, or from a key such as `public.users` where a part is missing.
fn qname(schema: Option<String>, name: Option<String>, key: &str) -> QName {
    match (schema, name) {
        (schema, Some(name)) => QName::new(schema.as_deref().unwrap_or(""), &name),
        (Some(schema), None) => QName::new(&schema, key.split_once('.').map_or(key, |(_, name)| name)),
        (None, None) => match key.split_once('.') {
            Some((schema, name)) => QName::new(schema, name),
            None => QName::new("", key),
        },
    }
}

fn table(raw: RawTable) -> Table {
    let mut uniques: Vec<Unique> =
        raw.unique_constraints.0.into_iter().map(|(key, raw)| unique(key, raw)).collect();
    for (key, column) in raw.columns.0.iter().filter(|(_, column)| column.is_unique == Some(true)) {
        let name = column.unique_name.clone().unwrap_or_default();
        if !uniques.iter().any(|unique| unique.name == name) {
            let nulls_not_distinct = column.nulls_not_distinct == Some(true);
            uniques.push(Unique { name, columns: vec![key.clone()], nulls_not_distinct });
        }
    }
    let mut table = Table {
        columns: raw.columns.0.into_iter().map(|(key, raw)| column(key, raw)).collect(),
        indexes: raw.indexes.0.into_iter().map(|(key, raw)| index(key, raw)).collect(),
        foreign_keys: raw.foreign_keys.0.into_iter().map(|(key, raw)| foreign_key(key, raw)).collect(),
        primary_key: raw
            .composite_primary_keys
            .0
            .into_iter()
            .next()
            .map(|(key, raw)| PrimaryKey { name: Some(raw.name.unwrap_or(key)), columns: raw.columns }),
        uniques,
        checks: raw
            .check_constraints
            .0
            .into_iter()
            .map(|(key, raw)| Check { name: raw.name.unwrap_or(key), expr: raw.value.unwrap_or_default() })
            .collect(),
        policies: raw.policies.0.into_iter().map(|(key, raw)| policy(key, raw)).collect(),
        rls_enabled: raw.is_rls_enabled == Some(true),
    };
    complete(&mut table);
    table
}

fn column(key: String, raw: RawColumn) -> Column {
    Column {
        name: raw.name.unwrap_or(key),
        sql_type: raw.r#type.unwrap_or_default(),
        type_schema: raw.type_schema,
        not_null: raw.not_null == Some(true),
        primary_key: raw.primary_key == Some(true),
        default: sql_text(&raw.default),
        generated: raw.generated.map(|generated| Generated {
            expr: sql_text(&generated.r#as).unwrap_or_default(),
            stored: generated.r#type.as_deref() != Some("virtual"),
        }),
        identity: raw.identity.map(|identity| Identity {
            always: identity.r#type.as_deref() == Some("always"),
            sequence: sequence(identity),
        }),
    }
}

fn sequence(raw: RawSequence) -> Sequence {
    Sequence {
        name: raw.name,
        increment: sql_text(&raw.increment),
        start: sql_text(&raw.start_with),
        min: sql_text(&raw.min_value),
        max: sql_text(&raw.max_value),
        cache: sql_text(&raw.cache),
        cycle: raw.cycle == Some(true),
    }
}

fn index(key: String, raw: RawIndex) -> Index {
    let columns = raw.columns.into_iter().map(|column| match column {
        RawIndexColumn::Name(name) => IndexColumn { expression: name, asc: true, ..IndexColumn::default() },
        RawIndexColumn::Full { expression, is_expression, asc, nulls, opclass } => IndexColumn {
            expression,
            is_expression: is_expression == Some(true),
            asc: asc != Some(false),
            nulls_first: nulls.as_deref() == Some("first"),
            opclass,
        },
    });
    let with: Vec<String> = raw
        .with
        .0
        .iter()
        .map(|(name, value)| format!("{name}={}", sql_text(value).unwrap_or_default()))
        .collect();
    Index {
        name: raw.name.unwrap_or(key),
        columns: columns.collect(),
        unique: raw.is_unique == Some(true),
        filter: raw.r#where,
        method: raw.method.unwrap_or_else(|| "btree".to_owned()),
        concurrently: raw.concurrently == Some(true),
        with: (!with.is_empty()).then(|| with.join(", ")),
    }
}

fn foreign_key(key: String, raw: RawForeignKey) -> ForeignKey {
    let action =
        |text: Option<String>| text.map_or_else(|| "no action".to_owned(), |text| text.to_lowercase());
    ForeignKey {
        name: raw.name.unwrap_or(key),
        columns: raw.columns_from,
        to: QName::new(raw.schema_to.as_deref().unwrap_or(""), raw.table_to.as_deref().unwrap_or("")),
        to_columns: raw.columns_to,
        on_delete: action(raw.on_delete),
        on_update: action(raw.on_update),
    }
}

fn unique(key: String, raw: RawKey) -> Unique {
    Unique {
        name: raw.name.unwrap_or(key),
        columns: raw.columns,
        nulls_not_distinct: raw.nulls_not_distinct == Some(true),
    }
}

fn policy(key: String, raw: RawPolicy) -> Policy {
    Policy {
        name: raw.name.unwrap_or(key),
        permissive: !raw.r#as.is_some_and(|text| text.eq_ignore_ascii_case("restrictive")),
        command: raw.r#for.map_or_else(|| "ALL".to_owned(), |text| text.to_uppercase()),
        roles: raw.to.unwrap_or_default(),
        using: raw.using,
        with_check: raw.with_check,
    }
}
