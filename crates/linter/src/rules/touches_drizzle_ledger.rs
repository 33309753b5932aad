//! SQL changes the table in which Drizzle notes what it has run.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "touches-drizzle-ledger",
    group: Group::Journal,
    severity: Severity::Error,
    summary: "a migration changes the table in which Drizzle notes what it has run",
};

/// Statements that take more than a reader's lock on the ledger, or drop its schema.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let ledger = &cx.project.ledger;
    let label = format!("{}.{}", ledger.schema, ledger.table);
    for at in cx.steps() {
        let locked = at
            .facts()
            .locks
            .iter()
            .any(|lock| lock.relation == label && lock.mode > facts::LockMode::RowShare);
        if !locked && !at.drops_schema(&ledger.schema) {
            continue;
        }
        out.push(
            at.finding(&META, format!("changes `{label}`, Drizzle's own list of migrations that have run"))
                .about(&label)
                .on(at.on_name(&label))
                .why("the migrator read the list before it began, and adds its own rows when all files have run; what a file changes in it is not seen in this run")
                .why("a row that is missing or has another created_at makes the next run skip migrations in silence or run them twice: it runs what is newer than max(created_at)")
                .fix(
                    "Take the statement out of the migration. To mark a migration as run or not run, do it by hand on the one \
                     database that needs it, with a transaction and a look at the rows first:",
                )
                .code(format!(
                    "SELECT id, hash, to_timestamp(created_at / 1000) FROM {}.{} ORDER BY created_at DESC LIMIT 10;\n",
                    quoted(&ledger.schema),
                    quoted(&ledger.table)
                )),
        );
    }
}
