//! A unique constraint takes over an index that was built while writes went on.

use super::Answer;
use crate::model::Stage;
use crate::site::{Site, shown};
use catalog::written::{column_list, quoted, sql_name};
use catalog::{Change, ConstraintKind, QName};
use facts::ScanCause;

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, name) = site.step.changes.iter().find_map(|change| match change {
        Change::ConstraintAdded { relation, name, with_column: None } => {
            let constraint = site.after().relation(*relation)?.constraint(name)?;
            matches!(constraint.kind, ConstraintKind::Unique(_)).then_some((*relation, name))
        }
        _ => None,
    })?;
    let built = site.facts().scans.iter().any(|cost| cost.cause == ScanCause::ConstraintIndex && !cost.new);
    if !built {
        return None;
    }
    let table = site.relation(table)?;
    let constraint = site.after().relation(table.id)?.constraint(name)?;
    let shown_table = shown(&table.name);
    let ConstraintKind::Unique(index) = constraint.kind else { return None };
    if site.is_partitioned(table.id) {
        return Some(Err(format!(
            "`{shown_table}` is partitioned: CONCURRENTLY and USING INDEX don't work there"
        )));
    }
    let index = site.after().index(index)?;
    let columns = column_list(&site.after().relation(table.id)?.column_names(&constraint.columns));
    let (relation, name_sql) = (sql_name(&table.name), quoted(name));
    let nulls = if index.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let deferrable = if constraint.deferrable { " DEFERRABLE" } else { "" };
    let own = sql_name(&QName::new(&*table.name.schema, &**name));
    let sql = vec![
        format!("DROP INDEX CONCURRENTLY IF EXISTS {own}"),
        format!("CREATE UNIQUE INDEX CONCURRENTLY {name_sql} ON {relation} ({columns}){nulls}"),
        format!("ALTER TABLE {relation} ADD CONSTRAINT {name_sql} UNIQUE USING INDEX {name_sql}{deferrable}"),
    ];
    let part = site
        .part(
            "add-unique",
            format!("add unique constraint {name} to {shown_table}"),
            "its index is built while nobody can use the table",
        )
        .advice(format!(
            "rows that are equal in ({columns}) make the build fail and leave an invalid index; the first statement of the file clears it away when the file runs again"
        ));
    let columns = constraint.columns.clone();
    let equal = site.no_duplicates(table, &columns, None).filter(|_| !index.nulls_not_distinct);
    Some(Ok(part.then(Stage::outside(sql).once(equal))))
}
