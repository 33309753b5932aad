//! A serial column becomes an identity, whose new sequence gives numbers that rows have.

use crate::prelude::*;
use catalog::written::literal;
use catalog::{Catalog, ColumnId, QName, RelationId};

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "identity-starts-over",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a serial column becomes an identity whose sequence gives numbers that rows have",
};

/// ADD GENERATED .. AS IDENTITY on a column that took its values from another sequence.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::StartsOver) {
            let Some(column) = broken.column else { continue };
            let (table, name) = (broken.table.sql(), quoted(column));
            let finding = at
                .finding(
                    &META,
                    format!("the new identity of `{}` gives numbers that rows have", broken.shown()),
                )
                .about(broken.table.label)
                .on(at.on_part(column))
                .why(broken.failing())
                .cites(at, &broken)
                .why(plain(broken.reason))
                .fix("Set the new sequence behind the rows that are there, in the same transaction:");
            let owner = broken.table.relation;
            let sequence =
                owner.and_then(|table| new_sequence(&at.step.after, table.id, table.column(column)?.id));
            let code = match sequence {
                Some(sequence) => format!(
                    "SELECT setval({}, coalesce((SELECT max({name}) FROM {table}), 1));\n",
                    literal(&catalog::written::sql_name(&sequence))
                ),
                None => format!("ALTER TABLE {table} ALTER COLUMN {name} RESTART WITH 1000000;\n"),
            };
            out.push(finding.code(code));
        }
    }
}

/// The newest of the sequences that the column owns; that of serial stays beside the new one.
fn new_sequence(catalog: &Catalog, table: RelationId, column: ColumnId) -> Option<QName> {
    let owned = catalog.relations().filter(|other| other.owned_by == Some((table, column)));
    owned.max_by_key(|sequence| sequence.id).map(|sequence| sequence.name.clone())
}
