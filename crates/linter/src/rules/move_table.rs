//! A table or view that the deployed app uses is in another schema.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "move-table",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a table or view moves to another schema while the deployed app uses the old place",
};

/// Relations with another schema, by SET SCHEMA or since the schema was renamed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::RelationRenamed) {
            let to = at.changes().iter().find_map(|change| match change {
                Change::RelationRenamed { from, to, .. } if from.to_string() == broken.table.label => {
                    Some((from, to))
                }
                _ => None,
            });
            let Some((from, to)) = to.filter(|(from, to)| from.schema != to.schema) else { continue };
            let (old, new) = (catalog::written::sql_name(from), catalog::written::sql_name(to));
            out.push(
                at.finding(&META, format!("moves `{}` to schema `{}`, and the deployed app looks for it in `{}`", broken.shown(), to.schema, from.schema))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why(broken.failing())
                    .cites(at, &broken)
                    .why("the new app fails the same way as long as this has not run: no order of deploy and migration helps")
                    .fix(
                        "Leave a view at the old place in the same transaction (a plain view takes inserts and updates \
                         too, ON CONFLICT among them), and drop it in a later deploy.",
                    )
                    .code(format!(
                        "ALTER TABLE {old} SET SCHEMA {};\n--> statement-breakpoint\nCREATE VIEW {old} AS SELECT * FROM {new};\n",
                        quoted(&to.schema)
                    )),
            );
        }
    }
}
