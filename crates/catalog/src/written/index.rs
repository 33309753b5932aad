//! Indexes.

use super::table::{all_names, fresh};
use super::{column_list, quoted, sql_name};
use crate::{Catalog, Index, RelationKind};

/// The statement that makes an index, without a semicolon; `concurrently` as the build is to be. `None` for one that
/// belongs to a constraint, and where a column that an expression of it names has another name by now.
pub fn index_definition(catalog: &Catalog, index: &Index, concurrently: bool) -> Option<String> {
    if index.constraint || index.more {
        return None;
    }
    let table = catalog.relation(index.table)?;
    let mut terms = index.terms.iter();
    let mut keys = Vec::with_capacity(index.keys.len());
    for (place, key) in index.keys.iter().enumerate() {
        let mut text = match key {
            Some(column) => quoted(&table.column_by_id(*column)?.name),
            None => format!("({})", fresh(table, terms.next()?, Some(&index.depends))?),
        };
        if let Some(order) = index.orders.get(place) {
            if let Some(collation) = &order.collation {
                text.push_str(&format!(" COLLATE {}", quoted(collation)));
            }
            if let Some(class) = &order.operator_class {
                text.push_str(&format!(" {class}"));
            }
            text.push_str(match (order.descending, order.nulls_first) {
                (false, false) => "",
                (false, true) => " NULLS FIRST",
                (true, true) => " DESC",
                (true, false) => " DESC NULLS LAST",
            });
        }
        keys.push(text);
    }
    let mut text = String::from("CREATE ");
    if index.unique {
        text.push_str("UNIQUE ");
    }
    text.push_str("INDEX ");
    if concurrently {
        text.push_str("CONCURRENTLY ");
    }
    // ON ONLY is what leaves the index of a partitioned table invalid.
    let only = if table.kind == RelationKind::Partitioned && !index.valid { "ONLY " } else { "" };
    text.push_str(&format!(
        "{} ON {only}{} USING {} ({})",
        quoted(&index.name.name),
        sql_name(&table.name),
        index.method,
        keys.join(", ")
    ));
    if !index.include.is_empty() {
        text.push_str(&format!(" INCLUDE ({})", column_list(&all_names(table, &index.include)?)));
    }
    if index.nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    if let Some(options) = &index.options {
        text.push_str(&format!(" WITH ({options})"));
    }
    if let Some(filter) = &index.filter {
        text.push_str(&format!(" WHERE {}", fresh(table, filter, Some(&index.depends))?));
    } else if index.partial {
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{apply, diff};

    #[test]
    fn an_index_reads_as_it_was() {
        let table = "CREATE TABLE t (a int, \"B\" text, c jsonb);";
        let written = [
            "CREATE INDEX i ON t (a)",
            "CREATE UNIQUE INDEX i ON t (a DESC, \"B\" text_pattern_ops NULLS FIRST) INCLUDE (c)",
            "CREATE INDEX i ON t USING gin (c jsonb_path_ops)",
            "CREATE UNIQUE INDEX i ON t (lower(\"B\"), (a + 1) DESC NULLS LAST) NULLS NOT DISTINCT WHERE a > 1 AND \"B\" <> ''",
            "CREATE INDEX i ON t (\"B\" COLLATE \"C\") WITH (fillfactor = 70) WHERE a > 0",
        ];
        for statement in written {
            let read = |sql: &str| {
                let mut catalog = Catalog::new();
                for statement in sql::parse(sql, 0).statements {
                    assert_eq!(apply(&mut catalog, &statement.stmt).refusals, [], "{sql}");
                }
                catalog
            };
            let before = read(&format!("{table} {statement};"));
            let index = before.indexes.values().next().expect("one");
            let text = index_definition(&before, index, false).expect("all is known");
            let after = read(&format!("{table} {text};"));
            assert_eq!(diff(&before, &after), [], "{text}");
            let again = after.indexes.values().next().expect("one");
            assert_eq!(index.options, again.options);
        }
    }
}
