//! An index of a partitioned table: each partition gets its part while reads and writes go on, and the index of the
//! whole takes them over.

use super::Answer;
use crate::model::Stage;
use crate::site::{Site, shown};
use catalog::written::{index_definition, sql_name};
use catalog::{Change, Index, IndexOrigin, RelationId, RelationKind};

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, index) = site.step.changes.iter().find_map(|change| match change {
        Change::IndexCreated { relation, index, origin: IndexOrigin::Statement { concurrently: false } } => {
            Some((*relation, *index))
        }
        _ => None,
    })?;
    let built = site.found(&["index-blocks-writes", "fails-on-existing-rows", "backfill-in-transaction"]);
    if !site.is_partitioned(table) || !built {
        return None;
    }
    let table = site.relation(table)?;
    let index = site.after().index(index)?;
    let mut sql = Vec::new();
    for part in parts(site, table.id) {
        let Some(build) = index_definition(site.after(), part, true) else {
            return Some(Err(format!(
                "index `{}` says more than is known here, so that the same can't be written for the partitions of `{}`: build it CONCURRENTLY on each of them first, and this statement then takes those over",
                index.name.name,
                shown(&table.name)
            )));
        };
        sql.push(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(&part.name)));
        sql.push(build);
    }
    sql.push(site.text().to_owned());
    let title = format!("build index {} on the partitions of {}", index.name.name, shown(&table.name));
    let why = "building it keeps writers of all partitions waiting until the rows of all are read";
    let part = site.part("partitioned-index", title, why);
    Some(Ok(part.then(Stage::outside(sql))))
}

/// The parts that the statement would build, by the names that Postgres gives them.
fn parts(site: Site<'_>, table: RelationId) -> impl Iterator<Item = &Index> {
    let (before, after) = (site.before(), site.after());
    let leaves = after.with_descendants(table).into_iter().filter_map(|id| after.relation(id));
    let leaves = leaves.filter(|leaf| leaf.kind == RelationKind::Table);
    let indexes = leaves.flat_map(|leaf| &leaf.indexes).filter(|id| before.index(**id).is_none());
    indexes.filter_map(|id| after.index(*id)).map(|index| &**index)
}
