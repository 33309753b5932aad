//! Where foreign keys take their values from: keys that exist in the tables they point to.
//!
//! Keys that share a column are one cluster, whose values come from the join of their targets, so
//! that `(tenant, project)` and `tenant` agree. Which row takes which key is decided elsewhere.

use super::schema::{ForeignKey, Schema, Table, TableId};
use std::collections::{BTreeMap, BTreeSet};

/// Foreign keys of a table that have to be given values together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// Positions in [`Table::foreign_keys`].
    pub keys: Vec<usize>,
    /// Columns in order; the n-th has the name `brolly_n` in the candidates.
    pub columns: Vec<i16>,
    /// Columns by which candidates have to differ; none: by any.
    pub distinct: Vec<i16>,
    /// How many candidates there are, as far as they are of use.
    pub count: u64,
}

impl Cluster {
    /// SQL of the candidate keys.
    pub fn candidates(&self, schema: &Schema, table: &Table, limit: u64) -> Option<String> {
        let keys: Vec<&ForeignKey> = self.keys.iter().map(|key| &table.foreign_keys[*key]).collect();
        let mut from = Vec::new();
        let mut wanted = Vec::new();
        let mut source: BTreeMap<i16, String> = BTreeMap::new();
        for (at, key) in keys.iter().enumerate() {
            let target = schema.table(key.target).filter(|target| target.readable)?;
            from.push(format!("{} p{at}", target.sql()));
            for (column, points_to) in key.columns.iter().zip(&key.target_columns) {
                let sql = format!("p{at}.{}", super::schema::quoted(&target.column(*points_to)?.name));
                match source.get(column) {
                    Some(other) => wanted.push(format!("{other} = {sql}")),
                    None => {
                        wanted.push(format!("{sql} IS NOT NULL"));
                        source.insert(*column, sql);
                    }
                }
            }
        }
        let name = |column: &i16| self.columns.iter().position(|other| other == column);
        let list: Option<Vec<String>> = (self.columns.iter().enumerate())
            .map(|(at, column)| Some(format!("{} AS brolly_{at}", source.get(column)?)))
            .collect();
        let distinct = match self.distinct.is_empty() {
            true if keys.len() == 1 => String::new(),
            true => "DISTINCT ".to_owned(),
            false => {
                let by: Vec<&str> =
                    self.distinct.iter().filter_map(|c| source.get(c)).map(String::as_str).collect();
                format!("DISTINCT ON ({}) ", by.join(", "))
            }
        };
        // An order makes runs repeatable; on big tables it costs more than it is worth.
        let order = match (limit, name(self.columns.first()?)) {
            (0..=100_000, Some(_)) if self.distinct.is_empty() && self.sortable(schema, table) => {
                let by: Vec<String> = (1..=self.columns.len()).map(|n| n.to_string()).collect();
                format!(" ORDER BY {}", by.join(", "))
            }
            _ => String::new(),
        };
        Some(format!(
            "SELECT {distinct}{} FROM {} WHERE {}{order} LIMIT {limit}",
            list?.join(", "),
            from.join(", "),
            wanted.join(" AND ")
        ))
    }

    fn sortable(&self, schema: &Schema, table: &Table) -> bool {
        let sorted = |name: &str| matches!(name, "int2" | "int4" | "int8" | "text" | "varchar" | "uuid");
        let ty = |column: &i16| table.column(*column).and_then(|column| schema.types.get(&column.ty));
        self.columns.iter().all(|column| ty(column).is_some_and(|ty| ty.builtin && sorted(&ty.name)))
    }
}

/// How the foreign keys of a table are met.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    pub clusters: Vec<Cluster>,
    /// Keys (positions) that point to rows that are not there yet, or to the table itself.
    pub late: Vec<usize>,
}

/// Sorts the keys of a table by whether their targets have been filled.
pub(crate) fn references(table: &Table, filled: &BTreeSet<TableId>, late: &BTreeSet<usize>) -> References {
    let mut references = References::default();
    for (at, key) in table.foreign_keys.iter().enumerate() {
        if key.target == table.id || !filled.contains(&key.target) || late.contains(&at) {
            references.late.push(at);
        } else {
            join(&mut references.clusters, at, key);
        }
    }
    references
}

fn join(clusters: &mut Vec<Cluster>, at: usize, key: &ForeignKey) {
    let mut joined = Cluster { keys: vec![at], columns: key.columns.clone(), ..Cluster::default() };
    let mut apart = Vec::new();
    for cluster in clusters.drain(..) {
        if cluster.columns.iter().any(|column| key.columns.contains(column)) {
            joined.keys.splice(0..0, cluster.keys);
            joined.columns.extend(cluster.columns);
        } else {
            apart.push(cluster);
        }
    }
    joined.columns.sort_unstable();
    joined.columns.dedup();
    apart.push(joined);
    *clusters = apart;
}
