//! An index is built while writes wait.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "index-blocks-writes",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "CREATE INDEX without CONCURRENTLY makes writes wait while it reads the table",
};

/// Plain index builds on tables that existed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let plain = |change: &Change| match change {
            Change::IndexCreated {
                index,
                origin: catalog::IndexOrigin::Statement { concurrently: false },
                ..
            } => at.step.after.index(*index).cloned(),
            _ => None,
        };
        let Some(index) = at.changes().iter().find_map(plain) else { continue };
        let scanned = at.facts().scans.iter().find(|scan| scan.cause == ScanCause::IndexBuild && !scan.new);
        let Some(scan) = scanned else { continue };
        let name = index.name.name.as_str();
        let table = at.table(&scan.relation);
        let code = place::concurrently(at.step).unwrap_or_else(|| {
            let columns = at.after(index.table).map(|table| {
                let keys: Vec<_> = index.keys.iter().flatten().copied().collect();
                catalog::written::column_list(&table.column_names(&keys))
            });
            let unique = if index.unique { "UNIQUE " } else { "" };
            format!(
                "CREATE {unique}INDEX CONCURRENTLY {} ON {} ({});",
                quoted(name),
                table.sql(),
                columns.unwrap_or_default()
            )
        });
        out.push(
            at.finding(&META, format!("builds index `{name}` on `{}` while writes wait", table.shown()))
                .about(&scan.relation)
                .on(at.on_part(name).or_else(|| at.on_name(&scan.relation)))
                .whys(at.lock_line(&scan.relation))
                .why("the table is read whole and sorted: the wait grows with the number of rows")
                .fix(format!(
                    "Build it CONCURRENTLY. {} Drop the wreck of a failed build before you try again.",
                    remedy::OWN_FILE
                ))
                .code(remedy::own_file(&code)),
        );
    }
}
