//! A constraint is validated under the lock that added it.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "validate-in-same-transaction",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "VALIDATE CONSTRAINT runs while a stronger lock on the table is still held",
};

/// Reads of all rows that take a weak lock themselves, under a strong one from before.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for scan in &at.facts().scans {
            let validates = matches!(
                scan.cause,
                ScanCause::NotNull | ScanCause::Check | ScanCause::ForeignKey | ScanCause::Domain
            );
            if scan.new || !validates || at.blocking_lock(&scan.relation).is_some() {
                continue;
            }
            let Some((earlier, lock)) = at.held_lock(&scan.relation) else { continue };
            let table = at.table(&scan.relation);
            let name = at.changes().iter().find_map(|change| match change {
                Change::ConstraintValidated { name, .. } => Some(name.as_str()),
                _ => None,
            });
            let words = name.map_or("a constraint".to_owned(), |name| format!("`{name}`"));
            let finding = at
                .finding(
                    &META,
                    format!(
                        "validates {words} on `{}` while the lock of an earlier statement is held",
                        table.shown()
                    ),
                )
                .about(&scan.relation)
                .on(name.and_then(|name| at.on_part(name)))
                .also(earlier.step, earlier.on_name(&scan.relation), format!("takes {} here", lock.mode))
                .why(format!(
                    "VALIDATE alone lets reads and writes go on; here {} on `{}` is held: {} {}",
                    lock.mode,
                    table.shown(),
                    lock.mode.who_waits(),
                    at.until()
                ))
                .why("every row is read under that lock: the wait grows with the number of rows")
                .why("Drizzle runs all pending migrations in one transaction, so the next file is no way out")
                .fix("Validate in a later deploy, or in a migration of its own that starts with COMMIT.");
            out.push(match name {
                Some(name) => finding.code(remedy::own_file(&format!(
                    "ALTER TABLE {} VALIDATE CONSTRAINT {};",
                    table.sql(),
                    quoted(name)
                ))),
                None => finding,
            });
            break;
        }
    }
}
