//! A column that the deployed app still names is gone.

use crate::prelude::*;
use crate::units;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-column",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a column is dropped while the deployed app still names it",
};

/// Columns dropped, by themselves or with a table that is made anew without them.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let mut anew = Vec::new();
        for broken in at.broken(BreakCause::ColumnDropped) {
            let Some(column) = broken.column.filter(|_| !is_view(&broken.table)) else { continue };
            if units::is_renamed_column(at, broken.table.label, column) || !broken.is_named() {
                continue;
            }
            if units::is_made_anew(at, broken.table.label) {
                anew.push(broken);
                continue;
            }
            let (table, name) = (broken.table.sql(), quoted(column));
            let cascade = at.changes_so(|change| {
                matches!(change, Change::ColumnDropped { name, cascade: true, .. } if name == column)
            });
            let mut finding = at
                .finding(
                    &META,
                    format!(
                        "drops `{}`, which the deployed app {}",
                        broken.shown(),
                        broken.still("names", "name")
                    ),
                )
                .about(broken.table.label)
                .on(at.on_part(column).or_else(|| at.on_name(broken.table.label)))
                .why(broken.failing())
                .cites(at, &broken);
            if broken.operations.contains(&Operation::Insert) && broken.versions.is_empty() {
                finding = finding.why(format!(
                    "Drizzle names every declared column in select(), insert() and returning(), used or not; \
                     what it declares is taken from {}",
                    cx.judged().old_app().origin
                ));
            }
            if cascade {
                finding = finding.why("CASCADE takes the column along");
            }
            let along = at.taken_along();
            if !along.is_empty() {
                finding = finding.why(format!("CASCADE takes along {}", listed(&along)));
            }
            out.push(finding.fix(way_out(at, &broken)).code(code(&broken.table, column, &table, &name)));
        }
        out.extend(made_anew(at, &anew));
        out.extend(
            at.changes().iter().filter_map(|change| crate::fired::dropped_under_a_trigger(at, change)),
        );
    }
}

fn way_out(at: At<'_>, broken: &crate::broken::Broken<'_>) -> String {
    let aside = " (a NOT NULL column must lose its NOT NULL there, or new inserts fail)";
    let first = evidence::taken_out_first(at, broken, aside).unwrap_or_else(|| {
        format!("Remove the field from schema.ts, cut the DROP out of the generated SQL and deploy that first{aside}")
    });
    let free = evidence::when_free(broken).map(|free| format!(" {free}")).unwrap_or_default();
    format!(
        "{first}. Drop the column in a later deploy, in a migration made with `drizzle-kit generate --custom`.{free}"
    )
}

/// A table dropped and made again with other columns: one finding for all that changed.
fn made_anew(at: At<'_>, lost: &[crate::broken::Broken<'_>]) -> Option<Diagnostic> {
    let first = lost.first()?;
    let columns: Vec<&str> = lost.iter().filter_map(|broken| broken.column).collect();
    let mut finding = at
        .finding(
            &META,
            format!(
                "makes `{}` anew without {}, which the deployed app still names",
                first.table.shown(),
                listed(&columns)
            ),
        )
        .about(first.table.label)
        .on(at.on_name(first.table.label))
        .why(first.failing())
        .cites(at, first);
    let required = at.broken(BreakCause::RequiredColumn);
    let required: Vec<&str> = required.iter().filter_map(|broken| broken.column).collect();
    if !required.is_empty() {
        finding = finding.why(format!(
            "it also demands values for {}, which the deployed app does not know: 23502",
            listed(&required)
        ));
    }
    Some(
        finding.fix(
            "Leave the old table as it is and make the new one under a new name. Deploy the app that uses it, move the rows \
             over in batches, and drop the old table in a later deploy.",
        ),
    )
}

fn is_view(table: &Table<'_>) -> bool {
    table.relation.is_some_and(|relation| !relation.is_table())
}

fn code(table: &Table<'_>, column: &str, sql: &str, name: &str) -> String {
    let required = table
        .relation
        .and_then(|relation| relation.column(column))
        .is_some_and(|column| column.not_null && !column.has_value_by_default());
    let first = match required {
        true => format!("ALTER TABLE {sql} ALTER COLUMN {name} DROP NOT NULL;"),
        false => "-- no SQL: the column stays for now".to_owned(),
    };
    format!(
        "-- this deploy, without the field in schema.ts\n{first}\n\n-- the next deploy\nALTER TABLE {sql} DROP COLUMN {name};\n"
    )
}
