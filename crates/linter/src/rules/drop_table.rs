//! A table that the deployed app still uses is gone.

use crate::prelude::*;
use crate::units;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-table",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a table is dropped while the deployed app still uses it",
};

/// Tables dropped, by themselves, with their schema or by CASCADE.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::RelationDropped) {
            let label = broken.table.label;
            let view = broken.table.relation.is_some_and(|relation| !relation.is_table());
            // A schema that goes with all that is in it, and a rename, are told by rules of their own.
            let schema = label.split_once('.').is_some_and(|(schema, _)| at.drops_schema(schema));
            if view || schema || units::is_renamed_table(at, label) {
                continue;
            }
            let name = broken.shown();
            let along = at.taken_along();
            let mut finding = at
                .finding(
                    &META,
                    format!("drops table `{name}`, which the deployed app {}", broken.still("uses", "use")),
                )
                .about(broken.table.label)
                .on(at.on_name(broken.table.label))
                .why(broken.failing())
                .cites(at, &broken);
            if !along.is_empty() {
                finding = finding.why(format!("CASCADE takes along {}", listed(&along)));
            }
            let first = evidence::taken_out_first(at, &broken, "").unwrap_or_else(|| {
                "Remove the table from schema.ts and every query of it, cut the DROP out of the generated SQL and \
                 deploy that first"
                    .to_owned()
            });
            let free = evidence::when_free(&broken).map(|free| format!(" {free}")).unwrap_or_default();
            out.push(
                finding
                    .fix(format!(
                        "{first}. Drop the table in a later deploy, in a migration made with `drizzle-kit generate \
                         --custom`.{free}"
                    ))
                    .code(format!("-- the next deploy\nDROP TABLE {};\n", broken.table.sql())),
            );
        }
    }
}
