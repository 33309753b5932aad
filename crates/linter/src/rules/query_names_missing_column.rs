//! SQL of the app being deployed names a column that is not there once the set has run.

use crate::prelude::*;
use source::Label;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "query-names-missing-column",
    group: Group::BreaksNewApp,
    severity: Severity::Error,
    summary: "SQL in the code being deployed names a column that these migrations drop or never bring",
};

/// Columns that only SQL of the new code names.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for one in facts::missing_columns(cx.judged()) {
        let label = one.relation.to_string();
        let name = format!("{}.{}", shown(&label), one.column);
        let gone = |change: &Change| match change {
            Change::ColumnDropped { relation, name, .. } => (*relation, name == &one.column),
            Change::ColumnRenamed { relation, from, .. } => (*relation, from == &one.column),
            _ => (catalog::RelationId(u32::MAX), false),
        };
        let at = cx.steps().filter(|at| {
            one.taken && at.changes_so(|change| matches!(gone(change), (id, true) if at.label(id) == label))
        });
        let what = match one.taken {
            true => format!("takes away `{name}`, which SQL of the new app names"),
            false => format!("SQL of the new app names `{name}`, and no migration brings it"),
        };
        let about = |at: &At<'_>| at.facts().locks.iter().any(|lock| lock.relation == label);
        let found = match (at.last(), cx.steps().filter(about).last()) {
            (Some(at), _) => Some(at.finding(&META, what).on(at.on_part(&one.column))),
            (None, Some(at)) => Some(at.finding(&META, what).on(at.on_name(&label))),
            (None, None) => cx.finding(&META, what),
        };
        let Some(mut finding) = found else { continue };
        let code = cx.judged().codes().next();
        for cited in one.uses.iter().take(evidence::SHOWN) {
            if let Some((file, span)) = code.and_then(|code| code.shown(&cited.found.place)) {
                finding.secondary.push(Label { file, span, text: format!("{} names it", cited.version) });
            }
        }
        out.push(
            finding
                .about(&label)
                .why("predicted: these queries of the new app fail with 42703, for good")
                .why("TypeScript does not look into SQL, and the schema does not declare the column, so nothing else tells")
                .fix("Take the column out of the SQL before this is deployed, or declare it in the schema and generate the migration that brings it."),
        );
    }
}
