//! A type change that succeeds and loses part of the values.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "lossy-type-change",
    group: Group::LosesData,
    severity: Severity::Error,
    summary: "a type change rounds or truncates the values that are there",
};

/// Casts that raise no error and keep less.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for loss in at.facts().losses.iter().filter(|loss| !loss.new) {
            let table = at.table(&loss.relation);
            let added = at.changes().iter().any(|change| match change {
                Change::TypeChanged { relation, column, .. } => cx
                    .judged()
                    .start
                    .relation(*relation)
                    .is_some_and(|start| start.column_by_id(*column).is_none()),
                _ => false,
            });
            if added {
                continue;
            }
            let (sql, column) = (table.sql(), quoted(&loss.column));
            out.push(
                at.finding(&META, format!("loses part of the values of `{}.{}`", table.shown(), loss.column))
                    .about(&loss.relation)
                    .on(at.on_part(&loss.column))
                    .why(plain(&loss.what))
                    .why("no error is raised, and what is lost is gone once this commits; only a backup brings it back")
                    .fix(
                        "Keep the old column until the deploy has proved right: add a column of the new type, write both, \
                         backfill in batches, switch the reads, and drop the old one in a later deploy. Otherwise keep a copy:",
                    )
                    .code(backup(&table, &sql, &column)),
            );
        }
    }
}

fn backup(table: &Table<'_>, sql: &str, column: &str) -> String {
    let key = table
        .relation
        .and_then(|relation| Some(relation.column_names(&relation.primary_key()?.columns)))
        .filter(|key| !key.is_empty());
    let key = key.map_or_else(String::new, |key| format!("{}, ", catalog::written::column_list(&key)));
    let copy = quoted(&format!("{}_backup", table.name()));
    format!("CREATE TABLE {copy} AS SELECT {key}{column} FROM {sql};\n")
}
