//! A table or view that the deployed app uses has another name.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "rename-table",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a table or view is renamed while the deployed app uses its old name",
};

/// Relations with another name in the same schema.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::RelationRenamed) {
            let to = at.changes().iter().find_map(|change| match change {
                Change::RelationRenamed { from, to, .. } if from.to_string() == broken.table.label => {
                    Some((from, to))
                }
                _ => None,
            });
            let Some((from, to)) = to.filter(|(from, to)| from.schema == to.schema) else { continue };
            let (old, new) = (catalog::written::sql_name(from), catalog::written::sql_name(to));
            out.push(
                at.finding(&META, format!("renames `{}` to `{}`, and the deployed app {} the old name", broken.shown(), to.name, broken.still_or("uses", "use")))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(broken.failing())
                    .cites(at, &broken)
                    .why("the new app fails the same way as long as this has not run: no order of deploy and migration helps")
                    .fix(format!(
                        "If only the name in the code should change, rename the export in schema.ts and keep \
                         `pgTable(\"{}\", ...)`. Otherwise leave a view with the old name behind in the same \
                         transaction (a plain view takes inserts and updates too, ON CONFLICT among them), and drop it in \
                         a later deploy.",
                        from.name
                    ))
                    .code(format!(
                        "ALTER TABLE {old} RENAME TO {};\n--> statement-breakpoint\nCREATE VIEW {old} AS SELECT * FROM {new};\n",
                        quoted(&to.name)
                    )),
            );
        }
    }
}
