//! Rows for an example: those that are there, and values for what has none.

use crate::Naive;
use crate::page::{Example, Planned};
use catalog::written::{literal, sql_type};
use catalog::{Catalog, Column, ConstraintKind, Relation, TypeRef, UserTypeKind};
use facts::Analysis;
use pg::Connection;
use plan::{Gate, Waiting};
use verify::rehearse::fill_ahead;
use verify::{Amounts, Error};

/// Rows into every table: those of the example, or generated ones, which suit the constraints to come where asked.
pub async fn fill(
    session: &Connection,
    example: &Example,
    analysis: &Analysis,
    suited: bool,
    amount: u64,
) -> Result<(), Error> {
    let amounts = Amounts::of(amount);
    match &example.rows {
        Some(rows) => session.batch(rows).await?,
        None if suited => drop(fill_ahead(session, analysis, 0, &amounts).await?),
        None => drop(crate::fill(session.client(), &amounts).await?),
    }
    Ok(())
}

/// Whether rows have to suit what the path asks of them: it has no step that puts them right.
pub fn must_suit(planned: &Planned, naive: &Naive) -> bool {
    let texts = &planned.plan.texts;
    let gated = |waiting: &Waiting| waiting.gates.iter().any(|gate| matches!(gate, Gate::NoRows { .. }));
    naive.failed.is_some() && texts.backfills.is_empty() && !texts.waiting.iter().any(gated)
}

/// What must hold before a deploy and is for people to see to: rows without a value get one. Gives the columns.
pub async fn put_right(
    session: &Connection,
    waiting: &[&Waiting],
    end: &Catalog,
) -> Result<Vec<(String, String)>, Error> {
    let mut columns = Vec::new();
    for gate in waiting.iter().flat_map(|one| &one.gates) {
        let Gate::NoRows { table, condition } = gate else { continue };
        let Some(column) = condition
            .strip_suffix(" IS NULL")
            .filter(|column| !column.contains(' '))
            .map(|column| column.trim_matches('"'))
        else {
            session.batch(&format!("DELETE FROM {table} WHERE {condition}")).await?;
            continue;
        };
        let plain = table.replace('"', "");
        let relation = end.relations().find(|one| {
            one.name.to_string() == plain || (one.name.schema == "public" && one.name.name == plain)
        });
        let known = relation.and_then(|relation| Some((relation, relation.column(column)?)));
        let left = session.value(&format!("SELECT count(*) FROM {table} WHERE {condition}")).await?;
        let left: u64 = left.and_then(|count| count.parse().ok()).unwrap_or_default();
        for n in 1..=left {
            let value = known.map(|(relation, column)| value(end, relation, column, Some(n + 50_000)));
            let value = value.unwrap_or_else(|| "'1'".to_owned());
            let one = format!("ctid = (SELECT ctid FROM {table} WHERE {condition} LIMIT 1)");
            session.batch(&format!("UPDATE {table} SET \"{column}\" = {value} WHERE {one}")).await?;
        }
        columns.push((plain, column.to_owned()));
    }
    Ok(columns)
}

/// A value for a column as SQL; the same for no two numbers, where one is given.
pub fn value(catalog: &Catalog, relation: &Relation, column: &Column, number: Option<u64>) -> String {
    let parent = relation.constraints.iter().find_map(|constraint| match &constraint.kind {
        ConstraintKind::ForeignKey { target, target_columns, .. }
            if constraint.columns.contains(&column.id) =>
        {
            let at = constraint.columns.iter().position(|id| *id == column.id)?;
            let target = catalog.relation((*target)?)?;
            let name = target.column_by_id(*target_columns.get(at)?)?.name.clone();
            Some((catalog::written::sql_name(&target.name), name))
        }
        _ => None,
    });
    if let Some((table, name)) = parent {
        return format!("(SELECT \"{name}\" FROM {table} ORDER BY 1 LIMIT 1)");
    }
    if let TypeRef::User(id) = &column.ty.base
        && let Some(ty) = catalog.user_type(*id)
        && let UserTypeKind::Enum(values) = &ty.kind
    {
        return literal(values.first().map_or("", |value| value.as_str()));
    }
    let n = number.unwrap_or(1);
    let ty = sql_type(catalog, &column.ty).unwrap_or_default();
    match ty.split('(').next().unwrap_or_default() {
        "smallint" => format!("{}", 10_000 + n),
        "integer" | "bigint" | "numeric" | "double precision" | "real" => format!("{}", 1_000_000 + n),
        "boolean" => "true".to_owned(),
        "uuid" => "gen_random_uuid()".to_owned(),
        "date" => format!("date '2026-02-01' + {}", n % 300),
        "json" | "jsonb" => "'{}'".to_owned(),
        "text" | "character varying" => literal(&format!("w{n}")),
        ty if ty.starts_with("timestamp") => format!("timestamp '2026-02-01' + {n} * interval '1 second'"),
        ty if ty.ends_with("[]") => "'{}'".to_owned(),
        _ => literal("1"),
    }
}
