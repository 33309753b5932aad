//! A table that the deployed app still uses is gone.

use crate::prelude::*;

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
            if broken.table.relation.is_some_and(|relation| !relation.is_table()) {
                continue;
            }
            let name = broken.shown();
            let along: Vec<String> =
                at.changes().iter().filter_map(|change| taken_along(at, change)).collect();
            let mut finding = at
                .finding(&META, format!("drops table `{name}`, which the deployed app still uses"))
                .about(broken.table.label)
                .on(at.on_name(broken.table.label))
                .why(broken.failing());
            if !along.is_empty() {
                finding = finding.why(format!("CASCADE takes along {}", listed(&along)));
            }
            out.push(
                finding
                    .fix(
                        "Remove the table from schema.ts and every query of it, cut the DROP out of the generated SQL \
                         and deploy that first. Drop the table in a later deploy, in a migration made with \
                         `drizzle-kit generate --custom`.",
                    )
                    .code(format!("-- the next deploy\nDROP TABLE {};\n", broken.table.sql())),
            );
        }
    }
}

/// What goes though nobody named it.
fn taken_along(at: At<'_>, change: &Change) -> Option<String> {
    match change {
        Change::RelationDropped { name, kind, cascade: true, .. } => {
            let sequence = *kind == catalog::RelationKind::Sequence;
            (!sequence).then(|| format!("`{}`", shown(&name.to_string())))
        }
        Change::ConstraintDropped { relation, constraint, cascade: true } => {
            let table = at.after(*relation)?.name.to_string();
            let key = matches!(constraint.kind, catalog::ConstraintKind::ForeignKey { .. });
            key.then(|| format!("foreign key `{}` of `{}`", constraint.name, shown(&table)))
        }
        _ => None,
    }
}
