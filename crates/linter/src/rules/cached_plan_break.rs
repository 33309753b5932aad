//! A named prepared statement of the deployed app errs once a connection.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "cached-plan-break",
    group: Group::Advice,
    severity: Severity::Info,
    summary: "a column's type changes, so named prepared statements that read it err once a connection",
};

/// Type and length changes of columns that the deployed app reads.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let mut told = Vec::new();
    for at in cx.steps() {
        let changed = at.changes().iter().find_map(|change| match change {
            Change::TypeChanged { relation, column, from, to, .. } if from != to => {
                let start = cx.judged().start.relation(*relation)?;
                let column = start.column_by_id(*column)?;
                let apps = cx.judged().old_apps.iter().filter_map(|app| app.relation(&start.name));
                let declares = apps.into_iter().any(|app| app.column(&column.name).is_some());
                declares.then_some((start, column))
            }
            _ => None,
        });
        let Some((table, column)) = changed else { continue };
        if told.contains(&(table.id, column.id)) {
            continue;
        }
        told.push((table.id, column.id));
        let prepared = evidence::prepared(cx, &table.name, &column.name);
        if prepared.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let label = at.label(table.id);
        let mut finding = at
            .finding(&META, format!("changes the type of `{}.{}` under prepared statements", shown(&label), column.name))
                .about(&label)
                .on(at.on_part(&column.name))
                .why("a statement of node-postgres that was prepared by name (`.prepare(\"name\")`) and reads the column fails with 0A000, \"cached plan must not change result type\", once on each connection; in a transaction the whole transaction fails")
                .why("unnamed queries, and those of postgres.js, are planned anew and go on")
                .fix("If the app prepares statements by name, restart its connections right after the migration, or retry such an error once.");
        finding.secondary.extend(prepared.into_iter().flatten().take(evidence::SHOWN));
        out.push(finding);
    }
}
