//! A type no longer holds what the deployed app writes or reads.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "narrowing-type-change",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a column gets a type that old writes may not fit",
};

/// Type changes that old writes may not fit.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::TypeNarrowed) {
            let Some(column) = broken.column else { continue };
            if loses_values(cx, &broken) {
                continue;
            }
            let types = at.changes().iter().find_map(|change| match change {
                Change::TypeChanged { relation, column: id, from, to, .. } => {
                    let named = at.relation(*relation)?.column_by_id(*id)?.name == column;
                    let before = catalog::format_type(&at.step.before, from);
                    named.then(|| (before, catalog::format_type(&at.step.after, to)))
                }
                _ => None,
            });
            let types = types.or_else(|| made_anew(cx, &broken, column));
            let what = match &types {
                Some((from, to)) => {
                    format!(
                        "changes `{}` from {from} to {to}, which may not hold what the deployed app writes",
                        broken.shown()
                    )
                }
                None => format!("changes the type of `{}` under the deployed app", broken.shown()),
            };
            let finding = at
                .finding(&META, what)
                .about(broken.table.label)
                .on(at.on_part(column))
                .why(broken.failing())
                .cites(at, &broken)
                .fix(
                    "Add a column of the new type, write both, backfill in batches, switch the reads, and drop the old one \
                     in a later deploy. Where only a length or range shrinks, keep the type and let a CHECK say it.",
                );
            out.push(match types {
                Some((_, to)) => finding.code(format!(
                    "-- this deploy, with both columns in schema.ts\nALTER TABLE {} ADD COLUMN {} {to};\n",
                    broken.table.sql(),
                    quoted(&format!("{column}_new"))
                )),
                None => finding,
            });
        }
    }
}

/// The types of a column that was dropped and added again under its name.
fn made_anew(cx: Context<'_>, broken: &crate::broken::Broken<'_>, column: &str) -> Option<(String, String)> {
    let (start, end) = (&cx.judged().start, &cx.judged().end);
    let id = broken.table.relation?.id;
    let (old, new) = (start.relation(id)?.column(column)?, end.relation(id)?.column(column)?);
    Some((catalog::format_type(start, &old.ty), catalog::format_type(end, &new.ty)))
}

/// Whether the type is an enum made anew with fewer values, which is a rule of its own.
fn loses_values(cx: Context<'_>, broken: &crate::broken::Broken<'_>) -> bool {
    cx.steps().any(|at| {
        at.facts().may_break_old_app.iter().any(|other| {
            other.cause == BreakCause::EnumValue
                && other.relation == broken.table.label
                && other.column.as_deref() == broken.column
        })
    })
}
