//! A view that the deployed app still reads is gone.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-view",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a view is dropped while the deployed app still reads it",
};

/// Views and materialized views dropped, CASCADE included.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::RelationDropped) {
            let schema =
                broken.table.label.split_once('.').is_some_and(|(schema, _)| at.drops_schema(schema));
            // A view that goes with a table or column is named by the finding about that.
            let cascade = at.changes_so(|change| match change {
                Change::RelationDropped { name, cascade: true, .. } => name.to_string() == broken.table.label,
                _ => false,
            });
            let told = at
                .broken(BreakCause::ColumnDropped)
                .iter()
                .chain(&at.broken(BreakCause::RelationDropped))
                .any(|other| other.table.relation.is_some_and(|relation| relation.is_table()));
            if schema || (cascade && told) || broken.table.relation.is_none_or(|relation| relation.is_table())
            {
                continue;
            }
            out.push(
                at.finding(&META, format!("drops view `{}`, which the deployed app {}", broken.shown(), broken.still("reads", "read")))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(broken.failing())
                    .cites(at, &broken)
                    .fix(
                        "Remove the view from schema.ts and every query of it and deploy that first; drop it in a later \
                         deploy. A view that only changes can be dropped and made anew in one transaction: readers \
                         wait and then see the new one.",
                    )
                    .code(format!("-- the next deploy\nDROP {} {};\n", kind(&broken.table), broken.table.sql())),
            );
        }
    }
}

fn kind(table: &Table<'_>) -> &'static str {
    match table.relation.map(|relation| relation.kind) {
        Some(catalog::RelationKind::MaterializedView) => "MATERIALIZED VIEW",
        _ => "VIEW",
    }
}
