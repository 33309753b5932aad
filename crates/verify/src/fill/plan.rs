//! What goes into each column of a table: its default, a natural value, a key of another table, or
//! NULL in some rows.
//!
//! A plan is a value; `statement` makes SQL of it, and `checks` swaps values that a CHECK refuses.

use super::references::References;
use super::schema::{Column, Schema, Table, quoted};
use super::unique::{Digit, Known, ROW, Source, Spread, few, spread};
use super::values::{listed, values};
use std::collections::{BTreeMap, BTreeSet};

/// Rows for one table.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub rows: u64,
    /// Number of the first row.
    pub start: u64,
    /// `WITH` entries that hold the candidates of foreign keys.
    pub with: Vec<String>,
    /// What they are joined on.
    pub joins: Vec<String>,
    pub columns: Vec<Planned>,
    /// Other values for columns with a foreign key, which a CHECK may like better.
    pub others: BTreeMap<i16, Vec<String>>,
    /// Rows that collide are to be left out.
    pub soft: bool,
    /// Why there are fewer rows than asked for.
    pub limit: Option<Vec<i16>>,
}

/// A column that is given a value.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub number: i16,
    pub name: String,
    /// SQL of the value.
    pub value: String,
    /// SQL of the number that it is made of.
    pub k: String,
    /// Rows that hold NULL instead.
    pub null: Option<String>,
    /// Values must not repeat, at least together with others.
    pub unique: bool,
}

impl Planned {
    pub fn sql(&self) -> String {
        match &self.null {
            Some(rows) => format!("CASE WHEN {rows} THEN NULL ELSE {} END", self.value),
            None => self.value.clone(),
        }
    }
}

/// Why no rows can be made.
pub(crate) type Reason = String;

/// Plans `rows` rows from number `start` on; candidates of clusters have been counted.
pub(crate) fn plan(
    schema: &Schema,
    table: &Table,
    references: &References,
    start: u64,
    rows: u64,
) -> Result<Plan, Reason> {
    if table.partitioned && !table.checks.iter().any(|check| check.partition) {
        return Err("it has no partition".to_owned());
    }
    let known = known(schema, table, references)?;
    let spread = spread(&known, rows, start);
    let rows = spread.rows;
    let few = few(start + rows);
    let mut plan = Plan {
        rows,
        start,
        with: Vec::new(),
        joins: Vec::new(),
        columns: Vec::new(),
        others: BTreeMap::new(),
        soft: spread.soft,
        limit: spread.limit.clone(),
    };
    for (at, cluster) in references.clusters.iter().enumerate().filter(|(_, cluster)| cluster.count > 0) {
        let source = Source::Cluster(at);
        let digit = spread.digit(source, Some(cluster.count.max(1)), few, false);
        // No more than are used; a CHECK may want another one.
        let limit = cluster.count.min(digit.count.unwrap_or(start + rows).max(2)).max(1);
        let candidates = cluster.candidates(schema, table, limit).unwrap_or_default();
        plan.with.push(format!(
            "f{at} AS MATERIALIZED (SELECT row_number() OVER () - 1 AS brolly_key, s.* FROM ({candidates}) s)"
        ));
        plan.joins.push(format!("LEFT JOIN f{at} ON f{at}.brolly_key = {}", digit.sql()));
        if let [number] = cluster.columns.as_slice()
            && limit > 1
            && table.checks.iter().any(|check| check.columns.contains(number))
        {
            for (name, key) in [("a", 0), ("z", limit - 1)] {
                plan.joins.push(format!("LEFT JOIN f{at} f{at}{name} ON f{at}{name}.brolly_key = {key}"));
                let others = plan.others.entry(*number).or_default();
                others.push(format!("f{at}{name}.brolly_0"));
            }
        } else {
            plan.others.extend(cluster.columns.iter().map(|number| (*number, Vec::new())));
        }
        for (position, number) in cluster.columns.iter().enumerate() {
            let Some(column) = table.column(*number) else { continue };
            let value = format!("f{at}.brolly_{position}");
            let unique = spread.digits.contains_key(&source);
            plan.columns.push(planned(schema, column, value, digit, unique, &spread));
        }
    }
    for column in &table.columns {
        let source = Source::Column(column.number);
        if known.absent.contains(&column.number) || known.sources.get(&column.number) != Some(&source) {
            continue;
        }
        let needed = spread.digits.contains_key(&source);
        let cycle = schema.types.get(&column.ty).is_some_and(|ty| ty.kind == 'e')
            || listed(schema, table, column).is_some();
        let count = known.counts.get(&source).copied().flatten();
        let digit = spread.digit(source, count, few, cycle);
        let default = column.default.as_ref().filter(|_| !needed && !cycle);
        match default {
            Some(_) if column.not_null => {}
            Some(default) => {
                let value = format!("({default})");
                plan.columns.push(planned(schema, column, value, digit, needed, &spread));
            }
            None => {
                // Checked by `known`.
                let Some(values) = values(schema, table, column, &digit.sql()) else { continue };
                plan.columns.push(planned(schema, column, values.sql, digit, needed, &spread));
            }
        }
    }
    Ok(plan)
}

