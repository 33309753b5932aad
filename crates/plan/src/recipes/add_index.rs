//! An index is built while reads and writes go on.

use super::Answer;
use crate::model::Stage;
use crate::site::{Site, shown};
use crate::text;
use catalog::written::sql_name;
use catalog::{Change, ColumnId, IndexOrigin};
use sql::Stmt;

pub(super) fn make(site: Site<'_>) -> Answer {
    let Stmt::CreateIndex(create) = site.stmt()? else { return None };
    let (table, index) = site.step.changes.iter().find_map(|change| match change {
        Change::IndexCreated { relation, index, origin: IndexOrigin::Statement { concurrently: false } } => {
            Some((*relation, *index))
        }
        _ => None,
    })?;
    if !site.found(&["index-blocks-writes", "fails-on-existing-rows", "backfill-in-transaction"]) {
        return None;
    }
    let table = site.relation(table)?;
    let index = site.after().index(index)?;
    let plain = text::without_words(site.text(), &["IF", "NOT", "EXISTS"]);
    let Some(built) = text::with_word(&plain, "INDEX", "CONCURRENTLY") else {
        return Some(Err("the statement can't be read as CREATE INDEX".to_owned()));
    };
    let mut sql = Vec::new();
    if create.name.is_some() {
        sql.push(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(&index.name)));
    }
    sql.push(built);
    let title = format!("build index {} on {}", index.name.name, shown(&table.name));
    let part = site.part("add-index", title, "building it keeps writers waiting until all rows are read");
    let keys: Option<Vec<ColumnId>> = index.keys.iter().copied().collect();
    let keys = keys.filter(|_| index.unique && !index.nulls_not_distinct);
    let filter = index.filter.as_ref().map(|filter| filter.text.as_str());
    let equal = keys.and_then(|keys| site.no_duplicates(table, &keys, filter));
    Some(Ok(part.then(Stage::outside(sql).once(equal))))
}
