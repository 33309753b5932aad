//! The INSERT of a plan, and the UPDATE that gives values to keys that had to wait.
//!
//! Only text is made here; `attempt` sends it.

use super::plan::{Plan, Planned};
use super::schema::{ForeignKey, Schema, Table, quoted};
use super::unique::ROW;

/// `INSERT .. SELECT` for all rows of a plan.
pub(crate) fn insert(table: &Table, plan: &Plan) -> String {
    let columns: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
    let columns = match columns.is_empty() {
        true => String::new(),
        false => format!(" ({})", columns.join(", ")),
    };
    let values: Vec<String> = plan.columns.iter().map(Planned::sql).collect();
    let conflict = if plan.soft { " ON CONFLICT DO NOTHING" } else { "" };
    format!(
        "{}INSERT INTO {}{columns} SELECT {} FROM {}{conflict}",
        with(plan),
        table.sql(),
        values.join(", "),
        from(plan, plan.start, plan.start + plan.rows)
    )
}

/// The candidates of foreign keys as `WITH`.
pub(crate) fn with(plan: &Plan) -> String {
    match plan.with.is_empty() {
        true => String::new(),
        false => format!("WITH {} ", plan.with.join(", ")),
    }
}

/// One row for each number from `start` to before `end`.
pub(crate) fn from(plan: &Plan, start: u64, end: u64) -> String {
    let (_, name) = ROW.split_once('.').unwrap_or(("g", ROW));
    let last = end.max(start + 1) - 1;
    format!("generate_series({start}::bigint, {last}::bigint) AS g({name}) {}", plan.joins.join(" "))
}

/// Points some rows (or all, where NULL is no choice) to rows that now exist.
pub(crate) fn point(
    schema: &Schema,
    table: &Table,
    key: &ForeignKey,
    rows: u64,
    all: bool,
) -> Option<String> {
    let target = schema.table(key.target)?;
    let pairs: Option<Vec<_>> = (key.columns.iter().zip(&key.target_columns))
        .map(|(column, points_to)| Some((table.column(*column)?, target.column(*points_to)?)))
        .collect();
    let pairs = pairs?;
    let (set, given): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(column, _)| all || !column.not_null);
    let columns: Vec<String> = set.iter().map(|(column, _)| quoted(&column.name)).collect();
    let keys: Vec<String> = set.iter().map(|(_, to)| format!("p.{}", quoted(&to.name))).collect();
    let mut wanted: Vec<String> = keys.iter().map(|key| format!("{key} IS NOT NULL")).collect();
    wanted.extend(given.iter().map(|(c, to)| format!("p.{} = t.{}", quoted(&to.name), quoted(&c.name))));
    let some = match all {
        true => String::new(),
        false => format!(
            " WHERE (t.tableoid, t.ctid) IN (SELECT s.tableoid, s.ctid FROM {} s LIMIT {})",
            table.sql(),
            super::unique::few(rows).min(10_000)
        ),
    };
    Some(format!(
        "UPDATE {} t SET ({}) = (SELECT {} FROM {} p WHERE {} LIMIT 1){some}",
        table.sql(),
        columns.join(", "),
        keys.join(", "),
        target.sql(),
        wanted.join(" AND ")
    ))
}
