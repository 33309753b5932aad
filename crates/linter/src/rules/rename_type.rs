//! A type that the deployed app declares has another name.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "rename-type",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a type is renamed or moved while the deployed app declares columns of it",
};

/// Types whose old name stands for nothing at the commit.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::ObjectDropped) {
            let renamed = at.changes().iter().find_map(|change| match change {
                Change::TypeRenamed { from, to, .. } if from.to_string() == broken.table.label => {
                    Some((from, to))
                }
                _ => None,
            });
            let Some((from, to)) = renamed else { continue };
            let columns = cx.declared_with(from);
            if columns.is_empty() {
                continue;
            }
            let new = to.to_string();
            let quoted: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
            out.push(
                at.finding(
                    &META,
                    format!("renames type `{}` to `{}`, and the deployed app uses the old name", broken.shown(), shown(&new)),
                )
                .about(broken.table.label)
                .on(at.on_name(broken.table.label))
                .why(format!(
                    "predicted: SQL of the deployed app that casts to the old name fails with 42704 as soon as this is committed; it declares {} with it",
                    listed(&quoted)
                ))
                .why("what Drizzle builds itself sends untyped parameters and goes on; a cast in sql`..` or in another program does not")
                .fix(format!(
                    "If only the name in the code should change, rename the export in schema.ts and keep the name in the \
                     database: `pgEnum(\"{}\", ..)` needs no SQL. Otherwise take casts to it out of the app first, deploy, \
                     and rename in the deploy after that.",
                    from.name
                ))
                .code(rename(from, to)),
            );
        }
    }
}

fn rename(from: &catalog::QName, to: &catalog::QName) -> String {
    let old = catalog::written::sql_name(from);
    match from.schema == to.schema {
        true => format!("-- the next deploy\nALTER TYPE {old} RENAME TO {};\n", quoted(&to.name)),
        false => format!("-- the next deploy\nALTER TYPE {old} SET SCHEMA {};\n", quoted(&to.schema)),
    }
}
