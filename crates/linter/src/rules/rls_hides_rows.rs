//! Row level security hides rows from the deployed app.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "rls-hides-rows",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "row level security is switched on, or its last policy dropped, so the app sees no rows",
};

/// ENABLE ROW LEVEL SECURITY without a policy, or the last policy dropped.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::RowSecurity) {
            let table = broken.table.sql();
            let policy = quoted(&format!("{}_app", broken.table.name()));
            out.push(
                at.finding(&META, format!("row level security on `{}` leaves no policy that shows its rows", broken.table.shown()))
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why("predicted: unless the app's role owns the table, its reads, updates and deletes touch 0 rows without an error, and its inserts fail with 42501")
                    .cites(at, &broken)
                    .why("with FORCE ROW LEVEL SECURITY that holds for the owner too")
                    .fix("Create the policies in the same transaction, before or after ENABLE. This one lets everything through until you write a stricter one:")
                    .code(format!(
                        "CREATE POLICY {policy} ON {table} FOR ALL TO PUBLIC USING (true) WITH CHECK (true);\n--> statement-breakpoint\nALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\n"
                    )),
            );
        }
    }
}