fn planned(
    schema: &Schema,
    column: &Column,
    value: String,
    digit: Digit,
    unique: bool,
    spread: &Spread,
) -> Planned {
    let null = nullable(schema, column).then(|| match spread.one_null.contains(&column.number) {
        true => format!("{ROW} = 1"),
        false => format!("{ROW} % 3 = 1"),
    });
    Planned { number: column.number, name: quoted(&column.name), value, k: digit.sql(), null, unique }
}

/// Whether a column takes NULL.
pub(crate) fn nullable(schema: &Schema, column: &Column) -> bool {
    let domain = schema.types.get(&column.ty).is_some_and(|ty| ty.not_null);
    !column.not_null && !domain
}

fn known<'a>(schema: &Schema, table: &'a Table, references: &References) -> Result<Known<'a>, Reason> {
    let mut known = Known {
        table,
        counts: BTreeMap::new(),
        sources: BTreeMap::new(),
        given: BTreeSet::new(),
        preset: BTreeSet::new(),
        absent: BTreeSet::new(),
    };
    for (at, cluster) in references.clusters.iter().enumerate() {
        for column in &cluster.columns {
            known.sources.insert(*column, Source::Cluster(at));
        }
        known.counts.insert(Source::Cluster(at), Some(cluster.count));
    }
    for column in &table.columns {
        let number = column.number;
        let late = references.late.iter().any(|key| table.foreign_keys[*key].columns.contains(&number));
        if known.sources.contains_key(&number) {
            let Some(Source::Cluster(at)) = known.sources.get(&number) else { continue };
            if references.clusters[*at].count == 0 {
                if !nullable(schema, column) {
                    return Err(format!("column {} has no row to point to", column.name));
                }
                // Nothing to point to: NULL, where that is possible.
                known.sources.remove(&number);
                known.absent.insert(number);
            }
        } else if column.generated.is_some() {
            known.absent.insert(number);
        } else if column.identity || draws(column, "nextval(") {
            known.given.insert(number);
        } else if late && nullable(schema, column) {
            known.absent.insert(number);
        } else {
            let values = values(schema, table, column, "(0)");
            if RANDOM.iter().any(|name| draws(column, name)) {
                known.given.insert(number);
            } else if values.is_none() && column.default.is_none() && nullable(schema, column) {
                known.absent.insert(number);
                continue;
            } else if values.is_none() && column.default.is_none() {
                return Err(format!(
                    "no values are known for column {} of type {}",
                    column.name, column.sql_type
                ));
            }
            if column.default.is_some() {
                known.preset.insert(number);
            }
            known.sources.insert(number, Source::Column(number));
            known.counts.insert(Source::Column(number), values.map_or(Some(1), |values| values.distinct));
        }
    }
    Ok(known)
}

/// Parts of the names of functions that never give the same value twice.
const RANDOM: [&str; 8] = ["uuid", "random", "nanoid", "cuid", "ulid", "gen_", "generate", "snowflake"];

fn draws(column: &Column, function: &str) -> bool {
    column.default.as_ref().is_some_and(|default| {
        let text = default.to_ascii_lowercase();
        text.contains(function) && text.contains('(')
    })
}
